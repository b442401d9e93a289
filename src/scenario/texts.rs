//! What a scenario names: texts with variables, and the accounts of expectations.

use super::{
    model::{AttachmentContent, DeliveredExpectation, ExpectationKind, Scenario, SendSpec, TextTest},
    target::TargetKind,
    vars::Template,
};
use crate::core::At;

impl Scenario {
    /// Every text that may name variables on a target of this kind, in the order of the file: those of accounts and addresses
    /// last.
    pub fn texts_on(&self, kind: TargetKind) -> Vec<Template> {
        let expected = || self.expected_on(kind).map(|e| &e.kind);
        let texts = self.send.templates().into_iter().chain(expected().flat_map(ExpectationKind::templates)).cloned();
        let accounts = [&self.send.from].into_iter().chain(&self.send.to).chain(expected().filter_map(|e| e.account()));
        texts.chain(accounts.map(|a| Template::new(a.value.as_str(), a.at.clone()))).collect()
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
    /// The text that is tested for.
    pub fn template(&self) -> &Template {
        match self {
            Self::Is(t) | Self::Contains(t) | Self::Matches(t) => t,
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

    /// Every text that may name variables.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Smtp(s) => of([&s.status, &s.text]),
            Self::Delivered(d) => d.templates(),
            Self::Bounced(b) => of([&b.from, &b.status, &b.diagnostic, &b.final_recipient]),
            Self::Log(l) => vec![l.line.value.template()],
            Self::Absent(_) | Self::Count(_) => Vec::new(),
        }
    }
}

fn of<const N: usize>(tests: [&Option<At<TextTest>>; N]) -> Vec<&Template> {
    tests.into_iter().flatten().map(|t| t.value.template()).collect()
}

impl DeliveredExpectation {
    fn templates(&self) -> Vec<&Template> {
        let mut out: Vec<_> = self.auth.by.iter().collect();
        for (_, method) in &self.auth.methods {
            out.extend(&method.value.domain);
            out.extend(method.value.comment.as_ref().map(TextTest::template));
        }
        for seal in &self.arc.seals {
            out.extend(seal.value.by.iter().chain(&seal.value.selector));
        }
        out.extend(self.headers.iter().map(|(_, test)| test.value.template()));
        out.extend(&self.labels);
        out
    }
}
