//! What must be true.

use super::Cx;
use crate::{
    scenario::{
        model::{Expectation, ExpectationKind},
        yaml::{node::Place, spot::Spot},
    },
    target::TargetKind,
};

impl Cx<'_> {
    /// One expectation.
    pub(crate) fn expectation(&mut self, index: usize, written: Spot<ExpectationKind>) -> Expectation {
        let (at, kind) = (self.position(written.at), written.value);
        kind.check(&at, self);
        Expectation { index, at, targets: self.distinct(kind.targets()), kind }
    }

    /// Texts without the form that they must have, and parts that exclude each other.
    pub(super) fn holdable(&mut self, kind: &ExpectationKind) {
        for (form, text) in kind.texts() {
            if let Err((message, help)) = form.check_written(text) {
                self.wrong_at(text.at(), message, help);
            }
        }
        for error in kind.contradictions() {
            self.wrong_at(&error.position, error.message, error.help.unwrap_or_default());
        }
    }

    /// An expectation that applies nowhere where the scenario runs is a mistake.
    pub(crate) fn reachable(&mut self, at: Place, own: &[TargetKind], scenario: &[TargetKind]) {
        if let Some(kind) = own.iter().find(|k| !scenario.contains(k)) {
            let list: Vec<_> = scenario.iter().map(|k| k.as_str()).collect();
            let help = format!("the scenario runs on {}", list.join(", "));
            self.wrong(at, format!("option without effect: target `{kind}` is none of the scenario's"), help);
        }
    }
}
