//! The items of `expect`.

use super::words;
use crate::{
    core::{
        Category,
        reading::{HumanDuration, OneOrMany},
    },
    scenario::{
        model::{AbsentExpectation, BodyTest, CountExpectation, FolderTest},
        yaml::spot::{Entries, Form, Scalar, Spot},
    },
    target::TargetKind,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// One thing that must be true: exactly one key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "one key:expectation", rename_all = "snake_case")]
#[schemars(rename = "Expectation", transform = crate::scenario::schema::one_key)]
pub(crate) enum ExpectTwin {
    /// What the first server answers: a reply code, or a map.
    Smtp(Form<Spot<u16>, SmtpTwin>),
    /// A copy arrives: an account, or a map.
    Delivered(Form<Spot<String>, Box<DeliveredTwin>>),
    /// A bounce arrives: an account, or a map.
    Bounced(Form<Spot<String>, Box<BouncedTwin>>),
    /// Nothing arrives: an account, or a map.
    Absent(#[schemars(with = "Form<String, AbsentExpectation>")] AbsentExpectation),
    /// So many copies arrive.
    Count(CountExpectation),
    /// A line stands in a server's log.
    Log(LogTwin),
}

/// Where an expectation applies; everywhere when not written.
pub(crate) type Targets = Option<Spot<OneOrMany<Spot<TargetKind>>>>;

/// A test of a text: the text it equals, or a map.
pub(crate) type Text = Spot<Form<Scalar, TextTwin>>;

/// A test of a text: exactly one key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TextTest", extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct TextTwin {
    /// Equal.
    pub(crate) is: Option<Spot<Scalar>>,
    /// Contains, ignoring case.
    pub(crate) contains: Option<Spot<Scalar>>,
    /// A regular expression finds a match.
    pub(crate) matches: Option<Spot<Scalar>>,
}

/// A test of the header fields of a name: the text that the topmost equals, or a map.
pub(crate) type Header = Spot<Form<Scalar, HeaderTwin>>;

/// A test of the header fields of a name: exactly one key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HeaderTest", extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct HeaderTwin {
    /// Equal.
    pub(crate) is: Option<Spot<Scalar>>,
    /// Contains, ignoring case.
    pub(crate) contains: Option<Spot<Scalar>>,
    /// A regular expression finds a match.
    pub(crate) matches: Option<Spot<Scalar>>,
    /// There is no field of this name.
    pub(crate) absent: Option<Spot<bool>>,
}

/// `smtp:`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Smtp")]
pub(crate) struct SmtpTwin {
    /// The reply code.
    #[schemars(range(min = 200, max = 599))]
    pub(crate) code: Option<Spot<u16>>,
    /// The enhanced status code (RFC 3463).
    pub(crate) status: Option<Text>,
    /// The text.
    pub(crate) text: Option<Text>,
    /// The command that it answers.
    pub(crate) stage: Option<Spot<Stage>>,
    /// Where it applies.
    pub(crate) targets: Targets,
}

words! {
    /// A step of an SMTP session.
    Stage {
        Connect = "connect", Ehlo = "ehlo", Starttls = "starttls", Auth = "auth", Mail = "mail", Rcpt = "rcpt",
        Data = "data", Message = "message",
    }
    /// `cv=` of a seal (RFC 8617 §4.4).
    Cv { None = "none", Pass = "pass", Fail = "fail" }
    /// `Action` of a bounce (RFC 3464 §2.3.3).
    Action {
        Failed = "failed", Delayed = "delayed", Delivered = "delivered", Relayed = "relayed", Expanded = "expanded",
    }
    /// What a bounce brings back.
    Returns { Full = "full", Headers = "headers", None = "none" }
    /// Our own verification of the chain.
    Verify {
        /// The same as `pass`.
        True = "true",
        Pass = "pass", Fail = "fail", None = "none", TempError = "temperror",
    }
}

/// `delivered:`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Delivered")]
pub(crate) struct DeliveredTwin {
    /// The account whose mailbox it arrives in.
    pub(crate) to: Spot<String>,
    /// The folder; the inbox when not written.
    pub(crate) folder: Option<Spot<FolderTest>>,
    /// The time from the end of the submission.
    pub(crate) within: Option<Spot<HumanDuration>>,
    /// The receiver's own, topmost Authentication-Results.
    pub(crate) auth: Option<Spot<AuthTwin>>,
    /// The ARC chain.
    pub(crate) arc: Option<Spot<ArcTwin>>,
    /// Whether the body is the one that was sent.
    pub(crate) body: Option<Spot<BodyTest>>,
    /// Tests of the copy's header fields.
    pub(crate) headers: Option<Spot<Entries<Header>>>,
    /// Labels that it has at Gmail: one, or a list. `\\Important` and `\\Starred` are Gmail's own.
    pub(crate) labels: Option<OneOrMany<Spot<String>>>,
    /// What Gmail takes it for: the tab of its inbox.
    pub(crate) category: Option<Spot<Category>>,
    /// Where it applies.
    pub(crate) targets: Targets,
}

