//! What was wanted beside what was seen.

use crate::{core::duration, evidence::Evidence, judge::phrases};
use std::time::Duration;

/// What one part of an expectation came to, before it gets its path and place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comparison {
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

impl Comparison {
    /// A part that holds or not, for a reason other than time.
    pub(super) fn new(passed: bool, expected: impl Into<String>, actual: impl Into<String>) -> Self {
        Self { passed, expected: expected.into(), actual: actual.into(), timed_out: false, inconclusive: false }
    }

    /// A part that does not hold.
    pub(super) fn failed(expected: impl Into<String>, actual: impl Into<String>) -> Self {
        Self::new(false, expected, actual)
    }

    /// Something came: whether within the time that is allowed.
    pub(super) fn within(limit: Duration, after: Duration) -> Self {
        let (expected, actual) =
            (format!("within {}", duration::human(limit)), format!("after {}", phrases::seconds(after)));
        Self::new(after <= limit, expected, actual).late_if(true)
    }

    /// Something did not come. Only silence is a matter of time: a refusal, or mail in another place, is an answer, which
    /// then stands behind `lead`.
    pub(super) fn missing(expected: &str, lead: &str, evidence: &Evidence) -> Self {
        if let Some(refusal) = phrases::refusal(&evidence.submission) {
            return Self::failed(expected, refusal).inconclusive_if(evidence.submission.kept_back().is_some());
        }
        let elsewhere = phrases::elsewhere(evidence);
        let silent = elsewhere.is_empty();
        let nothing = format!("nothing arrived within {}", phrases::seconds(evidence.waited));
        Self::failed(expected, format!("{lead}{}", phrases::list(elsewhere, "; ", &nothing))).late_if(silent)
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
