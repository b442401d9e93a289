//! Arguments that choose scenarios, shared by `run` and `list`.

use crate::{outcome::ShardInfo, run::TagExpr, scenario::TargetKind};

/// Which scenarios.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectArgs {
    /// Files, folders, ids or globs of either [default: all scenarios of the project]
    #[arg(value_name = "PATH|ID|GLOB")]
    pub what: Vec<String>,

    /// Only scenarios with these tags, for example 'smoke and not negative'
    #[arg(short, long = "tag", value_name = "EXPR", env = "SEALCHECK_TAG")]
    pub tag: Option<TagExpr>,

    /// Where to run: embedded, rspamd, postfix, staging or gmail [default: from the project file, else embedded]
    #[arg(long, value_name = "TARGET", env = "SEALCHECK_TARGET")]
    pub target: Option<TargetKind>,

    /// Only part 2 of 5, for example
    #[arg(long, value_name = "I/N", value_parser = shard, env = "SEALCHECK_SHARD")]
    pub shard: Option<ShardInfo>,
}

fn shard(text: &str) -> Result<ShardInfo, String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    match parts {
        Some((index, total)) if (1..=total).contains(&index) => Ok(ShardInfo { index, total }),
        _ => Err("write a number, a slash and how many parts there are, for example 2/5".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_count_from_one() {
        assert_eq!(shard("2/5"), Ok(ShardInfo { index: 2, total: 5 }));
        for text in ["0/5", "6/5", "1", "a/b", "1/0", "-1/5", ""] {
            assert!(shard(text).is_err(), "{text}");
        }
    }
}
