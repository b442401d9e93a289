//! A program that runs beside us.

use super::{
    StateDir, StateError,
    group::{self, Group},
    sockets,
};
use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};
use tokio::process::{Child, Command};

/// How often a condition is looked at that nobody announces.
const POLL: Duration = Duration::from_millis(10);
/// How much of a program's output is shown.
const TAIL_LINES: usize = 8;

/// A program cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It is not there.
    #[error("{} is not there; install it with `apt-get install {package}`", program.display())]
    Missing {
        /// What was to be started.
        program: PathBuf,
        /// The package that has it.
        package: &'static str,
    },
    /// It cannot be started.
    #[error("cannot start {}: {source}", program.display())]
    Start {
        /// What was to be started.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It ended before it was of use.
    #[error("{name} ended before it was ready ({status}){}", said(output))]
    Ended {
        /// Which program.
        name: &'static str,
        /// How.
        status: String,
        /// The end of what it said.
        output: String,
    },
    /// It takes too long.
    #[error("{name} was not ready within {} s{}", after.as_secs_f32(), said(output))]
    NotReady {
        /// Which program.
        name: &'static str,
        /// How long it had.
        after: Duration,
        /// The end of what it said.
        output: String,
    },
    /// Its files cannot be written.
    #[error(transparent)]
    State(#[from] StateError),
}

fn said(output: &str) -> String {
    if output.is_empty() { "; it said nothing".to_owned() } else { format!("; it said:\n{output}") }
}

/// A program in a process group of its own. When it is dropped, the whole group is killed.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    group: Group,
    output: PathBuf,
    _state: Arc<StateDir>,
}

impl Process {
    /// Starts `command` in the state directory, which is also its current directory; what it says goes into the file
    /// `NAME.out` there. `package` is the Debian package to install when there is no such program.
    ///
    /// # Errors
    /// When the program is missing or cannot be started, or the state directory cannot be written.
    pub fn start(
        name: &'static str,
        package: &'static str,
        mut command: Command,
        state: &Arc<StateDir>,
    ) -> Result<Self, ProcessError> {
        let output = state.path().join(format!("{name}.out"));
        let file = fs::File::create(&output).and_then(|file| Ok((file.try_clone()?, file)));
        let (out, err) = file.map_err(|source| StateError::Write { path: output.clone(), source })?;
        command.current_dir(state.path()).process_group(0).stdin(Stdio::null()).stdout(out).stderr(err);
        let program = PathBuf::from(command.as_std().get_program());
        group::adopt_orphans();
        let child = match command.spawn() {
            Ok(child) => child,
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                return Err(ProcessError::Missing { program, package });
            }
            Err(source) => return Err(ProcessError::Start { program, source }),
        };
        let group = child.id().and_then(Group::led_by);
        let Some(group) = group else {
            return Err(ProcessError::Start { program, source: io::ErrorKind::NotFound.into() });
        };
        let process = Self { name, child, group, output, _state: Arc::clone(state) };
        state.record(&process.group)?;
        Ok(process)
    }

    /// Waits until `sign` says that the program is ready.
    ///
    /// # Errors
    /// When it ends before that, or `deadline` has passed; the end of its output is in the error.
    pub async fn ready<T>(&mut self, deadline: Duration, sign: impl Future<Output = T>) -> Result<T, ProcessError> {
        tokio::select! {
            biased;
            got = tokio::time::timeout(deadline, sign) => {
                got.map_err(|_| ProcessError::NotReady { name: self.name, after: deadline, output: self.said() })
            }
            status = self.child.wait() => {
                let status = status.as_ref().map_or_else(ToString::to_string, ExitStatus::to_string);
                Err(ProcessError::Ended { name: self.name, status, output: self.said() })
            }
        }
    }

    /// Tells whether a process of its group listens there.
    pub(crate) fn listens(&self, at: SocketAddr) -> impl Fn() -> bool + use<> {
        let group = self.group;
        move || sockets::listens(group, at)
    }

    /// The end of what it said.
    pub(crate) fn said(&self) -> String {
        tail(&self.output)
    }

    /// Asks the whole group to end, kills what is left of it after `grace`, and returns when all of it is gone.
    pub async fn end(self, grace: Duration) {
        let group = self.group;
        // The thread cannot fail, and what it leaves is killed when this is dropped.
        drop(tokio::task::spawn_blocking(move || group.end(grace)).await);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.group.end(Duration::ZERO);
    }
}

/// Waits until `check` gives something; it is asked again every 10 milliseconds.
pub async fn until<T, F: Future<Output = Option<T>>>(mut check: impl FnMut() -> F) -> T {
    let mut next = tokio::time::interval(POLL);
    loop {
        next.tick().await;
        if let Some(found) = check().await {
            return found;
        }
    }
}

/// The last lines of a text file, without control characters; nothing when it cannot be read.
pub fn tail(file: &Path) -> String {
    let bytes = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<String> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.chars().filter(|c| !c.is_control()).take(400).collect())
        .collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, state: &Arc<StateDir>) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start("shell", "dash", command, state).unwrap()
    }

    #[tokio::test]
    async fn readiness_is_awaited_and_an_early_end_is_noticed() {
        let state = StateDir::create().unwrap();
        let long = Duration::from_secs(30);
        let file = state.path().join("ready");
        let mut ready = shell("echo > ready; exec sleep 1000", &state);
        ready.ready(long, until(|| std::future::ready(file.exists().then_some(())))).await.unwrap();
        ready.end(long).await;

        let mut dead = shell("echo what is wrong; exit 3", &state);
        let error = dead.ready(long, std::future::pending::<()>()).await.unwrap_err().to_string();
        assert_eq!(error, "shell ended before it was ready (exit status: 3); it said:\nwhat is wrong");

        let mut slow = shell("exec sleep 1000", &state);
        let error = slow.ready(Duration::from_millis(1), std::future::pending::<()>()).await.unwrap_err().to_string();
        assert_eq!(error, "shell was not ready within 0.001 s; it said nothing");
        let path = state.path().to_path_buf();
        drop(state);
        assert!(path.exists(), "the program still uses it");
        let group = slow.group;
        assert_ne!(group.members(), [] as [i32; 0]);
        drop((dead, slow));
        assert_eq!(group.members(), [] as [i32; 0], "nobody ended it but the drop");
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn what_is_missing_says_how_to_get_it() {
        let state = StateDir::create().unwrap();
        let error = Process::start("x", "some-package", Command::new("/no/such/program"), &state).unwrap_err();
        assert_eq!(error.to_string(), "/no/such/program is not there; install it with `apt-get install some-package`");
        let error = Process::start("x", "some-package", Command::new("/etc/passwd"), &state).unwrap_err();
        assert!(error.to_string().starts_with("cannot start /etc/passwd: "), "{error}");
    }
}
