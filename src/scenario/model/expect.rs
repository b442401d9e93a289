//! What must be true.

use crate::{
    core::{
        At, Category, Position,
        reading::{HumanDuration, OneOrMany},
    },
    scenario::vars::Template,
    target::TargetKind,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One thing that must be true.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// Its number in the file, from 0.
    pub index: usize,
    /// Where it starts.
    pub at: Position,
    /// Where it applies; empty for everywhere.
    pub targets: Vec<TargetKind>,
    /// What must be true.
    pub kind: ExpectationKind,
}

/// The kinds of expectation.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpectationKind {
    /// What the first server answers.
    Smtp(SmtpExpectation),
    /// A copy arrives.
    Delivered(DeliveredExpectation),
    /// A bounce arrives.
    Bounced(BouncedExpectation),
    /// Nothing arrives.
    Absent(AbsentExpectation),
    /// So many copies arrive.
    Count(CountExpectation),
    /// A line stands in a server's log.
    Log(LogExpectation),
}

/// A test of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    /// Equal.
    Is(Template),
    /// Contains, ignoring case.
    Contains(Template),
    /// A regular expression finds a match.
    Matches(Template),
}

/// `smtp:`: the reply that decided over the submission: the first refusal, or the answer to the end of DATA.
#[derive(Debug, Clone, PartialEq)]
pub struct SmtpExpectation {
    /// The reply code.
    pub code: Option<At<u16>>,
    /// The enhanced status.
    pub status: Option<At<TextTest>>,
    /// The text.
    pub text: Option<At<TextTest>>,
    /// The command that it answers: `connect`, `ehlo`, `starttls`, `auth`, `mail`, `rcpt`, `data`, `message`.
    pub stage: Option<At<String>>,
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

/// `delivered:`.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveredExpectation {
    /// The account whose mailbox it arrives in.
    pub to: At<String>,
    /// The folder; the inbox when not written.
    pub folder: At<FolderTest>,
    /// The time from the end of the submission.
    pub within: Option<At<Duration>>,
    /// The receiver's own Authentication-Results.
    pub auth: AuthExpectation,
    /// The ARC chain.
    pub arc: ArcExpectation,
    /// Whether the body is the one that was sent.
    pub body: Option<At<BodyTest>>,
    /// Header fields of the copy.
    pub headers: Vec<(String, At<HeaderTest>)>,
    /// Labels that it has at Gmail; more do no harm.
    pub labels: Vec<Template>,
    /// What Gmail takes it for.
    pub category: Option<At<Category>>,
}

/// What is wanted of the header fields of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderTest {
    /// A test of the topmost field's value.
    Text(TextTest),
    /// There is no field of this name.
    Absent,
}

/// What happened to the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BodyTest {
    /// The same after relaxed canonicalization (RFC 6376 §3.4.4).
    Unchanged,
    /// Not the same.
    Changed,
}

/// `auth:`: the trusted Authentication-Results.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AuthExpectation {
    /// The authserv-id.
    pub by: Option<Template>,
    /// Method and what is wanted of it, in the order of the file.
    pub methods: Vec<(String, At<MethodTest>)>,
}

/// What is wanted of one method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodTest {
    /// The result.
    pub result: ResultTest,
    /// The domain that the statement is about.
    pub domain: Option<Template>,
    /// The comment.
    pub comment: Option<TextTest>,
}

/// A result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResultTest {
    /// Anything, also nothing.
    Any,
    /// The receiver wrote no such method.
    Absent,
    /// One of these.
    OneOf(Vec<String>),
}

/// `arc:`: the chain of the received copy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ArcExpectation {
    /// The comment of the receiver's `arc=pass (i=1 spf=pass …)`.
    pub carries: Option<At<CarriesTest>>,
    /// Seals by instance.
    pub seals: Vec<At<SealTest>>,
    /// Our own verification of every part: `pass`, `fail`, `none` or `temperror`.
    pub verify: Option<At<String>>,
}

/// What the receiver says that the chain carries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CarriesTest {
    /// The instance.
    pub i: Option<u32>,
    /// `spf=`.
    pub spf: Option<String>,
    /// `dkim=`: of every signature.
    pub dkim: Option<String>,
    /// `dmarc=`.
    pub dmarc: Option<String>,
}

/// One seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealTest {
    /// Which one.
    pub i: SealIndex,
    /// `d=`.
    pub by: Option<Template>,
    /// `cv=`.
    pub cv: Option<String>,
    /// `s=`.
    pub selector: Option<Template>,
    /// The seal must not be there.
    pub absent: bool,
}

