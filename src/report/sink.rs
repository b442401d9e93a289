//! Where reports go. Nothing leaves but through the redactor.

use crate::core::{
    Redactor,
    file::{self, Access},
};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// A stream of text, masked.
pub struct Sink {
    out: Box<dyn Write + Send>,
    redactor: Redactor,
}

impl Sink {
    /// Writes to `out` what `redactor` lets through.
    pub fn new(out: impl Write + Send + 'static, redactor: Redactor) -> Self {
        Self { out: Box::new(out), redactor }
    }

    /// Writes the text and a line break, and flushes, so that a run that breaks off loses nothing.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        let mut masked = self.redactor.text(text).into_owned();
        masked.push('\n');
        self.out.write_all(masked.as_bytes())?;
        self.out.flush()
    }
}

/// A file for a stream, made with its directory when something is first written, and locked from then on, so that
/// [`is_being_written`] can tell.
pub struct LazyFile {
    path: PathBuf,
    access: Access,
    file: Option<fs::File>,
}

impl LazyFile {
    /// The file at this path; a regular file that is there is written anew.
    pub fn new(path: PathBuf, access: Access) -> Self {
        Self { path, access, file: None }
    }
}

impl Write for LazyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(file) = &mut self.file {
            return file.write(bytes);
        }
        let file = self.file.insert(file::create(&self.path, self.access)?);
        // Elsewhere nobody could read a file that is locked.
        #[cfg(unix)]
        drop(file.try_lock());
        file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), fs::File::flush)
    }
}

/// Whether a [`LazyFile`] of a process that runs writes this file, as far as the file system can tell.
pub fn is_being_written(path: &Path) -> bool {
    match fs::File::open(path) {
        Ok(file) => file.try_lock_shared().is_err(),
        Err(_) => false,
    }
}

/// Writes a whole file as [`file::replace`] does.
///
/// # Errors
/// When directory or file cannot be made or written.
pub fn write_atomic(path: &Path, text: &str, redactor: &Redactor) -> io::Result<()> {
    file::replace(path, redactor.text(text).as_bytes(), Access::Usual)
}

/// Text from mail or servers, safe for a terminal: control characters, escape sequences among them, become `␛` and the
/// like; line breaks and tabs become spaces.
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            '\u{7f}' => '\u{2421}',
            c if u32::from(c) < 0x20 => char::from_u32(0x2400 + u32::from(c)).unwrap_or(' '),
            '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Secret;

    #[test]
    fn files_are_masked_and_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out/report.txt");
        let redactor = Redactor::new();
        redactor.learn("me", &Secret::new("hunter2"));
        write_atomic(&path, "old", &redactor).unwrap();
        write_atomic(&path, "my hunter2", &redactor).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "my [REDACTED]");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        fs::create_dir(dir.path().join("taken")).unwrap();
        assert!(write_atomic(&dir.path().join("taken"), "x", &redactor).is_err());
    }

    #[test]
    fn a_stream_is_being_written_until_its_writer_ends() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/events.jsonl");
        assert!(!is_being_written(&path));
        let mut file = LazyFile::new(path.clone(), Access::Private);
        file.write_all(b"{}\n").unwrap();
        assert!(is_being_written(&path));
        assert_eq!(fs::read_to_string(&path).unwrap(), "{}\n");
        drop(file);
        assert!(!is_being_written(&path));
    }

    #[test]
    fn a_terminal_gets_no_escape_sequence() {
        assert_eq!(plain("a\x1b[31m\r\nb\u{9b}\u{202e}"), "a\u{241b}[31m  b\u{fffd}\u{fffd}");
    }
}
