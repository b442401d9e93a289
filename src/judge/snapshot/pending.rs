//! Snapshots that wait to be reviewed.

use super::{SnapshotFile, SnapshotFileError, changes, obsolete, store::pending_path, unified};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A `.snap.new` beside the file that it would replace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pending {
    /// The target: the first folder below the snapshots.
    pub target: String,
    /// The accepted file, whether it exists or not.
    pub file: PathBuf,
}

/// Every pending snapshot below a folder, sorted; none when there is no such folder.
///
/// # Errors
/// When a folder cannot be read.
pub fn pending(dir: &Path) -> io::Result<Vec<Pending>> {
    let mut all: Vec<Pending> = obsolete::files(dir)?
        .into_iter()
        .filter_map(|path| {
            let file = PathBuf::from(path.to_str()?.strip_suffix(".new").filter(|f| f.ends_with(".snap"))?);
            let target = file.strip_prefix(dir).ok()?.components().next()?;
            Some(Pending { target: target.as_os_str().to_string_lossy().into_owned(), file: file.clone() })
        })
        .collect();
    all.sort();
    Ok(all)
}

impl Pending {
    /// The pending file.
    pub fn path(&self) -> PathBuf {
        pending_path(&self.file)
    }

    /// What waits.
    ///
    /// # Errors
    /// When it cannot be read or is gone.
    pub fn new_text(&self) -> Result<SnapshotFile, SnapshotFileError> {
        SnapshotFile::read(&self.path())?.ok_or_else(|| self.problem("it is gone", "run again"))
    }

    /// What it would replace.
    ///
    /// # Errors
    /// When the accepted file cannot be read.
    pub fn accepted(&self) -> Result<Option<SnapshotFile>, SnapshotFileError> {
        SnapshotFile::read(&self.file)
    }

    /// What accepting it would change, in words and as a unified diff.
    ///
    /// # Errors
    /// When either file cannot be read.
    pub fn difference(&self) -> Result<(Vec<String>, String), SnapshotFileError> {
        let new = self.new_text()?.text();
        Ok(match self.accepted()? {
            Some(old) => (changes(&old.text(), &new), unified(&old.text(), &new)),
            None => (vec!["new snapshot".to_owned()], unified("", &new)),
        })
    }

    /// Puts it in the place of the accepted one, even where that one is broken.
    ///
    /// # Errors
    /// When the pending file is no sound snapshot, or a file cannot be written.
    pub fn accept(&self) -> Result<(), SnapshotFileError> {
        self.new_text()?;
        fs::rename(self.path(), &self.file).map_err(|e| self.problem(&e.to_string(), "check the folder's permissions"))
    }

    /// Removes it.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn reject(&self) -> Result<(), SnapshotFileError> {
        fs::remove_file(self.path()).map_err(|e| self.problem(&e.to_string(), "check the folder's permissions"))
    }

    fn problem(&self, problem: &str, next: &'static str) -> SnapshotFileError {
        SnapshotFileError { path: self.path(), problem: problem.to_owned(), next }
    }
}
