//! The command line.

use super::commands;
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Checks end-to-end delivery to Gmail: sends real mail, reads the forwarded copy, asserts ARC, and says why it fails.
#[derive(Debug, Parser)]
#[command(name = "sealcheck", version, max_term_width = 100, propagate_version = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

/// Options of every command.
#[derive(Debug, Clone, clap::Args)]
pub struct Global {
    /// The project file [default: the nearest sealcheck.yaml in this directory or above]
    #[arg(long, global = true, value_name = "FILE", env = "SEALCHECK_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,

    /// Your own settings, below those of the project file; none for no file
    /// [default: sealcheck/config.yaml in $XDG_CONFIG_HOME, else in ~/.config; in %APPDATA% on Windows]
    #[arg(long, global = true, value_name = "FILE|none", env = "SEALCHECK_USER_CONFIG", hide_env_values = true)]
    pub user_config: Option<PathBuf>,

    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", env = "SEALCHECK_COLOR")]
    pub color: ColorChoice,
}

/// For people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On terminals, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorChoice {
    /// What the person decided, if anything.
    pub fn asked(self) -> Option<bool> {
        match self {
            Self::Auto => None,
            Self::Always => Some(true),
            Self::Never => Some(false),
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Begin a project: a file for accounts, scenarios, schemas for editors
    Init(commands::init::InitArgs),
    /// Run scenarios
    Run(Box<commands::run::RunArgs>),
    /// List scenarios, tags, targets and matrix rows; needs no secrets
    List(commands::list::ListArgs),
    /// Check scenarios and the project file; sends nothing
    Check(Box<commands::check::CheckArgs>),
    /// Explain any mail: hops, Authentication-Results, the ARC chain, and our own verification
    Inspect(commands::inspect::InspectArgs),
    /// Explain the codes of diagnoses, errors and warnings, in English or Japanese
    Explain(commands::explain::ExplainArgs),
    /// Look at the server (rspamd, Postfix, keys, DNS) or at a target (accounts, logins, the way there); changes nothing
    Doctor(commands::doctor::DoctorArgs),
    /// Log in once with a browser, for accounts that need a token
    #[command(subcommand)]
    Auth(commands::auth::AuthCommand),
    /// Put away what runs have left in mailboxes: mail with the probe header, and nothing else
    Cleanup(commands::cleanup::CleanupArgs),
    /// Keep the embedded world running, for work by hand and other people's tests
    #[command(subcommand)]
    Lab(Box<commands::lab::LabCommand>),
    /// Tell recorded runs again, in any format
    Report(commands::report::RecordArgs),
    /// Put the recorded shards of a run together, and end as the whole would have
    Merge(commands::merge::MergeArgs),
    /// How often each scenario passed in the runs that are kept, and how long its mail took
    History(commands::history::HistoryArgs),
    /// Look at, accept and remove the regression files
    Snapshots(commands::snapshots::SnapshotsArgs),
    /// Print a JSON Schema, for editors and consumers
    Schema(commands::schema::SchemaArgs),
    /// Print a shell's completion script
    Completions(commands::completions::CompletionsArgs),
    /// Print the manual page, or write the pages of all commands
    Man(commands::man::ManArgs),
}
