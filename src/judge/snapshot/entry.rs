//! Snapshots as they lie in their folder: accepted, waiting to be reviewed, or both.

use super::{
    SnapshotFile, SnapshotFileError, changes,
    disk::{WRITABLE, pending_path, remove, write},
    obsolete, unified,
};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

/// An accepted `.snap`, a `.snap.new` that would replace it, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The folder of a target: the first one below the snapshots.
    pub target: String,
    /// The scenario's id: as the header has it where that fits the path, else as far as the path tells.
    pub id: String,
    /// The accepted file, whether it exists or not.
    pub file: PathBuf,
    /// Whether a `.snap.new` waits.
    pub pending: bool,
    dir: PathBuf,
}

/// What waits, and what accepting it would change.
#[derive(Debug)]
pub struct Proposal {
    /// What waits.
    pub waiting: SnapshotFile,
    /// The changes in words.
    pub words: Vec<String>,
    /// A unified diff.
    pub diff: String,
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
    let mut entries = Vec::new();
    for (file, pending) in found {
        let below = file.strip_prefix(dir).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let (target, rest) = below.split_once('/').unwrap_or(("", &below));
        let (target, rest) = (target.to_owned(), rest.strip_suffix(".snap").unwrap_or(rest).to_owned());
        let newest = if pending { pending_path(&file) } else { file.clone() };
        let read = SnapshotFile::read_in_place(&newest, dir, &file).ok().flatten();
        let id = read.and_then(|f| f.scenario).unwrap_or(rest);
        entries.push(Entry { target, id, file, pending, dir: dir.to_owned() });
    }
    Ok(entries)
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
        SnapshotFile::read_in_place(&file, &self.dir, &self.file)?
            .ok_or_else(|| SnapshotFileError::new(&file, "it is gone", "run again"))
    }

    /// What is accepted.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn accepted(&self) -> Result<Option<SnapshotFile>, SnapshotFileError> {
        SnapshotFile::read_in_place(&self.file, &self.dir, &self.file)
    }

    /// What waits, and what accepting it would change. An accepted file that cannot be read is told as one of the
    /// changes, and all of what waits is new then.
    ///
    /// # Errors
    /// When what waits cannot be read.
    pub(crate) fn proposal(&self) -> Result<Proposal, SnapshotFileError> {
        let waiting = self.waiting()?;
        let new = waiting.text();
        let (words, diff) = match self.accepted() {
            Ok(Some(old)) => (changes(&old.text(), &new), unified(&old.text(), &new)),
            Ok(None) => (vec!["new snapshot".to_owned()], unified("", &new)),
            Err(broken) => (vec![format!("in place of one that is broken: {}", broken.problem)], unified("", &new)),
        };
        Ok(Proposal { waiting, words, diff })
    }

    /// Puts what was proposed in the place of the accepted one, even where that one is broken.
    ///
    /// # Errors
    /// When something else waits by now, or a file cannot be written.
    pub fn accept(&self, proposed: &Proposal) -> Result<(), SnapshotFileError> {
        let seen = proposed.waiting.raw();
        if self.waiting()?.raw() != seen {
            let problem = "a run has written another one since it was shown";
            return Err(SnapshotFileError::new(&self.pending_file(), problem, "look at it again"));
        }
        write(&self.file, seen).and_then(|()| remove(&self.pending_file())).map_err(|e| self.problem(&e))
    }

    /// Removes what waits.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn reject(&self) -> Result<(), SnapshotFileError> {
        std::fs::remove_file(self.pending_file()).map_err(|e| self.problem(&e))
    }

    fn problem(&self, error: &io::Error) -> SnapshotFileError {
        SnapshotFileError::new(&self.pending_file(), error.to_string(), WRITABLE)
    }
}
