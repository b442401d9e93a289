//! `bounced:`: a delivery status notification arrives (RFC 3464).

use super::{
    form,
    text::{self, TextTest},
};
use crate::{
    core::{
        Span, Spanned,
        reading::{HumanDuration, OneOrMany, time, words, written},
    },
    scenario::{
        forms::{Form, Formed},
        yaml::Errors,
    },
    target::TargetKind,
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// `bounced:`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "short:to", deny_unknown_fields)]
#[schemars(rename = "Bounced")]
pub struct BouncedExpectation {
    /// The account whose mailbox gets it.
    pub to: Spanned<String>,
    /// The time from the end of the submission.
    #[serde(default, deserialize_with = "time")]
    #[schemars(with = "Option<HumanDuration>")]
    pub within: Option<Spanned<Duration>>,
    /// The bounce's From address.
    pub from: Option<Spanned<TextTest>>,
    /// `Action`; `failed` when not written.
    action: Option<Spanned<Action>>,
    /// `Status`.
    pub status: Option<Spanned<TextTest>>,
    /// `Diagnostic-Code`.
    pub diagnostic: Option<Spanned<TextTest>>,
    /// `Final-Recipient`.
    pub final_recipient: Option<Spanned<TextTest>>,
    /// What comes back.
    pub returns: Option<Spanned<Returns>>,
    /// Where it applies.
    #[serde(default, deserialize_with = "written")]
    #[schemars(with = "OneOrMany<TargetKind>")]
    pub targets: OneOrMany<Spanned<TargetKind>>,
}

words! {
    /// `Action` of a bounce (RFC 3464 §2.3.3).
    pub enum Action {
        /// The mail will not be delivered.
        Failed = "failed",
        /// It is tried again.
        Delayed = "delayed",
        /// It was delivered.
        Delivered = "delivered",
        /// It went where nobody tells.
        Relayed = "relayed",
        /// It went to a list.
        Expanded = "expanded",
    }
    /// What a bounce brings back.
    pub enum Returns {
        /// The whole message.
        Full = "full",
        /// Its header.
        Headers = "headers",
        /// Nothing of it.
        None = "none",
    }
}

impl BouncedExpectation {
    /// What its `Action` must be, and where that is said: a bounce says that the mail did not arrive, a warning or a receipt
    /// does not.
    pub fn action(&self) -> (Action, &Span) {
        self.action.as_ref().map_or((Action::Failed, &self.to.at), |action| (action.value, &action.at))
    }

    /// Notes what is wrong.
    pub(super) fn check(&self, errors: &mut Errors<'_>) {
        errors.not_empty("the account", &self.to);
        form::check_within(&self.within, errors);
    }

    pub(super) fn texts(&self) -> Vec<Formed<'_>> {
        let Self { to: _, within: _, from, action: _, status, diagnostic, final_recipient, returns: _, targets: _ } =
            self;
        text::formed([
            (Form::Line, from),
            (Form::Status, status),
            (Form::Line, diagnostic),
            (Form::Line, final_recipient),
        ])
    }
}
