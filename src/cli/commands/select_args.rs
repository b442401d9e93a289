//! Arguments that choose scenarios, shared by `run` and `list`.

use crate::{
    cli::{CliError, Context},
    outcome::ShardInfo,
    run::TagExpr,
    target::TargetKind,
};
use std::str::FromStr;

/// Which scenarios.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Selection")]
pub(super) struct SelectArgs {
    /// Files, folders, ids or globs of either [default: all scenarios of the project]
    #[arg(value_name = "PATH|ID|GLOB")]
    pub(super) what: Vec<String>,

    /// Only scenarios with these tags, for example 'smoke and not negative'
    #[arg(short, long = "tag", value_name = "EXPR", env = "SEALCHECK_TAG")]
    pub(super) tag: Option<TagExpr>,

    /// Where to run: embedded, rspamd, postfix, staging or gmail [default: from the project file, else embedded]
    #[arg(long, value_name = "TARGET", env = "SEALCHECK_TARGET")]
    pub(super) target: Option<TargetKind>,

    /// Only part 2 of 5 (2/5), for example; auto/5 takes the part from JOB_COMPLETION_INDEX or CI_NODE_INDEX
    #[arg(long, value_name = "I/N", env = "SEALCHECK_SHARD")]
    shard: Option<ShardArg>,
}

/// Which part of a selection: `2/5`, `auto/5`, or `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ShardArg {
    /// This one.
    Part(ShardInfo),
    /// The one that the environment names; of how many, where that is typed.
    Auto(Option<usize>),
}

/// A variable that says which of many equal jobs this is.
struct Numbering {
    index: &'static str,
    /// What the first is called.
    first: usize,
    /// The variable that says how many there are.
    total: &'static str,
}

/// Kubernetes numbers the pods of an Indexed Job, and leaves it to us how many there are; GitLab numbers `parallel` jobs.
const NUMBERINGS: [Numbering; 2] = [
    Numbering { index: "JOB_COMPLETION_INDEX", first: 0, total: "SEALCHECK_SHARDS" },
    Numbering { index: "CI_NODE_INDEX", first: 1, total: "CI_NODE_TOTAL" },
];

impl FromStr for ShardArg {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (part, of) = text.split_once('/').map_or((text, None), |(part, of)| (part, Some(of)));
        let total = of.map(|of| of.parse::<usize>().ok().filter(|n| *n > 0));
        match (part, part.parse().ok(), total) {
            ("auto", _, None) => Ok(Self::Auto(None)),
            ("auto", _, Some(Some(total))) => Ok(Self::Auto(Some(total))),
            (_, Some(index), Some(Some(total))) if (1..=total).contains(&index) => {
                Ok(Self::Part(ShardInfo { index, total }))
            }
            _ => Err("write a number, a slash and how many parts there are, for example 2/5 or auto/5"),
        }
    }
}

impl SelectArgs {
    /// Which part of the selection is meant.
    ///
    /// # Errors
    /// When the environment is to say it, and does not.
    pub(super) fn shard(&self, context: &Context) -> Result<Option<ShardInfo>, CliError> {
        match self.shard {
            None => Ok(None),
            Some(ShardArg::Part(shard)) => Ok(Some(shard)),
            Some(ShardArg::Auto(total)) => {
                of_environment(total, &|name| context.variable(name)).map(Some).map_err(CliError::Usage)
            }
        }
    }
}

fn of_environment<'a>(
    total: Option<usize>,
    variable: &dyn Fn(&'static str) -> Option<&'a str>,
) -> Result<ShardInfo, String> {
    let number = |name: &'static str| {
        let text = variable(name)?;
        Some(text.parse::<usize>().map_err(|_| format!("--shard auto: {name} is `{text}`, which is no number")))
    };
    let given = NUMBERINGS.iter().find_map(|numbering| Some((numbering, number(numbering.index)?)));
    let Some((Numbering { index: name, first, total: how_many }, index)) = given else {
        return Err(
            "--shard auto: neither JOB_COMPLETION_INDEX (Kubernetes Indexed Job) nor CI_NODE_INDEX (GitLab) is \
                    set; write the part, as in --shard 2/5"
                .to_owned(),
        );
    };
    let index = index?;
    let total = match total {
        Some(total) => total,
        None => number(how_many)
            .transpose()?
            .filter(|n| *n > 0)
            .ok_or_else(|| format!("--shard auto: {how_many} does not say how many parts there are; write auto/5"))?,
    };
    match index.checked_sub(*first) {
        Some(before) if before < total => Ok(ShardInfo { index: before + 1, total }),
        _ => Err(format!(
            "--shard auto: {name} is {index}, and of {total} parts the first is {first} and the last {}",
            total - 1 + first
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_count_from_one() {
        assert_eq!("2/5".parse(), Ok(ShardArg::Part(ShardInfo { index: 2, total: 5 })));
        assert_eq!("auto/5".parse(), Ok(ShardArg::Auto(Some(5))));
        assert_eq!("auto".parse(), Ok(ShardArg::Auto(None)));
        for text in ["0/5", "6/5", "1", "a/b", "1/0", "-1/5", "", "auto/0", "auto/", "/5"] {
            assert!(text.parse::<ShardArg>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_environment_says_which_shard() {
        let of = |total, variables: &'static [(&'static str, &'static str)]| {
            of_environment(total, &|name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| *value))
        };
        let shard = |index| Ok(ShardInfo { index, total: 5 });
        // Kubernetes counts from 0, GitLab from 1.
        assert_eq!(of(Some(5), &[("JOB_COMPLETION_INDEX", "0")]), shard(1));
        assert_eq!(of(None, &[("JOB_COMPLETION_INDEX", "4"), ("SEALCHECK_SHARDS", "5")]), shard(5));
        assert_eq!(of(None, &[("CI_NODE_INDEX", "5"), ("CI_NODE_TOTAL", "5")]), shard(5));
        for (total, variables, says) in [
            (Some(5), &[][..], "neither JOB_COMPLETION_INDEX"),
            (Some(5), &[("JOB_COMPLETION_INDEX", "5")], "is 5, and of 5 parts the first is 0 and the last 4"),
            (Some(5), &[("CI_NODE_INDEX", "0")], "is 0, and of 5 parts the first is 1 and the last 5"),
            (Some(5), &[("JOB_COMPLETION_INDEX", "one")], "JOB_COMPLETION_INDEX is `one`, which is no number"),
            (None, &[("JOB_COMPLETION_INDEX", "0")], "SEALCHECK_SHARDS does not say how many"),
            (None, &[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "0")], "CI_NODE_TOTAL does not say how many"),
        ] {
            let error = of(total, variables).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
