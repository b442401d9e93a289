//! What came out of attempts, scenarios and the run. Serialized, this is the result JSON (`version: 1`).

use super::{CheckResult, Claim, Diagnosis, HarnessError, Step, Survival};
use crate::core::{Folder, ScenarioId, Token};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a scenario or an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Everything holds.
    Passed,
    /// The mail system is wrong.
    Failed,
    /// Something did not come in time, and nothing else is wrong.
    TimedOut,
    /// Nothing came in time; the mail of an attempt that was given up came later.
    Late,
    /// The harness could not tell.
    Errored,
    /// Not run, for a reason in the scenario.
    Skipped,
    /// It failed as `known_issue` says it would.
    ExpectedFailure,
    /// It passed although `known_issue` says it would fail.
    UnexpectedPass,
    /// The run ended before it could be run or finished.
    NotRun,
}

impl Status {
    /// The word of the console, four letters or five.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "PASS",
            Self::Failed => "FAIL",
            Self::TimedOut => "TMOT",
            Self::Late => "LATE",
            Self::Errored => "ERR",
            Self::Skipped => "SKIP",
            Self::ExpectedFailure => "XFAIL",
            Self::UnexpectedPass => "XPASS",
            Self::NotRun => "NRUN",
        }
    }

    /// Whether it is one to worry about.
    pub fn is_broken(self) -> bool {
        match self {
            Self::Failed | Self::TimedOut | Self::Late | Self::Errored | Self::UnexpectedPass => true,
            Self::Passed | Self::Skipped | Self::ExpectedFailure | Self::NotRun => false,
        }
    }
}

/// A file that an attempt left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Artifact {
    /// Its name, for example `received.eml`.
    pub name: String,
    /// Its path below the run's directory.
    pub path: String,
    /// Its media type.
    pub media_type: String,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// Whether secrets were masked in it.
    pub redacted: bool,
}

/// What was found in a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ObservedKind {
    /// The message.
    Copy,
    /// A report that it was not delivered.
    Bounce,
}

impl std::fmt::Display for ObservedKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Copy => "copy",
            Self::Bounce => "bounce",
        })
    }
}

/// What was seen of one message or bounce, for the result JSON and for one-line summaries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Observed {
    /// What it is.
    pub kind: ObservedKind,
    /// The account that it was found in.
    pub account: String,
    /// `inbox`, `spam` or `all`.
    #[schemars(with = "String")]
    pub folder: Folder,
    /// From the end of the submission.
    pub after_ms: u64,
    /// The size of the whole message on the server, in octets, where only its beginning was read: large bounces.
    #[serde(default)]
    pub cut_from: Option<u32>,
    /// Gmail's labels, but for that of the folder itself; `None` where there are none.
    pub labels: Option<Vec<String>>,
    /// What Gmail takes it for; `None` when no expectation asks for it, and for mail without a category.
    pub category: Option<crate::core::Category>,
    /// The trusted Authentication-Results.
    pub authentication_results: Option<crate::mail::authres::AuthenticationResults>,
    /// Instance, `d=`, `cv=` and our own verification of every set.
    pub arc: Vec<ObservedSeal>,
    /// Our own verification; `None` for bounces.
    pub verification: Option<crate::verify::Verification>,
    /// What servers on the way claim of ARC and DKIM, beside what we find; empty for bounces.
    pub claims: Vec<Claim>,
    /// What every signature covers, compared with what was sent; empty for bounces.
    pub survival: Vec<Survival>,
    /// The path, first hop first.
    pub received: Vec<crate::mail::received::Hop>,
    /// The report in a bounce.
    pub dsn: Option<crate::mail::dsn::Dsn>,
}

/// One ARC Set as seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ObservedSeal {
    /// Instance.
    pub i: u32,
    /// `d=` of the seal.
    pub by: Option<String>,
    /// `cv=` of the seal.
    pub cv: Option<String>,
    /// Whether seal and message signature both hold.
    pub verifies: bool,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AttemptReport {
    /// From 1.
    pub n: u32,
    /// How it ended.
    pub status: Status,
    /// Its token.
    pub token: Token,
    /// The Message-ID of its mail.
    pub message_id: String,
    /// Queue ids by account.
    pub queue_ids: BTreeMap<String, String>,
    /// Named times in milliseconds: `connect`, `smtp`, `first_seen`, …
    pub timings_ms: BTreeMap<String, u64>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Every check.
    pub assertions: Vec<CheckResult>,
    /// What was looked at when something did not come in time: what the silence means.
    #[serde(default)]
    pub checked: Vec<String>,
    /// What a person should know that changes nothing about how it ended: what was seen and not asserted.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Why it failed, most certain first.
    pub diagnosis: Vec<Diagnosis>,
    /// What stopped the harness.
    pub error: Option<HarnessError>,
    /// What was seen.
    pub observed: Vec<Observed>,
    /// Files.
    pub artifacts: Vec<Artifact>,
    /// How long it took.
    pub duration_ms: u64,
    /// One line for people: `inbox  0.58s  arc=pass  i=2 cv=pass`.
    pub summary: String,
}

