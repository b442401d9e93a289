//! A file that grows, is renamed or is emptied while it is read.

use crate::core::file::is_same;
use std::{
    fs::{self, File},
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

    /// Reads what was added since the last time to its end, and hands the lines over piece by piece, at least once. What keeps
    /// more from being read is returned.
    pub(super) fn read(&mut self, mut take: impl FnMut(Vec<String>)) -> Option<io::Error> {
        let result = self.read_to_end(&mut take);
        result.err()
    }

    fn read_to_end(&mut self, take: &mut impl FnMut(Vec<String>)) -> io::Result<()> {
        if let Some(open) = &mut self.open {
            open.read_to_end(take)?;
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
            open.read_to_end(take)?;
            take(open.end().into_iter().collect());
        }
        let mut new = Open::new(&self.path)?;
        let read = new.read_to_end(take);
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

    /// Hands over the lines up to the end of the file as it stands now.
    fn read_to_end(&mut self, take: &mut impl FnMut(Vec<String>)) -> io::Result<()> {
        let end = self.file.metadata()?.len();
        let mut lines = Vec::new();
        if end < self.at || (end > self.at && !self.is_still_there()?) {
            // It was emptied and written anew.
            lines.extend(self.end());
            self.go_to(0)?;
        }
        self.file.seek(SeekFrom::Start(self.at))?;
        loop {
            let is_more = self.read_piece(PIECE.min(end.saturating_sub(self.at)), &mut lines)?;
            take(std::mem::take(&mut lines));
            if !is_more {
                return Ok(());
            }
        }
    }

    /// Reads so many bytes from its place on; whether there were any.
    fn read_piece(&mut self, size: u64, lines: &mut Vec<String>) -> io::Result<bool> {
        let mut new = Vec::new();
        self.at += (&self.file).take(size).read_to_end(&mut new)? as u64;
        self.before.extend_from_slice(&new[new.len().saturating_sub(REMEMBERED)..]);
        self.before.drain(..self.before.len().saturating_sub(REMEMBERED));
        for part in new.split_inclusive(|b| *b == b'\n') {
            self.partial.extend_from_slice(part);
            if part.ends_with(b"\n") || self.partial.len() >= LINE {
                lines.extend(self.end());
            }
        }
        Ok(!new.is_empty())
    }

    /// Whether the bytes before the place in the file are those that were read there.
    fn is_still_there(&mut self) -> io::Result<bool> {
        self.file.seek(SeekFrom::Start(self.at - self.before.len() as u64))?;
        let mut now = vec![0; self.before.len()];
        Ok(self.file.read_exact(&mut now).is_ok() && now == self.before)
    }

    /// The line that has been read so far is a line.
    fn end(&mut self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.partial);
        // A program that writes on where it was leaves a hole of NULs in a file that was emptied.
        let text = text.trim_end_matches(['\n', '\r']).trim_start_matches('\0');
        let line = (!text.is_empty()).then(|| text.to_owned());
        self.partial.clear();
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn append(path: &Path, text: &[u8]) {
        fs::OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text).unwrap();
    }

    fn read(tail: &mut Tail) -> Vec<String> {
        let mut all = Vec::new();
        let error = tail.read(|lines| all.extend(lines));
        assert!(error.is_none(), "{error:?}");
        all
    }

    fn problem(tail: &mut Tail) -> io::Error {
        tail.read(drop).unwrap()
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
        assert_eq!(problem(&mut tail).kind(), io::ErrorKind::NotFound);
        append(&path, b"one\n");
        assert_eq!(read(&mut tail), ["one"]);
        assert_eq!(problem(&mut Tail::at_end(dir.path())).to_string(), "it is no file");
    }

    #[test]
    fn what_is_longer_than_a_piece_is_read_to_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let (path, old) = (dir.path().join("mail.log"), dir.path().join("mail.log.1"));
        let long = [b"x".repeat(100), vec![b'\n']].concat().repeat(usize::try_from(PIECE / 100).unwrap());
        append(&path, &long);
        append(&path, b"last\n");
        let mut tail = Tail::at_beginning(&path);
        assert_eq!(read(&mut tail).last().unwrap(), "last");
        append(&path, &long);
        append(&path, b"before the renaming\n");
        fs::rename(&path, &old).unwrap();
        append(&path, b"behind it\n");
        let lines = read(&mut tail);
        assert_eq!(lines[lines.len() - 2..], ["before the renaming", "behind it"]);
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
