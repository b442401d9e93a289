//! Expectations against evidence.

use crate::{
    evidence::Evidence,
    outcome::CheckResult,
    scenario::{Scenario, Target, Vars},
};

/// Checks every expectation that applies to the target, in the order of the file, and with each all of its parts.
/// `vars` holds what templates may name; they were all filled in once before anything was sent, so that a name that is
/// unknown here is a bug and fails the check.
pub fn check(scenario: &Scenario, target: &Target, vars: &Vars, evidence: &Evidence) -> Vec<CheckResult> {
    let _ = (scenario, target, vars, evidence);
    unimplemented!()
}
