//! The directory of everything that the programs of a lab write, and what becomes of it when nobody cleans up.

use super::{
    User,
    group::{self, Group},
    watchdog::Watchdog,
};
use std::{
    fs::{self, DirBuilder, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// How the names of state directories begin; then come the namespace of process ids, the id of the process that made it,
/// when that was started, and a number, with dots between them.
const PREFIX: &str = "sealcheck-lab";
/// The file with a line for every process group.
const GROUPS: &str = "groups";

/// How many state directories this process has made.
static MADE: AtomicUsize = AtomicUsize::new(0);

/// The state directories of this process, and who watches over each.
static LIVE: Mutex<Vec<(PathBuf, Watchdog)>> = Mutex::new(Vec::new());

fn live() -> MutexGuard<'static, Vec<(PathBuf, Watchdog)>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It cannot be made or written to.
    #[error("cannot write {}: {source}; set TMPDIR to a directory that can be written to", path.display())]
    Write {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another user must get in.
    #[error("{} is closed to other users, and the programs of a lab run as other users: set TMPDIR to a directory that \
             everybody can enter", .0.display())]
    Closed(PathBuf),
}

/// A directory of our own below the system's directory for temporary files. When sealcheck runs as root, every user can
/// enter it.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
}

impl StateDir {
    /// Makes one, and cleans up those of processes that are gone.
    ///
    /// # Errors
    /// When it cannot be made, or other users cannot enter it though they must.
    pub fn create() -> Result<Arc<Self>, StateError> {
        Self::create_in(&std::env::temp_dir())
    }

    /// Makes one below `base`.
    ///
    /// # Errors
    /// As [`StateDir::create`].
    pub(crate) fn create_in(base: &Path) -> Result<Arc<Self>, StateError> {
        sweep(base);
        let error = |source| StateError::Write { path: base.to_path_buf(), source };
        let base = base.canonicalize().map_err(error)?;
        let mode = if User::is_root() { 0o755 } else { 0o700 };
        if User::is_root() {
            for path in base.ancestors() {
                if fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o001 == 0) {
                    return Err(StateError::Closed(path.to_path_buf()));
                }
            }
        }
        let owner = Owner::this().ok_or_else(|| error(io::ErrorKind::NotFound.into()))?;
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let path = base.join(format!("{PREFIX}.{}.{number}", owner.name()));
        // Watched over before it is there.
        let watchdog = Watchdog::over(&path);
        DirBuilder::new().mode(mode).create(&path).map_err(error)?;
        live().push((path.clone(), watchdog));
        Ok(Arc::new(Self { path }))
    }

    /// Where it is: absolute, without symbolic links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a directory in it, which belongs to `owner` where one is given.
    ///
    /// # Errors
    /// When it cannot be made or given away.
    pub fn directory(&self, name: &str, owner: Option<&User>) -> Result<PathBuf, StateError> {
        let path = self.path().join(name);
        fs::create_dir_all(&path).map_err(|source| StateError::Write { path: path.clone(), source })?;
        self.give(&path, owner)?;
        Ok(path)
    }

    /// Writes a file in it that everybody may read who gets in.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> Result<PathBuf, StateError> {
        let path = self.path().join(name);
        fs::write(&path, text).map_err(|source| StateError::Write { path: path.clone(), source })?;
        Ok(path)
    }

    /// Writes a file in it that nobody may read but `owner`, or we where none is given.
    ///
    /// # Errors
    /// When it cannot be written or given away.
    pub fn write_private(
        &self,
        name: &str,
        text: impl AsRef<[u8]>,
        owner: Option<&User>,
    ) -> Result<PathBuf, StateError> {
        let path = self.write(name, "")?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))
            .and_then(|()| fs::write(&path, text))
            .map_err(|source| StateError::Write { path: path.clone(), source })?;
        self.give(&path, owner)?;
        Ok(path)
    }

    /// Gives a file to another user, where one is given.
    ///
    /// # Errors
    /// When this process may not.
    pub(crate) fn give(&self, path: &Path, owner: Option<&User>) -> Result<(), StateError> {
        let Some(User { uid, gid, .. }) = owner else { return Ok(()) };
        chown(path, Some(*uid), Some(*gid)).map_err(|source| StateError::Write { path: path.to_path_buf(), source })
    }

    /// Remembers a process group, for whoever cleans up after us.
    pub(super) fn record(&self, group: &Group) -> Result<(), StateError> {
        let path = self.path().join(GROUPS);
        let file = fs::OpenOptions::new().create(true).append(true).open(&path);
        file.and_then(|mut file| file.write_all(format!("{}\n", group.record()).as_bytes()))
            .map_err(|source| StateError::Write { path: path.clone(), source })
    }
}

impl Drop for StateDir {
    /// Removes it; it is watched over until it is gone.
    fn drop(&mut self) {
        let mut live = live();
        remove(&self.path);
        live.retain(|(path, _)| *path != self.path);
    }
}

/// Ends everything that is recorded in the directories of this process, and removes them. What threads that still run make
/// there after that is ended by those who watch over them, when this process is gone.
pub(super) fn end_all() {
    live().iter().for_each(|(directory, _)| clear(directory));
}

