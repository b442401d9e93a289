//! What must be true: one file a kind of expectation.

mod absent;
mod arc;
mod auth;
mod bounced;
mod count;
mod delivered;
mod form;
mod log;
mod settle;
mod smtp;
mod text;

pub use absent::AbsentExpectation;
pub use arc::{ArcExpectation, CarriesTest, SealIndex, SealTest};
pub use auth::{AuthExpectation, MethodTest, ResultTest};
pub use bounced::{Action, BouncedExpectation, Returns};
pub use count::CountExpectation;
pub use delivered::{BodyExpectation, DeliveredExpectation};
pub use log::LogExpectation;
pub use settle::Settle;
pub use smtp::{SmtpExpectation, SmtpStage};
pub use text::{HeaderTest, TextTest};

use super::{forms::Formed, yaml::Errors};
use crate::{
    core::{
        Span, Spanned,
        reading::{OneOrMany, ShortOrLong},
    },
    target::TargetKind,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One thing that must be true.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// Its number in the file, from 0.
    pub index: usize,
    /// Where it starts.
    pub at: Span,
    /// Where it applies; empty for everywhere.
    pub targets: Vec<TargetKind>,
    /// What must be true.
    pub kind: ExpectationKind,
}

/// The kinds of expectation.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "one key:expectation", rename_all = "snake_case")]
#[schemars(
    rename = "Expectation",
    description = "One thing that must be true: exactly one key.",
    transform = crate::scenario::schema::one_key
)]
pub enum ExpectationKind {
    /// What the first server answers: a reply code, or a map.
    Smtp(#[schemars(with = "ShortOrLong<u16, SmtpExpectation>")] SmtpExpectation),
    /// A copy arrives: an account, or a map.
    Delivered(#[schemars(with = "ShortOrLong<String, DeliveredExpectation>")] DeliveredExpectation),
    /// A bounce arrives: an account, or a map.
    Bounced(#[schemars(with = "ShortOrLong<String, BouncedExpectation>")] BouncedExpectation),
    /// Nothing arrives: an account, or a map.
    Absent(#[schemars(with = "ShortOrLong<String, AbsentExpectation>")] AbsentExpectation),
    /// So many copies arrive.
    Count(CountExpectation),
    /// A line stands in a server's log.
    Log(LogExpectation),
}

/// Which folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FolderTest {
    /// INBOX.
    Inbox,
    /// The folder with `\Junk`.
    Spam,
    /// Either.
    #[default]
    Any,
}

impl ExpectationKind {
    /// Where it applies, as it is written.
    pub(super) fn targets(&self) -> &OneOrMany<Spanned<TargetKind>> {
        match self {
            Self::Smtp(it) => &it.targets,
            Self::Delivered(it) => &it.targets,
            Self::Bounced(it) => &it.targets,
            Self::Absent(it) => &it.targets,
            Self::Count(it) => &it.targets,
            Self::Log(it) => &it.targets,
        }
    }

    /// Notes what is wrong with it; it stands at `at`.
    pub(super) fn check(&self, at: &Span, errors: &mut Errors<'_>) {
        match self {
            Self::Smtp(smtp) => smtp.check(at, errors),
            Self::Delivered(delivered) => delivered.check(errors),
            Self::Bounced(bounced) => bounced.check(errors),
            Self::Log(log) => log.check(at, errors),
            Self::Absent(_) | Self::Count(_) => {}
        }
        for (form, text) in self.texts() {
            if let Err((message, help)) = form.check_written(text) {
                errors.error_at(text.at(), message, help);
            }
        }
        for error in self.contradictions() {
            errors.error_at(&error.position, error.message, error.help.unwrap_or_default());
        }
    }

    /// The account that it is about; none for `smtp`.
    pub fn account(&self) -> Option<&Spanned<String>> {
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
    pub(super) fn account_mut(&mut self) -> Option<&mut Spanned<String>> {
        match self {
            Self::Smtp(_) => None,
            Self::Delivered(d) => Some(&mut d.to),
            Self::Bounced(b) => Some(&mut b.to),
            Self::Absent(a) => Some(&mut a.from),
            Self::Count(c) => Some(&mut c.to),
            Self::Log(l) => Some(&mut l.of),
        }
    }

    /// The account that a copy must come to.
    pub fn copy_in(&self) -> Option<&Spanned<String>> {
        match self {
            Self::Delivered(d) => Some(&d.to),
            Self::Count(c) => Some(&c.to),
            Self::Smtp(_) | Self::Bounced(_) | Self::Absent(_) | Self::Log(_) => None,
        }
    }

    /// How long it may take, where it says so.
    pub fn within(&self) -> Option<&Spanned<Duration>> {
        match self {
            Self::Delivered(d) => d.within.as_ref(),
            Self::Bounced(b) => b.within.as_ref(),
            Self::Log(l) => l.within.as_ref(),
            Self::Smtp(_) | Self::Absent(_) | Self::Count(_) => None,
        }
    }

    /// How long to go on looking, with its place or that of the account.
    pub fn settle(&self) -> Option<(Duration, &Span)> {
        let (settle, account) = match self {
            Self::Absent(a) => (&a.settle, &a.from),
            Self::Count(c) => (&c.settle, &c.to),
            Self::Smtp(_) | Self::Delivered(_) | Self::Bounced(_) | Self::Log(_) => return None,
        };
        Some((settle.time(), settle.at().unwrap_or(&account.at)))
    }

    /// Every text that may name variables, with the form that it must have.
    pub(crate) fn texts(&self) -> Vec<Formed<'_>> {
        match self {
            Self::Smtp(smtp) => smtp.texts(),
            Self::Delivered(delivered) => delivered.texts(),
            Self::Bounced(bounced) => bounced.texts(),
            Self::Log(log) => log.texts(),
            Self::Absent(_) | Self::Count(_) => Vec::new(),
        }
    }
}
