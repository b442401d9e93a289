//! `lab:` of a scenario: what a file writes of the knobs, and the forms that its texts must have.

use super::{
    faults,
    knobs::{ArcSealing, CompanyWritten, DnsAnswer, DnsFault, ExternalWritten, GmailWritten, Knobs, SealFault},
    yaml::{
        checked::{self, Wrong},
        convert::Cx,
        spot::{Many, Spot},
        words,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

/// What is changed about the lab.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Lab")]
pub(crate) struct LabWritten {
    /// Causes of the catalogue to bring about, for example `B04`; knobs beside it count after it.
    #[schemars(with = "Option<Many<faults::Code>>")]
    fault: Option<Many<Spot<String>>>,
    /// The outside sender.
    external: Option<ExternalWritten>,
    /// The company server that forwards.
    company: Option<CompanyWritten>,
    /// The receiver.
    gmail: Option<GmailWritten>,
    /// Faulty DNS answers; the first that matches counts.
    #[serde(default)]
    #[schemars(with = "Vec<DnsWritten>")]
    dns: Vec<DnsFault>,
}

impl Spot<LabWritten> {
    /// The knobs that a scenario turns.
    pub(crate) fn knobs(self, out: &mut Cx<'_>) -> Knobs {
        let mut knobs = Knobs::default();
        let LabWritten { fault, external, company, gmail, dns } = self.value;
        if fault.is_none() && external.is_none() && company.is_none() && gmail.is_none() && dns.is_empty() {
            out.wrong(self.at, "`lab` changes nothing", "write a knob or leave `lab` out");
        }
        if let Some(fault) = fault {
            let codes: Vec<&str> = fault.0.iter().map(|f| f.value.as_str()).collect();
            if let (Err((problem, help)), Some(first)) = (faults::turn(&mut knobs, &codes), fault.0.first()) {
                out.wrong(first.at, problem, help);
            }
        }
        if let Some(company) = &company
            && company.arc == Some(ArcSealing::Off)
        {
            let written = [
                ("arc_key", company.arc_key.is_some()),
                ("seal", company.seal.is_some_and(|s| s != SealFault::None)),
                ("results", company.results.is_some()),
            ];
            for (knob, _) in written.into_iter().filter(|(_, is_written)| *is_written) {
                out.wrong(self.at, format!("`{knob}` has no effect with `arc: false`"), "leave one of them out");
            }
        }
        external.into_iter().for_each(|written| written.over(&mut knobs.external));
        company.into_iter().for_each(|written| written.over(&mut knobs.company));
        gmail.into_iter().for_each(|written| written.over(&mut knobs.gmail));
        // The first that matches counts.
        knobs.dns.splice(..0, dns);
        knobs
    }
}

checked::texts! {
    /// A refusal as a server writes it: a code, then perhaps an enhanced status code and a text.
    RefusalReply = |text: &str| reply(text, &["4", "5"]);
    /// A label that the receiver can put on mail.
    Label = label;
}

/// The text of a reply that defers.
pub(super) fn deferral<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked::value(deserializer, |text: &String| reply(text, &["4"])).map(|text| text.trim().to_owned())
}

/// How many attempts meet a reply.
pub(super) fn times<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    checked::value(deserializer, |times: &u32| match times {
        1..=20 => Ok(()),
        _ => Err(Wrong::new(format!("`times` is {times}"), "write a number from 1 to 20")),
    })
}

impl From<RefusalReply> for Option<String> {
    fn from(reply: RefusalReply) -> Self {
        Some(reply.0.trim().to_owned())
    }
}

impl From<Many<Label>> for Vec<String> {
    fn from(labels: Many<Label>) -> Self {
        labels.0.into_iter().map(|label| label.0).collect()
    }
}

fn label(text: &str) -> Result<(), Wrong> {
    let own = text.starts_with('\\');
    let known = matches!(text, "\\Important" | "\\Starred");
    if text.trim().is_empty() || text.chars().any(char::is_control) || (own && !known) {
        let help = "write a name, or `\\Important` or `\\Starred`";
        return Err(Wrong::new(format!("`{}` is no label for mail in the inbox", text.escape_debug()), help));
    }
    Ok(())
}

fn reply(text: &str, classes: &[&str]) -> Result<(), Wrong> {
    let text = text.trim();
    let (code, rest) = text.split_at_checked(3).unwrap_or((text, ""));
    let class = code.get(..1).unwrap_or_default();
    let shaped =
        code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()) && (rest.is_empty() || rest.starts_with(' '));
    if !shaped || !classes.contains(&class) || text.chars().any(char::is_control) {
        let example = if classes.contains(&"5") { "550 5.1.1 no such user`" } else { "421 4.7.28`" };
        return Err(Wrong::new(
            format!("`{text}` is no {}xx reply", classes.join("xx or ")),
            format!("write a code, an enhanced status and a text, for example `{example}"),
        ));
    }
    let status =
        rest.split_whitespace().next().filter(|w| w.contains('.') && w.starts_with(|c: char| c.is_ascii_digit()));
    match status.filter(|s| !s.starts_with(class)) {
        Some(status) => Err(Wrong::new(
            format!("the enhanced status {status} does not fit the code {code}"),
            "RFC 3463: both start with the same digit",
        )),
        None => Ok(()),
    }
}

/// A DNS answer that is not the true one: `answer` or `ttl`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DnsFault")]
pub(crate) struct DnsWritten {
    /// The name, with or without a final dot.
    name: Name,
    /// The record type, for example `TXT`.
    r#type: Option<RecordType>,
    /// What is answered.
    answer: Option<Answer>,
    /// The true records with this TTL, in seconds.
    ttl: Option<u32>,
}

checked::texts! {
    /// A name that is not empty.
    Name = |text: &str| match text.trim() {
        "" => Err(Wrong::new("`name` is empty", "write it or leave the key out")),
        _ => Ok(()),
    };
    /// A record type.
    RecordType = |text: &str| match RECORD_TYPES.contains(&text.to_ascii_uppercase().as_str()) {
        true => Ok(()),
        false => Err(Wrong::new(format!("unknown record type `{text}`"), format!("one of {}", RECORD_TYPES.join(", ")))),
    };
}

const RECORD_TYPES: [&str; 8] = ["A", "AAAA", "MX", "TXT", "PTR", "CNAME", "NS", "SOA"];

words! {
    /// What a faulty DNS answers.
    pub(crate) enum Answer { Servfail = "servfail", Nxdomain = "nxdomain" }
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

impl<'de> Deserialize<'de> for DnsFault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || Wrong::new("a DNS fault needs `answer` or `ttl`", "write exactly one of them");
        let written = checked::value(deserializer, |w: &DnsWritten| w.answer().map(drop).ok_or_else(wrong))?;
        let answer = written.answer().unwrap_or(DnsAnswer::ServFail);
        let rtype = written.r#type.map_or_else(|| "TXT".to_owned(), |t| t.0.to_ascii_uppercase());
        Ok(Self { name: written.name.0, rtype, answer })
    }
}
