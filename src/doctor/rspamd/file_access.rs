//! Whether another user can read a file, by its mode and those of the folders on the way.

use super::Identity;
use std::{
    io,
    path::{Path, PathBuf},
};

/// What keeps a file from being read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AccessError {
    /// It is not there.
    Missing,
    /// It is there, and no file.
    NoFile,
    /// This folder cannot be entered by the user.
    Folder(PathBuf),
    /// It cannot be read by the user.
    Unreadable,
    /// We cannot see that far ourselves.
    Hidden(String),
}

impl AccessError {
    /// Whether another user may be able to read the file.
    pub(super) fn is_of_user(&self) -> bool {
        matches!(self, Self::Folder(_) | Self::Unreadable)
    }
}

impl From<io::Error> for AccessError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Hidden(error.to_string()),
        }
    }
}

/// Finds out whether the user can read a file; without a user whether anybody can.
///
/// # Errors
/// What keeps the file from being read.
#[cfg(unix)]
pub(super) fn check_access(path: &Path, user: Option<&Identity>) -> Result<(), AccessError> {
    use std::{fs, os::unix::fs::MetadataExt};
    const READ: u32 = 4;
    const ENTER: u32 = 1;
    let may = |meta: &fs::Metadata, what: u32| {
        let Some(user) = user.filter(|u| u.uid != 0) else { return true };
        let class = if meta.uid() == user.uid {
            6
        } else if user.gids.contains(&meta.gid()) {
            3
        } else {
            0
        };
        meta.mode() >> class & what != 0
    };
    // What is linked to is what is read.
    let whole = fs::canonicalize(path);
    let path = whole.as_deref().unwrap_or(path);
    let mut folders: Vec<&Path> = path.ancestors().skip(1).filter(|f| !f.as_os_str().is_empty()).collect();
    folders.reverse();
    for folder in folders {
        if !may(&fs::metadata(folder)?, ENTER) {
            return Err(AccessError::Folder(folder.to_owned()));
        }
    }
    match fs::metadata(path)? {
        meta if !meta.is_file() => Err(AccessError::NoFile),
        meta if !may(&meta, READ) => Err(AccessError::Unreadable),
        _ => Ok(()),
    }
}

/// Elsewhere there is no rspamd.
#[cfg(not(unix))]
pub(super) fn check_access(path: &Path, _: Option<&Identity>) -> Result<(), AccessError> {
    Ok(std::fs::metadata(path).map(drop)?)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::{
        fs,
        os::unix::fs::{MetadataExt, PermissionsExt},
    };

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn modes_count_for_owner_group_and_others() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("keys");
        let file = folder.join("key");
        fs::create_dir(&folder).unwrap();
        fs::write(&file, "x").unwrap();
        chmod(dir.path(), 0o755);
        let meta = fs::metadata(&file).unwrap();
        let user =
            |uid: u32, gid: u32| Identity { name: "_rspamd".into(), group: "_rspamd".into(), uid, gids: vec![gid] };
        let other = user(meta.uid() + 4242, meta.gid() + 4242);
        let of_group = user(meta.uid() + 4242, meta.gid());
        for (folder_mode, file_mode, user, wanted) in [
            (0o755, 0o644, &other, Ok(())),
            (0o755, 0o640, &other, Err(AccessError::Unreadable)),
            (0o755, 0o640, &of_group, Ok(())),
            (0o755, 0o604, &of_group, Err(AccessError::Unreadable)),
            (0o750, 0o644, &other, Err(AccessError::Folder(fs::canonicalize(&folder).unwrap()))),
            (0o750, 0o644, &of_group, Ok(())),
        ] {
            chmod(&folder, folder_mode);
            chmod(&file, file_mode);
            assert_eq!(check_access(&file, Some(user)), wanted, "{folder_mode:o} {file_mode:o}");
        }
        assert_eq!(check_access(&file, None), Ok(()));
        assert_eq!(check_access(&folder.join("none"), Some(&of_group)), Err(AccessError::Missing));
        assert_eq!(check_access(dir.path(), None), Err(AccessError::NoFile));
    }
}
