//! SIGINT, SIGTERM and SIGHUP: the first ends a run in good order, the second ends the process.

use super::printing::eprint_masked;
use crate::{
    outcome::ExitCode,
    run::{Stop, StopReason},
};
use std::io;
use tokio::task::JoinHandle;

/// The signals that ask the process to end. From when this is made, they no longer end it by themselves.
pub(super) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    /// `None` where whoever started us has it ignored, as nohup does.
    #[cfg(unix)]
    hangup: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    /// Listens from now on. Must be called inside a runtime.
    ///
    /// # Errors
    /// When the system does not tell of signals.
    #[cfg(unix)]
    pub(super) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let hangup = (!ignores_hangup()).then(|| signal(SignalKind::hangup())).transpose()?;
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())?, hangup })
    }

    /// The next signal; `None` when the system does not tell any more. That the terminal is gone (SIGHUP) ends a run as
    /// SIGTERM does.
    #[cfg(unix)]
    pub(super) async fn next(&mut self) -> Option<StopReason> {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            got = self.terminate.recv() => got.map(|()| StopReason::Terminated),
            got = self.interrupt.recv() => got.map(|()| StopReason::Interrupted),
            got = hangup => got.map(|()| StopReason::Terminated),
        }
    }

    /// Listens from now on.
    ///
    /// # Errors
    /// Never.
    #[cfg(not(unix))]
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    /// The next signal; `None` when the system does not tell any more.
    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) -> Option<StopReason> {
        tokio::signal::ctrl_c().await.ok().map(|()| StopReason::Interrupted)
    }
}

/// Whether SIGHUP, the lowest bit of the mask, was ignored when this process was started (proc_pid_status(5)). Elsewhere
/// than on Linux nobody says.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// Stops a run at the first signal and ends the process at the second, until it is aborted.
pub(super) fn stop_run(mut signals: Signals, stop: Stop) -> JoinHandle<()> {
    tokio::spawn(async move {
        let Some(reason) = signals.next().await else { return };
        stop.stop(reason);
        // Whoever does not read what we say must not keep us from hearing the second.
        tokio::task::spawn_blocking(|| eprint_masked("stopping: reports are being written; once more to stop at once"));
        if let Some(reason) = signals.next().await {
            crate::lab::end_programs();
            #[expect(clippy::disallowed_methods, reason = "the person will not wait for anything any more")]
            std::process::exit(code(reason).number().into());
        }
    })
}

/// What a process ends with that a signal ends.
pub(super) fn code(reason: StopReason) -> ExitCode {
    reason.exit_code().unwrap_or(ExitCode::Interrupted)
}
