//! DNS answers that are not the true ones.

use crate::core::{
    reading::{Wrong, texts, value, words},
    schema_as::schema_as,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

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

/// A DNS answer that is not the true one: `answer` or `ttl`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DnsFault")]
struct DnsWritten {
    /// The name, with or without a final dot.
    name: Name,
    /// The record type, for example `TXT`.
    r#type: Option<RecordType>,
    /// What is answered.
    answer: Option<Answer>,
    /// The true records with this TTL, in seconds.
    ttl: Option<u32>,
}

texts! {
    /// A name that is not empty.
    Name = |text: &str| match text.trim() {
        "" => Err(Wrong::empty("`name`")),
        _ => Ok(()),
    };
    /// A record type.
    RecordType = |text: &str| {
        if RECORD_TYPES.contains(&text.to_ascii_uppercase().as_str()) {
            return Ok(());
        }
        Err(Wrong::new(format!("unknown record type `{text}`"), format!("one of {}", RECORD_TYPES.join(", "))))
    };
}

const RECORD_TYPES: [&str; 8] = ["A", "AAAA", "MX", "TXT", "PTR", "CNAME", "NS", "SOA"];

words! {
    /// What a faulty DNS answers.
    enum Answer { Servfail = "servfail", Nxdomain = "nxdomain" }
}

impl DnsWritten {
    fn answer(&self) -> Option<DnsAnswer> {
        match (self.answer, self.ttl) {
            (Some(Answer::Servfail), None) => Some(DnsAnswer::ServFail),
            (Some(Answer::Nxdomain), None) => Some(DnsAnswer::NxDomain),
            (None, Some(ttl)) => Some(DnsAnswer::Ttl(ttl)),
            _ => None,
        }
    }
}

schema_as! { [] DnsFault: DnsWritten; }

impl<'de> Deserialize<'de> for DnsFault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = value(deserializer, |written: &DnsWritten| match written.answer() {
            Some(_) => Ok(()),
            None => Err(Wrong::new("a DNS fault needs `answer` or `ttl`", "write exactly one of them")),
        })?;
        let answer = written.answer().unwrap_or(DnsAnswer::ServFail);
        let rtype = written.r#type.map_or_else(|| "TXT".to_owned(), |t| t.0.to_ascii_uppercase());
        Ok(Self { name: written.name.0, rtype, answer })
    }
}
