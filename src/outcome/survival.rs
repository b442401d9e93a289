//! What of a mail survived its way: what was sent beside the received copy, as far as a signature covers it.

use crate::verify::Verdict;
use serde::{Deserialize, Serialize};

/// What one signature of the received copy covers, compared with what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Survival {
    /// The field that signs.
    pub field: SigningField,
    /// `i=` of an ARC-Message-Signature.
    pub i: Option<u32>,
    /// `d=`.
    pub d: Option<String>,
    /// `s=`.
    pub s: Option<String>,
    /// How header and body are compared: `c=` of the signature, or its default.
    pub c: String,
    /// The line of the received copy where the signature starts, from 1.
    pub line: u32,
    /// Whether the signature verifies; null when nothing was verified.
    pub verdict: Option<Verdict>,
    /// The signature verifies, or nothing that it covers differs from what was sent.
    pub survives: bool,
    /// Signed header fields that differ, in the order of `h=`; the first 50.
    pub headers: Vec<HeaderChange>,
    /// Where the signed body begins to differ.
    pub body: Option<BodyChange>,
}

/// The fields that sign header and body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum SigningField {
    /// RFC 6376.
    #[serde(rename = "DKIM-Signature")]
    Dkim,
    /// RFC 8617 §4.1.2.
    #[serde(rename = "ARC-Message-Signature")]
    Ams,
}

/// What became of a header field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It has another value.
    Changed,
    /// It was sent and did not arrive.
    Removed,
    /// It arrived and was not sent.
    Added,
}

impl std::fmt::Display for Fate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Added => "added",
        })
    }
}

/// A signed header field that is not as it was sent. Values are canonical, bytes that are no printable ASCII escaped,
/// and cut around the first difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HeaderChange {
    /// Its name, as written.
    pub name: String,
    /// What became of it.
    pub fate: Fate,
    /// Its value as sent.
    pub before: Option<String>,
    /// Its value as received.
    pub after: Option<String>,
    /// Its line in what was sent, from 1.
    pub sent_line: Option<u32>,
    /// Its line in the received copy, from 1.
    pub received_line: Option<u32>,
}

/// The first line of a body that is not as it was sent. Lines are canonical, bytes that are no printable ASCII and blanks
/// at the end escaped, and cut around the first difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BodyChange {
    /// The line of the body, from 1.
    pub line: usize,
    /// The octet of that line where the difference starts, from 1.
    pub octet: usize,
    /// The line as sent; null past the end of the body.
    pub before: Option<String>,
    /// The line as received; null past the end of the body.
    pub after: Option<String>,
}
