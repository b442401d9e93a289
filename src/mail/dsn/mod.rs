//! Delivery status notifications (RFC 3461, 3462, 3464), and the bounces from before them.

mod plain;
mod read;

use super::{Message, failure::Failure, reply::Reply};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod forms;
#[cfg(test)]
mod tests;

/// How much of the message a bounce gives back (RFC 3461 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Returned {
    /// The whole message (`message/rfc822`).
    Full,
    /// The header only (`text/rfc822-headers`).
    Headers,
    /// Nothing.
    None,
}

impl std::fmt::Display for Returned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Full => "full",
            Self::Headers => "headers",
            Self::None => "none",
        })
    }
}

/// The message that a report gives back, and how much of it; `None` when it gives back nothing or is no report. Its lines
/// are those of the report, unless they had to be decoded: then they are counted from 1.
pub fn returned(report: &Message) -> Option<(Returned, Message)> {
    read::returned_message(report)
}

/// A report on one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Dsn {
    /// `Reporting-MTA`, without its type.
    pub reporting_mta: Option<String>,
    /// `Arrival-Date`, as written.
    pub arrival_date: Option<String>,
    /// `Original-Envelope-Id`.
    pub original_envelope_id: Option<String>,
    /// The envelope sender of the message, where the server tells it (`X-Postfix-Sender`).
    #[serde(skip)]
    pub envelope_sender: Option<String>,
    /// One block per recipient.
    pub recipients: Vec<RecipientStatus>,
    /// How much came back.
    pub returned: Returned,
    /// The Message-ID of the message that is reported on, from what came back.
    pub original_message_id: Option<String>,
    /// The first text part: what a person reads.
    pub notification: String,
}

/// What happened to one recipient (RFC 3464 §2.3).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RecipientStatus {
    /// `Original-Recipient`, without its type.
    pub original_recipient: Option<String>,
    /// `Final-Recipient`, without its type.
    pub final_recipient: Option<String>,
    /// `Action`, lower case: failed, delayed, delivered, relayed, expanded.
    pub action: Option<String>,
    /// `Status`, for example `5.7.26`.
    pub status: Option<String>,
    /// `Remote-MTA`, without its type.
    pub remote_mta: Option<String>,
    /// `Diagnostic-Code`, as written, unfolded.
    pub diagnostic_code: Option<String>,
    /// `Diagnostic-Code` read as an SMTP reply.
    #[serde(skip)]
    pub reply: Option<Reply>,
    /// Where no other server gave a reply, why the server that reports failed, in its own words.
    #[serde(skip)]
    pub failure: Option<Failure>,
}

impl RecipientStatus {
    /// Whether the mail went on: a report can also tell of success (RFC 3464 §2.3.3).
    pub(crate) fn has_arrived(&self) -> bool {
        matches!(self.action.as_deref(), Some("delivered" | "relayed" | "expanded"))
    }
}
