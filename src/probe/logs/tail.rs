//! A file that grows, is renamed or is emptied while it is read.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// How much is read at once, in bytes.
const PIECE: u64 = 16 << 20;
/// The longest line, in bytes; of a longer one the rest is the next.
const LINE: usize = 1 << 20;
/// How many bytes before the place in the file are remembered, to see that they are still there.
const REMEMBERED: usize = 64;

/// Reads what is added to a file.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// The place in the file.
    at: u64,
    /// The last bytes before it.
    before: Vec<u8>,
    /// A line that has not ended.
    partial: Vec<u8>,
}

impl Tail {
    /// Begins at the end of the file as it stands; a file that is not there yet is read from its beginning.
    pub(super) fn at_end(path: &Path) -> Self {
        let open = Open::new(path).and_then(|mut open| {
            let end = open.file.metadata()?.len();
            open.go_to(end)?;
            Ok(open)
        });
        Self { path: path.to_owned(), open: open.ok() }
    }

    /// Begins at the beginning of the file.
    pub(super) fn at_beginning(path: &Path) -> Self {
        Self { path: path.to_owned(), open: None }
    }

    /// The lines that were added since the last time, and what keeps more from being read.
    pub(super) fn read(&mut self) -> (Vec<String>, Option<io::Error>) {
        let mut lines = Vec::new();
        let result = self.read_into(&mut lines);
        (lines, result.err())
    }

    fn read_into(&mut self, lines: &mut Vec<String>) -> io::Result<()> {
        if let Some(open) = &mut self.open {
            open.read_into(lines)?;
        }
        let there = match fs::metadata(&self.path) {
            // It was renamed, and the new one is not made yet.
            Err(e) if e.kind() == io::ErrorKind::NotFound && self.open.is_some() => return Ok(()),
            other => other?,
        };
        if let Some(open) = &mut self.open {
            if is_same(&open.file.metadata()?, &there) {
                return Ok(());
            }
            // Between the last look and the renaming more can have come.
            open.read_into(lines)?;
            open.end(lines);
        }
        let mut new = Open::new(&self.path)?;
        let read = new.read_into(lines);
        self.open = Some(new);
        read
    }
}

impl Open {
    fn new(path: &Path) -> io::Result<Self> {
        // Opening a pipe would wait for its other end.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        Ok(Self { file: File::open(path)?, at: 0, before: Vec::new(), partial: Vec::new() })
    }

    fn go_to(&mut self, at: u64) -> io::Result<()> {
        let remembered = at.min(REMEMBERED as u64);
        self.file.seek(SeekFrom::Start(at - remembered))?;
        self.before.clear();
        (&self.file).take(remembered).read_to_end(&mut self.before)?;
        self.at = at;
        Ok(())
    }

    fn read_into(&mut self, lines: &mut Vec<String>) -> io::Result<()> {
        let end = self.file.metadata()?.len();
        if end < self.at || (end > self.at && !self.is_still_there()?) {
            // It was emptied and written anew.
            self.end(lines);
            self.go_to(0)?;
        }
        if end == self.at {
            return Ok(());
        }
        self.file.seek(SeekFrom::Start(self.at))?;
        let mut new = Vec::new();
        self.at += (&self.file).take(PIECE).read_to_end(&mut new)? as u64;
        self.before.extend_from_slice(&new[new.len().saturating_sub(REMEMBERED)..]);
        self.before.drain(..self.before.len().saturating_sub(REMEMBERED));
        for part in new.split_inclusive(|b| *b == b'\n') {
            self.partial.extend_from_slice(part);
            if part.ends_with(b"\n") || self.partial.len() >= LINE {
                self.end(lines);
            }
        }
        Ok(())
    }

    /// Whether the bytes before the place in the file are those that were read there.
    fn is_still_there(&mut self) -> io::Result<bool> {
        self.file.seek(SeekFrom::Start(self.at - self.before.len() as u64))?;
        let mut now = vec![0; self.before.len()];
        Ok(self.file.read_exact(&mut now).is_ok() && now == self.before)
    }

    /// The line that has been read so far is a line.
    fn end(&mut self, lines: &mut Vec<String>) {
        let text = String::from_utf8_lossy(&self.partial);
        // A program that writes on where it was leaves a hole of NULs in a file that was emptied.
        let text = text.trim_end_matches(['\n', '\r']).trim_start_matches('\0');
        if !text.is_empty() {
            lines.push(text.to_owned());
        }
        self.partial.clear();
    }
}

#[cfg(unix)]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

/// Elsewhere a file that is open is not renamed.
#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn append(path: &Path, text: &[u8]) {
        fs::OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text).unwrap();
    }

    fn read(tail: &mut Tail) -> Vec<String> {
        let (lines, error) = tail.read();
        assert!(error.is_none(), "{error:?}");
        lines
    }

    #[test]
    fn begins_at_the_end_and_waits_for_whole_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mail.log");
        append(&path, b"old\n");
        let mut tail = Tail::at_end(&path);
        assert!(read(&mut tail).is_empty());
        append(&path, b"one\r\ntw");
        assert_eq!(read(&mut tail), ["one"]);
        append(&path, b"o\nthr\xffee\n");
        assert_eq!(read(&mut tail), ["two", "thr\u{fffd}ee"]);
        assert!(read(&mut tail).is_empty());
    }

    #[test]
    fn follows_a_file_that_is_renamed_and_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let (path, old) = (dir.path().join("mail.log"), dir.path().join("mail.log.1"));
        append(&path, b"old\n");
        let mut tail = Tail::at_end(&path);
        append(&path, b"one\n");
        fs::rename(&path, &old).unwrap();
        append(&old, b"two\n");
        assert_eq!(read(&mut tail), ["one", "two"]);
        append(&old, b"three\n");
        append(&path, b"four\n");
        assert_eq!(read(&mut tail), ["three", "four"]);
        append(&path, b"five\n");
        assert_eq!(read(&mut tail), ["five"]);
    }

    #[test]
    fn follows_a_file_that_is_copied_and_emptied() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mail.log");
        append(&path, b"old\nolder\n");
        let mut tail = Tail::at_end(&path);
        fs::write(&path, b"").unwrap();
        append(&path, b"one\n");
        assert_eq!(read(&mut tail), ["one"]);
        // Emptied and grown beyond the place between two looks.
        fs::write(&path, b"another line, much longer\n").unwrap();
        assert_eq!(read(&mut tail), ["another line, much longer"]);
        // Written on behind a hole.
        let mut holed = vec![0; 40];
        holed.extend_from_slice(b"behind\n");
        fs::write(&path, holed).unwrap();
        assert_eq!(read(&mut tail), ["behind"]);
    }

    #[test]
    fn a_file_that_comes_later_is_read_from_its_beginning() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mail.log");
        let mut tail = Tail::at_end(&path);
        assert_eq!(tail.read().1.unwrap().kind(), io::ErrorKind::NotFound);
        append(&path, b"one\n");
        assert_eq!(read(&mut tail), ["one"]);
        assert_eq!(Tail::at_end(dir.path()).read().1.unwrap().to_string(), "it is no file");
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mail.log");
        append(&path, b"");
        let mut tail = Tail::at_end(&path);
        append(&path, &vec![b'x'; LINE]);
        assert_eq!(read(&mut tail).len(), 1);
        append(&path, b"rest\n");
        assert_eq!(read(&mut tail), ["rest"]);
    }
}
