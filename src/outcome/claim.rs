//! What servers on the way claim, beside what we find ourselves.

use crate::verify::Verdict;
use serde::{Deserialize, Serialize};

/// One statement of a server about ARC or DKIM, and our own verdict on the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Claim {
    /// Who claims it: its authserv-id.
    pub by: Option<String>,
    /// `i=` of the ARC-Authentication-Results where it stands; null for the receiver's own Authentication-Results.
    pub i: Option<u32>,
    /// The line of the message where that field starts, from 1.
    pub line: u32,
    /// `arc` for the chain that it found, or `dkim` for one signature.
    pub method: String,
    /// The signature that is meant: `d=sender.example s=ext`; null for the chain, and for all signatures together.
    pub about: Option<String>,
    /// The result that it claims.
    pub claims: String,
    /// Our own: `none` when there is nothing of the kind in the mail.
    pub found: Verdict,
    /// How the two go together.
    pub agreement: Agreement,
    /// Why they differ, in words; null when they agree.
    pub reason: Option<String>,
}

/// How a claim goes with what we find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Agreement {
    /// Both say the same.
    Agrees,
    /// One of the two is wrong.
    Disagrees,
    /// The mail does not tell: a key may have been withdrawn since, or the mail was changed later.
    Open,
}
