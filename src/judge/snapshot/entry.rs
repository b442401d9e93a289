//! Snapshots as they lie in their folder: accepted, waiting to be reviewed, or both.

use super::{SnapshotFile, SnapshotFileError, changes, obsolete, store::pending_path, unified};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// An accepted `.snap`, a `.snap.new` that would replace it, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The target: the first folder below the snapshots.
    pub target: String,
    /// The scenario's id as the header has it, or what the path says.
    pub id: String,
    /// The accepted file, whether it exists or not.
    pub file: PathBuf,
    /// Whether a `.snap.new` waits.
    pub pending: bool,
}

/// Every snapshot below a folder, sorted by path; none when there is no such folder.
///
/// # Errors
/// When a folder cannot be read.
pub fn entries(dir: &Path) -> io::Result<Vec<Entry>> {
    let mut found: BTreeMap<PathBuf, bool> = BTreeMap::new();
    for path in obsolete::files(dir)? {
        let pending = path.extension().is_some_and(|e| e == "new");
        let file = if pending { path.with_extension("") } else { path };
        *found.entry(file).or_default() |= pending;
    }
    let entry = |(file, pending): (PathBuf, bool)| {
        let below = file.strip_prefix(dir).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let (target, rest) = below.split_once('/').unwrap_or(("", &below));
        let (target, rest) = (target.to_owned(), rest.strip_suffix(".snap").unwrap_or(rest).to_owned());
        let newest = if pending { pending_path(&file) } else { file.clone() };
        let id = SnapshotFile::read(&newest).ok().flatten().and_then(|f| f.scenario).unwrap_or(rest);
        Entry { target, id, file, pending }
    };
    Ok(found.into_iter().map(entry).collect())
}

/// The snapshots of [`entries`] that wait to be reviewed.
///
/// # Errors
/// When a folder cannot be read.
pub fn pending(dir: &Path) -> io::Result<Vec<Entry>> {
    Ok(entries(dir)?.into_iter().filter(|e| e.pending).collect())
}

impl Entry {
    /// The file that waits, whether it exists or not.
    pub fn pending_file(&self) -> PathBuf {
        pending_path(&self.file)
    }

    /// What waits.
    ///
    /// # Errors
    /// When it cannot be read or is gone.
    pub fn waiting(&self) -> Result<SnapshotFile, SnapshotFileError> {
        let file = self.pending_file();
        let gone = || SnapshotFileError { path: file.clone(), problem: "it is gone".to_owned(), next: "run again" };
        SnapshotFile::read(&file)?.ok_or_else(gone)
    }

    /// What is accepted.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn accepted(&self) -> Result<Option<SnapshotFile>, SnapshotFileError> {
        SnapshotFile::read(&self.file)
    }

    /// What accepting would change, in words and as a unified diff.
    ///
    /// # Errors
    /// When either file cannot be read.
    pub fn difference(&self) -> Result<(Vec<String>, String), SnapshotFileError> {
        let new = self.waiting()?.text();
        Ok(match self.accepted()? {
            Some(old) => (changes(&old.text(), &new), unified(&old.text(), &new)),
            None => (vec!["new snapshot".to_owned()], unified("", &new)),
        })
    }

    /// Puts what waits in the place of the accepted one, even where that one is broken.
    ///
    /// # Errors
    /// When what waits is no sound snapshot, or the file cannot be moved.
    pub fn accept(&self) -> Result<(), SnapshotFileError> {
        self.waiting()?;
        fs::rename(self.pending_file(), &self.file).map_err(|e| self.problem(&e))
    }

    /// Removes what waits.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn reject(&self) -> Result<(), SnapshotFileError> {
        fs::remove_file(self.pending_file()).map_err(|e| self.problem(&e))
    }

    fn problem(&self, error: &io::Error) -> SnapshotFileError {
        let next = "check that the snapshot folder can be written";
        SnapshotFileError { path: self.pending_file(), problem: error.to_string(), next }
    }
}
