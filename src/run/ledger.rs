//! What was sent in the last 24 hours, in a file that all runs of a project share.

use crate::core::{
    UnixTime, duration,
    file::{self, Access},
};
use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{sync::Mutex, task::JoinHandle};

/// How long the file may take: other processes hold it for moments, a file system over the network may never answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a mail counts, in milliseconds.
pub(super) const DAY: i64 = 24 * 60 * 60 * 1000;
/// A mail of the future counts as far as clocks may differ, in milliseconds.
const SKEW: i64 = 60 * 1000;

/// One mail and one account that it counts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    /// In milliseconds since 1970.
    pub(super) at: UnixTime,
    /// The account's address, lower case.
    pub(super) address: String,
}

/// The file, or what this run remembers where there is none.
#[derive(Debug)]
pub(super) struct Ledger {
    path: Option<PathBuf>,
    /// How long the file is waited for.
    patience: Duration,
    memory: Mutex<Memory>,
}

/// What this run itself has counted.
#[derive(Debug, Default)]
struct Memory {
    counted: Vec<Counted>,
    /// Of that, what did not get into the file.
    unwritten: Vec<Counted>,
    /// Who still waits for the file.
    waiter: Option<JoinHandle<()>>,
}

impl Ledger {
    /// Counts in this file, which is made when the first mail is counted; without one for this run alone.
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self { path, patience: PATIENCE, memory: Mutex::default() }
    }

    /// Lets `decide` see what counts at `now` and add to it, while nobody else does. Beside its answer: what is wrong with
    /// the file, in words. Other processes that do the same are waited for, but not for ever.
    pub(super) async fn update<T>(
        &self,
        now: UnixTime,
        decide: impl FnOnce(&[Counted]) -> (T, Vec<Counted>),
    ) -> (T, Option<String>) {
        let mut memory = self.memory.lock().await;
        memory.counted.retain(|c| counts(c, now));
        memory.unwritten.retain(|c| counts(c, now));
        let Some(path) = &self.path else {
            let (answer, new) = decide(&memory.counted);
            memory.counted.extend(new);
            return (answer, None);
        };
        let opened = {
            let path = path.clone();
            memory.in_time(self.patience, move || LedgerFile::open(&path, now)).await
        };
        let (counted, ledger) = match opened {
            Ok(ledger) => ([&ledger.counted[..], &memory.unwritten].concat(), Ok(ledger)),
            Err(error) => (memory.counted.clone(), Err(error)),
        };
        let (answer, new) = decide(&counted);
        memory.counted.extend(new.iter().cloned());
        memory.unwritten.extend(new);
        let written = match ledger {
            Ok(ledger) => {
                let (path, new) = (path.clone(), memory.unwritten.clone());
                memory.in_time(self.patience, move || ledger.add(&path, &new)).await
            }
            Err(error) => Err(error),
        };
        let problem = match written {
            Ok(problem) => {
                memory.unwritten.clear();
                problem
            }
            Err(error) => Some(unusable(path, &error)),
        };
        (answer, problem)
    }
}

impl Memory {
    /// What `work` says of the file, unless that takes too long. While somebody waits for the file already, nobody else does.
    async fn in_time<T: Send + 'static>(
        &mut self,
        patience: Duration,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let late = || {
            let text =
                format!("no answer within {}, as when another process keeps it locked", duration::human(patience));
            io::Error::new(io::ErrorKind::TimedOut, text)
        };
        if self.waiter.take_if(|waiter| waiter.is_finished()).is_none() && self.waiter.is_some() {
            return Err(late());
        }
        let (done, result) = tokio::sync::oneshot::channel();
        // What comes too late is let go of, and the lock with it.
        let waiter = tokio::task::spawn_blocking(move || {
            let _ = done.send(work());
        });
        match tokio::time::timeout(patience, result).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(io::Error::other("its reader panicked; please report it")),
            Err(_) => {
                self.waiter = Some(waiter);
                Err(late())
            }
        }
    }
}

fn unusable(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    format!("cannot keep count of what is sent in {path}: {error}; limits hold for this run alone")
}

fn counts(counted: &Counted, now: UnixTime) -> bool {
    counted.at > now - DAY && counted.at <= now + SKEW
}

/// The file while it is ours: the lock ends with it.
struct LedgerFile {
    file: File,
    counted: Vec<Counted>,
    /// Lines that no longer count, or never did.
    stale: bool,
    problem: Option<String>,
}

