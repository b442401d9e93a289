//! Files that are written, and what stands where they go.

#[cfg(unix)]
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// What the name of a file begins with that is to replace another one, and how many letters and digits follow.
const NAME: (&str, usize) = (".sealcheck-", 6);

/// The age of a file that whoever wrote it has left behind.
const STALE: Duration = Duration::from_secs(3600);

/// Who may read a file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// As any new file: the umask decides.
    Usual,
    /// Its owner alone.
    Private,
}

/// What a path is, for whoever writes there.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// A regular file or nothing yet, at the end of all symbolic links.
    File(PathBuf),
    /// A device, a FIFO or the like: it is opened and written, and stays what it is.
    Special,
    /// An open file of a process, as `/dev/fd/3`: the same.
    Descriptor,
}

/// As many symbolic links as Linux follows.
const LINKS: usize = 40;

/// What the path is.
///
/// # Errors
/// When that cannot be found out, as below a file; and for a descriptor that is not open.
pub fn place(path: &Path) -> io::Result<Place> {
    let there = match fs::metadata(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        there => there,
    };
    let mut path = path.to_owned();
    for _ in 0..=LINKS {
        if is_descriptor(&path) {
            return there.map(|_| Place::Descriptor);
        }
        match fs::read_link(&path) {
            Ok(to) => path = folder_of(&path).join(to),
            Err(_) => break,
        }
    }
    let is_special = there.is_ok_and(|there| !there.is_file() && !there.is_dir());
    Ok(if is_special { Place::Special } else { Place::File(path) })
}

/// Whether the path names an open file of a process.
fn is_descriptor(path: &Path) -> bool {
    let folder = folder_of(path).canonicalize();
    folder.is_ok_and(|folder| folder == Path::new("/dev/fd") || folder.starts_with("/proc") && folder.ends_with("fd"))
}

/// Finds out whether a file can be written, as far as that can be tried without changing anything: one that is there is
/// opened, and beside it or where its folder would be made another is made, which never has a name.
///
/// # Errors
/// Why it cannot be written.
pub fn try_to_write(path: &Path) -> io::Result<()> {
    // To open anything else would already say something to who is at its other end.
    let Place::File(path) = place(path)? else { return Ok(()) };
    match fs::metadata(&path) {
        Ok(there) if there.is_dir() => return Err(io::Error::from(io::ErrorKind::IsADirectory)),
        Ok(_) => drop(OpenOptions::new().append(true).open(&path)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let folder = path.ancestors().skip(1).find(|folder| folder.as_os_str().is_empty() || folder.exists());
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    tempfile::tempfile_in(folder).map(drop)
}

/// Makes a folder, and those that it is in, where there is none.
///
/// # Errors
/// When it cannot be made.
pub fn create_folder(path: &Path, access: Access) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    if access == Access::Private {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    }
    builder.recursive(true).create(path)
}

/// How a file is made that is not there yet.
pub fn options(access: Access) -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    if access == Access::Private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    options
}

/// Opens a file to write it from its beginning, and makes it and its folder where there is none. What is no regular file is
/// written to as it is.
///
/// # Errors
/// When folder or file cannot be made or opened.
pub fn create(path: &Path, access: Access) -> io::Result<File> {
    match place(path)? {
        Place::File(path) => {
            create_folder(folder_of(&path), access)?;
            options(access).write(true).create(true).truncate(true).open(path)
        }
        Place::Special | Place::Descriptor => open_special(path),
    }
}

/// Opens what is no regular file. Whoever has it open besides loses nothing.
///
/// # Errors
/// When it cannot be opened.
pub fn open_special(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).open(path)
}

/// Writes a file at once, and its folder where there is none: readers, and whoever comes after a crash, see the old file or
/// the new one, never a part. Symbolic links are followed; owner and, with [`Access::Usual`], permissions of the old file
/// are those of the new one. What is no regular file is written to as it is.
///
/// # Errors
/// When folder or file cannot be made or written; the old file is then as it was.
pub fn replace(path: &Path, content: &[u8], access: Access) -> io::Result<()> {
    replace_by(path, access, |file| file.write_all(content))
}

/// As [`replace`], with what `write` writes.
///
/// # Errors
/// As [`replace`], and those of `write`.
pub fn replace_by(path: &Path, access: Access, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    match place(path)? {
        Place::File(path) => rename_into(&path, write, access, fs::metadata(&path).ok().as_ref()),
        Place::Special | Place::Descriptor => write(&mut open_special(path)?),
    }
}

/// Writes a file that its owner alone may read, at once, in place of whatever has its name: a symbolic link is not followed.
///
/// # Errors
/// As [`replace`].
pub fn replace_private(path: &Path, content: &[u8]) -> io::Result<()> {
    rename_into(path, |file| file.write_all(content), Access::Private, None)
}

