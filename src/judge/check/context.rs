//! What every kind of expectation is given, and where its results go.

use super::comparison::Comparison;
use crate::{
    core::{Recorded, Span},
    evidence::Evidence,
    outcome::{CheckPart, CheckPath, CheckResult},
    scenario::{Vars, model::ArcPolicy},
    target::Target,
};

/// What every kind of expectation looks at.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) target: &'a Target,
    /// What templates may name.
    pub(super) vars: &'a Vars,
    pub(super) evidence: &'a Evidence,
    /// Which statements about ARC are asserted.
    pub(super) arc: ArcPolicy,
}

/// What a part of an expectation came to, with the place of its value.
pub(super) struct Part<'w> {
    pub(super) part: CheckPart,
    pub(super) at: &'w Span,
    pub(super) comparison: Comparison,
}

/// The results of a scenario, expectation by expectation.
#[derive(Default)]
pub(super) struct Results {
    /// The index of the expectation that is checked now.
    pub(super) expectation: usize,
    pub(super) all: Vec<CheckResult>,
    /// What was seen and is not asserted.
    pub(super) notes: Vec<String>,
}

impl Results {
    pub(super) fn add(&mut self, part: CheckPart, at: &Span, comparison: Comparison) {
        self.all.push(CheckResult {
            path: Recorded::Known(CheckPath { expectation: self.expectation, part }),
            passed: comparison.passed,
            expected: comparison.expected,
            actual: comparison.actual,
            file: at.file.to_string(),
            line: at.line,
            column: at.column,
            len: at.len,
            timed_out: comparison.timed_out,
            inconclusive: comparison.inconclusive,
            code: None,
        });
    }

    /// Notes a part that the scenario's policy takes back, with what was seen of it.
    pub(super) fn waive(&mut self, part: CheckPart, policy: ArcPolicy, comparison: &Comparison) {
        let Comparison { expected, actual, .. } = comparison;
        let path = CheckPath { expectation: self.expectation, part };
        self.notes.push(format!("{path} is not asserted (arc: {policy}): wanted {expected}, saw {actual}"));
    }
}
