//! The arguments of `sealcheck run`.

use crate::{
    cli::commands::{
        company_args::CompanyArgs,
        console_options::Progress,
        recorded_runs,
        report_args::ReportArgs,
        select_args::SelectArgs,
        value_args::{ValueArgs, time},
    },
    judge::snapshot::Update,
    run::{ArtifactPolicy, FlakyPolicy},
};
use clap::{ValueEnum, builder::PossibleValue};
use std::{net::IpAddr, path::PathBuf, time::Duration};

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub(in crate::cli::commands) select: SelectArgs,
    /// Use this profile of the project file
    #[arg(long, value_name = "NAME", env = "SEALCHECK_PROFILE", help_heading = "Selection")]
    pub(in crate::cli::commands) profile: Option<String>,
    /// Where our servers of target staging listen: an address of this machine that your server reaches
    /// [default: from the project file, else 127.0.0.1]
    #[arg(long, value_name = "IP", help_heading = "Selection")]
    pub(in crate::cli::commands) listen: Option<IpAddr>,
    #[command(flatten)]
    pub(in crate::cli::commands) values: ValueArgs,
    #[command(flatten)]
    pub(in crate::cli::commands) company: CompanyArgs,
    #[command(flatten)]
    pub(in crate::cli::commands) running: RunningArgs,
    #[command(flatten)]
    pub(in crate::cli::commands) snapshots: SnapshotArgs,
    #[command(flatten)]
    pub(in crate::cli::commands) output: OutputArgs,
}

impl RunArgs {
    /// What is changed about the project file.
    pub(in crate::cli::commands) fn changes(&self) -> Vec<String> {
        let listen = self.listen.map(|address| format!("{LISTEN}='{address}'"));
        self.values.set.iter().cloned().chain(listen).collect()
    }
}

/// What `--listen` is in the project file.
pub(in crate::cli::commands) const LISTEN: &str = "targets.staging.listen";

/// How scenarios are run.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Running")]
pub(in crate::cli::commands) struct RunningArgs {
    /// How many scenarios at a time [default: twice the processors, at most 8; 2 against real servers]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), env = "SEALCHECK_JOBS")]
    pub(in crate::cli::commands) jobs: Option<u16>,
    /// How many more attempts a scenario has; each sends a new mail [default: from the scenario, else 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100), env = "SEALCHECK_RETRIES")]
    pub(in crate::cli::commands) retries: Option<u32>,
    /// How long an attempt may take, for example 90s [default: from the scenario, else 3m]
    #[arg(long, value_name = "TIME", value_parser = time, env = "SEALCHECK_TIMEOUT")]
    pub(in crate::cli::commands) timeout: Option<Duration>,
    /// How long the whole run may take
    #[arg(long, value_name = "TIME", value_parser = time, env = "SEALCHECK_GLOBAL_TIMEOUT")]
    pub(in crate::cli::commands) global_timeout: Option<Duration>,
    /// Start no new scenario after the first failure
    #[arg(long, conflicts_with = "max_fail")]
    pub(in crate::cli::commands) fail_fast: bool,
    /// Start no new scenario after this many failures
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli::commands) max_fail: Option<u32>,
    /// What a pass after a retry counts as [default: warn]
    #[arg(long, value_name = "POLICY", env = "SEALCHECK_FLAKY")]
    pub(in crate::cli::commands) flaky: Option<FlakyPolicy>,
    /// Run every scenario this many times
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(in crate::cli::commands) repeat: u32,
    /// Look again for the mail of an earlier run that timed out, broke off or could not tell: nothing is sent, and what that
    /// run decided stays. RUN is a run's id or its beginning, `last`, or a record; its attempts keep their times
    #[arg(long, value_name = "RUN", conflicts_with_all = ["failed", "repeat"])]
    pub(in crate::cli::commands) resume: Option<String>,
    /// Only scenarios that did not pass in the last run on the target, or in RUN
    #[arg(long, value_name = "RUN", num_args = 0..=1, require_equals = true, default_missing_value = recorded_runs::LAST)]
    pub(in crate::cli::commands) failed: Option<String>,
    /// What it means when nothing is selected, or all of it is skipped: exit 4 or exit 0
    #[arg(long, value_name = "POLICY", default_value = "fail")]
    pub(in crate::cli::commands) no_tests: NoTests,
    /// Print what would be run, and stop
    #[arg(long)]
    pub(in crate::cli::commands) list: bool,
}

/// What happens to snapshots.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Snapshots")]
pub(in crate::cli::commands) struct SnapshotArgs {
    /// What may be written [default: pending; never when CI is set]
    #[arg(long, value_name = "WHAT", env = "SEALCHECK_UPDATE")]
    pub(in crate::cli::commands) update: Option<Update>,
    /// What a snapshot without a scenario means [default: warn]
    #[arg(long, value_name = "POLICY", env = "SEALCHECK_OBSOLETE")]
    pub(in crate::cli::commands) obsolete: Option<Obsolete>,
}

/// What is shown and written.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(in crate::cli::commands) struct OutputArgs {
    #[command(flatten)]
    pub(in crate::cli::commands) reports: ReportArgs,
    /// How progress is shown [default: auto: bar on a terminal, lines elsewhere]
    #[arg(long, value_name = "HOW", default_value = "auto", env = "SEALCHECK_PROGRESS")]
    pub(in crate::cli::commands) progress: Progress,
    /// Write the event stream to this file too
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli::commands) record: Option<PathBuf>,
    /// Whose mails and logs are kept below .sealcheck/runs [default: failed]
    #[arg(long, value_name = "WHOSE", env = "SEALCHECK_ARTIFACTS")]
    pub(in crate::cli::commands) artifacts: Option<ArtifactPolicy>,
}

/// Words of the command line for values of other rooms, each with its help.
macro_rules! words {
    ($($type:ty { $($value:ident $word:literal: $help:literal,)+ })+) => {$(
        impl ValueEnum for $type {
            fn value_variants<'a>() -> &'a [Self] {
                &[$(Self::$value),+]
            }

            fn to_possible_value(&self) -> Option<PossibleValue> {
                Some(match self {
                    $(Self::$value => PossibleValue::new($word).help($help),)+
                })
            }
        }
    )+};
}

words! {
    FlakyPolicy {
        Pass "pass": "A pass",
        Warn "warn": "A pass that is shown",
        Fail "fail": "Exit 5",
    }
    Update {
        Never "never": "Nothing",
        Pending "pending": "What is new or changed, beside the snapshot, to be reviewed",
        New "new": "What is new is accepted; what changed is left to be reviewed",
        All "all": "Everything is accepted",
    }
    ArtifactPolicy {
        Failed "failed": "Those of attempts that did not pass",
        All "all": "Those of every attempt",
        None "none": "Nobody's",
    }
}

/// What a snapshot without a scenario means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli::commands) enum Obsolete {
    /// It is shown
    Warn,
    /// Exit 5
    Fail,
    /// Nothing
    Ignore,
}

/// What it means when nothing is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli::commands) enum NoTests {
    /// Exit 4
    Fail,
    /// Exit 0
    Pass,
}
