//! Every option of `run` that can be said in more than one place, and whose word counts: the command line before the
//! environment, a scenario, a profile, the project file, the user's file, and what is usual. What `run` does and what
//! `check --show-config` prints is one [`Options`].

mod layers;
mod origin;
mod shown;

pub(in crate::cli::commands) use layers::{Given, Layers, typed};
pub(in crate::cli::commands) use origin::Origin;
pub(in crate::cli::commands) use shown::Shown;

use crate::{
    cli::{
        ColorChoice,
        commands::{
            looks::Progress,
            reports::ReportSpec,
            run::{Artifacts, Flaky, Obsolete},
        },
    },
    judge::snapshot::Update,
    outcome::ShardInfo,
    run::TagExpr,
    scenario::{
        YamlError,
        config::{Config, Profile},
        model::{ArcPolicy, Retries, RetryOn, Wait, Written},
    },
    target::TargetKind,
};
use layers::{Row, either, faults, placed, texts, words};
use std::time::Duration;

/// Declares the table. A row is the name that people see, the field, its type, the arguments that say it (their ids at
/// clap), how it is read from them, from a scenario and from a set of options of a file, and what is usual. A row may
/// use the rows above it.
macro_rules! options {
    ($(
        $key:literal $field:ident: $type:ty {
            flags: $flags:expr, typed: $typed:expr,
            $(scenario: $scenario:expr,)?
            $(written: $written:expr,)?
            usual: $usual:expr,
        }
    )*) => {
        /// What counts, and who says so.
        pub(in crate::cli::commands) struct Options {
            $(pub(in crate::cli::commands) $field: Given<$type>,)*
        }

        impl Options {
            /// What counts for a scenario that writes this much itself.
            pub(in crate::cli::commands) fn of(layers: &Layers<'_>, scenario: &Written) -> Self {
                $(let $field: Given<$type> = layers.pick(scenario, Row {
                    flags: &$flags,
                    typed: $typed,
                    scenario: either!([$($scenario)?] |_: &Written| None),
                    written: either!([$($written)?] |_: &Profile| None),
                    usual: $usual,
                });)*
                Self { $($field,)* }
            }

            /// Every option by its name, as it is shown.
            pub(in crate::cli::commands) fn rows(&self) -> Vec<Shown> {
                vec![$(Shown::of($key, &self.$field)),*]
            }

            /// What means nothing in a set of options.
            pub(in crate::cli::commands) fn wrong_in(config: &Config, profile: &Profile) -> Vec<YamlError> {
                let mut wrong = Vec::new();
                $(faults::<$type>(profile, either!([$($written)?] |_: &Profile| None), &mut wrong);)*
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
        flags: ["profile"], typed: |l| Some(l.args.profile.clone()),
        usual: |_| None,
    }
    "target" target: TargetKind {
        flags: ["target"], typed: |l| l.args.select.target,
        written: |o| placed(&o.target),
        usual: |_| TargetKind::Embedded,
    }
    "tags" tags: Option<TagExpr> {
        flags: ["tag"], typed: |l| Some(l.args.select.tag.clone()),
        written: |o| texts(&o.tags, |all: Vec<TagExpr>| {
            all.into_iter().reduce(|all, next| TagExpr::And(Box::new(all), Box::new(next)))
        }),
        usual: |_| None,
    }
    "shard" shard: Option<ShardInfo> {
        flags: ["shard"], typed: |l| Some(l.shard),
        usual: |_| None,
    }
    "jobs" jobs: usize {
        flags: ["jobs"], typed: |l| l.args.running.jobs.map(usize::from),
        written: |o| placed(&o.jobs).map(|jobs| jobs.map(|at| at.map(number))),
        usual: |l| if target.value.is_lab() { (l.context.processors * 2).min(8) } else { 2 },
    }
    "timeout" timeout: Duration {
        flags: ["timeout"], typed: |l| l.args.running.timeout,
        scenario: |s| s.timeout.clone(),
        written: |o| placed(&o.timeout),
        usual: |_| Wait::default().timeout,
    }
    "global_timeout" global_timeout: Option<Duration> {
        flags: ["global_timeout"], typed: |l| Some(l.args.running.global_timeout),
        written: |o| placed(&o.global_timeout).map(|time| time.map(|at| at.map(Some))),
        usual: |_| None,
    }
    "retries.max" retries_max: u32 {
        flags: ["retries"], typed: |l| l.args.running.retries,
        scenario: |s| s.retries.as_ref().map(|r| r.max.clone()),
        written: |o| o.retries.as_ref().map(|r| Ok(r.max.clone())),
        usual: |_| Retries::default().max,
    }
    "retries.on" retries_on: Vec<RetryOn> {
        flags: [], typed: |_| None,
        scenario: |s| s.retries.as_ref()?.on.clone(),
        written: |o| placed(&o.retries.as_ref()?.on),
        usual: |_| Retries::default().on,
    }
    "retries.delay" retries_delay: Duration {
        flags: [], typed: |_| None,
        scenario: |s| s.retries.as_ref()?.delay.clone(),
        written: |o| placed(&o.retries.as_ref()?.delay),
        usual: |_| Retries::default().delay,
    }
    "arc" arc: ArcPolicy {
        flags: [], typed: |_| None,
        scenario: |s| s.arc.clone(),
        written: |o| placed(&o.arc),
        usual: |_| ArcPolicy::default(),
    }
    "max_fail" max_fail: Option<usize> {
        flags: ["max_fail", "fail_fast"],
        typed: |l| match l.args.running.max_fail {
            None => Some(l.args.running.fail_fast.then_some(1)),
            most => Some(most.map(number)),
        },
        written: |o| match (&o.fail_fast, &o.max_fail) {
            (Some(fast), most) if fast.value || most.is_none() => {
                Some(Ok(fast.clone().map(|fast| fast.then_some(1))))
            }
            (_, most) => placed(most).map(|most| most.map(|at| at.map(|n| Some(number(n))))),
        },
        usual: |_| None,
    }
    "flaky" flaky: Flaky {
        flags: ["flaky"], typed: |l| l.args.running.flaky,
        written: |o| words(&o.flaky),
        usual: |_| Flaky::Warn,
    }
    "update" update: Update {
        flags: ["update"], typed: |l| l.args.snapshots.update,
        written: |o| words(&o.update),
        usual: |l| if l.context.is_ci() { Update::Never } else { Update::Pending },
    }
    "obsolete" obsolete: Obsolete {
        flags: ["obsolete"], typed: |l| l.args.snapshots.obsolete,
        written: |o| words(&o.obsolete),
        usual: |_| Obsolete::Warn,
    }
    "report" report: Vec<ReportSpec> {
        flags: ["reports"], typed: |l| Some(l.args.output.reports.reports.clone()),
        written: |o| texts(&o.report, |all| all),
        usual: |_| Vec::new(),
    }
    "artifacts" artifacts: Artifacts {
        flags: ["artifacts"], typed: |l| l.args.output.artifacts,
        written: |o| words(&o.artifacts),
        usual: |_| Artifacts::Failed,
    }
    "progress" progress: Progress {
        flags: ["progress"], typed: |l| Some(l.args.output.progress),
        written: |o| words(&o.progress),
        usual: |_| Progress::Auto,
    }
    "color" color: ColorChoice {
        flags: ["color"], typed: |l| Some(l.global.color),
        written: |o| words(&o.color),
        usual: |_| ColorChoice::Auto,
    }
}

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
