//! Programs that a lab starts: each in a process group of its own, its files below a state directory, all of it gone when
//! the lab is.
//!
//! ```no_run
//! # use sealcheck::lab::process::{Process, StateDir, until};
//! # use std::time::Duration;
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let state = StateDir::create()?;
//! let config = state.write("server.conf", "listen = 1\n")?;
//! let mut command = tokio::process::Command::new("server");
//! command.arg("--config").arg(&config);
//! let mut server = Process::start("server", "server-package", command, &state)?;
//! server.ready(Duration::from_secs(10), until(|| async { Some(()) })).await?;
//! # Ok(()) }
//! ```
//!
//! A [`Process`] keeps its [`StateDir`]; the directory is removed when the last of them is dropped. When sealcheck is
//! killed before that, a shell that watched over the directory ends what still runs and removes it; where that is gone too,
//! the next [`StateDir::create`] finds the directory by its name.

mod child;
mod group;
mod sockets;
mod state;
mod system_user;
mod watchdog;

use std::time::Duration;

pub use child::{Process, ProcessError, tail, until};
pub use state::{StateDir, StateError};
pub use system_user::User;

/// How long a program may take to be ready, or to do what it is asked once: one that ends is noticed at once, so that only one
/// that hangs is waited for so long, and one on a machine with much other work is not given up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// Ends every program that is still there and removes its directory, for when the process is about to end without having
/// dropped everything.
pub(crate) fn end_all() {
    state::end_all();
}
