//! What the events add up to: for reports that are written in one piece at the end.

use crate::{
    core::{RunId, ScenarioId},
    outcome::{Connections, Event, Redactions, RunEvent, RunInfo, ScenarioReport, SnapshotStatus, Status, Totals},
};
use serde::Serialize;

/// A run as far as its events tell it.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// The run.
    pub run: Option<RunId>,
    /// The tool and its version.
    pub tool: String,
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
    pub scenarios: Vec<ScenarioReport>,
    /// Snapshot files that belong to no scenario.
    pub obsolete_snapshots: Vec<String>,
    /// What the redaction did.
    pub redactions: Redactions,
    /// The IMAP connections.
    pub imap: Connections,
    order: Vec<ScenarioId>,
}

/// How the snapshots of a run compare.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct SnapshotTally {
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

impl Tally {
    /// Takes the next event.
    pub fn event(&mut self, event: &RunEvent) {
        event.t.clone_into(&mut self.finished_at);
        match &event.event {
            Event::RunStarted { run, target, tool, info, scenarios, selected, .. } => {
                event.t.clone_into(&mut self.started_at);
                self.run = Some(run.clone());
                target.clone_into(&mut self.target);
                tool.clone_into(&mut self.tool);
                self.info = info.clone();
                self.order.clone_from(scenarios);
                self.totals.selected = *selected;
            }
            Event::ScenarioFinished { report, .. } => self.scenarios.push((**report).clone()),
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
                self.exit_code = Some(*exit_code);
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

    /// Puts the scenarios into the order of selection; they end in any.
    fn sort(&mut self) {
        let place = |id: &ScenarioId| self.order.iter().position(|o| o == id).unwrap_or(usize::MAX);
        let mut placed: Vec<_> = self.scenarios.drain(..).map(|s| (place(&s.id), s)).collect();
        placed.sort_by_key(|(place, _)| *place);
        self.scenarios = placed.into_iter().map(|(_, s)| s).collect();
    }

    /// How the snapshots compare.
    pub fn snapshots(&self) -> SnapshotTally {
        let mut tally = SnapshotTally { obsolete: self.obsolete_snapshots.clone(), ..SnapshotTally::default() };
        for snapshot in self.scenarios.iter().filter_map(|s| s.snapshot.as_ref()) {
            match snapshot.status {
                SnapshotStatus::Matched => tally.matched += 1,
                SnapshotStatus::Changed => tally.changed += 1,
                SnapshotStatus::Missing => tally.missing += 1,
                SnapshotStatus::Written => tally.written += 1,
                SnapshotStatus::Skipped => {}
            }
            tally.pending.extend(snapshot.wrote.iter().filter(|w| w.ends_with(".new")).cloned());
        }
        tally
    }

    /// The scenarios that broke something.
    pub fn broken(&self) -> impl Iterator<Item = &ScenarioReport> {
        self.scenarios.iter().filter(|s| is_broken(s.status))
    }
}

/// Whether a status is one to worry about.
pub fn is_broken(status: Status) -> bool {
    match status {
        Status::Failed | Status::TimedOut | Status::Errored | Status::UnexpectedPass => true,
        Status::Passed | Status::Skipped | Status::ExpectedFailure | Status::NotRun => false,
    }
}
