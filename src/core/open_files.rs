//! How many files the process may have open: every connection is one, and a lab has both ends of its own.

use std::{
    io, net,
    sync::atomic::{AtomicUsize, Ordering},
};

/// How often there were too many.
static NOTICED: AtomicUsize = AtomicUsize::new(0);
/// How many more files a moment must have room for, to be one in which nothing fails for want of them.
const ROOM: usize = 16;

/// Raises the limit as far as this user may (RLIMIT_NOFILE: from the soft limit to the hard one). macOS begins with 256.
pub fn raise() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        // macOS takes no more than this (OPEN_MAX), whatever the hard limit says.
        for most in [maximum, Some(10_240)] {
            let is_more = current.is_some_and(|current| most.is_none_or(|most| most > current));
            if !is_more || setrlimit(Resource::Nofile, Rlimit { current: most, maximum }).is_ok() {
                return;
            }
        }
    }
}

/// The limit; `None` when there is none.
pub fn limit() -> Option<u64> {
    #[cfg(unix)]
    return rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    None
}

/// Counts it when this error says that there are too many open files.
pub fn notice(error: &io::Error) {
    if is_exhaustion(error) {
        NOTICED.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whether there are too many open files, of the process (EMFILE) or of the machine (ENFILE).
#[cfg(unix)]
pub fn is_exhaustion(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

/// Elsewhere nobody says.
#[cfg(not(unix))]
pub fn is_exhaustion(_: &io::Error) -> bool {
    false
}

/// What to do when there are too many.
pub const NEXT: &str = "let the process open more files (`ulimit -n 4096`), or run fewer scenarios at once with --jobs";

/// Whether there is room for some more files at this moment; where there is not, that is counted. For work whose own
/// errors do not say why a connection could not be opened.
pub fn have_room() -> bool {
    let sockets = (0..ROOM).map(|_| net::UdpSocket::bind((net::Ipv4Addr::LOCALHOST, 0)).inspect_err(notice));
    sockets.collect::<Result<Vec<_>, _>>().is_ok()
}

/// Looks out for too many open files from a moment on: what fails afterwards may fail for want of them, and what failed before
/// says nothing of it.
#[derive(Debug, Clone, Copy)]
pub struct Watch(usize);

impl Watch {
    /// From now on.
    pub fn begin() -> Self {
        Self(NOTICED.load(Ordering::Relaxed))
    }

    /// Whether there were too many since, or are now.
    pub fn has_seen_exhaustion(self) -> bool {
        NOTICED.load(Ordering::Relaxed) > self.0 || !have_room()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_want_of_files_that_is_over_excuses_nothing() {
        let before = Watch::begin();
        notice(&io::Error::from_raw_os_error(rustix::io::Errno::CONNREFUSED.raw_os_error()));
        assert!(!before.has_seen_exhaustion());
        notice(&io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error()));
        assert!(before.has_seen_exhaustion());
        assert!(!Watch::begin().has_seen_exhaustion());
    }
}
