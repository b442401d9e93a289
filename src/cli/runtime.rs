//! Where commands wait for the world.

use super::cli_error::{CliError, CommandResult};

/// Does what a command waits for. Threads that still talk to a dead server then are left behind.
pub(super) fn block_on(work: impl Future<Output = CommandResult>) -> CommandResult {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| CliError::Internal(format!("cannot start: {e}")))?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_background();
    outcome
}
