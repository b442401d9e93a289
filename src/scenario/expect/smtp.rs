//! `smtp:`: the reply that decided over the submission.

use super::text::{self, TextTest};
use crate::{
    core::{
        Span, Spanned,
        reading::{OneOrMany, words, written},
    },
    scenario::{
        forms::{Form, Formed},
        yaml::Errors,
    },
    target::TargetKind,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// `smtp:`: the reply that decided over the submission: the first refusal, or the answer to the end of DATA.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "short:code", deny_unknown_fields)]
#[schemars(rename = "Smtp", description = "`smtp:`.")]
pub struct SmtpExpectation {
    /// The reply code.
    #[schemars(range(min = 200, max = 599))]
    pub code: Option<Spanned<u16>>,
    /// The enhanced status code (RFC 3463).
    pub status: Option<Spanned<TextTest>>,
    /// The text.
    pub text: Option<Spanned<TextTest>>,
    /// The command that it answers.
    pub stage: Option<Spanned<SmtpStage>>,
    /// Where it applies.
    #[serde(default, deserialize_with = "written")]
    #[schemars(with = "OneOrMany<TargetKind>")]
    pub targets: OneOrMany<Spanned<TargetKind>>,
}

words! {
    /// A step of an SMTP session.
    pub enum SmtpStage {
        /// The connection.
        Connect = "connect",
        /// EHLO.
        Ehlo = "ehlo",
        /// STARTTLS.
        Starttls = "starttls",
        /// AUTH.
        Auth = "auth",
        /// MAIL FROM.
        Mail = "mail",
        /// RCPT TO.
        Rcpt = "rcpt",
        /// DATA.
        Data = "data",
        /// The end of the message.
        Message = "message",
    }
}

impl SmtpExpectation {
    /// Notes what is wrong; it stands at `at`.
    pub(super) fn check(&self, at: &Span, errors: &mut Errors<'_>) {
        if self.code.is_none() && self.status.is_none() && self.text.is_none() && self.stage.is_none() {
            errors.error_at(at, "`smtp` says nothing", "write `code`, `status`, `text` or `stage`");
        }
        // RFC 5321 §4.2: the first digit is 2 to 5, the second 0 to 5.
        if let Some(code) = &self.code
            && (!(200..=599).contains(&code.value) || code.value / 10 % 10 > 5)
        {
            let help = "write a number from 200 to 559 whose second digit is at most 5 (RFC 5321 §4.2)";
            errors.error_at(&code.at, format!("{} is no SMTP reply code", code.value), help);
        }
    }

    pub(super) fn texts(&self) -> Vec<Formed<'_>> {
        let Self { code: _, status, text, stage: _, targets: _ } = self;
        text::formed([(Form::Status, status), (Form::Line, text)])
    }
}
