//! What was sent in the last 24 hours, in a file that all runs of a project share.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Mutex,
};

/// How long a mail counts, in milliseconds.
pub(super) const DAY: i64 = 24 * 60 * 60 * 1000;
/// A mail of the future counts as far as clocks may differ, in milliseconds.
const SKEW: i64 = 60 * 1000;

/// One mail and one account that it counts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    /// In milliseconds since 1970.
    pub(super) at: i64,
    /// The account's address, lower case.
    pub(super) address: String,
}

/// The file, or what this run remembers where there is none.
#[derive(Debug)]
pub(super) struct Ledger {
    path: Option<PathBuf>,
    remembered: Mutex<Vec<Counted>>,
}

impl Ledger {
    /// Counts in this file, which is made when the first mail is counted; without one for this run alone.
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self { path, remembered: Mutex::default() }
    }

    /// Lets `decide` see what counts at `now` and add to it, while nobody else does. Beside its answer: what is wrong with
    /// the file, in words. Waits for other processes while they do the same.
    pub(super) fn visit<T>(
        &self,
        now: i64,
        decide: impl FnOnce(&[Counted]) -> (T, Vec<Counted>),
    ) -> (T, Option<String>) {
        let mut remembered = self.remembered.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let file = self.path.as_deref().map(|path| Book::open(path, now).map_err(|e| unusable(path, &e)));
        let (mut book, mut trouble) = match file {
            None => (None, None),
            Some(Ok(book)) => (Some(book), None),
            Some(Err(trouble)) => (None, Some(trouble)),
        };
        remembered.retain(|c| counts(c, now));
        let (answer, new) = decide(book.as_ref().map_or(remembered.as_slice(), |book| &book.counted));
        if let (Some(book), Some(path)) = (&mut book, &self.path) {
            trouble = book.trouble.take();
            if let Err(error) = book.add(&new) {
                trouble = Some(unusable(path, &error));
            }
        }
        remembered.extend(new);
        (answer, trouble)
    }
}

fn unusable(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    format!("cannot keep count of what is sent in {path}: {error}; limits hold for this run alone")
}

fn counts(counted: &Counted, now: i64) -> bool {
    counted.at > now - DAY && counted.at <= now + SKEW
}

/// The file while it is ours: the lock ends with it.
struct Book {
    file: File,
    counted: Vec<Counted>,
    /// Lines that no longer count, or never did.
    stale: bool,
    trouble: Option<String>,
}

impl Book {
    fn open(path: &Path, now: i64) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        file.lock()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut book = Self { file, counted: Vec::new(), stale: false, trouble: None };
        for (line, n) in text.lines().zip(1..) {
            match read(line) {
                Some(counted) if counts(&counted, now) => book.counted.push(counted),
                Some(_) => book.stale = true,
                None => {
                    book.stale = true;
                    let place = format!("{}:{n}", path.display());
                    let message = format!("{place}: no line of what was sent; limits do not count what it stood for");
                    book.trouble.get_or_insert(message);
                }
            }
        }
        // A line that breaks off must not run into the next.
        book.stale |= bytes.last().is_some_and(|b| *b != b'\n');
        Ok(book)
    }

    fn add(&mut self, new: &[Counted]) -> io::Result<()> {
        let line = |c: &Counted| format!("{} {}\n", c.at, c.address);
        if self.stale {
            let text: String = self.counted.iter().chain(new).map(line).collect();
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(text.as_bytes())
        } else {
            self.file.seek(SeekFrom::End(0))?;
            self.file.write_all(new.iter().map(line).collect::<String>().as_bytes())
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

    fn mail(at: i64) -> Counted {
        Counted { at, address: "a@corp.example".into() }
    }

    fn add(ledger: &Ledger, now: i64) -> (usize, Option<String>) {
        ledger.visit(now, |counted| (counted.len(), vec![mail(now)]))
    }

    #[test]
    fn runs_share_what_was_sent_within_a_day() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/sent.txt");
        let (one, other) = (Ledger::new(Some(path.clone())), Ledger::new(Some(path.clone())));
        assert_eq!(add(&one, 1_000), (0, None));
        assert_eq!(add(&other, 2_000), (1, None));
        assert_eq!(add(&one, DAY + 1_000), (1, None), "a day has passed since the first");
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("2000 a@corp.example\n{} a@corp.example\n", DAY + 1_000));
        let of_tomorrow = Ledger::new(Some(path));
        assert_eq!(add(&of_tomorrow, 2_000), (1, None), "a clock that was set back stops nobody");
    }

    #[test]
    fn many_at_once_lose_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sent.txt");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let ledger = Ledger::new(Some(path.clone()));
                    (0..25).for_each(|_| drop(add(&ledger, 1_000)));
                });
            }
        });
        assert_eq!(add(&Ledger::new(Some(path)), 1_000), (200, None));
    }

    #[test]
    fn a_file_that_is_something_else_is_told_and_mended() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sent.txt");
        fs::write(&path, b"1000 a@corp.example\n\xff\xfe garbage\n1000 a@co").unwrap();
        let ledger = Ledger::new(Some(path.clone()));
        let (counted, trouble) = add(&ledger, 2_000);
        assert_eq!(counted, 2);
        assert!(
            trouble.unwrap().ends_with("sent.txt:2: no line of what was sent; limits do not count what it stood for")
        );
        assert_eq!(add(&ledger, 3_000), (3, None));
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let (counted, trouble) = add(&ledger, 4_000);
        assert_eq!(counted, 2, "what this run has sent still counts");
        assert!(trouble.unwrap().contains("limits hold for this run alone"));
    }
}
