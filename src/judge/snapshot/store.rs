//! Comparing with what was accepted, and writing what is to be reviewed.

use super::{SnapshotFile, SnapshotFileError, changes, path, unified};
use crate::{
    core::{Redactor, ScenarioId},
    outcome::{HarnessCode, SnapshotOutcome, SnapshotStatus, StageError},
    scenario::{Scenario, model::SnapshotPreset},
};
use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

/// The format of the text below the header.
const FORMAT: u32 = 1;

/// `--update`: what a run may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Update {
    /// Nothing, as in CI.
    Never,
    /// What is new or changed, as `.snap.new` to be reviewed.
    #[default]
    Pending,
    /// What is new is accepted at once; what changed is left to be reviewed.
    New,
    /// Everything is accepted at once.
    All,
}

/// The snapshots of a project.
#[derive(Debug, Clone)]
pub struct Store {
    dir: PathBuf,
    update: Update,
    redactor: Redactor,
}

impl Store {
    /// The snapshots below `dir`; every text goes through `redactor` before it is compared or written.
    pub fn new(dir: impl Into<PathBuf>, update: Update, redactor: Redactor) -> Self {
        Self { dir: dir.into(), update, redactor }
    }

    /// Where the snapshot of a scenario lies, whether it exists or not.
    pub fn path(&self, target: &str, id: &ScenarioId) -> PathBuf {
        path(&self.dir, target, id)
    }

    /// For an attempt that failed or passed only after a retry: nothing is compared, nothing is written.
    pub fn skipped(&self, target: &str, id: &ScenarioId) -> SnapshotOutcome {
        outcome(&self.path(target, id), SnapshotStatus::Skipped)
    }

    /// Compares `text`, as [`normalise`](super::normalise()) made it, with the accepted one, and writes what
    /// `--update` allows. Only for an attempt that passed without a retry.
    ///
    /// # Errors
    /// H09 when the accepted snapshot cannot be read, or a file cannot be written.
    pub fn compare(&self, scenario: &Scenario, target: &str, text: &str) -> Result<SnapshotOutcome, StageError> {
        let file = self.path(target, &scenario.id);
        let text = self.redactor.text(text);
        let accepted = SnapshotFile::read(&file)?;
        let mut outcome = outcome(&file, SnapshotStatus::Matched);
        let accept = match &accepted {
            Some(accepted) if accepted.is(&text) => {
                if self.update != Update::Never {
                    remove(&pending_path(&file))?;
                }
                return Ok(outcome);
            }
            Some(accepted) => {
                outcome.status = SnapshotStatus::Changed;
                outcome.changes = changes(&accepted.text(), &text);
                outcome.diff = unified(&accepted.text(), &text);
                self.update == Update::All
            }
            None => {
                outcome.status = SnapshotStatus::Missing;
                matches!(self.update, Update::New | Update::All)
            }
        };
        if self.update == Update::Never {
            return Ok(outcome);
        }
        let to = if accept { file.clone() } else { pending_path(&file) };
        let whole = format!("{}{text}\n", self.redactor.text(&header(scenario, target)));
        write(&to, &whole)?;
        if accept {
            outcome.status = SnapshotStatus::Written;
            remove(&pending_path(&file))?;
        }
        outcome.wrote = Some(shown(&to));
        Ok(outcome)
    }
}

fn outcome(file: &Path, status: SnapshotStatus) -> SnapshotOutcome {
    SnapshotOutcome { file: shown(file), status, wrote: None, changes: Vec::new(), diff: String::new() }
}

/// A path with forward slashes, the same in every report.
fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// The file that waits beside an accepted one.
pub(super) fn pending_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// The header as insta writes it. A text in double quotes is YAML as well as JSON.
fn header(scenario: &Scenario, target: &str) -> String {
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let preset = match scenario.snapshot {
        SnapshotPreset::Auth => "auth",
        SnapshotPreset::Trace => "trace",
        SnapshotPreset::Full => "full",
        SnapshotPreset::None => "none",
    };
    format!(
        "---\nsource: {}\ndescription: {}\ninfo:\n  format: {FORMAT}\n  scenario: {}\n  target: {}\n  preset: {preset}\n---\n",
        quoted(&scenario.file),
        quoted(&scenario.name),
        quoted(scenario.id.as_str()),
        quoted(target),
    )
}

/// Writes a file whole or not at all.
fn write(path: &Path, text: &str) -> Result<(), StageError> {
    let whole = || -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".snap");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(path)?;
        Ok(())
    };
    whole().map_err(|e| stage_error("write", path, &e, "check that the snapshot folder can be written"))
}

/// Removes a file that may not be there.
fn remove(path: &Path) -> Result<(), StageError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            Err(stage_error("remove", path, &e, "check that the snapshot folder can be written"))
        }
        _ => Ok(()),
    }
}

fn stage_error(what: &str, path: &Path, error: &io::Error, next: &str) -> StageError {
    StageError::new(HarnessCode::H09, format!("{what} {}", shown(path)), error.to_string(), next)
}

impl From<SnapshotFileError> for StageError {
    fn from(error: SnapshotFileError) -> Self {
        Self::new(HarnessCode::H09, format!("read {}", shown(&error.path)), error.problem, error.next)
    }
}
