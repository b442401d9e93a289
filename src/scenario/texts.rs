//! What a scenario names: texts with variables, and the accounts of expectations.

use super::{
    forms::{Form, Formed},
    model::{AttachmentContent, DeliveredExpectation, ExpectationKind, HeaderTest, Scenario, SendSpec, TextTest},
    vars::{Template, Vars},
};
use crate::{core::At, target::TargetKind};
use std::collections::BTreeSet;

impl Scenario {
    /// Every text that may name variables on a target of this kind, in the order of the file: those of accounts and addresses
    /// last.
    pub fn texts_on(&self, kind: TargetKind) -> Vec<Template> {
        let expected = || self.expected_on(kind).map(|e| &e.kind);
        let texts = self
            .send
            .templates()
            .into_iter()
            .chain(expected().flat_map(|e| e.texts().into_iter().map(|(_, text)| text)))
            .cloned();
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

impl SendSpec {
    fn templates(&self) -> Vec<&Template> {
        let mut out: Vec<_> =
            [&self.envelope_from, &self.subject, &self.text, &self.html].into_iter().flatten().collect();
        out.extend(self.headers.iter().map(|(_, value)| value));
        out.extend(self.attach.iter().filter_map(|a| match &a.content {
            AttachmentContent::Size(size) => Some(size),
            AttachmentContent::File(_) => None,
        }));
        out
    }
}

impl TextTest {
    /// The text that is tested for; one that must be equal has the form of what it is held against.
    fn formed(&self, form: Form) -> Formed<'_> {
        match self {
            Self::Is(text) => (form, text),
            Self::Contains(text) => (Form::Line, text),
            Self::Matches(text) => (Form::Expression, text),
        }
    }
}

impl ExpectationKind {
    /// The account that it is about; none for `smtp`.
    pub fn account(&self) -> Option<&At<String>> {
        match self {
            Self::Smtp(_) => None,
            Self::Delivered(d) => Some(&d.to),
            Self::Bounced(b) => Some(&b.to),
            Self::Absent(a) => Some(&a.from),
            Self::Count(c) => Some(&c.to),
            Self::Log(l) => Some(&l.of),
        }
    }

    /// The same, to be changed.
    pub(super) fn account_mut(&mut self) -> Option<&mut At<String>> {
        match self {
            Self::Smtp(_) => None,
            Self::Delivered(d) => Some(&mut d.to),
            Self::Bounced(b) => Some(&mut b.to),
            Self::Absent(a) => Some(&mut a.from),
            Self::Count(c) => Some(&mut c.to),
            Self::Log(l) => Some(&mut l.of),
        }
    }

    /// Every text that may name variables, with the form that it must have.
    pub(crate) fn texts(&self) -> Vec<Formed<'_>> {
        match self {
            Self::Smtp(s) => of([(Form::Status, &s.status), (Form::Line, &s.text)]),
            Self::Delivered(d) => d.texts(),
            Self::Bounced(b) => of([
                (Form::Line, &b.from),
                (Form::Status, &b.status),
                (Form::Line, &b.diagnostic),
                (Form::Line, &b.final_recipient),
            ]),
            Self::Log(l) => vec![l.line.value.formed(Form::Line)],
            Self::Absent(_) | Self::Count(_) => Vec::new(),
        }
    }
}

fn of<const N: usize>(tests: [(Form, &Option<At<TextTest>>); N]) -> Vec<Formed<'_>> {
    tests.into_iter().filter_map(|(form, test)| Some(test.as_ref()?.value.formed(form))).collect()
}

impl DeliveredExpectation {
    fn texts(&self) -> Vec<Formed<'_>> {
        let mut out: Vec<Formed<'_>> = self.auth.by.iter().map(|by| (Form::Line, by)).collect();
        for (_, method) in &self.auth.methods {
            out.extend(method.value.domain.iter().map(|d| (Form::Domain, d)));
            out.extend(method.value.comment.as_ref().map(|c| c.formed(Form::Line)));
        }
        for seal in &self.arc.seals {
            out.extend(seal.value.by.iter().chain(&seal.value.selector).map(|domain| (Form::Domain, domain)));
        }
        out.extend(self.headers.iter().filter_map(|(_, test)| match &test.value {
            HeaderTest::Text(text) => Some(text.formed(Form::Value)),
            HeaderTest::Absent => None,
        }));
        out.extend(self.labels.iter().map(|label| (Form::Label, label)));
        out
    }
}
