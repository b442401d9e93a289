//! What the events add up to: for reports that are written in one piece at the end.

use super::report_store::{ReportStore, StoredReport};
use crate::{
    core::{RunId, ScenarioId},
    outcome::{Connections, Event, Redactions, RunEvent, RunInfo, ScenarioReport, SnapshotStatus, Status, Totals},
};
use jiff::Timestamp;
use serde::Serialize;
use std::{
    collections::{BTreeSet, HashMap},
    io,
};

/// A run as far as its events tell it.
#[derive(Debug, Default)]
pub struct RunSummary {
    /// The run.
    pub run: Option<RunId>,
    /// The tool and its version.
    pub tool: String,
    /// The run whose mail it looked for again.
    pub resumes: Option<RunId>,
    /// The target's name.
    pub target: String,
    /// The circumstances.
    pub info: RunInfo,
    /// RFC 3339 time of the first event.
    pub started_at: String,
    /// RFC 3339 time of the last event.
    pub finished_at: String,
    /// How long it took.
    pub duration_ms: u64,
    /// Whether every selected scenario was run to its end.
    pub complete: bool,
    /// What the process ends with, before reports are written; `None` when the run broke off.
    pub exit_code: Option<u8>,
    /// Why it ended early.
    pub stopped: Option<String>,
    /// The counts.
    pub totals: Totals,
    /// Every scenario that ended.
    pub scenarios: Vec<Ended>,
    /// Snapshot files that belong to no scenario.
    pub obsolete_snapshots: Vec<String>,
    /// What the redaction did.
    pub redactions: Redactions,
    /// The IMAP connections.
    pub imap: Connections,
    order: Vec<ScenarioId>,
    store: ReportStore,
}

/// A scenario that ended, as far as every report asks; [`RunSummary::reports`] has the rest.
#[derive(Debug)]
pub struct Ended {
    /// Its id.
    pub id: ScenarioId,
    /// How it ended.
    pub status: Status,
    /// It passed, but not at the first attempt.
    pub flaky: bool,
    snapshot: Option<(SnapshotStatus, Option<String>)>,
    stored: StoredReport,
}

/// How the snapshots of a run compare.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "SnapshotTally")]
pub struct SnapshotCounts {
    /// How many are equal to the accepted one.
    pub matched: usize,
    /// How many are not.
    pub changed: usize,
    /// How many scenarios have no accepted one.
    pub missing: usize,
    /// How many were accepted at once.
    pub written: usize,
    /// Files that belong to no scenario.
    pub obsolete: Vec<String>,
    /// Files that wait for a review.
    pub pending: Vec<String>,
}

impl RunSummary {
    /// Takes the next event.
    pub fn event(&mut self, event: &RunEvent) {
        event.t.clone_into(&mut self.finished_at);
        match &event.event {
            Event::RunStarted { run, target, tool, info, scenarios, selected, resumes, .. } => {
                event.t.clone_into(&mut self.started_at);
                self.run = Some(run.clone());
                self.resumes.clone_from(resumes);
                target.clone_into(&mut self.target);
                tool.clone_into(&mut self.tool);
                self.info = info.clone();
                self.order.clone_from(scenarios);
                self.totals.selected = *selected;
            }
            Event::ScenarioFinished { report, .. } => self.ended(report),
            Event::ScenarioAmended { report, .. } => {
                self.scenarios.retain(|known| known.id != report.id);
                self.ended(report);
            }
            Event::RunFinished {
                complete,
                exit_code,
                totals,
                duration_ms,
                stopped,
                obsolete_snapshots,
                redactions,
                imap,
                ..
            } => {
                self.complete = *complete;
                self.exit_code = Some(exit_code.number());
                self.totals = *totals;
                self.duration_ms = *duration_ms;
                self.stopped.clone_from(stopped);
                self.obsolete_snapshots.clone_from(obsolete_snapshots);
                self.redactions = *redactions;
                self.imap = *imap;
                self.sort();
            }
            _ => {}
        }
    }

    fn ended(&mut self, report: &ScenarioReport) {
        let snapshot = report.snapshot.as_ref().map(|s| (s.status, s.wrote.clone()));
        let (id, status, flaky) = (report.id.clone(), report.status, report.flaky);
        self.scenarios.push(Ended { id, status, flaky, snapshot, stored: self.store.keep(report) });
    }

    /// The reports of all scenarios that ended, one after the other: all of them may be more than memory should hold.
    pub fn reports(&self) -> impl Iterator<Item = io::Result<ScenarioReport>> {
        self.scenarios.iter().map(|ended| self.store.read(&ended.stored))
    }

    /// Adds up what is known of a run that broke off; nothing to do where it came to its end.
    pub fn close(&mut self) {
        if self.exit_code.is_some() {
            return;
        }
        let selected = self.totals.selected;
        self.totals = Totals::count(self.scenarios.iter().map(|s| (s.status, s.flaky)));
        self.totals.not_run += selected.saturating_sub(self.totals.selected);
        self.totals.selected = selected;
        self.duration_ms = milliseconds(&self.started_at, &self.finished_at);
        self.sort();
    }

    /// The scenarios that were selected and of which nothing more is known, in the order of selection.
    pub fn unknown(&self) -> impl Iterator<Item = &ScenarioId> {
        let known: BTreeSet<_> = self.scenarios.iter().map(|s| &s.id).collect();
        self.order.iter().filter(move |id| !known.contains(id))
    }

    /// Puts the scenarios into the order of selection; they end in any.
    fn sort(&mut self) {
        let places: HashMap<&ScenarioId, usize> = self.order.iter().enumerate().map(|(n, id)| (id, n)).collect();
        self.scenarios.sort_by_key(|s| places.get(&s.id).copied().unwrap_or(usize::MAX));
    }

    /// How the snapshots compare.
    pub fn snapshots(&self) -> SnapshotCounts {
        let mut summary = SnapshotCounts { obsolete: self.obsolete_snapshots.clone(), ..SnapshotCounts::default() };
        for (status, wrote) in self.scenarios.iter().filter_map(|s| s.snapshot.as_ref()) {
            match status {
                SnapshotStatus::Matched => summary.matched += 1,
                SnapshotStatus::Changed => summary.changed += 1,
                SnapshotStatus::Missing => summary.missing += 1,
                SnapshotStatus::Written => summary.written += 1,
                SnapshotStatus::Skipped => {}
            }
            summary.pending.extend(wrote.iter().filter(|w| w.ends_with(".new")).cloned());
        }
        summary
    }

    /// The reports of the scenarios that broke something, or of all others.
    pub fn reports_of(&self, broken: bool) -> impl Iterator<Item = io::Result<ScenarioReport>> {
        let wanted = self.scenarios.iter().filter(move |s| s.status.is_broken() == broken);
        wanted.map(|ended| self.store.read(&ended.stored))
    }

    /// How many scenarios broke something.
    pub fn broken(&self) -> usize {
        self.scenarios.iter().filter(|s| s.status.is_broken()).count()
    }
}

/// The time between two RFC 3339 times; 0 where either is none.
pub(super) fn milliseconds(from: &str, to: &str) -> u64 {
    let (Ok(from), Ok(to)) = (from.parse::<Timestamp>(), to.parse::<Timestamp>()) else { return 0 };
    u64::try_from(to.as_millisecond().saturating_sub(from.as_millisecond())).unwrap_or(0)
}