/// `auth:`: methods and what is wanted of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Auth")]
pub(crate) struct AuthTwin {
    /// The authserv-id.
    pub(crate) by: Option<Spot<String>>,
    /// ARC (RFC 8617).
    pub(crate) arc: Option<Method>,
    /// DKIM (RFC 6376).
    pub(crate) dkim: Option<Method>,
    /// SPF (RFC 7208).
    pub(crate) spf: Option<Method>,
    /// DMARC (RFC 7489).
    pub(crate) dmarc: Option<Method>,
    /// Google's own `dara`.
    pub(crate) dara: Option<Method>,
}

/// What is wanted of one method: a result, a list of results, `any`, `absent`, or a map.
pub(crate) type Method = Spot<Form<OneOrMany<Spot<String>>, MethodTwin>>;

/// What is wanted of one method.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Method")]
pub(crate) struct MethodTwin {
    /// The result or results.
    pub(crate) result: Option<OneOrMany<Spot<String>>>,
    /// The domain that the statement is about.
    pub(crate) d: Option<Spot<String>>,
    /// The comment.
    pub(crate) comment: Option<Text>,
}

/// `arc:`: the chain of the received copy.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Arc")]
pub(crate) struct ArcTwin {
    /// What the receiver says that the chain carries: `arc=pass (i=1 spf=pass …)`.
    pub(crate) carries: Option<Spot<CarriesTwin>>,
    /// Seals by instance.
    #[serde(default)]
    pub(crate) seals: Vec<Spot<SealTwin>>,
    /// Our own verification of every part.
    pub(crate) verify: Option<Spot<Verify>>,
}

/// The receiver's comment on the chain.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Carries", extend("minProperties" = 1))]
pub(crate) struct CarriesTwin {
    /// The instance.
    #[schemars(range(min = 1, max = 50))]
    pub(crate) i: Option<Spot<u32>>,
    /// `spf=`.
    pub(crate) spf: Option<Spot<String>>,
    /// `dkim=`, of every signature.
    pub(crate) dkim: Option<Spot<String>>,
    /// `dmarc=`.
    pub(crate) dmarc: Option<Spot<String>>,
}

/// One seal.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Seal")]
pub(crate) struct SealTwin {
    /// Its instance: a number from 1 to 50, `last`, or `last-1`.
    #[schemars(extend("type" = serde_json::json!(["integer", "string"])))]
    pub(crate) i: Spot<String>,
    /// `d=`.
    pub(crate) by: Option<Spot<String>>,
    /// `cv=`.
    pub(crate) cv: Option<Spot<Cv>>,
    /// `s=`.
    pub(crate) selector: Option<Spot<String>>,
    /// The seal must not be there.
    pub(crate) absent: Option<Spot<bool>>,
}

/// `bounced:`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Bounced")]
pub(crate) struct BouncedTwin {
    /// The account whose mailbox gets it.
    pub(crate) to: Spot<String>,
    /// The time from the end of the submission.
    pub(crate) within: Option<Spot<HumanDuration>>,
    /// The bounce's From address.
    pub(crate) from: Option<Text>,
    /// `Action`; `failed` when not written.
    pub(crate) action: Option<Spot<Action>>,
    /// `Status`.
    pub(crate) status: Option<Text>,
    /// `Diagnostic-Code`.
    pub(crate) diagnostic: Option<Text>,
    /// `Final-Recipient`.
    pub(crate) final_recipient: Option<Text>,
    /// What comes back.
    pub(crate) returns: Option<Spot<Returns>>,
    /// Where it applies.
    pub(crate) targets: Targets,
}

/// `log:`: one of `is`, `contains` and `matches`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Log")]
pub(crate) struct LogTwin {
    /// The account whose server wrote the log.
    pub(crate) of: Spot<String>,
    /// The whole line.
    pub(crate) is: Option<Spot<Scalar>>,
    /// The line contains this, ignoring case.
    pub(crate) contains: Option<Spot<Scalar>>,
    /// A regular expression finds a match in the line.
    pub(crate) matches: Option<Spot<Scalar>>,
    /// How long to wait for it.
    pub(crate) within: Option<Spot<HumanDuration>>,
    /// Where it applies.
    pub(crate) targets: Targets,
}
