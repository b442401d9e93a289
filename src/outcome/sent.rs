//! What a run tells of a mail at the moment of sending: enough for a later run to look for it without sending it again.

use crate::{
    core::{RunId, Token, UnixTime},
    mail::reply::Reply,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A mail that is about to be handed to its first server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ComposedMail {
    /// The run that sends it.
    pub run: RunId,
    /// Its token.
    pub token: Token,
    /// Its Message-ID.
    pub message_id: String,
    /// The time of its Date field, in seconds since 1970.
    pub date: UnixTime,
    /// SHA-256 of the mail in hexadecimal digits, without the signature.
    pub sha256: String,
    /// The DKIM-Signature that was put before the mail.
    pub signature: Option<String>,
    /// SHA-256 of the scenario file in hexadecimal digits.
    pub scenario_sha256: String,
    /// The addresses of the accounts whose mailboxes are watched, by their names.
    pub watched: BTreeMap<String, String>,
    /// When the attempt began: RFC 3339, UTC, milliseconds.
    pub started_at: String,
    /// How long the attempt may take.
    pub timeout_ms: u64,
}

/// What its first server said to a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SubmittedMail {
    /// When the submission ended: RFC 3339, UTC, milliseconds.
    pub at: String,
    /// The account whose server it is.
    pub server: String,
    /// The replies by which the server put off earlier tries, where it was tried again.
    #[serde(default)]
    pub deferrals: Vec<SubmissionReply>,
    /// Every reply, in order.
    pub replies: Vec<SubmissionReply>,
    /// The protocol version of TLS, when it was used.
    pub tls: Option<String>,
    /// The queue id that the server named.
    pub queue_id: Option<String>,
    /// The whole message went out and no reply came: why. The server may have taken it.
    pub unanswered: Option<String>,
    /// What was said, secrets masked.
    pub transcript: String,
}

/// One reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SubmissionReply {
    /// What it answers: `connect`, `ehlo`, `starttls`, `auth`, `mail`, `rcpt`, `data`, `message` or `quit`.
    pub stage: String,
    /// The recipient, for `rcpt`.
    pub recipient: Option<String>,
    /// The reply.
    pub reply: Reply,
    /// When it came, from the start of the submission.
    pub at_ms: u64,
    /// How long the server took.
    pub took_ms: u64,
}
