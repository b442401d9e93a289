//! What the command works with.

use crate::judge::snapshot::SnapshotFileError;
use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Reads one key of the person at the terminal; `None` at the end of input.
pub type Key<'a> = dyn FnMut() -> io::Result<Option<char>> + 'a;

/// The snapshots, the scenarios they belong to, and the person.
pub struct SnapshotsContext<'a> {
    /// The folder of the snapshots.
    pub dir: &'a Path,
    /// The files that scenarios may have, from [`known`](crate::judge::snapshot::known()); `None` when the scenarios
    /// could not be read, so that nothing can be called obsolete.
    pub known: Option<BTreeSet<PathBuf>>,
    /// Whether colours are wanted.
    pub color: bool,
    /// Where everything is written.
    pub out: &'a mut dyn Write,
    /// The keys that are pressed; `None` without a terminal.
    pub key: Option<&'a mut Key<'a>>,
}

/// The command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotsError {
    /// A folder could not be read, or the output could not be written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A snapshot file is broken.
    #[error("{0}")]
    File(#[from] SnapshotFileError),
    /// `review` without a terminal.
    #[error("review needs a terminal; look with `sealcheck snapshots diff` and decide with `accept` or `reject`")]
    NoTerminal,
    /// `prune` without knowing the scenarios.
    #[error("the scenarios could not be read, so no snapshot can be called obsolete; see `sealcheck check`")]
    NoScenarios,
}
