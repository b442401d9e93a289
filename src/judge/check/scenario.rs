//! Every expectation of a scenario.

use super::{absent, bounced, count, delivered, log, part::Results, smtp};
use crate::{
    evidence::Evidence,
    outcome::Checks,
    scenario::{
        Scenario, Vars,
        model::{ArcPolicy, ExpectationKind},
    },
    target::Target,
};

/// What every kind of expectation looks at.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    /// Who is there.
    pub(super) target: &'a Target,
    /// What templates may name.
    pub(super) vars: &'a Vars,
    /// What was seen.
    pub(super) evidence: &'a Evidence,
    /// Which statements about ARC are asserted.
    pub(super) arc: ArcPolicy,
}

/// Checks every expectation that applies to the target, in the order of the file, and with each all of its parts.
/// `vars` holds what templates may name; they were all filled in once before anything was sent, so that a name that is
/// unknown here is a bug and fails the check. `None` where no expectation applies.
pub fn check(scenario: &Scenario, target: &Target, vars: &Vars, evidence: &Evidence) -> Option<Checks> {
    let context = Context { target, vars, evidence, arc: scenario.arc };
    let (mut all, mut notes) = (Vec::new(), Vec::new());
    for expectation in scenario.expected_on(target.kind) {
        let mut results = Results::new(expectation.index);
        match &expectation.kind {
            ExpectationKind::Smtp(wanted) => smtp::check(wanted, context, &mut results),
            ExpectationKind::Delivered(wanted) => delivered::check(wanted, context, &mut results),
            ExpectationKind::Bounced(wanted) => bounced::check(wanted, context, &mut results),
            ExpectationKind::Absent(wanted) => absent::check(wanted, context, &mut results),
            ExpectationKind::Count(wanted) => count::check(wanted, context, &mut results),
            ExpectationKind::Log(wanted) => log::check(wanted, context, &mut results),
        }
        let (of_one, noted) = results.into_parts();
        all.extend(of_one);
        notes.extend(noted);
    }
    Checks::new(all, notes)
}