/// Which seal of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealIndex {
    /// By instance.
    Number(u32),
    /// Counted back from the newest: `last` is 0, `last-1` is 1.
    Last(u32),
}

/// `bounced:`.
#[derive(Debug, Clone, PartialEq)]
pub struct BouncedExpectation {
    /// The account whose mailbox gets it.
    pub to: At<String>,
    /// The time from the end of the submission.
    pub within: Option<At<Duration>>,
    /// The bounce's From address.
    pub from: Option<At<TextTest>>,
    /// `Action`; `failed` when not written: a bounce says that the mail did not arrive, a warning or a receipt does not.
    pub action: At<String>,
    /// `Status`.
    pub status: Option<At<TextTest>>,
    /// `Diagnostic-Code`.
    pub diagnostic: Option<At<TextTest>>,
    /// `Final-Recipient`.
    pub final_recipient: Option<At<TextTest>>,
    /// What comes back: `full`, `headers` or `none`.
    pub returns: Option<At<String>>,
}

/// `absent:`: an account, or a map.
#[derive(Debug, Clone, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(rename = "short:from", deny_unknown_fields)]
#[schemars(rename = "Absent", description = "`absent:`.")]
pub struct AbsentExpectation {
    /// The account whose mailboxes stay without it.
    #[serde(deserialize_with = "form::account")]
    pub from: At<String>,
    /// How long to go on looking after everything else has arrived.
    #[serde(default)]
    #[schemars(with = "HumanDuration")]
    pub settle: Settle,
    /// Where it applies.
    #[serde(default)]
    #[schemars(with = "OneOrMany<TargetKind>")]
    pub targets: OneOrMany<At<TargetKind>>,
}

/// `count:`.
#[derive(Debug, Clone, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Count")]
pub struct CountExpectation {
    /// The account.
    #[serde(deserialize_with = "form::account")]
    pub to: At<String>,
    /// The folder; any when not written.
    #[serde(default)]
    pub folder: FolderTest,
    /// How many copies.
    #[serde(deserialize_with = "form::some")]
    #[schemars(range(min = 1))]
    pub is: At<u32>,
    /// How long to go on looking for more after that many have arrived.
    #[serde(default)]
    #[schemars(with = "HumanDuration")]
    pub settle: Settle,
    /// Where it applies.
    #[serde(default)]
    #[schemars(with = "OneOrMany<TargetKind>")]
    pub targets: OneOrMany<At<TargetKind>>,
}

/// Forms of values that serde cannot know.
mod form {
    use super::{At, Duration, HumanDuration};
    use crate::core::reading::{Wrong, value};
    use serde::Deserializer;

    pub(super) fn account<'de, D: Deserializer<'de>>(deserializer: D) -> Result<At<String>, D::Error> {
        value(deserializer, |account: &At<String>| match account.value.trim() {
            "" => Err(Wrong::new("the account is empty", "write it or leave the key out")),
            _ => Ok(()),
        })
    }

    pub(super) fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<At<u32>, D::Error> {
        value(deserializer, |count: &At<u32>| match count.value {
            0 => Err(Wrong::new("`count` of 0", "write `absent` instead")),
            _ => Ok(()),
        })
    }

    pub(super) fn settle<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<At<Duration>>, D::Error> {
        let time = value(deserializer, |time: &At<HumanDuration>| match time.value.0 {
            Duration::ZERO => {
                Err(Wrong::new("`settle` is zero", "a mail can come later than at once; write for example 5s"))
            }
            _ => Ok(()),
        })?;
        Ok(Some(time.map(|time| time.0)))
    }
}

/// How long to go on looking after everything else has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Settle {
    #[serde(deserialize_with = "form::settle")]
    written: Option<At<Duration>>,
}

impl Settle {
    /// The time; 5 seconds when the scenario does not say.
    pub fn time(&self) -> Duration {
        self.written.as_ref().map_or(Duration::from_secs(5), |written| written.value)
    }

    /// Where it is written.
    pub fn at(&self) -> Option<&Position> {
        self.written.as_ref().map(|written| &written.at)
    }
}

/// `log:`.
#[derive(Debug, Clone, PartialEq)]
pub struct LogExpectation {
    /// The account whose server wrote the log.
    pub of: At<String>,
    /// The test of any one line about this message.
    pub line: At<TextTest>,
    /// How long to wait for it.
    pub within: Option<At<Duration>>,
}
