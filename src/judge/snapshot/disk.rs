//! Snapshot files on disk: written whole, and removed.

use crate::core::file::{self, Access};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What to do when a file cannot be written or removed.
pub(super) const WRITABLE: &str = "check that the snapshot folder can be written";

/// The file that waits beside an accepted one.
pub(super) fn pending_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// Writes a file whole or not at all.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    file::replace(path, text.as_bytes(), Access::Usual)
}

/// Removes a file that may not be there. On a read-only file system that is an error (EROFS) also where it is not.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => fs::remove_file(path),
    }
}
