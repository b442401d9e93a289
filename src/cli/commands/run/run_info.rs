//! Where and how a run is made.

use crate::{
    cli::{Context, Project},
    core::digest::sha256,
    outcome::{GitInfo, RunInfo, ShardInfo},
};
use std::{fs, process::Stdio, time::Duration};
use tokio::process::Command;

/// How long git may take: nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) async fn info(
    context: &Context,
    project: &Project,
    profile: Option<String>,
    shard: Option<ShardInfo>,
) -> RunInfo {
    RunInfo {
        profile,
        shard,
        host: context.host.clone(),
        git: if context.directory.ancestors().any(|d| d.join(".git").exists()) { git().await } else { None },
        ci: context.ci(),
        config_sha256: config_sha256(project),
    }
}

/// SHA-256 of the project file in hexadecimal digits.
pub(super) fn config_sha256(project: &Project) -> Option<String> {
    let config = project.file.as_ref().and_then(|file| fs::read(file).ok())?;
    Some(sha256(&config))
}

/// What git says about the current directory; `None` when it is not there or takes too long.
async fn git() -> Option<GitInfo> {
    let mut git = Command::new("git");
    git.args(["--no-optional-locks", "status", "--porcelain=v2", "--branch", "--untracked-files=no"]);
    git.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, git.output()).await.ok()?.ok()?;
    if output.status.success() { read(&String::from_utf8_lossy(&output.stdout)) } else { None }
}

fn read(status: &str) -> Option<GitInfo> {
    let header =
        |name: &str| status.lines().find_map(|l| l.strip_prefix("# branch.")?.strip_prefix(name)).map(str::trim);
    let commit = header("oid").filter(|c| *c != "(initial)")?;
    Some(GitInfo {
        commit: commit.to_owned(),
        branch: header("head").filter(|b| *b != "(detached)").map(str::to_owned),
        dirty: status.lines().any(|l| !l.starts_with('#')),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_a_checkout() {
        let clean = "# branch.oid 9f2c1e7\n# branch.head main\n# branch.upstream origin/main\n";
        let main = GitInfo { commit: "9f2c1e7".into(), branch: Some("main".into()), dirty: false };
        assert_eq!(read(clean), Some(main.clone()));
        assert_eq!(read(&format!("{clean}1 .M N... 100644 a b c f\n")), Some(GitInfo { dirty: true, ..main.clone() }));
        let detached = "# branch.oid 9f2c1e7\n# branch.head (detached)\n";
        assert_eq!(read(detached), Some(GitInfo { branch: None, ..main }));
        assert_eq!(read("# branch.oid (initial)\n# branch.head main\n"), None);
    }
}
