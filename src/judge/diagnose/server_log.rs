//! Log lines of rspamd and Postfix.

use super::{
    builder::quote,
    server_refusal::{Refusal, RefusedBy},
};
use crate::{
    evidence::LogLine,
    mail::{log, reply::Reply},
    outcome::EvidenceRef,
};
use std::{collections::HashSet, net::IpAddr};

/// Lines of a server's log about one message.
#[derive(Debug, Clone, Default)]
pub struct ServerLog {
    lines: Vec<(EvidenceRef, String)>,
}

impl ServerLog {
    /// All of these lines.
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a str>, artifact: &str) -> Self {
        let numbered = lines.into_iter().zip(1..);
        Self { lines: numbered.map(|(text, n)| (quote(artifact, n, text), text.to_owned())).collect() }
    }

    /// The lines of a log that are about this Message-ID.
    pub fn of_message(text: &str, artifact: &str, message_id: &str) -> Self {
        let lines: Vec<&str> = text.lines().collect();
        let about = log::about(&lines, message_id).into_iter().map(|n| {
            let number = u32::try_from(n + 1).unwrap_or(u32::MAX);
            (quote(artifact, number, lines[n]), lines[n].to_owned())
        });
        Self { lines: about.collect() }
    }

    /// Lines that an attempt read. Two accounts on one server have the same lines.
    pub(crate) fn of_lines(lines: &[LogLine]) -> Self {
        let mut known = HashSet::new();
        let new = lines.iter().filter(|line| known.insert((&line.artifact, line.line, &line.text)));
        Self { lines: new.map(|l| (quote(&l.artifact, l.line, &l.text), l.text.clone())).collect() }
    }

    /// Adds the lines of another log.
    pub(crate) fn append(&mut self, other: Self) {
        self.lines.extend(other.lines);
    }

    /// Whether there is any line.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether it knows the message; a log may have only lines that matter for every message.
    pub(crate) fn knows_message(&self) -> bool {
        let lines: Vec<&str> = self.lines.iter().map(|(_, line)| line.as_str()).collect();
        log::progress(&lines) != log::Progress::Nothing
    }

    /// The lines that say that the message is in trouble.
    pub(crate) fn troubles(&self) -> Vec<(log::Trouble, EvidenceRef)> {
        self.lines.iter().filter_map(|(at, line)| Some((log::trouble(line)?, at.clone()))).collect()
    }

    /// The first line with all of these texts.
    pub(super) fn find(&self, texts: &[&str]) -> Option<EvidenceRef> {
        self.line(texts).map(|(at, _)| at.clone())
    }

    /// Whether some line has all of these texts.
    pub(super) fn has(&self, texts: &[&str]) -> bool {
        self.line(texts).is_some()
    }

    /// The text behind `mark` in the first line with it, up to white space.
    pub(super) fn word_after(&self, mark: &str) -> Option<&str> {
        let (_, line) = self.line(&[mark])?;
        let (_, rest) = line.split_once(mark)?;
        rest.split_ascii_whitespace().next().map(|w| w.trim_end_matches([',', ';']))
    }

    /// rspamd's DKIM signing says the same of its own signatures as ARC does of seals: its lines are passed over.
    fn line(&self, texts: &[&str]) -> Option<&(EvidenceRef, String)> {
        let mut lines = self.lines.iter().filter(|(_, line)| !line.contains("dkim_signing"));
        lines.find(|(_, line)| texts.iter().all(|t| line.contains(t)))
    }

    /// The header fields that Postfix replaced as it delivered what was refused (`smtp_header_checks`), each with its line:
    /// what a bounce gives back is older. That a field was taken away is logged nowhere.
    pub(super) fn replaced_on_delivery(&self) -> impl Iterator<Item = (&str, &EvidenceRef)> {
        let refused = self.entries("status=bounced");
        self.lines.iter().filter(|(_, line)| line.contains("/smtp[")).filter_map(move |(at, line)| {
            let (name, _) = line.split_once(": replace: header ")?.1.split_once(':')?;
            refused.contains(log::queue_id(line)?).then_some((name, at))
        })
    }

    /// The queue entries of which a line has this text.
    fn entries(&self, text: &str) -> HashSet<&str> {
        let lines = self.lines.iter().filter(|(_, line)| line.contains(text));
        lines.filter_map(|(_, line)| log::queue_id(line)).collect()
    }

    /// rspamd's line about the whole message.
    pub(super) fn task(&self) -> Option<Task<'_>> {
        let (at, line) = self.line(&["rspamd_task_write_log"])?;
        let ip = line.split_once(" ip: ").and_then(|(_, rest)| rest.split([',', ' ']).next()?.parse().ok());
        Some(Task { at, line, ip })
    }

    /// What Postfix was told by the next server, and what it told its clients, as far as it did not end well.
    pub(super) fn refusals(&self) -> Vec<Refusal> {
        let delivered = self.entries("status=sent");
        let refused = self.lines.iter().filter_map(|(at, line)| {
            if line.contains("status=")
                && let Some((told, said)) = line.split_once(" said: ")
            {
                let is_delivered = log::queue_id(line).is_some_and(|id| delivered.contains(id));
                // `host mx.example[192.0.2.1] said:`, `(host mx.example[192.0.2.1] refused to talk to me:`
                let host = told.rsplit_once("host ").and_then(|(_, host)| host.split('[').next()).map(str::to_owned);
                let is_bad = line.contains("status=bounced") || line.contains("status=deferred");
                let said = said.split(" (in reply to").next().unwrap_or(said);
                let reply = (is_bad && !is_delivered).then(|| Reply::parse(said)).flatten();
                return reply.map(|reply| Refusal { reply, at: at.clone(), by: RefusedBy::Next, host });
            }
            let (_, said) = line.split_once("reject: ")?;
            let (_, said) = said.split_once(": ")?;
            let said = said.split("; from=").next().unwrap_or(said).split("; proto=").next().unwrap_or(said);
            let reply = Reply::parse(said).or_else(|| milter_reply(said))?;
            Some(Refusal { reply, at: at.clone(), by: RefusedBy::Forwarder, host: None })
        });
        let mut all: Vec<Refusal> = refused.collect();
        all.dedup_by(|a, b| a.reply == b.reply);
        all
    }
}

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
