//! The event stream of a run: the single source of every reporter. What is written is read again by
//! [`crate::report::record_file`].

use super::{
    CheckResult, ComposedMail, Connections, ExitCode, Redactions, RunInfo, ScenarioReport, Status, StepKind,
    StepStatus, SubmittedMail, Totals,
};
use crate::core::{Recorded, RunId, ScenarioId, Token};
use serde::{Deserialize, Serialize};

/// The version of the event format; only ever added to.
pub const VERSION: u32 = 1;

/// An event with its place in the stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RunEvent {
    /// The format's version.
    pub v: u32,
    /// RFC 3339, UTC, milliseconds.
    pub t: String,
    /// From 0, without gaps.
    pub seq: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What can happen in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are those of the result types")]
pub enum Event {
    /// The first event.
    RunStarted {
        run: RunId,
        target: String,
        selected: usize,
        jobs: usize,
        tool: String,
        info: RunInfo,
        /// Every scenario that is run, in the order of selection.
        scenarios: Vec<ScenarioId>,
        /// The same before a shard was taken of them: what all shards together run.
        selection: Vec<ScenarioId>,
        /// The run whose mail is looked for again: nothing is sent, and what that run decided is told once more.
        #[serde(default)]
        resumes: Option<RunId>,
    },
    /// What a world does otherwise than a person may expect; said once in a run.
    Note { text: String },
    /// A scenario's first attempt is about to start.
    ScenarioStarted { scenario: ScenarioId, name: String },
    /// A mail is about to be sent, or one that was sent before is looked for.
    AttemptStarted { scenario: ScenarioId, attempt: u32, token: Token },
    /// A mail is about to be handed to its first server; from here on it may be under way.
    MailComposed { scenario: ScenarioId, attempt: u32, mail: ComposedMail },
    /// Its first server has answered, or may have taken it.
    MailSubmitted { scenario: ScenarioId, attempt: u32, submission: SubmittedMail },
    /// A step has begun or ended: `pace` (waiting for the limits of accounts), `send`, `wait`, `verify`, …
    Step {
        scenario: ScenarioId,
        attempt: u32,
        kind: Recorded<StepKind>,
        status: Recorded<StepStatus>,
        ms: u64,
        detail: String,
    },
    /// A mailbox was asked.
    Poll { scenario: ScenarioId, attempt: u32, n: u32, found: bool },
    /// An expectation was checked.
    Assertion {
        scenario: ScenarioId,
        attempt: u32,
        #[serde(flatten)]
        check: CheckResult,
    },
    /// `slow_after` has passed.
    Slow { scenario: ScenarioId, attempt: u32, ms: u64 },
    /// An attempt ended and another will follow.
    AttemptFinished { scenario: ScenarioId, attempt: u32, status: Status, duration_ms: u64 },
    /// A scenario ended.
    ScenarioFinished {
        scenario: ScenarioId,
        status: Status,
        report: Box<ScenarioReport>,
        /// The scenario file's text, for source excerpts.
        source: String,
    },
    /// What `scenario_finished` said of a scenario holds no longer: its mail came after it was given up. This report takes
    /// the place of the first.
    ScenarioAmended {
        scenario: ScenarioId,
        status: Status,
        report: Box<ScenarioReport>,
        /// The scenario file's text, for source excerpts.
        source: String,
    },
    /// The last event.
    RunFinished {
        run: RunId,
        complete: bool,
        exit_code: ExitCode,
        totals: Totals,
        duration_ms: u64,
        /// Why it ended early: `interrupted`, `terminated`, `global timeout`, `too many failures`.
        stopped: Option<String>,
        /// Snapshot files that belong to no scenario.
        obsolete_snapshots: Vec<String>,
        redactions: Redactions,
        imap: Connections,
    },
}
