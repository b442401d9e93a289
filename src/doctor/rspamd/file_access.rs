//! Whether another user can read a file, by its mode and those of the folders on the way.

use super::Identity;
use std::{
    io,
    path::{Path, PathBuf},
};

/// What keeps a file from being read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
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

/// What keeps the user from reading a file; without a user only what keeps everybody.
#[cfg(unix)]
pub(super) fn obstacle(path: &Path, user: Option<&Identity>) -> Option<Obstacle> {
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
        match fs::metadata(folder) {
            Ok(meta) if !may(&meta, ENTER) => return Some(Obstacle::Folder(folder.to_owned())),
            Ok(_) => {}
            Err(error) => return Some(of(&error)),
        }
    }
    match fs::metadata(path) {
        Ok(meta) if !meta.is_file() => Some(Obstacle::NoFile),
        Ok(meta) if !may(&meta, READ) => Some(Obstacle::Unreadable),
        Ok(_) => None,
        Err(error) => Some(of(&error)),
    }
}

/// Elsewhere there is no rspamd.
#[cfg(not(unix))]
pub(super) fn obstacle(path: &Path, _: Option<&Identity>) -> Option<Obstacle> {
    std::fs::metadata(path).err().map(|error| of(&error))
}

fn of(error: &io::Error) -> Obstacle {
    match error.kind() {
        io::ErrorKind::NotFound => Obstacle::Missing,
        _ => Obstacle::Hidden(error.to_string()),
    }
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
            (0o755, 0o644, &other, None),
            (0o755, 0o640, &other, Some(Obstacle::Unreadable)),
            (0o755, 0o640, &of_group, None),
            (0o755, 0o604, &of_group, Some(Obstacle::Unreadable)),
            (0o750, 0o644, &other, Some(Obstacle::Folder(fs::canonicalize(&folder).unwrap()))),
            (0o750, 0o644, &of_group, None),
        ] {
            chmod(&folder, folder_mode);
            chmod(&file, file_mode);
            assert_eq!(obstacle(&file, Some(user)), wanted, "{folder_mode:o} {file_mode:o}");
        }
        assert_eq!(obstacle(&file, None), None);
        assert_eq!(obstacle(&folder.join("none"), Some(&of_group)), Some(Obstacle::Missing));
        assert_eq!(obstacle(dir.path(), None), Some(Obstacle::NoFile));
    }
}
