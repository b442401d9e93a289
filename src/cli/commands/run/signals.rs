//! SIGINT and SIGTERM: the first ends the run in good order, the second ends the process.

use crate::{
    cli::context::complain,
    outcome::ExitCode,
    run::{Stop, StopReason},
};
use tokio::task::JoinHandle;

/// Listens until it is aborted.
pub(super) fn listen(stop: Stop) -> JoinHandle<()> {
    tokio::spawn(async move {
        let Some(reason) = next().await else { return };
        complain("stopping: reports are being written; once more to stop at once");
        stop.stop(reason);
        if let Some(reason) = next().await {
            let code = match reason {
                StopReason::Terminated => ExitCode::Terminated,
                _ => ExitCode::Interrupted,
            };
            #[expect(clippy::disallowed_methods, reason = "the person will not wait for anything any more")]
            std::process::exit(code.number().into());
        }
    })
}

/// The next signal; `None` when the system does not tell.
#[cfg(unix)]
async fn next() -> Option<StopReason> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).ok()?;
    let mut interrupt = signal(SignalKind::interrupt()).ok()?;
    tokio::select! {
        got = terminate.recv() => got.map(|()| StopReason::Terminated),
        got = interrupt.recv() => got.map(|()| StopReason::Interrupted),
    }
}

/// The next signal; `None` when the system does not tell.
#[cfg(not(unix))]
async fn next() -> Option<StopReason> {
    tokio::signal::ctrl_c().await.ok().map(|()| StopReason::Interrupted)
}
