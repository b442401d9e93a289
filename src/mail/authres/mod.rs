//! Authentication-Results (RFC 8601 §2.2), with Google's comments, and which of them can be trusted (§5).

mod google;
mod parse;
mod trust;

use super::Message;
pub use google::{ArcComment, DmarcComment};
use serde::{Deserialize, Serialize};
pub use trust::{Trust, receiver, trusted};

#[cfg(test)]
mod tests;

/// The name of the server that made the statements (RFC 8601 §2.5).
pub type AuthservId = String;

/// One Authentication-Results, X-Original-Authentication-Results or ARC-Authentication-Results field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AuthenticationResults {
    /// The field name as written.
    pub field: String,
    /// Who speaks; `None` where the field has no authserv-id, as Microsoft writes it.
    pub authserv_id: Option<AuthservId>,
    /// The version of the grammar, where it is written (`mx.microsoft.com 1`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The `i=` that an ARC-Authentication-Results starts with.
    pub instance: Option<u32>,
    /// The results in their order.
    pub results: Vec<ResInfo>,
    /// The line of the message where the field starts, from 1.
    pub line: u32,
}

/// One `method=result` statement (`resinfo`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ResInfo {
    /// The method in lower case: `dkim`, `spf`, `dmarc`, `arc`, `dara`, …
    pub method: String,
    /// The result in lower case: `pass`, `fail`, `softfail`, …
    pub result: String,
    /// `reason=`, without quotes.
    pub reason: Option<String>,
    /// The comments of the statement, outer parentheses removed, white space collapsed, joined by one space.
    pub comment: Option<String>,
    /// `ptype.property=value`, in order.
    pub properties: Vec<Property>,
}

/// One `ptype.property=value`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Property {
    /// `smtp`, `header`, `body`, `policy`, …, lower case; empty for a bare `property=value`.
    pub ptype: String,
    /// The property, case kept.
    pub property: String,
    /// The value, without quotes.
    pub value: String,
}

impl ResInfo {
    /// The value of `ptype.property`, for example `property("header", "from")`.
    pub fn property(&self, ptype: &str, property: &str) -> Option<&str> {
        self.properties
            .iter()
            .find(|p| p.ptype.eq_ignore_ascii_case(ptype) && p.property.eq_ignore_ascii_case(property))
            .map(|p| p.value.as_str())
    }

    /// The domain that the statement is about: `header.d`, the domain of `header.i`, `header.from` or `smtp.mailfrom`.
    pub fn domain(&self) -> Option<&str> {
        [("header", "d"), ("header", "i"), ("header", "from"), ("smtp", "mailfrom"), ("smtp", "mail"), ("smtp", "helo")]
            .iter()
            .find_map(|(t, p)| self.property(t, p))
            .map(|v| v.rsplit_once('@').map_or(v, |(_, domain)| domain).trim_matches(['<', '>']))
    }
}

impl AuthenticationResults {
    /// The results of this method, in order.
    pub fn method<'a>(&'a self, method: &'a str) -> impl Iterator<Item = &'a ResInfo> {
        self.results.iter().filter(move |r| r.method == method)
    }
}

/// Every Authentication-Results and X-Original-Authentication-Results field, top to bottom.
pub fn all(message: &Message) -> Vec<AuthenticationResults> {
    let names = ["Authentication-Results", "X-Original-Authentication-Results"];
    let fields = message.fields().iter().filter(|field| names.iter().any(|name| field.is(name)));
    fields.map(AuthenticationResults::of).collect()
}
