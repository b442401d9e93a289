//! Why rspamd cannot be used.

use crate::lab::{
    LabError,
    process::{ProcessError, StateError},
};
use std::{io, path::PathBuf};

/// The Debian package that has rspamd.
pub(crate) const PACKAGE: &str = "rspamd";
/// The users that rspamd runs as when it is started by root: Debian's, and upstream's.
pub(super) const USERS: [&str; 2] = ["_rspamd", "rspamd"];

/// rspamd could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RspamdError {
    /// The program.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Its directory.
    #[error(transparent)]
    State(#[from] StateError),
    /// `rspamadm` did not do its work.
    #[error("rspamadm: {0}")]
    Admin(String),
    /// A key of the person's.
    #[error("{}: permission denied; rspamd would run as this user and not seal, though it may as its own user", .0.display())]
    ClosedKey(PathBuf),
    /// No port is free.
    #[error("rspamd has no port to listen on: {0}")]
    Port(io::Error),
    /// Root may not run it as itself.
    #[error("rspamd has no user to run as: neither {} nor {} is in /etc/passwd", USERS[0], USERS[1])]
    NoUser,
}

impl From<RspamdError> for LabError {
    fn from(error: RspamdError) -> Self {
        let install = format!("apt-get install {PACKAGE}, or name the program with --rspamd-bin");
        let (what, next) = match &error {
            RspamdError::Process(ProcessError::Missing { program, .. }) => {
                (format!("{} is not there", program.display()), install)
            }
            RspamdError::NoUser => (error.to_string(), install),
            RspamdError::Process(ProcessError::NotReady { .. }) => {
                (error.to_string(), "give it longer with --rspamd-timeout, or see what it waits for".to_owned())
            }
            RspamdError::ClosedKey(_) => (
                error.to_string(),
                "run it with sudo, so that rspamd runs as its own user, or name a copy that you can read".to_owned(),
            ),
            _ => (error.to_string(), "correct what rspamd says".to_owned()),
        };
        Self::Program { what, next }
    }
}
