//! Programs that show settings.

use super::Report;
use std::{io, iter, process::Stdio, time::Duration};
use tokio::process::Command;

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Where programs of servers are that are not on the path of users.
const PLACES: [&str; 4] = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];

/// What a program said.
#[derive(Debug, Clone)]
pub(super) struct ProgramOutput {
    pub(super) succeeded: bool,
    /// The exit code; none when a signal ended it.
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// A program could not be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProgramError {
    /// It is not on this machine.
    Missing(String),
    /// It is, and does not say what it should.
    Silent(String),
}

impl ProgramError {
    /// A program that nobody asked for may be missing.
    pub(super) fn report(&self, check: &str, is_asked: bool, report: &mut Report) {
        match self {
            Self::Missing(program) if is_asked => {
                let next = format!("install {check} on this machine, for example `apt-get install {check}`");
                report.unknown(check, format!("there is no {program}"), next);
            }
            Self::Missing(program) => {
                let text = format!("there is no {program}, so nothing of {check} was looked at");
                report.warn(check, None, text, "run it on the machine that has it too");
            }
            Self::Silent(what) => report.unknown(check, what, "run it by hand to see what it says"),
        }
    }
}

/// Runs a program to its end.
pub(super) async fn run(program: &str, arguments: &[&str]) -> Result<ProgramOutput, ProgramError> {
    let places = if program.contains('/') { &[] } else { &PLACES[..] };
    let elsewhere = places.iter().map(|place| format!("{place}/{program}"));
    for name in iter::once(program.to_owned()).chain(elsewhere) {
        let mut command = Command::new(&name);
        command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        match tokio::time::timeout(PATIENCE, command.output()).await {
            Err(_) => return Err(ProgramError::Silent(format!("{name} did not end within {PATIENCE:?}"))),
            Ok(Err(e)) if e.kind() == io::ErrorKind::NotFound => {}
            Ok(Err(e)) => return Err(ProgramError::Silent(format!("{name} cannot be started: {e}"))),
            Ok(Ok(output)) => {
                let [stdout, stderr] =
                    [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                return Ok(ProgramOutput {
                    succeeded: output.status.success(),
                    code: output.status.code(),
                    stdout,
                    stderr,
                });
            }
        }
    }
    Err(ProgramError::Missing(program.to_owned()))
}
