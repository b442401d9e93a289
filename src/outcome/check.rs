//! Results of checks and the reasons behind them.

use super::{CheckPart, CheckPath};
use crate::{
    catalogue::{Cause, Family},
    core::Recorded,
};
use serde::{Deserialize, Serialize};
use std::ops::{Deref, DerefMut};

/// One expectation or part of one, compared with what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CheckResult {
    /// The path in the scenario: `expect[2].delivered.auth.arc`.
    pub path: Recorded<CheckPath>,
    /// Whether it holds.
    pub passed: bool,
    /// What was wanted, in words: `pass`, `i=2 by google.com cv=pass`.
    pub expected: String,
    /// What was seen, in the same words.
    pub actual: String,
    /// The scenario file.
    pub file: String,
    /// The line in it, from 1.
    pub line: u32,
    /// The column in it, from 1.
    pub column: u32,
    /// How many characters of that line are meant; 0 where that is not known.
    pub len: u32,
    /// Whether it failed because something did not come in time.
    pub timed_out: bool,
    /// Whether it failed only because something that it rests on could not be looked up, or opened.
    pub inconclusive: bool,
    /// The diagnosis that explains it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Recorded<Cause>>,
}

impl CheckResult {
    /// What of an expectation it is about, where this version knows it.
    pub fn part(&self) -> Option<&CheckPart> {
        self.path.as_known().map(|path| &path.part)
    }

    /// Whether it is only about when something came.
    pub fn is_about_time(&self) -> bool {
        self.part().is_some_and(CheckPart::is_within)
    }
}

/// What the expectations of an attempt came to. Never empty: what asserts nothing cannot pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checks {
    results: Vec<CheckResult>,
    /// What was looked at and not asserted, a line each.
    notes: Vec<String>,
}

impl Checks {
    /// These results and notes; `None` when there are no results.
    pub fn new(results: Vec<CheckResult>, notes: Vec<String>) -> Option<Self> {
        (!results.is_empty()).then_some(Self { results, notes })
    }

    /// The results in the order of the file, and the notes.
    pub fn into_parts(self) -> (Vec<CheckResult>, Vec<String>) {
        (self.results, self.notes)
    }
}

impl Deref for Checks {
    type Target = [CheckResult];

    fn deref(&self) -> &[CheckResult] {
        &self.results
    }
}

impl DerefMut for Checks {
    fn deref_mut(&mut self) -> &mut [CheckResult] {
        &mut self.results
    }
}

/// How sure a diagnosis is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// One cause of several.
    Low,
    /// Nothing else that is known fits.
    High,
    /// The evidence proves it.
    Certain,
}

/// Why something failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Diagnosis {
    /// The catalogue code, for example `B04`.
    pub code: Recorded<Cause>,
    /// One line.
    pub title: String,
    /// How sure.
    pub confidence: Confidence,
    /// What it rests on.
    pub evidence: Vec<EvidenceRef>,
    /// What was looked at and excluded.
    pub ruled_out: Vec<String>,
    /// Commands to run next.
    pub next: Vec<String>,
}

impl Diagnosis {
    /// Whether its cause is of this family.
    pub fn is_of(&self, family: Family) -> bool {
        self.code.known().is_some_and(|cause| cause.family() == family)
    }
}

/// A line of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EvidenceRef {
    /// The artifact's name, for example `received.eml`.
    pub artifact: String,
    /// Its line, from 1; 0 for the whole.
    pub line: u32,
    /// The text.
    pub text: String,
}
