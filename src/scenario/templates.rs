//! What a scenario names: texts with variables.

use super::{
    model::Scenario,
    vars::{Template, Vars},
};
use crate::target::TargetKind;
use std::collections::BTreeSet;

impl Scenario {
    /// Every text that may name variables on a target of this kind, in the order of the file: those of accounts and addresses
    /// last.
    pub fn texts_on(&self, kind: TargetKind) -> Vec<Template> {
        let expected = || self.expected_on(kind).map(|e| &e.kind);
        let texts =
            self.send.templates().chain(expected().flat_map(|e| e.texts().into_iter().map(|(_, text)| text))).cloned();
        let accounts = [&self.send.from].into_iter().chain(&self.send.to).chain(expected().filter_map(|e| e.account()));
        texts.chain(accounts.map(|a| Template::new(a.value.as_str(), a.at.clone()))).collect()
    }

    /// The variables that its texts name on any of its targets, of these and its own. A name of the matrix is none: rows are
    /// filled in when the file is read.
    pub fn variables_named(&self, given: &Vars) -> BTreeSet<String> {
        let mut known = self.vars.clone();
        given.iter().for_each(|(name, value)| known.set(name, value));
        let texts = self.targets.iter().flat_map(|kind| self.texts_on(*kind));
        texts.flat_map(|text| text.names(&known).into_iter().map(str::to_owned).collect::<Vec<_>>()).collect()
    }
}
