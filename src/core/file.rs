//! Files that are replaced whole.

use std::{
    fs::{self, Metadata},
    io::{self, Write},
    path::Path,
};

/// Who may read a file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// As any new file: the umask decides.
    Usual,
    /// Its owner alone.
    Private,
}

/// Writes a file at once, and its folder where there is none: readers, and whoever comes after a crash, see the old file or
/// the new one, never a part.
///
/// # Errors
/// When folder or file cannot be made or written; the old file is then as it was.
pub fn replace(path: &Path, content: &[u8], access: Access) -> io::Result<()> {
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".sealcheck-");
    #[cfg(unix)]
    if access == Access::Usual {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    // The file is there; not every file system can be told to write a folder at once.
    #[cfg(unix)]
    drop(fs::File::open(folder).and_then(|folder| folder.sync_all()));
    Ok(())
}

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether both are of one file, whatever its names.
#[cfg(unix)]
pub fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

/// Elsewhere a file that is open is not renamed.
#[cfg(not(unix))]
pub fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_the_old_file_open_reads_all_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("below/file.txt");
        replace(&path, b"old", Access::Usual).unwrap();
        let old = fs::File::open(&path).unwrap();
        replace(&path, b"new", Access::Private).unwrap();
        assert_eq!(
            (io::read_to_string(old).unwrap(), fs::read_to_string(&path).unwrap()),
            ("old".into(), "new".into())
        );
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        fs::create_dir(dir.path().join("taken")).unwrap();
        assert!(replace(&dir.path().join("taken"), b"x", Access::Usual).is_err());
    }
}
