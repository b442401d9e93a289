//! Where reports go. Nothing leaves but through the redactor, and no character of it steers what shows it.

use crate::core::{
    Redactor,
    file::{self, Access},
    redact::Masked,
    visible,
};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// What leaves of a text: masked, and with every character escaped that steers what shows it.
pub fn shown(text: &str, redactor: &Redactor) -> String {
    visible::lines(&redactor.text(text)).into_owned()
}

/// A stream of text, masked.
pub struct MaskedWriter {
    out: Box<dyn Write + Send>,
    redactor: Redactor,
}

impl MaskedWriter {
    /// Writes to `out` what `redactor` lets through.
    pub fn new(out: impl Write + Send + 'static, redactor: Redactor) -> Self {
        Self { out: Box::new(out), redactor }
    }

    /// Makes a file that is made when something is first written, empty: who has nothing to say leaves nothing of a run before.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn begin(&mut self) -> io::Result<()> {
        self.out.write(b"").map(drop)
    }

    /// Writes the text and a line break, and flushes, so that a run that breaks off loses nothing.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        let shown = shown(text, &self.redactor);
        self.write(shown)
    }

    /// The same for a text in colours, which stay.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn coloured_line(&mut self, text: &str) -> io::Result<()> {
        let shown = visible::coloured(&self.redactor.text(text)).into_owned();
        self.write(shown)
    }

    fn write(&mut self, mut line: String) -> io::Result<()> {
        line.push('\n');
        self.out.write_all(line.as_bytes())?;
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

/// Writes a whole file as [`file::replace`] does, with the text that `tell` writes.
///
/// # Errors
/// When directory or file cannot be made or written, and those of `tell`.
pub fn write_atomic(
    path: &Path,
    redactor: &Redactor,
    tell: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    file::replace_by(path, Access::Usual, |file| masked(file, redactor, tell))
}

/// Escapes what steers who shows it; every write holds whole characters.
struct Shown<W>(W);

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(visible::lines(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Writes the text that `tell` writes, as [`shown`] shows a whole text.
///
/// # Errors
/// Those of the stream and of `tell`.
pub fn masked(
    out: impl Write,
    redactor: &Redactor,
    tell: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = Masked::new(Shown(out), redactor.clone());
    tell(&mut out)?;
    out.finish()
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
        let write = |path: &Path, text: &str| write_atomic(path, &redactor, |out| out.write_all(text.as_bytes()));
        write(&path, "old").unwrap();
        write(&path, "my hunter2").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "my [REDACTED]");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        fs::create_dir(dir.path().join("taken")).unwrap();
        assert!(write(&dir.path().join("taken"), "x").is_err());
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
}
