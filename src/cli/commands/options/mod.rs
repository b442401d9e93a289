//! Every option of `run` that can be said in more than one place, and whose word counts: the command line before the
//! environment, a scenario, a profile, the project file, the user's file, and what is usual. What `run` does and what
//! `check --show-config` prints is one [`Options`].

mod displayed_value;
mod origin;
mod sources;

pub(in crate::cli::commands) use displayed_value::DisplayedValue;
pub(in crate::cli::commands) use origin::Origin;
pub(in crate::cli::commands) use sources::{Effective, Sources, typed_by};

use crate::{
    cli::{
        ColorChoice,
        commands::{console_options::Progress, report_args::ReportSpec, run::Obsolete},
    },
    judge::snapshot::Update,
    outcome::ShardInfo,
    run::{self, ArtifactPolicy, FlakyPolicy, TagExpr},
    scenario::{
        YamlError,
        config::{Config, Profile},
        model::{ArcPolicy, FileOptions, Retries, RetryOn, Wait},
    },
    target::TargetKind,
};
use sources::{OptionSpec, collect_errors, either, placed, texts, words};
use std::time::Duration;

/// Declares the table. A row is the name that people see, the field, its type, the arguments that say it (their ids at
/// clap), how it is read from them, from a scenario and from a set of options of a file, and what is usual. A row may
/// use the rows above it.
macro_rules! options {
    ($(
        $key:literal $field:ident: $type:ty {
            flags: $flags:expr, from_cli: $typed:expr,
            $(from_scenario: $scenario:expr,)?
            $(from_file: $written:expr,)?
            default: $usual:expr,
        }
    )*) => {
        /// What counts, and who says so.
        pub(in crate::cli::commands) struct Options {
            $(pub(in crate::cli::commands) $field: Effective<$type>,)*
        }

        impl Options {
            /// What counts for a scenario that writes this much itself.
            pub(in crate::cli::commands) fn of(sources: &Sources<'_>, scenario: &FileOptions) -> Self {
                $(let $field: Effective<$type> = sources.pick(scenario, OptionSpec {
                    flags: &$flags,
                    from_cli: $typed,
                    from_scenario: either!([$($scenario)?] |_: &FileOptions| None),
                    from_file: either!([$($written)?] |_: &Profile| None),
                    default: &$usual,
                });)*
                Self { $($field,)* }
            }

            /// Every option by its name, as it is shown.
            pub(in crate::cli::commands) fn rows(&self) -> Vec<DisplayedValue> {
                vec![$(DisplayedValue::of($key, &self.$field)),*]
            }

            /// What means nothing in a set of options.
            pub(in crate::cli::commands) fn wrong_in(config: &Config, profile: &Profile) -> Vec<YamlError> {
                let mut wrong = Vec::new();
                $(collect_errors::<$type>(profile, either!([$($written)?] |_: &Profile| None), &mut wrong);)*
                wrong.into_iter().map(|fault| config.wrong(&fault.at, fault.value)).collect()
            }

            /// The arguments that the table knows.
            #[cfg(test)]
            fn arguments() -> Vec<&'static str> {
                [$(&$flags[..]),*].concat()
            }
        }
    };
}

