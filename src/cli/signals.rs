//! SIGINT and SIGTERM: the first ends a run in good order, the second ends the process.

use super::context::complain;
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
}

impl Signals {
    /// Listens from now on. Must be called inside a runtime.
    ///
    /// # Errors
    /// When the system does not tell of signals.
    #[cfg(unix)]
    pub(super) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The next signal; `None` when the system does not tell any more.
    #[cfg(unix)]
    pub(super) async fn next(&mut self) -> Option<StopReason> {
        tokio::select! {
            got = self.terminate.recv() => got.map(|()| StopReason::Terminated),
            got = self.interrupt.recv() => got.map(|()| StopReason::Interrupted),
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

/// Stops a run at the first signal and ends the process at the second, until it is aborted.
pub(super) fn stop_run(mut signals: Signals, stop: Stop) -> JoinHandle<()> {
    tokio::spawn(async move {
        let Some(reason) = signals.next().await else { return };
        complain("stopping: reports are being written; once more to stop at once");
        stop.stop(reason);
        if let Some(reason) = signals.next().await {
            let code = match reason {
                StopReason::Terminated => ExitCode::Terminated,
                _ => ExitCode::Interrupted,
            };
            crate::lab::end_programs();
            #[expect(clippy::disallowed_methods, reason = "the person will not wait for anything any more")]
            std::process::exit(code.number().into());
        }
    })
}
