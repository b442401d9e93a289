//! What a bounce says of each recipient: whose reply it is, which of the known ones, whether it is final, and what to do.

mod known_replies;
mod known_reply;
mod lookup;
mod receiver;

use crate::{
    catalogue::{Cause, Lang, Text, text},
    mail::{
        dsn::{Dsn, RecipientStatus},
        reply::Reply,
    },
};
use serde::Serialize;

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
    /// A name for replies like it, where it is a known one.
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
        Self { diagnosis: None, means: None, next: otherwise(self.outlook).in_lang(lang), ..self }
    }
}

/// Every recipient of a report that did not get the mail.
pub fn refusals(dsn: &Dsn, lang: Lang) -> Vec<Refusal> {
    dsn.recipients.iter().filter(|r| !r.has_arrived()).map(|r| refusal(r, lang)).collect()
}

fn refusal(recipient: &RecipientStatus, lang: Lang) -> Refusal {
    let reply = recipient.reply.as_ref();
    let outlook = outlook(recipient);
    let known = reply.and_then(|reply| lookup::find(reply, recipient.remote_mta.as_deref())).map(|(known, _)| known);
    let row = known.map(|known| known.cause.row());
    Refusal {
        recipient: recipient.final_recipient.clone().or_else(|| recipient.original_recipient.clone()),
        by: recipient.remote_mta.clone(),
        code: reply.map(|r| r.code),
        status: reply.and_then(|r| r.enhanced_status.clone()).or_else(|| recipient.status.clone()),
        text: reply.map(|r| r.text.clone()).or_else(|| recipient.diagnostic_code.clone()),
        outlook,
        known_as: known.map(|k| k.name),
        diagnosis: known.map(|known| known.cause),
        means: row.map(|row| row.title.in_lang(lang)),
        next: row.map_or_else(|| otherwise(outlook), |row| row.fix).in_lang(lang),
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

/// What to do about a reply that is not known.
fn otherwise(outlook: Outlook) -> Text {
    match outlook {
        Outlook::Transient => text("wait: the server tries again", "待つ。サーバーが再送する"),
        Outlook::Final => text(
            "read the reply; what it asks for must be done before the mail is sent again",
            "応答を読み、求められていることを直してから送り直す",
        ),
        Outlook::Unknown => text("read the report's own text", "通知の本文を読む"),
    }
}

/// Whether a server says that it may take the mail at another time: 4yz, and 5yz about an amount or a rate.
pub(crate) fn is_limit(reply: &Reply) -> bool {
    reply.is_transient() || lookup::find(reply, None).is_some_and(|(known, _)| known.is_limit())
}

/// The cause that a reply of a host tells of, and whether its words prove it.
pub(super) fn cause(reply: &Reply, host: Option<&str>) -> Option<(Cause, bool)> {
    lookup::find(reply, host).map(|(known, by_words)| (known.cause, by_words))
}

#[cfg(test)]
mod tests;