options! {
    "profile" profile: Option<String> {
        flags: ["profile"], from_cli: |l| Some(l.args.profile.clone()),
        default: |_| None,
    }
    "target" target: TargetKind {
        flags: ["target"], from_cli: |l| l.args.select.target,
        from_file: |o| placed(&o.target),
        default: |_| TargetKind::Embedded,
    }
    "tags" tags: Option<TagExpr> {
        flags: ["tag"], from_cli: |l| Some(l.args.select.tag.clone()),
        from_file: |o| texts(&o.tags, |all: Vec<TagExpr>| {
            all.into_iter().reduce(|all, next| TagExpr::And(Box::new(all), Box::new(next)))
        }),
        default: |_| None,
    }
    "shard" shard: Option<ShardInfo> {
        flags: ["shard"], from_cli: |l| Some(l.shard),
        default: |_| None,
    }
    "jobs" jobs: usize {
        flags: ["jobs"], from_cli: |l| l.args.running.jobs.map(usize::from),
        from_file: |o| placed(&o.jobs).map(|jobs| jobs.map(|at| at.map(number))),
        default: |l| if target.value.is_lab() { (l.context.processors * 2).min(8) } else { 2 },
    }
    "timeout" timeout: Duration {
        flags: ["timeout"], from_cli: |l| l.args.running.timeout,
        from_scenario: |s| s.timeout.clone(),
        from_file: |o| placed(&o.timeout),
        default: |_| Wait::default().timeout(),
    }
    "global_timeout" global_timeout: Option<Duration> {
        flags: ["global_timeout"], from_cli: |l| Some(l.args.running.global_timeout),
        from_file: |o| placed(&o.global_timeout).map(|time| time.map(|at| at.map(Some))),
        default: |_| None,
    }
    "retries.max" retries_max: u32 {
        flags: ["retries"], from_cli: |l| l.args.running.retries,
        from_scenario: |s| s.retries.as_ref().map(|r| r.max.clone()),
        from_file: |o| o.retries.as_ref().map(|r| Ok(r.max.clone())),
        default: |_| Retries::default().max,
    }
    "retries.on" retries_on: Vec<RetryOn> {
        flags: [], from_cli: |_| None,
        from_scenario: |s| s.retries.as_ref()?.on.clone(),
        from_file: |o| placed(&o.retries.as_ref()?.on),
        default: |_| Retries::default().on,
    }
    "retries.delay" retries_delay: Duration {
        flags: [], from_cli: |_| None,
        from_scenario: |s| s.retries.as_ref()?.delay.clone(),
        from_file: |o| placed(&o.retries.as_ref()?.delay),
        default: |_| Retries::default().delay,
    }
    "arc" arc: ArcPolicy {
        flags: [], from_cli: |_| None,
        from_scenario: |s| s.arc.clone(),
        from_file: |o| placed(&o.arc),
        default: |_| ArcPolicy::default(),
    }
    "max_fail" max_fail: Option<usize> {
        flags: ["max_fail", "fail_fast"],
        from_cli: |l| match l.args.running.max_fail {
            None => Some(l.args.running.fail_fast.then_some(1)),
            most => Some(most.map(number)),
        },
        from_file: |o| match (&o.fail_fast, &o.max_fail) {
            (Some(fast), most) if fast.value || most.is_none() => {
                Some(Ok(fast.clone().map(|fast| fast.then_some(1))))
            }
            (_, most) => placed(most).map(|most| most.map(|at| at.map(|n| Some(number(n))))),
        },
        default: |_| None,
    }
    "flaky" flaky: FlakyPolicy {
        flags: ["flaky"], from_cli: |l| l.args.running.flaky,
        from_file: |o| words(&o.flaky),
        default: |_| FlakyPolicy::Warn,
    }
    "update" update: Update {
        flags: ["update"], from_cli: |l| l.args.snapshots.update,
        from_file: |o| words(&o.update),
        default: |l| if l.context.is_ci() { Update::Never } else { Update::Pending },
    }
    "obsolete" obsolete: Obsolete {
        flags: ["obsolete"], from_cli: |l| l.args.snapshots.obsolete,
        from_file: |o| words(&o.obsolete),
        default: |_| Obsolete::Warn,
    }
    "report" report: Vec<ReportSpec> {
        flags: ["reports"], from_cli: |l| Some(l.args.output.reports.reports.clone()),
        from_file: |o| texts(&o.report, |all| all),
        default: |_| Vec::new(),
    }
    "artifacts" artifacts: ArtifactPolicy {
        flags: ["artifacts"], from_cli: |l| l.args.output.artifacts,
        from_file: |o| words(&o.artifacts),
        default: |_| ArtifactPolicy::Failed,
    }
    "progress" progress: Progress {
        flags: ["progress"], from_cli: |l| Some(l.args.output.progress),
        from_file: |o| words(&o.progress),
        default: |_| Progress::Auto,
    }
    "color" color: ColorChoice {
        flags: ["color"], from_cli: |l| Some(l.global.color),
        from_file: |o| words(&o.color),
        default: |_| ColorChoice::Auto,
    }
}

impl Options {
    /// A run as these options have it.
    pub(in crate::cli::commands) fn for_run(&self, run: run::Options) -> run::Options {
        run::Options {
            jobs: self.jobs.value,
            global_timeout: self.global_timeout.value,
            max_fail: self.max_fail.value,
            flaky: self.flaky.value,
            artifacts: self.artifacts.value,
            obsolete_is_unclean: self.obsolete.value == Obsolete::Fail,
            ..run
        }
    }
}

displayed_value::words!(FlakyPolicy, Obsolete, ArtifactPolicy, Progress, ColorChoice, Update);

fn number(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Args;
    use clap::CommandFactory;

    /// What only the command line says, or what says something about values and accounts.
    const ELSEWHERE: &[&str] = &[
        "what",
        "listen",
        "vars",
        "vars_file",
        "set",
        "accounts",
        "company",
        "company_dns",
        "rspamd_bin",
        "rspamd_timeout",
        "rspamd_local_d",
        "postfix_main_cf",
        "repeat",
        "no_tests",
        "list",
        "quiet",
        "verbose",
        "record",
        "resume",
        "failed",
    ];

    #[test]
    fn every_argument_of_run_has_a_row_or_is_said_in_one_place_only() {
        let command = Args::command();
        let run = command.find_subcommand("run").unwrap();
        let known = [&Options::arguments()[..], ELSEWHERE].concat();
        for argument in run.get_arguments() {
            assert!(known.contains(&argument.get_id().as_str()), "{} has no row", argument.get_id());
        }
    }
}
