//! A snapshot file in insta's format: a YAML header between two `---` lines, then the text.

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

/// A snapshot as read from a file.
#[derive(Debug)]
pub struct SnapshotFile {
    /// The scenario file that it came from.
    pub source: Option<String>,
    /// The scenario's name.
    pub description: Option<String>,
    /// The scenario's id, where the header has it.
    pub scenario: Option<String>,
    contents: TextSnapshotContents,
}

impl SnapshotFile {
    /// Reads a file; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read, is no snapshot, is binary, or holds the marks of a merge conflict.
    pub fn read(path: &Path) -> Result<Option<Self>, SnapshotFileError> {
        let error = |problem: String, next| SnapshotFileError { path: path.to_owned(), problem, next };
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(error(e.to_string(), "check the file's permissions")),
        };
        let corrupt =
            |problem: &str| error(problem.to_owned(), "restore it from version control, or delete it and run again");
        let text = String::from_utf8(bytes).map_err(|_| corrupt("not UTF-8"))?;
        let conflict = ["<<<<<<<", ">>>>>>>", "|||||||"];
        if text.lines().any(|l| l == "=======" || conflict.iter().any(|mark| l.starts_with(mark))) {
            let next = "take one side, or delete the file and run again to get a pending one";
            return Err(error("it holds the marks of a merge conflict".to_owned(), next));
        }
        // insta takes a file without this header for one of an older format, and would read anything.
        let mut lines = text.lines().map(str::trim_end);
        if lines.next() != Some("---") || !lines.any(|l| l == "---") {
            return Err(corrupt("no header between two --- lines"));
        }
        let snapshot = Snapshot::from_file(path).map_err(|e| corrupt(&format!("its header cannot be read: {e}")))?;
        let contents = snapshot.as_text().ok_or_else(|| corrupt("it is binary"))?.clone();
        let metadata = snapshot.metadata();
        Ok(Some(Self {
            source: metadata.source().map(str::to_owned),
            description: metadata.description().map(str::to_owned),
            scenario: metadata.private_info().and_then(|info| field(info, "scenario")),
            contents,
        }))
    }

    /// The text, line ends as LF, without white space at its end.
    pub fn text(&self) -> String {
        self.contents.to_string()
    }

    /// Whether insta takes this text for the same.
    pub fn is(&self, text: &str) -> bool {
        self.contents.matches_latest(&TextSnapshotContents::new(text.to_owned(), TextSnapshotKind::File))
    }
}

fn field(info: &Content, key: &str) -> Option<String> {
    let Content::Map(entries) = info else { return None };
    entries.iter().find(|(k, _)| k.as_str() == Some(key)).and_then(|(_, v)| v.as_str()).map(str::to_owned)
}
