//! Authentication-Results (RFC 8601 §2.2), with Google's comments, and which of them can be trusted (§5).

use super::Message;
use serde::Serialize;

/// The name of the server that made the statements (RFC 8601 §2.5).
pub type AuthservId = String;

/// One Authentication-Results, X-Original-Authentication-Results or ARC-Authentication-Results field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuthenticationResults {
    /// The field name as written.
    pub field: String,
    /// Who speaks; `None` where the field has no authserv-id, as Microsoft writes it.
    pub authserv_id: Option<AuthservId>,
    /// The `i=` of an ARC-Authentication-Results.
    pub instance: Option<u32>,
    /// The results in their order.
    pub results: Vec<ResInfo>,
    /// The line of the message where the field starts, from 1.
    pub line: u32,
}

/// One `method=result` statement (`resinfo`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
            .map(|v| v.rsplit_once('@').map_or(v, |(_, domain)| domain))
    }

    /// What Google writes inside `arc=pass (i=1 spf=pass spfdomain=… …)`.
    pub fn arc_comment(&self) -> Option<ArcComment> {
        unimplemented!()
    }
}

/// The comment of Google's `arc=pass`: what the ARC-Authentication-Results of the newest foreign instance said passed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ArcComment {
    /// The instance that it is copied from.
    pub i: u32,
    /// `spf=`.
    pub spf: Option<String>,
    /// `spfdomain=`.
    pub spfdomain: Option<String>,
    /// Every `dkim=`.
    pub dkim: Vec<String>,
    /// Every `dkdomain=`.
    pub dkdomain: Vec<String>,
    /// `dmarc=`.
    pub dmarc: Option<String>,
    /// `fromdomain=`.
    pub fromdomain: Option<String>,
}

impl AuthenticationResults {
    /// Reads the value of one field. `field` is its name, `line` its line in the message.
    pub fn parse(field: &str, raw: &[u8], line: u32) -> Self {
        let _ = (field, raw, line);
        unimplemented!()
    }

    /// The results of this method, in order.
    pub fn method<'a>(&'a self, method: &'a str) -> impl Iterator<Item = &'a ResInfo> {
        self.results.iter().filter(move |r| r.method == method)
    }
}

/// Every Authentication-Results and X-Original-Authentication-Results field, top to bottom.
pub fn all(message: &Message) -> Vec<AuthenticationResults> {
    let _ = message;
    unimplemented!()
}

/// Which Authentication-Results speaks for the receiver, and what pretends to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    /// The topmost field of the receiver's own authserv-id inside the receiver's own block.
    pub trusted: Option<AuthenticationResults>,
    /// Fields with the receiver's authserv-id that do not count: below the block, or above it and outside.
    pub forged: Vec<AuthenticationResults>,
}

/// Picks the field to believe: the topmost one of `authserv_id` above the first Received that the receiver did not
/// write (RFC 8601 §5). The receiver's block is the run of fields from the top down to, and with, the Received fields
/// that `authserv_id`'s own hosts wrote (`by mx.google.com`, `by 2002:… with SMTP id`).
pub fn trusted(message: &Message, authserv_id: &str) -> Trust {
    let _ = (message, authserv_id);
    unimplemented!()
}