fn rename_into(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
    access: Access,
    old: Option<&Metadata>,
) -> io::Result<()> {
    let folder = folder_of(path);
    create_folder(folder, access)?;
    sweep_once(folder);
    let mut builder = tempfile::Builder::new();
    builder.prefix(NAME.0).rand_bytes(NAME.1);
    #[cfg(unix)]
    if access == Access::Usual {
        builder.permissions(PermissionsExt::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    // Who is killed lets go of it. Not every file system has locks.
    file.as_file().try_lock().ok();
    #[cfg(unix)]
    if let Some(old) = old {
        // Only root can give files away.
        drop(std::os::unix::fs::fchown(file.as_file(), Some(old.uid()), Some(old.gid())));
        if access == Access::Usual {
            file.as_file().set_permissions(PermissionsExt::from_mode(old.mode() & 0o777))?;
        }
    }
    write(file.as_file_mut())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    // The file is there; not every file system can be told to write a folder at once.
    #[cfg(unix)]
    drop(File::open(folder).and_then(|folder| folder.sync_all()));
    Ok(())
}

/// Removes from a folder what [`replace`] has left of processes that were killed: files of its names alone, an hour old, that no
/// process has locked.
pub fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let random = name.to_str().and_then(|name| name.strip_prefix(NAME.0));
        let is_ours = random.is_some_and(|r| r.len() == NAME.1 && r.bytes().all(|b| b.is_ascii_alphanumeric()));
        if is_ours && is_stale(&entry).unwrap_or(false) {
            // What cannot be removed is no trouble of who writes now.
            fs::remove_file(entry.path()).ok();
        }
    }
}

/// Whether a file is one that nobody will finish. Links are not followed.
fn is_stale(entry: &fs::DirEntry) -> io::Result<bool> {
    let seen = entry.metadata()?;
    let is_old = seen.is_file() && seen.modified()?.elapsed().is_ok_and(|age| age >= STALE);
    Ok(is_old && fs::File::open(entry.path())?.try_lock().is_ok())
}

/// The same, at the first file that this process writes there.
fn sweep_once(folder: &Path) {
    static SWEPT: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    let mut swept = SWEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if !swept.iter().any(|done| done == folder) {
        sweep(folder);
        swept.push(folder.to_owned());
    }
}

/// Reads a whole file that must be a regular one: a FIFO may never have a writer, and a device no end.
///
/// # Errors
/// When it cannot be read, is something else or has more bytes than `limit`.
pub fn read_regular(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let no_file =
        || io::Error::new(io::ErrorKind::InvalidInput, format!("it is no regular file of at most {limit} bytes"));
    if !fs::metadata(path)?.is_file() {
        return Err(no_file());
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(no_file()) } else { Ok(bytes) }
}

/// The most MiB that are read of what is no regular file.
const MOST_MIB: u64 = 256;

/// What is read to its end. A pipe or a device may have none, so that reading more than `MOST_MIB` of one is an error.
pub struct Whole<R> {
    input: R,
    left: u64,
}

/// Opens a file to read it to its end.
///
/// # Errors
/// When it cannot be opened.
pub fn open_whole(path: &Path) -> io::Result<Whole<File>> {
    let input = File::open(path)?;
    let left = if input.metadata()?.is_file() { u64::MAX } else { MOST_MIB << 20 };
    Ok(Whole { input, left })
}

impl<R: Read> Whole<R> {
    /// A stream that is no file, to be read to its end.
    pub fn of_stream(input: R) -> Self {
        Self { input, left: MOST_MIB << 20 }
    }
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        let Some(left) = self.left.checked_sub(read as u64) else {
            return Err(io::Error::other(format!("it is no regular file and has more than {MOST_MIB} MiB")));
        };
        self.left = left;
        Ok(read)
    }
}

/// Takes everybody's rights but the owner's from a folder and all that is in it, as far as this user may; nothing to do where
/// it has been done.
#[cfg(unix)]
pub fn make_private(folder: &Path) {
    fn restrict(path: &Path, mode: u32) {
        let _ = fs::set_permissions(path, PermissionsExt::from_mode(mode & 0o700));
    }
    let mode = fs::metadata(folder).map_or(0, |there| there.mode());
    if mode & 0o077 == 0 {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.metadata() {
            Ok(there) if there.is_dir() => make_private(&entry.path()),
            Ok(there) if there.is_file() => restrict(&entry.path(), there.mode()),
            // Links are not followed.
            _ => {}
        }
    }
    // Last, so that what was broken off is begun again.
    restrict(folder, mode);
}

/// Elsewhere a folder is as private as the one that it is in.
#[cfg(not(unix))]
pub fn make_private(_: &Path) {}

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether both are of one file, whatever its names.
#[cfg(unix)]
pub fn is_same(a: &Metadata, b: &Metadata) -> bool {
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
    use std::time::SystemTime;

    #[test]
    fn what_was_left_behind_is_removed_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str, age: Duration| {
            let path = dir.path().join(name);
            let file = fs::File::create(path).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
            file
        };
        let kept = ["one.snap", ".sealcheck-Ab12", ".sealcheck-Ab12C3.snap", ".sealcheck-Ab 2C3"];
        kept.into_iter().for_each(|name| drop(make(name, 2 * STALE)));
        fs::create_dir(dir.path().join(".sealcheck-Dir123")).unwrap();
        drop(make(".sealcheck-Young1", Duration::ZERO));
        let held = make(".sealcheck-Locked", 2 * STALE);
        held.try_lock().unwrap();
        drop(make(".sealcheck-Stale1", 2 * STALE));
        let names = || {
            let entries = fs::read_dir(dir.path()).unwrap();
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect::<std::collections::BTreeSet<_>>()
        };
        let mut left = names();
        sweep(dir.path());
        assert!(left.remove(".sealcheck-Stale1"));
        assert_eq!(names(), left);
        // Whoever writes there next does it, once the one that had it locked is gone.
        drop(held);
        replace(&dir.path().join("two.snap"), b"two", Access::Usual).unwrap();
        left.remove(".sealcheck-Locked");
        left.insert("two.snap".to_owned());
        assert_eq!(names(), left);
    }

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
