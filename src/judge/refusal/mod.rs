//! What a bounce says of each recipient: whose reply it is, which of Gmail's texts, whether it is final, and what to do.

mod texts;

use crate::{
    catalogue::{Cause, Lang},
    mail::{
        dsn::{Dsn, RecipientStatus},
        reply::Reply,
    },
};
use serde::Serialize;
use texts::{KNOWN, KnownReply, Meaning};

/// What happened to one recipient, and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Refusal {
    /// The address that was tried.
    pub recipient: Option<String>,
    /// The server that answered.
    pub by: Option<String>,
    /// The code of its reply (RFC 5321 §4.2).
    pub code: Option<u16>,
    /// The enhanced status code of the reply, or else of the report (RFC 3463).
    pub status: Option<String>,
    /// The text of the reply: un-wrapped, without the codes that its lines repeat.
    pub text: Option<String>,
    /// Whether it is the last word.
    pub outlook: Outlook,
    /// The name of the text, where it is one of Gmail's.
    pub known_as: Option<&'static str>,
    /// The catalogue's code.
    pub diagnosis: Option<Cause>,
    /// What it means, where that is known.
    pub means: Option<&'static str>,
    /// What to do about it.
    pub next: &'static str,
}

/// Whether a server will try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outlook {
    /// It will be tried again.
    Transient,
    /// It will not.
    Final,
    /// It arrived, or the report does not say.
    Unknown,
}

impl Refusal {
    /// The same without the cause that its text usually has.
    pub fn unexplained(self, lang: Lang) -> Self {
        Self { diagnosis: None, means: None, next: texts::otherwise(self.outlook).in_lang(lang), ..self }
    }
}

/// Every recipient of a report that did not get the mail.
pub fn refusals(dsn: &Dsn, lang: Lang) -> Vec<Refusal> {
    let arrived = |r: &&RecipientStatus| matches!(r.action.as_deref(), Some("delivered" | "relayed" | "expanded"));
    dsn.recipients.iter().filter(|r| !arrived(r)).map(|r| refusal(r, lang)).collect()
}

fn refusal(recipient: &RecipientStatus, lang: Lang) -> Refusal {
    let reply = recipient.reply.as_ref();
    let outlook = outlook(recipient);
    let known = reply.and_then(known);
    let (diagnosis, means, next) = match known.map(|k| k.meaning) {
        Some(Meaning::Row(cause)) => {
            let row = cause.row();
            (Some(cause), Some(row.title.in_lang(lang)), Some(row.fix.in_lang(lang)))
        }
        Some(Meaning::Own { means, next }) => (None, Some(means.in_lang(lang)), Some(next.in_lang(lang))),
        None => (None, None, None),
    };
    Refusal {
        recipient: recipient.final_recipient.clone().or_else(|| recipient.original_recipient.clone()),
        by: recipient.remote_mta.clone(),
        code: reply.map(|r| r.code),
        status: reply.and_then(|r| r.enhanced_status.clone()).or_else(|| recipient.status.clone()),
        text: reply.map(|r| r.text.clone()).or_else(|| recipient.diagnostic_code.clone()),
        outlook,
        known_as: known.map(|k| k.name),
        diagnosis,
        means,
        next: next.unwrap_or_else(|| texts::otherwise(outlook).in_lang(lang)),
    }
}

/// `Action: delayed` and 4yz will be tried again, `failed` and 5yz not. A server that gives up says `failed` over a 4yz.
fn outlook(recipient: &RecipientStatus) -> Outlook {
    let class = recipient.status.as_deref().and_then(|s| s.bytes().next());
    let reply = recipient.reply.as_ref();
    match recipient.action.as_deref() {
        Some("delayed") => Outlook::Transient,
        Some("failed") => Outlook::Final,
        _ if reply.is_some_and(Reply::is_permanent) => Outlook::Final,
        _ if reply.is_some_and(Reply::is_transient) => Outlook::Transient,
        _ => match class {
            Some(b'4') => Outlook::Transient,
            Some(b'5') => Outlook::Final,
            _ => Outlook::Unknown,
        },
    }
}

/// Which of Gmail's texts a reply is: by its words, or else by a status code that only one of them has.
fn known(reply: &Reply) -> Option<&'static KnownReply> {
    let text = reply.text.to_lowercase();
    let by_words =
        KNOWN.iter().find(|known| known.phrases.iter().any(|all| all.iter().all(|words| text.contains(words))));
    let subject = reply.enhanced_status.as_deref().and_then(|s| s.split_once('.')).map(|(_, rest)| rest);
    by_words.or_else(|| KNOWN.iter().find(|known| subject.is_some_and(|s| known.statuses.contains(&s))))
}

/// Whether a server says that it may take the mail at another time: 4yz, and 5yz about an amount or a rate.
pub fn is_limit(reply: &Reply) -> bool {
    reply.is_transient() || known(reply).is_some_and(|known| known.is_limit)
}

/// The cause that a reply tells of, and whether its words prove it.
pub(super) fn cause(reply: &Reply) -> Option<(Cause, bool)> {
    let known = known(reply)?;
    let text = reply.text.to_lowercase();
    let words = known.phrases.iter().any(|all| all.iter().all(|words| text.contains(words)));
    match known.meaning {
        Meaning::Row(cause) => Some((cause, words)),
        Meaning::Own { .. } => None,
    }
}

#[cfg(test)]
mod tests;