impl LedgerFile {
    fn open(path: &Path, now: UnixTime) -> io::Result<Self> {
        let mut file = locked(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut ledger = Self { file, counted: Vec::new(), stale: false, problem: None };
        for (line, n) in text.lines().zip(1..) {
            match read(line) {
                Some(counted) if counts(&counted, now) => ledger.counted.push(counted),
                Some(_) => ledger.stale = true,
                None => {
                    ledger.stale = true;
                    let place = format!("{}:{n}", path.display());
                    let message = format!("{place}: no line of what was sent; limits do not count what it stood for");
                    ledger.problem.get_or_insert(message);
                }
            }
        }
        // A line that breaks off must not run into the next.
        ledger.stale |= bytes.last().is_some_and(|b| *b != b'\n');
        Ok(ledger)
    }

    /// Writes what is new; what was wrong with the file before.
    fn add(mut self, path: &Path, new: &[Counted]) -> io::Result<Option<String>> {
        let line = |c: &Counted| format!("{} {}\n", c.at, c.address);
        if self.stale {
            let text: String = self.counted.iter().chain(new).map(line).collect();
            // The old file stays locked until the new one is in its place.
            file::replace(path, text.as_bytes(), Access::Private)?;
        } else if !new.is_empty() {
            self.file.seek(SeekFrom::End(0))?;
            self.file.write_all(new.iter().map(line).collect::<String>().as_bytes())?;
            self.file.sync_data()?;
        }
        Ok(self.problem)
    }
}

/// The file of this name, locked. One that was replaced while we waited for it is nobody's any more.
fn locked(path: &Path) -> io::Result<File> {
    file::create_folder(file::folder_of(path), Access::Private)?;
    loop {
        let file = file::options(Access::Private).read(true).write(true).create(true).truncate(false).open(path)?;
        file.lock()?;
        match fs::metadata(path) {
            Ok(there) if file::is_same(&there, &file.metadata()?) => return Ok(file),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
}

/// `1795486200007 probe.inbox@gmail.com`.
fn read(line: &str) -> Option<Counted> {
    let (at, address) = line.split_once(' ')?;
    address.contains('@').then_some(())?;
    Some(Counted { at: at.parse().ok()?, address: address.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(at: UnixTime) -> Counted {
        Counted { at, address: "a@corp.example".into() }
    }

    async fn add(ledger: &Ledger, now: UnixTime) -> (usize, Option<String>) {
        ledger.update(now, |counted| (counted.len(), vec![mail(now)])).await
    }

    #[tokio::test]
    async fn runs_share_what_was_sent_within_a_day() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/sent.txt");
        let (one, other) = (Ledger::new(Some(path.clone())), Ledger::new(Some(path.clone())));
        assert_eq!(add(&one, 1_000).await, (0, None));
        assert_eq!(add(&other, 2_000).await, (1, None));
        assert_eq!(add(&one, DAY + 1_000).await, (1, None), "a day has passed since the first");
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("2000 a@corp.example\n{} a@corp.example\n", DAY + 1_000));
        let of_tomorrow = Ledger::new(Some(path));
        assert_eq!(add(&of_tomorrow, 2_000).await, (1, None), "a clock that was set back stops nobody");
    }

    /// Writes a line of yesterday, because of which the next one who sees it replaces the file.
    fn yesterday(path: &Path) {
        let mut file = locked(path).unwrap();
        file.seek(SeekFrom::End(0)).unwrap();
        file.write_all(format!("{} old@corp.example\n", 1_000 - DAY).as_bytes()).unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn many_at_once_lose_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sent.txt");
        let mut all = tokio::task::JoinSet::new();
        for n in 0..8 {
            let path = path.clone();
            all.spawn(async move {
                let ledger = Ledger::new(Some(path.clone()));
                for turn in 0..25 {
                    if (n + turn) % 5 == 0 {
                        let path = path.clone();
                        tokio::task::spawn_blocking(move || yesterday(&path)).await.unwrap();
                    }
                    add(&ledger, 1_000).await;
                }
            });
        }
        all.join_all().await;
        assert_eq!(add(&Ledger::new(Some(path)), 1_000).await, (200, None));
    }

    #[tokio::test]
    async fn a_file_that_is_something_else_is_told_and_mended() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sent.txt");
        fs::write(&path, b"1000 a@corp.example\n\xff\xfe garbage\n1000 a@co").unwrap();
        let ledger = Ledger::new(Some(path.clone()));
        let (counted, problem) = add(&ledger, 2_000).await;
        assert_eq!(counted, 2);
        assert!(
            problem.unwrap().ends_with("sent.txt:2: no line of what was sent; limits do not count what it stood for")
        );
        assert_eq!(add(&ledger, 3_000).await, (3, None));
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let (counted, problem) = add(&ledger, 4_000).await;
        assert_eq!(counted, 2, "what this run has sent still counts");
        assert!(problem.unwrap().contains("limits hold for this run alone"));
        fs::remove_dir(&path).unwrap();
        assert_eq!(add(&ledger, 5_000).await, (1, None), "what did not get into the file does now");
        assert_eq!(fs::read_to_string(&path).unwrap(), "4000 a@corp.example\n5000 a@corp.example\n");
    }

    #[tokio::test]
    async fn whoever_reads_meanwhile_sees_the_whole_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sent.txt");
        let old = format!("1000 a@corp.example\n{} a@corp.example\n", DAY);
        fs::write(&path, &old).unwrap();
        let mut reader = File::open(&path).unwrap();
        assert_eq!(add(&Ledger::new(Some(path.clone())), DAY + 2_000).await, (1, None));
        let mut seen = String::new();
        reader.read_to_string(&mut seen).unwrap();
        assert_eq!(seen, old, "the file was replaced, not written over");
        let new = fs::read_to_string(&path).unwrap();
        assert_eq!(new, format!("{DAY} a@corp.example\n{} a@corp.example\n", DAY + 2_000));
    }

    #[tokio::test]
    async fn a_file_that_stays_locked_is_waited_for_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sent.txt");
        let other = File::create(&path).unwrap();
        other.lock().unwrap();
        let mut ledger = Ledger { patience: Duration::from_millis(50), ..Ledger::new(Some(path.clone())) };
        let (counted, problem) = add(&ledger, 1_000).await;
        let says = "no answer within 50ms, as when another process keeps it locked; limits hold for this run alone";
        assert!(counted == 0 && problem.as_ref().is_some_and(|t| t.ends_with(says)), "{problem:?}");
        ledger.patience = Duration::from_secs(3600);
        assert_eq!(add(&ledger, 2_000).await.0, 1, "what this run has sent counts, and nobody waits for an hour");
        drop(other);
        let is_waiting = async || ledger.memory.lock().await.waiter.as_ref().is_some_and(|w| !w.is_finished());
        while is_waiting().await {
            tokio::task::yield_now().await;
        }
        assert_eq!(add(&ledger, 3_000).await, (2, None));
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 3);
    }
}
