//! Process groups, as `/proc` shows them.

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{
        Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, getpid, kill_process_group, pidfd_open, set_child_subreaper,
        waitid,
    },
};
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

/// How long the system may take to end killed processes.
const PATIENCE: Duration = Duration::from_secs(5);

/// What `/proc/PID/stat` says of a process (proc_pid_stat(5)).
struct Stat {
    zombie: bool,
    group: i32,
    started: u64,
}

fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    Some(Stat {
        zombie: matches!(fields.first(), Some(&("Z" | "X"))),
        group: fields.get(2)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

/// When a process was started, in clock ticks since the machine was; with its id it names a process for good. `None` when
/// there is no such process.
pub(super) fn started(pid: i32) -> Option<u64> {
    stat(pid).filter(|stat| !stat.zombie).map(|stat| stat.started)
}

/// From now on processes become ours when their parents end (PR_SET_CHILD_SUBREAPER); otherwise they are the init process's,
/// which may leave them there for seconds.
pub(super) fn adopt_orphans() {
    // Where the system cannot, they are init's.
    set_child_subreaper(Some(getpid())).ok();
}

/// A process group, by its leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group {
    id: i32,
    /// When the leader was started.
    started: u64,
}

impl Group {
    /// The group that this process leads; `None` when it has ended already.
    pub(super) fn led_by(pid: u32) -> Option<Self> {
        let id = i32::try_from(pid).ok()?;
        Some(Self { id, started: stat(id)?.started })
    }

    /// As [`Group::record`] wrote it.
    pub(super) fn read(record: &str) -> Option<Self> {
        let (id, started) = record.split_once(' ')?;
        Some(Self { id: id.parse().ok().filter(|id| *id > 1)?, started: started.parse().ok()? })
    }

    /// One line that names the group for another process.
    pub(super) fn record(&self) -> String {
        format!("{} {}", self.id, self.started)
    }

    /// The processes of the group that run.
    pub(super) fn members(&self) -> Vec<i32> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        ids.filter(|pid| stat(*pid).is_some_and(|stat| stat.group == self.id && !stat.zombie)).collect()
    }

    /// Whether this is still the group that was recorded for `directory`: by its leader or, where that has gone, by a
    /// member that works in the directory.
    pub(super) fn belongs_to(&self, directory: &Path) -> bool {
        match stat(self.id) {
            Some(leader) => leader.started == self.started && leader.group == self.id,
            None => self
                .members()
                .iter()
                .any(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(directory))),
        }
    }

    /// Ends every process of the group: asked first, where `grace` gives them time, then killed. Returns when all of them
    /// are gone.
    pub(super) fn end(&self, grace: Duration) {
        let is_gone = !grace.is_zero() && self.signal(Signal::TERM) && self.gone_within(grace);
        if !is_gone && self.signal(Signal::KILL) {
            self.gone_within(PATIENCE);
        }
        self.reap();
    }

    /// Takes note of the end of its processes, so that nothing of them is left: those whose parents have ended are ours
    /// ([`adopt_orphans`]).
    fn reap(&self) {
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        while waitid(WaitId::Pgid(Pid::from_raw(self.id)), ended).is_ok_and(|status| status.is_some()) {}
    }

    /// Whether there was anybody to tell.
    fn signal(&self, signal: Signal) -> bool {
        Pid::from_raw(self.id).is_some_and(|pid| kill_process_group(pid, signal).is_ok())
    }

    fn gone_within(&self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        loop {
            let Some(member) = self.members().first().copied() else { return true };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            // The descriptor of a process becomes readable when the process ends.
            let opened = Pid::from_raw(member).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
            if let (Some(fd), Ok(time)) = (opened, Timespec::try_from(left)) {
                poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&time)).ok();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{os::unix::process::CommandExt, process::Command};

    #[test]
    fn a_group_ends_with_its_orphans() {
        // The leader ends at once and leaves a child behind that ignores SIGTERM.
        let dir = tempfile::tempdir().unwrap();
        let script = "trap '' TERM; sleep 1000 & echo; exec sleep 1000";
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(dir.path()).process_group(0).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0]).unwrap();
        let group = Group::led_by(child.id()).unwrap();
        assert_eq!(Group::read(&group.record()), Some(group));
        assert!(group.members().len() >= 2 && group.belongs_to(dir.path()));
        let other = Group { started: group.started + 1, ..group };
        assert!(!other.belongs_to(dir.path()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(group.members().len(), 1, "an orphan");
        assert!(group.belongs_to(dir.path()) && !group.belongs_to(Path::new("/usr/share")));
        group.end(Duration::from_millis(1));
        assert_eq!(group.members(), [] as [i32; 0]);
    }

    #[test]
    fn nothing_is_left_of_a_group_that_was_ended() {
        adopt_orphans();
        let mut command = Command::new("sh");
        command
            .args(["-c", "sleep 1000 & sleep 1000 & echo; wait"])
            .process_group(0)
            .stdout(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0]).unwrap();
        let group = Group::led_by(child.id()).unwrap();
        let all = group.members();
        assert!(all.len() >= 3, "{all:?}");
        group.end(Duration::ZERO);
        assert_eq!(all.iter().filter(|pid| stat(**pid).is_some()).count(), 0, "no zombie either");
        child.wait().ok();
    }

    #[test]
    fn records_that_name_no_group_of_ours_are_none() {
        for record in ["", "1 5", "0 5", "-1 5", "x 5", "7", "7 x", "99999999999 1"] {
            assert_eq!(Group::read(record), None, "{record}");
        }
    }
}
