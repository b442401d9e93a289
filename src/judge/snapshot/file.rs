//! A snapshot file in insta's format: a YAML header between two `---` lines, then the text.

use super::path;
use crate::core::{ScenarioId, file};
use insta::{
    Snapshot, TextSnapshotKind,
    internals::{Content, TextSnapshotContents},
};
use std::path::{Path, PathBuf};

/// Why a snapshot file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("snapshot {}: {problem}; {next}", path.display())]
pub struct SnapshotFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
    /// What to do.
    pub next: &'static str,
}

impl SnapshotFileError {
    pub(super) fn new(path: &Path, problem: impl Into<String>, next: &'static str) -> Self {
        Self { path: path.to_owned(), problem: problem.into(), next }
    }
}

/// The format of the text below the header, as `info.format` of the header has it.
pub(super) const FORMAT: u64 = 1;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 100_000_000;

/// What to do about a file that cannot be what it should be.
const RESTORE: &str = "restore it from version control, or delete it and run again";

/// A snapshot as read from a file.
#[derive(Debug)]
pub struct SnapshotFile {
    /// The scenario file that it came from.
    pub source: Option<String>,
    /// The scenario's name.
    pub description: Option<String>,
    /// The scenario's id, where the header has it.
    pub scenario: Option<String>,
    /// The target's name, where the header has it.
    pub target: Option<String>,
    contents: TextSnapshotContents,
    /// The file as it was read.
    raw: String,
}

impl SnapshotFile {
    /// Reads a file; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read, is no snapshot, is binary, holds the marks of a merge conflict, or is of another format.
    pub fn read(path: &Path) -> Result<Option<Self>, SnapshotFileError> {
        let bytes = match file::read_regular(path, MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) if e.kind() == std::io::ErrorKind::InvalidInput => {
                return Err(SnapshotFileError::new(path, e.to_string(), RESTORE));
            }
            Err(e) => return Err(SnapshotFileError::new(path, e.to_string(), "check the file's permissions")),
        };
        let corrupt = |problem: &str| SnapshotFileError::new(path, problem, RESTORE);
        let text = String::from_utf8(bytes).map_err(|_| corrupt("not UTF-8"))?;
        let conflict = ["<<<<<<<", ">>>>>>>", "|||||||"];
        if text.lines().any(|l| l == "=======" || conflict.iter().any(|mark| l.starts_with(mark))) {
            let next = "take one side, or delete the file and run again to get a pending one";
            return Err(SnapshotFileError::new(path, "it holds the marks of a merge conflict", next));
        }
        // insta takes a file without this header for one of an older format, and would read anything.
        let mut lines = text.lines().map(str::trim_end);
        if lines.next() != Some("---") || !lines.any(|l| l == "---") {
            return Err(corrupt("no header between two --- lines"));
        }
        let snapshot = Snapshot::from_file(path).map_err(|e| corrupt(&format!("its header cannot be read: {e}")))?;
        let contents = snapshot.as_text().ok_or_else(|| corrupt("it is binary"))?.clone();
        let metadata = snapshot.metadata();
        let info = metadata.private_info();
        let format = info.and_then(|info| field(info, "format"));
        if let Some(other) = format.filter(|format| format.as_u64() != Some(FORMAT)) {
            let other = other.as_u64().map_or_else(|| "another format".to_owned(), |n| format!("format {n}"));
            let next = "use the version of sealcheck that wrote it, or delete it and run again";
            let problem = format!("it is in {other}, and this version reads format {FORMAT}");
            return Err(SnapshotFileError::new(path, problem, next));
        }
        let name = |key| info.and_then(|info| field(info, key)).and_then(Content::as_str).map(str::to_owned);
        Ok(Some(Self {
            source: metadata.source().map(str::to_owned),
            description: metadata.description().map(str::to_owned),
            scenario: name("scenario"),
            target: name("target"),
            contents,
            raw: text,
        }))
    }

    /// Reads a file that lies below `dir` where the scenario and target that its header names have theirs; `None` when
    /// there is none.
    ///
    /// # Errors
    /// Those of [`SnapshotFile::read`], and when the header names another scenario or target than the place does.
    pub(crate) fn read_in_place(file: &Path, dir: &Path, place: &Path) -> Result<Option<Self>, SnapshotFileError> {
        let Some(read) = Self::read(file)? else { return Ok(None) };
        match (&read.scenario, &read.target) {
            (Some(id), Some(target)) if path(dir, target, &ScenarioId::new(id.as_str())) != place => {
                let problem = format!("its header says that it is the snapshot of `{id}` on target {target}");
                Err(SnapshotFileError::new(file, problem, RESTORE))
            }
            _ => Ok(Some(read)),
        }
    }

    /// The text, line ends as LF, without white space at its end.
    pub fn text(&self) -> String {
        self.contents.to_string()
    }

    /// The whole file, header included, as it was read.
    pub(super) fn raw(&self) -> &str {
        &self.raw
    }

    /// Whether insta takes this text for the same.
    pub fn is(&self, text: &str) -> bool {
        self.contents.matches_latest(&TextSnapshotContents::new(text.to_owned(), TextSnapshotKind::File))
    }
}

fn field<'c>(info: &'c Content, key: &str) -> Option<&'c Content> {
    let Content::Map(entries) = info else { return None };
    entries.iter().find(|(k, _)| k.as_str() == Some(key)).map(|(_, v)| v)
}