/// Ends what is recorded in a directory, and removes it.
fn clear(directory: &Path) {
    let groups = fs::read_to_string(directory.join(GROUPS)).unwrap_or_default();
    for group in groups.lines().filter_map(Group::read).filter(|group| group.belongs_to(directory)) {
        group.end(Duration::ZERO);
    }
    remove(directory);
}

/// Removes a directory. Nobody is helped by hearing that it is still there; the next run tries again.
fn remove(directory: &Path) {
    drop(fs::remove_dir_all(directory));
}

/// Clears the state directories below `base` whose process is gone. Those of other users, and those of processes that
/// cannot be seen from here, stay.
fn sweep(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(owner) = name.to_str().and_then(Owner::of) else { continue };
        let ours = entry.metadata().is_ok_and(|m| m.is_dir() && m.uid() == rustix::process::geteuid().as_raw());
        if ours && owner.is_gone() {
            clear(&base.canonicalize().unwrap_or_default().join(name));
        }
    }
}

/// The process that made a directory.
struct Owner {
    namespace: String,
    pid: i32,
    started: u64,
}

impl Owner {
    fn this() -> Option<Self> {
        let pid = i32::try_from(std::process::id()).ok()?;
        Some(Self { namespace: namespace()?, pid, started: group::started(pid)? })
    }

    fn name(&self) -> String {
        format!("{}.{}.{}", self.namespace, self.pid, self.started)
    }

    /// The owner that the name of a directory tells.
    fn of(name: &str) -> Option<Self> {
        let mut parts = name.strip_prefix(PREFIX)?.strip_prefix('.')?.split('.');
        let mut next = || parts.next();
        Some(Self { namespace: next()?.to_owned(), pid: next()?.parse().ok()?, started: next()?.parse().ok()? })
    }

    fn is_gone(&self) -> bool {
        // In another namespace the number means another process.
        namespace().is_some_and(|n| n == self.namespace) && group::started(self.pid) != Some(self.started)
    }
}

/// The namespace that process ids count in.
fn namespace() -> Option<String> {
    let link = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(link.to_str()?.chars().filter(char::is_ascii_digit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{os::unix::process::CommandExt, process::Command};

    #[test]
    fn a_directory_lives_as_long_as_somebody_uses_it() {
        let base = tempfile::tempdir_in("/tmp").unwrap();
        fs::set_permissions(base.path(), Permissions::from_mode(0o755)).unwrap();
        let state = StateDir::create_in(base.path()).unwrap();
        let path = state.path().to_path_buf();
        let second = StateDir::create_in(base.path()).unwrap();
        assert!(path.is_dir(), "another one does not take it for a stale one");
        drop((state, second));
        assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_directory_is_watched_over_until_it_is_gone() {
        let base = tempfile::tempdir_in("/tmp").unwrap();
        fs::set_permissions(base.path(), Permissions::from_mode(0o755)).unwrap();
        let state = StateDir::create_in(base.path()).unwrap();
        let path = state.path().to_path_buf();
        for n in 0..2000 {
            state.write(&n.to_string(), "").unwrap();
        }
        let is_watched = || live().iter().any(|(watched, _)| *watched == path);
        std::thread::scope(|scope| {
            scope.spawn(|| drop(state));
            while is_watched() {
                std::thread::yield_now();
            }
            assert!(!path.exists());
        });
    }

    #[test]
    fn what_a_killed_process_left_is_found_and_ended() {
        let base = tempfile::tempdir_in("/tmp").unwrap();
        fs::set_permissions(base.path(), Permissions::from_mode(0o755)).unwrap();
        let mut gone = Owner::this().unwrap();
        gone.started += 1;
        let stale = base.path().join(format!("{PREFIX}.{}.abcdef", gone.name()));
        fs::create_dir(&stale).unwrap();
        let mut left = Command::new("sleep").arg("1000").current_dir(&stale).process_group(0).spawn().unwrap();
        let group = Group::led_by(left.id()).unwrap();
        // The second line names this very process, which nobody may end: it was started at another time.
        let other = format!("{} 1", std::process::id());
        fs::write(stale.join(GROUPS), format!("{}\n{other}\n", group.record())).unwrap();
        gone.namespace = "1".into();
        let elsewhere = base.path().join(format!("{PREFIX}.{}.abcdef", gone.name()));
        fs::create_dir(&elsewhere).unwrap();
        drop(StateDir::create_in(base.path()).unwrap());
        let running = group.members();
        left.kill().and_then(|()| left.wait()).ok();
        assert_eq!(running, [] as [i32; 0]);
        assert!(!stale.exists() && elsewhere.exists());
    }

    #[test]
    fn a_closed_directory_is_refused_for_other_users() {
        if !User::is_root() {
            return;
        }
        let base = tempfile::tempdir().unwrap();
        fs::set_permissions(base.path(), Permissions::from_mode(0o700)).unwrap();
        let error = StateDir::create_in(base.path()).unwrap_err();
        assert!(error.to_string().contains("set TMPDIR"), "{error}");
    }
}
