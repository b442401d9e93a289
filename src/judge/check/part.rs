//! How results are made and collected.

use crate::{
    core::{Position, Recorded},
    outcome::{CheckPart, CheckPath, CheckResult},
    scenario::model::ArcPolicy,
};

/// What one part of an expectation came to, before it gets its path and place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// Whether it holds.
    pub(super) passed: bool,
    /// What was wanted.
    pub(super) expected: String,
    /// What was seen, in the same words.
    pub(super) actual: String,
    /// Whether it fails because something did not come in time.
    pub(super) timed_out: bool,
    /// Whether it fails only because something that it rests on could not be looked up.
    pub(super) inconclusive: bool,
}

impl Finding {
    /// A part that holds or not, for a reason other than time.
    pub(super) fn new(passed: bool, expected: impl Into<String>, actual: impl Into<String>) -> Self {
        Self { passed, expected: expected.into(), actual: actual.into(), timed_out: false, inconclusive: false }
    }

    /// A part that does not hold.
    pub(super) fn failed(expected: impl Into<String>, actual: impl Into<String>) -> Self {
        Self::new(false, expected, actual)
    }

    /// Marks a failure as one of time.
    pub(super) fn late_if(mut self, late: bool) -> Self {
        self.timed_out = late && !self.passed;
        self
    }

    /// Marks a failure as one that proves nothing.
    pub(super) fn inconclusive_if(mut self, unknown: bool) -> Self {
        self.inconclusive = unknown && !self.passed;
        self
    }
}

/// The results of one expectation.
pub(super) struct Results {
    expectation: usize,
    all: Vec<CheckResult>,
    notes: Vec<String>,
}

impl Results {
    /// None yet, of the expectation with this index.
    pub(super) fn new(expectation: usize) -> Self {
        Self { expectation, all: Vec::new(), notes: Vec::new() }
    }

    /// Adds a part with the place of its value.
    pub(super) fn add(&mut self, part: CheckPart, at: &Position, finding: Finding) {
        self.all.push(CheckResult {
            path: Recorded::Known(CheckPath { expectation: self.expectation, part }),
            passed: finding.passed,
            expected: finding.expected,
            actual: finding.actual,
            file: at.file.to_string(),
            line: at.line,
            column: at.column,
            len: at.len,
            timed_out: finding.timed_out,
            inconclusive: finding.inconclusive,
            code: None,
        });
    }

    /// Notes a part that the scenario's policy takes back, with what was seen of it.
    pub(super) fn waive(&mut self, part: CheckPart, policy: ArcPolicy, finding: &Finding) {
        let Finding { expected, actual, .. } = finding;
        let path = CheckPath { expectation: self.expectation, part };
        self.notes.push(format!("{path} is not asserted (arc: {policy}): wanted {expected}, saw {actual}"));
    }

    /// The results and the notes, in order.
    pub(super) fn into_parts(self) -> (Vec<CheckResult>, Vec<String>) {
        (self.all, self.notes)
    }
}
