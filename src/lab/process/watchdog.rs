//! What ends the programs of a lab when this process is killed and can do nothing any more.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
};

/// Waits for the end of its standard input, which comes when we end, however that is, and what we were starting then has
/// been started. Then it kills the groups that are recorded in the directory, by leader and start (field 22 of
/// proc_pid_stat(5)), and whoever leads a group and writes its output there, which may not have been recorded yet; and removes
/// the directory.
const SCRIPT: &str = r#"
read -r _
directory=$1
while read -r id started; do
  read -r stat <"/proc/$id/stat" || continue
  set -- ${stat##*) }
  [ "${20}" = "$started" ] && kill -s KILL -- "-$id"
done <"$directory/groups"
set +f
for process in /proc/[0-9]*; do
  case $(readlink "$process/fd/1") in
    "$directory"/*) kill -s KILL -- "-${process#/proc/}" ;;
  esac
done
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
    use rustix::process::{Pid, Signal, kill_process};
    use std::os::unix::process::ExitStatusExt;

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
        // Started in the moment before we end, and not recorded yet.
        let output = std::fs::File::create(directory.join("x.out")).unwrap();
        let mut unrecorded = Command::new("sleep").arg("1000").process_group(0).stdout(output).spawn().unwrap();
        let mut watchdog = Watchdog::over(&directory);
        let shell = watchdog.0.as_mut().unwrap();
        drop(shell.stdin.take());
        assert!(shell.wait().unwrap().success());
        assert!(!ours.wait().unwrap().success() && !directory.exists());
        // One that was killed ends by that, whatever comes later.
        kill_process(Pid::from_child(&unrecorded), Signal::TERM).ok();
        assert_eq!(unrecorded.wait().unwrap().signal(), Some(Signal::KILL.as_raw()));
        assert!(others.try_wait().unwrap().is_none());
        others.kill().unwrap();
        others.wait().unwrap();
    }
}