/// What happened to a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SnapshotOutcome {
    /// The file.
    pub file: String,
    /// `matched`, `changed`, `missing` (none accepted yet), `written` or `skipped`.
    pub status: SnapshotStatus,
    /// The file that was written: `….snap.new` or `….snap`.
    pub wrote: Option<String>,
    /// What changed, in words, one line each.
    pub changes: Vec<String>,
    /// A unified diff.
    #[serde(skip)]
    pub diff: String,
}

/// How a snapshot compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SnapshotStatus {
    /// Equal to the accepted one.
    Matched,
    /// Not equal.
    Changed,
    /// There is no accepted one.
    Missing,
    /// A new one was accepted at once (`--update new` or `all`).
    Written,
    /// Not compared: the attempt did not pass, or DNS gave no answer to our own verification.
    Skipped,
}

/// One scenario, or one matrix row of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ScenarioReport {
    /// Its id.
    pub id: ScenarioId,
    /// Its file.
    pub file: String,
    /// The line of its first expectation, for annotations.
    pub line: u32,
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its matrix row.
    pub params: BTreeMap<String, String>,
    /// How it ended: the last attempt, seen through `known_issue`.
    pub status: Status,
    /// Why it was skipped, or what is known about its failure.
    pub reason: Option<String>,
    /// It passed, but not at the first attempt.
    pub flaky: bool,
    /// All attempts and pauses.
    pub duration_ms: u64,
    /// How many attempts it may have.
    pub max_attempts: u32,
    /// Every attempt.
    pub attempts: Vec<AttemptReport>,
    /// Its snapshot.
    pub snapshot: Option<SnapshotOutcome>,
    /// The scenario file's text, for source excerpts.
    #[serde(skip)]
    pub source: std::sync::Arc<str>,
}

/// How many scenarios ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[expect(missing_docs, reason = "the names are the statuses")]
pub struct Totals {
    pub selected: usize,
    pub passed: usize,
    pub failed: usize,
    pub timed_out: usize,
    #[serde(default)]
    pub late: usize,
    pub errored: usize,
    pub skipped: usize,
    pub flaky: usize,
    pub expected_failures: usize,
    pub unexpected_passes: usize,
    pub not_run: usize,
}

impl Totals {
    /// Counts these scenarios; `selected` is their number.
    pub fn of<'a>(scenarios: impl IntoIterator<Item = &'a ScenarioReport>) -> Self {
        Self::count(scenarios.into_iter().map(|s| (s.status, s.flaky)))
    }

    /// Counts scenarios that ended so; whether each was flaky.
    pub fn count(scenarios: impl IntoIterator<Item = (Status, bool)>) -> Self {
        let mut totals = Self::default();
        for (status, flaky) in scenarios {
            totals.selected += 1;
            let count = match status {
                Status::Passed => &mut totals.passed,
                Status::Failed => &mut totals.failed,
                Status::TimedOut => &mut totals.timed_out,
                Status::Late => &mut totals.late,
                Status::Errored => &mut totals.errored,
                Status::Skipped => &mut totals.skipped,
                Status::ExpectedFailure => &mut totals.expected_failures,
                Status::UnexpectedPass => &mut totals.unexpected_passes,
                Status::NotRun => &mut totals.not_run,
            };
            *count += 1;
            totals.flaky += usize::from(flaky);
        }
        totals
    }

    /// How many say that mail is broken.
    pub fn broken(&self) -> usize {
        self.failed + self.timed_out + self.late + self.unexpected_passes
    }

    /// Whether there is something, and none of it was run on purpose.
    pub fn is_all_skipped(&self) -> bool {
        self.selected > 0 && self.skipped == self.selected
    }

    /// Adds those of another part of the same run.
    pub fn add(&mut self, other: Self) {
        let Self { selected, passed, failed, timed_out, late, errored, skipped, flaky, .. } = other;
        let Self { expected_failures, unexpected_passes, not_run, .. } = other;
        self.selected += selected;
        self.passed += passed;
        self.failed += failed;
        self.timed_out += timed_out;
        self.late += late;
        self.errored += errored;
        self.skipped += skipped;
        self.flaky += flaky;
        self.expected_failures += expected_failures;
        self.unexpected_passes += unexpected_passes;
        self.not_run += not_run;
    }
}
