//! What ends the programs of a lab when this process is killed and can do nothing any more.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
};

/// Waits for the end of its standard input, which comes when we end, however that is; then kills the groups that are recorded
/// in the directory, by leader and start (field 22 of proc_pid_stat(5)), and removes the directory.
const SCRIPT: &str = r#"
read -r _
directory=$1
while read -r id started; do
  read -r stat <"/proc/$id/stat" || continue
  set -- ${stat##*) }
  [ "${20}" = "$started" ] && kill -s KILL -- "-$id"
done <"$directory/groups"
rm -rf -- "$directory" || rm -rf -- "$directory"
"#;

/// A shell beside us, in a process group of its own, so that no terminal ends it with us.
#[derive(Debug)]
pub(super) struct Watchdog(Option<Child>);

impl Watchdog {
    /// Watches over the programs of a state directory. Where no shell can be started, whoever makes the next state directory
    /// cleans up.
    pub(super) fn over(directory: &Path) -> Self {
        let mut command = Command::new("sh");
        command.args(["-fc", SCRIPT, "sh"]).arg(directory).process_group(0).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().ok())
    }
}

impl Drop for Watchdog {
    /// Nobody is left to watch over.
    fn drop(&mut self) {
        if let Some(shell) = &mut self.0 {
            shell.kill().and_then(|()| shell.wait()).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::process::group::Group;

    #[test]
    fn what_a_killed_process_leaves_is_ended() {
        let base = tempfile::tempdir().unwrap();
        let directory = base.path().join("state");
        std::fs::create_dir(&directory).unwrap();
        let start = || Command::new("sleep").arg("1000").process_group(0).spawn().unwrap();
        let (mut ours, mut others) = (start(), start());
        let group = Group::led_by(ours.id()).unwrap();
        // The second line names a process that was started at another time.
        let groups = format!("{}\n{} 1\n", group.record(), others.id());
        std::fs::write(directory.join("groups"), groups).unwrap();
        let mut watchdog = Watchdog::over(&directory);
        let shell = watchdog.0.as_mut().unwrap();
        drop(shell.stdin.take());
        assert!(shell.wait().unwrap().success());
        assert!(!ours.wait().unwrap().success() && !directory.exists());
        assert!(others.try_wait().unwrap().is_none());
        others.kill().unwrap();
        others.wait().unwrap();
    }
}
