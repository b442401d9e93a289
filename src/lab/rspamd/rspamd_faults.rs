//! What is wrong with a company's rspamd, where a fault or a knob asks for it: its settings, its key, its clients.

use super::RspamdError;
use crate::{
    lab::{
        embedded::keys::ED25519_PEM,
        process::{StateDir, StateError},
    },
    target::{
        TargetKind,
        knobs::{CompanyKnobs, Modification, SealFault, SealedResults, ServerFault},
    },
};
use std::{
    fs, io,
    net::Ipv4Addr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// The client that a server behind a gateway of its own sees: that of docker's first network.
const GATEWAY: Ipv4Addr = Ipv4Addr::new(172, 17, 0, 1);

/// What is wrong with an rspamd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RspamdFaults {
    pub(super) fault: ServerFault,
    pub(super) results: SealedResults,
    pub(super) seal: SealFault,
    /// It signs forwarded mail with DKIM too.
    pub(super) resigns: bool,
}

impl RspamdFaults {
    /// What these knobs ask for in a world of this kind: around rspamd alone, the forwarder of the lab does what Postfix and
    /// its rspamd do together.
    pub(crate) fn of(knobs: &CompanyKnobs, kind: TargetKind) -> Self {
        let resigns = knobs.modify == Modification::Resign && kind == TargetKind::Postfix;
        Self { fault: knobs.server, results: knobs.results, seal: knobs.seal, resigns }
    }

    /// The client that the server takes every client for, where it does not see the true one.
    pub(crate) fn client(self) -> Option<Ipv4Addr> {
        let local = self.fault == ServerFault::LocalClients || self.results == SealedResults::None;
        local.then_some(GATEWAY)
    }

    /// Where rspamd finds its key, instead of the sound one at `path`.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(super) fn key_file(self, path: PathBuf, state: &StateDir) -> Result<PathBuf, RspamdError> {
        let write = |source| StateError::Write { path: path.clone(), source };
        match self.fault {
            ServerFault::KeyMissing => fs::remove_file(&path).map_err(write)?,
            ServerFault::KeyClosed => close(&path).map_err(write)?,
            ServerFault::KeyDirectoryClosed => {
                let closed = state.directory("keys/closed", None)?;
                let inside = closed.join("private");
                fs::rename(&path, &inside).and_then(|()| close(&closed)).map_err(write)?;
                return Ok(inside);
            }
            ServerFault::KeyDamaged => {
                let pem = fs::read_to_string(&path).map_err(write)?;
                fs::write(&path, &pem[..pem.len() / 2]).map_err(write)?;
            }
            ServerFault::KeyEd25519 => fs::write(&path, ED25519_PEM).map_err(write)?,
            _ => {}
        }
        Ok(path)
    }
}

/// Lets nobody in but root.
fn close(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o000))
}
