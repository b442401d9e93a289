//! Expectations against evidence, one file per kind of expectation.
//!
//! Every part of an expectation gives one [`CheckResult`](crate::outcome::CheckResult) with what was wanted and what
//! was seen in the same words. Where a message did not come at all, that is the only result of its expectation. Of
//! several copies the first that arrived in the wanted folder is the one that `delivered` looks at.

mod absent;
mod arc;
mod auth;
mod bounced;
mod comparison;
mod context;
mod count;
mod delivered;
mod headers;
mod labels;
mod log;
mod smtp;
mod text;

pub(crate) use bounced::{Notification, notification_fits};
pub use count::copies;
pub(crate) use log::logs_hold;
pub(crate) use smtp::asks_for_refusal;

use crate::{
    evidence::Evidence,
    outcome::Checks,
    scenario::{Scenario, Vars, model::ExpectationKind},
    target::Target,
};
use context::{Context, Results};

/// Checks every expectation that applies to the target, in the order of the file, and with each all of its parts.
/// `vars` holds what templates may name; they were all filled in once before anything was sent, so that a name that is
/// unknown here is a bug and fails the check. `None` where no expectation applies.
pub fn check(scenario: &Scenario, target: &Target, vars: &Vars, evidence: &Evidence) -> Option<Checks> {
    let context = Context { target, vars, evidence, arc: scenario.arc };
    let mut results = Results::default();
    for expectation in scenario.expected_on(target.kind) {
        results.expectation = expectation.index;
        match &expectation.kind {
            ExpectationKind::Smtp(wanted) => smtp::check(wanted, context, &mut results),
            ExpectationKind::Delivered(wanted) => delivered::check(wanted, context, &mut results),
            ExpectationKind::Bounced(wanted) => bounced::check(wanted, context, &mut results),
            ExpectationKind::Absent(wanted) => absent::check(wanted, context, &mut results),
            ExpectationKind::Count(wanted) => count::check(wanted, context, &mut results),
            ExpectationKind::Log(wanted) => log::check(wanted, context, &mut results),
        }
    }
    Checks::new(results.all, results.notes)
}
