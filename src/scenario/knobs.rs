//! The knobs of a lab: what a scenario may change about the world it runs in. Scenarios with equal knobs share a world.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Every knob, at its sound setting by default.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Knobs {
    /// The outside sender.
    pub external: ExternalKnobs,
    /// The company server that forwards.
    pub company: CompanyKnobs,
    /// The receiver.
    pub gmail: GmailKnobs,
    /// DNS faults, in the order they were written; the first that matches counts.
    pub dns: Vec<DnsFault>,
}

/// The outside sender's knobs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ExternalKnobs {
    /// How it DKIM-signs.
    pub dkim: SenderDkim,
    /// Its DMARC record.
    pub dmarc: DmarcRecord,
    /// How its SPF record ends.
    pub spf: SpfRecord,
    /// It seals its own mail (i=1, cv=none) before it leaves, as Gmail's web client does.
    pub arc: bool,
}

/// The company server's knobs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct CompanyKnobs {
    /// Which key it seals with.
    pub arc: ArcSealing,
    /// What DNS says about the key it seals with.
    pub arc_key: PublishedKey,
    /// It rewrites the envelope sender (SRS).
    pub srs: bool,
    /// What it changes after it sealed.
    pub modify: Modification,
    /// It defers the first attempt of every envelope with 451.
    pub greylist: bool,
    /// It refuses mail at RCPT or DATA with this reply, for example `550 5.1.1 no such user`.
    pub reject: Option<String>,
}

/// The receiver's knobs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GmailKnobs {
    /// What it does with mail that it accepts.
    pub folder: Placement,
    /// It believes the company's seal when DMARC fails (`dmarc=fail (… arc=pass)`).
    pub trust_arc: bool,
    /// It answers the first attempts of every message with this reply, for example `421 4.7.28` or `451 4.7.24`.
    pub defer: Option<Refusal>,
    /// It refuses every message with this reply, for example `550 5.7.1`.
    pub reject: Option<String>,
    /// The language of its folder names.
    pub locale: Locale,
    /// How long an accepted message takes to show in the mailbox.
    pub delay: Duration,
}

impl Default for GmailKnobs {
    fn default() -> Self {
        Self {
            folder: Placement::Judge,
            trust_arc: false,
            defer: None,
            reject: None,
            locale: Locale::En,
            delay: Duration::ZERO,
        }
    }
}

/// How the outside sender signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SenderDkim {
    /// Signed, and the key is in DNS.
    #[default]
    Sign,
    /// Not signed.
    None,
    /// Signed, and DNS has another key.
    Broken,
}

/// `p=` of the outside sender's DMARC record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DmarcRecord {
    /// No record at all.
    Absent,
    /// `p=none`.
    None,
    /// `p=quarantine`.
    Quarantine,
    /// `p=reject`.
    #[default]
    Reject,
}

/// How the outside sender's SPF record ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpfRecord {
    /// No record at all.
    Absent,
    /// `?all`.
    Neutral,
    /// `~all`.
    #[default]
    Softfail,
    /// `-all`.
    Fail,
}

/// Which key the company seals with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ArcSealing {
    /// Not at all.
    Off,
    /// The domain's DKIM key and selector.
    #[default]
    ReusedKey,
    /// A key and selector of its own.
    DedicatedKey,
}

/// What DNS says about the sealing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PublishedKey {
    /// The key that is used.
    #[default]
    Right,
    /// No record.
    Missing,
    /// Another key.
    Other,
    /// Revoked (`p=`).
    Revoked,
    /// The right record with quotes pasted into it.
    Damaged,
}

/// What the company server changes in a message after it sealed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Modification {
    /// Nothing.
    #[default]
    None,
    /// It adds a footer to the body.
    Body,
    /// It tags the subject.
    Subject,
}

/// Where the receiver puts accepted mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Placement {
    /// Where its own judgement puts it.
    #[default]
    Judge,
    /// Into the spam folder.
    Spam,
}

/// Folder names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// `[Gmail]/Spam`, …
    #[default]
    En,
    /// `[Gmail]/迷惑メール`, … in modified UTF-7.
    Ja,
}

/// A reply that is given a number of times.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// Code and enhanced status, for example `421 4.7.28`; the text is Gmail's own for that code.
    pub reply: String,
    /// How many attempts of each message meet it.
    pub times: u32,
}

/// A DNS answer that is not the true one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DnsFault {
    /// The name, with or without a final dot.
    pub name: String,
    /// The record type, for example `TXT`.
    pub rtype: String,
    /// What is answered.
    pub answer: DnsAnswer,
}

/// What a faulty DNS answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DnsAnswer {
    /// SERVFAIL.
    ServFail,
    /// NXDOMAIN.
    NxDomain,
    /// The true records with this TTL, in seconds.
    Ttl(u32),
}
