//! Comparing with what was accepted, and writing what is to be reviewed.

use super::{
    SnapshotFile, SnapshotFileError, changes,
    disk::{WRITABLE, pending_path, remove, write},
    file::FORMAT,
    path, unified,
};
use crate::{
    core::{Redactor, ScenarioId},
    outcome::{HarnessError, HarnessErrorKind, SnapshotOutcome, SnapshotStatus},
    scenario::{Scenario, model::SnapshotPreset},
};
use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

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

/// What a comparison may leave behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// What `--update` allows. Of several attempts at one scenario in a run (`--repeat`), only the first may write; the
    /// others are compared with what then stands there.
    Allowed,
    /// The same, but nothing is left to be reviewed: nobody needs to accept what is not there yet.
    Optional,
    /// Nothing: the attempt passed only after a retry.
    Withheld,
}

/// What a comparison came to.
#[derive(Debug)]
pub struct SnapshotComparison {
    /// How it compares, and what was written.
    pub outcome: SnapshotOutcome,
    /// Why what `--update` allows was not written (H09).
    pub unwritten: Option<HarnessError>,
}

/// The snapshots of a project, during one run.
#[derive(Debug, Clone)]
pub struct Store {
    dir: PathBuf,
    update: Update,
    redactor: Redactor,
    /// The files of the comparisons that were allowed to write.
    used: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl Store {
    /// The snapshots below `dir`; every text goes through `redactor` before it is compared or written.
    pub fn new(dir: impl Into<PathBuf>, update: Update, redactor: Redactor) -> Self {
        Self { dir: dir.into(), update, redactor, used: Arc::default() }
    }

    /// Where the snapshot of a scenario lies, whether it exists or not.
    pub fn path(&self, target: &str, id: &ScenarioId) -> PathBuf {
        path(&self.dir, target, id)
    }

    /// For an attempt that did not pass, or could not be verified: nothing is compared, nothing is written.
    pub fn skipped(&self, target: &str, id: &ScenarioId) -> SnapshotOutcome {
        outcome(&self.path(target, id), SnapshotStatus::Skipped)
    }

    /// Compares `text`, as [`normalise`](super::normalise()) made it, with the accepted one, and writes what
    /// `--update` and `writing` allow. Only for an attempt that passed.
    ///
    /// # Errors
    /// H09 when there is something in the place of the accepted snapshot that cannot be read as one.
    pub fn compare(
        &self,
        scenario: &Scenario,
        target: &str,
        text: &str,
        writing: Writing,
    ) -> Result<SnapshotComparison, HarnessError> {
        let file = self.path(target, &scenario.id);
        let text = self.redactor.text(text);
        // Held to the end, so that what one attempt accepts is there for the next.
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let update = match writing {
            Writing::Allowed if used.insert(file.clone()) => self.update,
            Writing::Optional if self.update != Update::Pending && used.insert(file.clone()) => self.update,
            Writing::Allowed | Writing::Optional | Writing::Withheld => Update::Never,
        };
        let accepted = SnapshotFile::read_in_place(&file, &self.dir, &file)?;
        let mut outcome = outcome(&file, SnapshotStatus::Missing);
        if let Some(accepted) = &accepted {
            outcome.status = if accepted.is(&text) { SnapshotStatus::Matched } else { SnapshotStatus::Changed };
            outcome.changes = changes(&accepted.text(), &text);
            outcome.diff = unified(&accepted.text(), &text);
        }
        let whole = format!("{}{text}\n", self.redactor.text(&header(scenario, target)));
        let unwritten = record(update, &file, &whole, &mut outcome).err();
        if writing == Writing::Optional && outcome.status == SnapshotStatus::Missing {
            outcome.status = SnapshotStatus::Skipped;
        }
        Ok(SnapshotComparison { outcome, unwritten })
    }
}

/// Leaves behind what `update` allows, and notes it in the outcome.
fn record(update: Update, file: &Path, whole: &str, outcome: &mut SnapshotOutcome) -> Result<(), HarnessError> {
    let accept = match (outcome.status, update) {
        (_, Update::Never) => return Ok(()),
        (SnapshotStatus::Missing, Update::New | Update::All) | (SnapshotStatus::Changed, Update::All) => true,
        (SnapshotStatus::Missing | SnapshotStatus::Changed, _) => false,
        (SnapshotStatus::Matched | SnapshotStatus::Written | SnapshotStatus::Skipped, _) => {
            return remove_pending(file);
        }
    };
    let to = if accept { file.to_owned() } else { pending_path(file) };
    write(&to, whole).map_err(|e| harness_error("write", &to, &e))?;
    outcome.wrote = Some(shown(&to));
    if accept {
        outcome.status = SnapshotStatus::Written;
        remove_pending(file)?;
    }
    Ok(())
}

fn remove_pending(file: &Path) -> Result<(), HarnessError> {
    let pending = pending_path(file);
    remove(&pending).map_err(|e| harness_error("remove", &pending, &e))
}

fn outcome(file: &Path, status: SnapshotStatus) -> SnapshotOutcome {
    SnapshotOutcome { file: shown(file), status, wrote: None, changes: Vec::new(), diff: String::new() }
}

/// A path with forward slashes, the same in every report.
fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// The header as insta writes it. A text in double quotes is YAML as well as JSON.
fn header(scenario: &Scenario, target: &str) -> String {
    let [source, name, id, target] = [&*scenario.file, &*scenario.name, scenario.id.as_str(), target]
        .map(|text| serde_json::to_string(text).unwrap_or_default());
    let preset = match scenario.snapshot {
        SnapshotPreset::Auth => "auth",
        SnapshotPreset::Trace => "trace",
        SnapshotPreset::Full => "full",
        SnapshotPreset::None => "none",
    };
    format!(
        "---\nsource: {source}\ndescription: {name}\ninfo:\n  format: {FORMAT}\n  scenario: {id}\n  target: {target}\n  preset: {preset}\n---\n"
    )
}

fn harness_error(what: &str, path: &Path, error: &io::Error) -> HarnessError {
    let next = format!("{WRITABLE}, or run with --update never");
    HarnessError::new(HarnessErrorKind::File, format!("{what} {}", shown(path)), error.to_string(), next)
}

impl From<SnapshotFileError> for HarnessError {
    fn from(error: SnapshotFileError) -> Self {
        Self::new(HarnessErrorKind::File, format!("read {}", shown(&error.path)), error.problem, error.next)
    }
}
