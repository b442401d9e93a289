//! `lab:`, what is changed about a lab.

use super::words;
use crate::core::Category;
use crate::scenario::{
    faults::FAULTS,
    knobs::{
        Certificate, DmarcRecord, ImapFault, Locale, Modification, Placement, PublishedKey, SealFault, SealedResults,
        SenderDkim, SpfRecord, SubmissionFault,
    },
    yaml::spot::{Many, Spot, Time},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What is changed about the lab.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Lab")]
pub(crate) struct KnobsTwin {
    /// Causes of the catalogue to bring about, for example `B04`; knobs beside it count after it.
    #[schemars(with = "Option<Many<FaultCode>>")]
    pub(crate) fault: Option<Many<Spot<String>>>,
    /// The outside sender.
    pub(crate) external: Option<ExternalTwin>,
    /// The company server that forwards.
    pub(crate) company: Option<CompanyTwin>,
    /// The receiver.
    pub(crate) gmail: Option<GmailTwin>,
    /// Faulty DNS answers; the first that matches counts.
    #[serde(default)]
    pub(crate) dns: Vec<Spot<DnsTwin>>,
}

/// A code of the catalogue, as the schema shows it.
struct FaultCode;

impl JsonSchema for FaultCode {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FaultCode".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let codes: Vec<&str> = FAULTS.iter().map(|fault| fault.code).collect();
        schemars::json_schema!({ "type": "string", "examples": codes })
    }
}

/// The outside sender.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LabExternal")]
pub(crate) struct ExternalTwin {
    /// How it DKIM-signs.
    pub(crate) dkim: Option<SenderDkim>,
    /// `p=` of its DMARC record.
    pub(crate) dmarc: Option<DmarcRecord>,
    /// How its SPF record ends.
    pub(crate) spf: Option<SpfRecord>,
    /// The chain that its mail leaves with: `true` for one set of its own.
    pub(crate) arc: Option<Chain>,
    /// It writes Authentication-Results of its own into what it sends.
    pub(crate) results: Option<bool>,
    /// How long its server tries again before it reports.
    pub(crate) patience: Option<Time>,
    /// What is wrong with its submission server.
    pub(crate) submission: Option<SubmissionFault>,
    /// The certificate of its submission server.
    pub(crate) certificate: Option<Certificate>,
}

/// The company server.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LabCompany")]
pub(crate) struct CompanyTwin {
    /// Which key it seals with; `false` for not at all.
    pub(crate) arc: Option<Sealing>,
    /// What DNS says about that key.
    pub(crate) arc_key: Option<PublishedKey>,
    /// What is wrong with its seals.
    pub(crate) seal: Option<SealFault>,
    /// The results that it seals.
    pub(crate) results: Option<SealedResults>,
    /// It rewrites the envelope sender (SRS).
    pub(crate) srs: Option<bool>,
    /// What it changes on the way.
    pub(crate) modify: Option<Modification>,
    /// It defers the first attempt of every envelope.
    pub(crate) greylist: Option<bool>,
    /// It refuses mail with this reply, for example `550 5.1.1 no such user`.
    pub(crate) reject: Option<Spot<String>>,
}

words! {
    /// The ARC Sets that the outside sender's mail leaves with.
    Chain {
        /// None.
        False = "false",
        /// One.
        True = "true",
        /// Two that hold.
        Twice = "twice",
        /// One, of a body that was changed afterwards.
        Changed = "changed",
        /// The same, and a second set with cv=fail.
        Failed = "failed",
        /// One without its ARC-Seal.
        Partial = "partial",
    }
    /// Which key the company seals with.
    Sealing {
        /// Not at all.
        False = "false",
        /// The DKIM key.
        True = "true",
        /// The DKIM key.
        Reuse = "reuse",
        /// A key of its own.
        Dedicated = "dedicated",
    }
    /// What a faulty DNS answers.
    Answer { Servfail = "servfail", Nxdomain = "nxdomain" }
}

/// The receiver.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LabGmail")]
pub(crate) struct GmailTwin {
    /// Where it puts accepted mail.
    pub(crate) folder: Option<Placement>,
    /// It believes the company's seal when DMARC fails.
    pub(crate) trust_arc: Option<bool>,
    /// It answers the first attempts of every message with a reply.
    pub(crate) defer: Option<DeferTwin>,
    /// It refuses every message with this reply, for example `550 5.7.1`.
    pub(crate) reject: Option<Spot<String>>,
    /// Labels that it puts on mail in the inbox: one, or a list. `\\Important` and `\\Starred` are its own.
    pub(crate) labels: Option<Many<Spot<String>>>,
    /// What it takes mail for: the tab of its inbox; `primary` when not written.
    pub(crate) category: Option<Category>,
    /// The language of its folder names.
    pub(crate) locale: Option<Locale>,
    /// How long an accepted message takes to show in the mailbox.
    pub(crate) delay: Option<Time>,
    /// What is wrong with its IMAP server.
    pub(crate) imap: Option<ImapFault>,
    /// The certificate of its IMAP server.
    pub(crate) certificate: Option<Certificate>,
}

/// A reply that is given a number of times.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Defer")]
pub(crate) struct DeferTwin {
    /// Code and enhanced status, for example `421 4.7.28`.
    pub(crate) reply: Spot<String>,
    /// How many attempts of each message meet it; 1 when not written.
    pub(crate) times: Option<Spot<u32>>,
}

/// A DNS answer that is not the true one: `answer` or `ttl`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DnsFault")]
pub(crate) struct DnsTwin {
    /// The name, with or without a final dot.
    pub(crate) name: Spot<String>,
    /// The record type, for example `TXT`.
    pub(crate) r#type: Option<Spot<String>>,
    /// What is answered.
    pub(crate) answer: Option<Answer>,
    /// The true records with this TTL, in seconds.
    pub(crate) ttl: Option<Spot<u32>>,
}
