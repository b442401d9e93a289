//! Log lines of rspamd and Postfix.

use super::found::quote;
use crate::{mail::reply::Reply, outcome::EvidenceRef};
use std::{collections::BTreeSet, net::IpAddr};

/// Lines of a server's log about one message.
#[derive(Debug, Clone, Default)]
pub struct Log {
    lines: Vec<(EvidenceRef, String)>,
}

impl Log {
    /// All of these lines.
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a str>, artifact: &str) -> Self {
        let numbered = lines.into_iter().zip(1..);
        Self { lines: numbered.map(|(text, n)| (quote(artifact, n, text), text.to_owned())).collect() }
    }

    /// The lines of a log that are about this Message-ID: those that name it, those with the same queue id or rspamd
    /// task tag, and those about the connection to the milter and rspamd's keys, which carry neither.
    pub fn of_message(text: &str, artifact: &str, message_id: &str) -> Self {
        let id = message_id.trim_matches(['<', '>']);
        let tags: BTreeSet<&str> =
            text.lines().filter(|l| !id.is_empty() && l.contains(id)).flat_map(tags_of).collect();
        let mut log = Self::of(text.lines(), artifact);
        log.lines.retain(|(_, line)| {
            line.contains(id)
                || tags.iter().any(|tag| line.contains(tag))
                || (tags_of(line).next().is_none() && UNTAGGED.iter().any(|needle| line.contains(needle)))
        });
        log
    }

    /// Adds the lines of another log.
    pub fn append(&mut self, other: Self) {
        self.lines.extend(other.lines);
    }

    /// Whether there is any line.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The first line with all of these texts.
    pub(super) fn find(&self, texts: &[&str]) -> Option<EvidenceRef> {
        self.line(texts).map(|(at, _)| at.clone())
    }

    /// The text behind `mark` in the first line with it, up to white space.
    pub(super) fn word_after(&self, mark: &str) -> Option<&str> {
        let (_, line) = self.line(&[mark])?;
        let (_, rest) = line.split_once(mark)?;
        rest.split_ascii_whitespace().next().map(|w| w.trim_end_matches([',', ';']))
    }

    fn line(&self, texts: &[&str]) -> Option<&(EvidenceRef, String)> {
        self.lines.iter().find(|(_, line)| texts.iter().all(|t| line.contains(t)))
    }

    /// rspamd's line about the whole message.
    pub(super) fn task(&self) -> Option<Task<'_>> {
        let (at, line) = self.line(&["rspamd_task_write_log"])?;
        let ip = line.split_once(" ip: ").and_then(|(_, rest)| rest.split([',', ' ']).next()?.parse().ok());
        Some(Task { at, line, ip })
    }

    /// What Postfix was told by the next server, and what it told its clients, as far as it did not end well.
    pub(super) fn refusals(&self) -> Vec<(Reply, EvidenceRef)> {
        let delivered = |id: &str| self.line(&[id, "status=sent"]).is_some();
        let refused = self.lines.iter().filter_map(|(at, line)| {
            if let Some((_, said)) = line.split_once(" said: ").filter(|_| line.contains("status=")) {
                let id = queue_id(line).unwrap_or_default();
                let is_bad = line.contains("status=bounced") || line.contains("status=deferred");
                let said = said.split(" (in reply to").next().unwrap_or(said);
                return (is_bad && !delivered(&id)).then(|| Reply::parse(said)).flatten().map(|r| (r, at.clone()));
            }
            let (_, said) = line.split_once("reject: ")?;
            let (_, said) = said.split_once(": ")?;
            let said = said.split("; from=").next().unwrap_or(said).split("; proto=").next().unwrap_or(said);
            Some((Reply::parse(said).or_else(|| milter_reply(said))?, at.clone()))
        });
        let mut all: Vec<(Reply, EvidenceRef)> = refused.collect();
        all.dedup_by(|a, b| a.0 == b.0);
        all
    }
}

/// Lines that carry no tag and matter all the same.
const UNTAGGED: [&str; 4] =
    ["connect to Milter service", "ucl parser error", "public key for domain", "Temporary lookup failure"];

/// rspamd's line about one message.
pub(super) struct Task<'a> {
    pub(super) at: &'a EvidenceRef,
    pub(super) line: &'a str,
    pub(super) ip: Option<IpAddr>,
}

impl Task<'_> {
    /// Whether it gave the message this symbol.
    pub(super) fn has(&self, symbol: &str) -> bool {
        self.line.contains(&format!("{symbol}("))
    }

    /// How many recipients the envelope had.
    pub(super) fn recipients(&self) -> usize {
        let list = self.line.split_once(" rcpts: <").and_then(|(_, rest)| rest.split_once('>'));
        list.map_or(0, |(list, _)| list.split(',').count())
    }
}

/// Whether rspamd takes a client for one of its own net.
pub(super) fn is_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// rspamd's task tag `<b68b41>;` and queue ids.
fn tags_of(line: &str) -> impl Iterator<Item = &str> {
    let tag = line.split_once(" <").and_then(|(_, rest)| rest.split_once(">;")).map(|(tag, _)| tag);
    let tag = tag.filter(|t| (4..=16).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric()));
    let qid = line.split_once("qid: <").and_then(|(_, rest)| rest.split_once('>')).map(|(id, _)| id);
    let postfix = line
        .split_once("]: ")
        .filter(|_| line.contains("postfix"))
        .and_then(|(_, rest)| rest.split_once(": "))
        .map(|(id, _)| id)
        .filter(|id| id.len() >= 6 && id.bytes().all(|b| b.is_ascii_alphanumeric()) && *id != "warning");
    [tag, qid, postfix].into_iter().flatten()
}

fn queue_id(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("]: ")?;
    rest.split_once(": ").map(|(id, _)| format!("{id}: "))
}

/// `5.7.1 Gtube pattern`, as Postfix logs what a milter said.
fn milter_reply(said: &str) -> Option<Reply> {
    let (status, _) = said.split_once(' ')?;
    let code = match status.split_once('.')?.0 {
        "4" => "451",
        "5" => "550",
        _ => return None,
    };
    Reply::parse(&format!("{code} {said}"))
}
