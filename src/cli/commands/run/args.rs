//! The arguments of `sealcheck run`.

use crate::{
    cli::commands::{
        company::CompanyArgs,
        looks::Progress,
        reports::ReportArgs,
        select::SelectArgs,
        values::{ValueArgs, time},
    },
    judge::snapshot::Update,
};
use clap::ValueEnum;
use std::{net::IpAddr, path::PathBuf, time::Duration};

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
    /// Use this profile of the project file
    #[arg(long, value_name = "NAME", env = "SEALCHECK_PROFILE", help_heading = "Selection")]
    pub(super) profile: Option<String>,
    /// Where our servers of target staging listen: an address of this machine that your server reaches
    /// [default: from the project file, else 127.0.0.1]
    #[arg(long, value_name = "IP", help_heading = "Selection")]
    pub(super) listen: Option<IpAddr>,
    #[command(flatten)]
    pub(super) values: ValueArgs,
    #[command(flatten)]
    pub(super) company: CompanyArgs,
    #[command(flatten)]
    pub(super) running: RunningArgs,
    #[command(flatten)]
    pub(super) snapshots: SnapshotArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// How scenarios are run.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Running")]
pub(super) struct RunningArgs {
    /// How many scenarios at a time [default: twice the processors, at most 8; 2 against real servers]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), env = "SEALCHECK_JOBS")]
    pub(super) jobs: Option<u16>,
    /// How many more attempts a scenario has; each sends a new mail [default: from the scenario, else 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100), env = "SEALCHECK_RETRIES")]
    pub(super) retries: Option<u32>,
    /// How long an attempt may take, for example 90s [default: from the scenario, else 3m]
    #[arg(long, value_name = "TIME", value_parser = time, env = "SEALCHECK_TIMEOUT")]
    pub(super) timeout: Option<Duration>,
    /// How long the whole run may take
    #[arg(long, value_name = "TIME", value_parser = time, env = "SEALCHECK_GLOBAL_TIMEOUT")]
    pub(super) global_timeout: Option<Duration>,
    /// Start no new scenario after the first failure
    #[arg(long, conflicts_with = "max_fail")]
    pub(super) fail_fast: bool,
    /// Start no new scenario after this many failures
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) max_fail: Option<u32>,
    /// What a pass after a retry counts as [default: warn]
    #[arg(long, value_name = "POLICY", env = "SEALCHECK_FLAKY")]
    pub(super) flaky: Option<Flaky>,
    /// Run every scenario this many times
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) repeat: u32,
    /// What it means when nothing is selected: exit 4 or exit 0
    #[arg(long, value_name = "POLICY", default_value = "fail")]
    pub(super) no_tests: NoTests,
    /// Print what would be run, and stop
    #[arg(long)]
    pub(super) list: bool,
}

/// What happens to snapshots.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Snapshots")]
pub(super) struct SnapshotArgs {
    /// What may be written [default: pending; never when CI is set]
    #[arg(long, value_name = "WHAT", env = "SEALCHECK_UPDATE")]
    pub(super) update: Option<Update>,
    /// What a snapshot without a scenario means [default: warn]
    #[arg(long, value_name = "POLICY", env = "SEALCHECK_OBSOLETE")]
    pub(super) obsolete: Option<Obsolete>,
}

/// What is shown and written.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    #[command(flatten)]
    pub(super) reports: ReportArgs,
    /// How progress is shown [default: auto: bar on a terminal, lines elsewhere]
    #[arg(long, value_name = "HOW", default_value = "auto", env = "SEALCHECK_PROGRESS")]
    pub(super) progress: Progress,
    /// Write the event stream to this file too
    #[arg(long, value_name = "FILE")]
    pub(super) record: Option<PathBuf>,
    /// Whose mails and logs are kept below .sealcheck/runs [default: failed]
    #[arg(long, value_name = "WHOSE", env = "SEALCHECK_ARTIFACTS")]
    pub(super) artifacts: Option<Artifacts>,
}

/// What a pass after a retry counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Flaky {
    /// A pass
    Pass,
    /// A pass that is shown
    Warn,
    /// Exit 5
    Fail,
}

/// What a snapshot without a scenario means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Obsolete {
    /// It is shown
    Warn,
    /// Exit 5
    Fail,
    /// Nothing
    Ignore,
}

/// What it means when nothing is selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum NoTests {
    /// Exit 4
    Fail,
    /// Exit 0
    Pass,
}

/// Whose files are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Artifacts {
    /// Those of attempts that did not pass
    Failed,
    /// Those of every attempt
    All,
    /// Nobody's
    None,
}
