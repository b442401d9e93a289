//! Postfix's queue directory: what `postfix check` would make, without the seconds that it takes.

use crate::lab::process::{StateDir, StateError, User};
use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

/// Directories that only Postfix's own user may enter.
const OWN: [&str; 12] = [
    "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop", "private", "saved",
    "trace",
];

/// Makes the queue and data directories below `postfix/`. Where the queue is.
///
/// # Errors
/// When they cannot be made, or given to Postfix's user.
pub(super) fn make(state: &StateDir, owner: &User) -> Result<PathBuf, StateError> {
    let queue = state.directory("postfix/queue", None)?;
    state.directory("postfix/queue/pid", None)?;
    for (name, mode) in OWN.map(|name| (name, 0o700)).into_iter().chain([("public", 0o755)]) {
        let path = state.directory(&format!("postfix/queue/{name}"), Some(owner))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))
            .map_err(|source| StateError::Write { path, source })?;
    }
    state.directory("postfix/data", Some(owner))?;
    Ok(queue)
}
