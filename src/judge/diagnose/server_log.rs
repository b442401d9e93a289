//! Log lines of rspamd and of mail servers.

use super::{
    builder::quote,
    server_refusal::{Refusal, RefusedBy},
};
use crate::{
    evidence::LogLine,
    mail::{
        log::{self, Delivery, Outcome, Position, Stamp, Taker},
        reply::Reply,
    },
    outcome::EvidenceRef,
};
use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
};

/// Lines of logs about one message, each as its server wrote it, in the order of time as far as that can be told.
#[derive(Debug, Clone, Default)]
pub struct ServerLog {
    lines: Vec<Logged>,
}

/// A line as evidence, what its server wrote, and when.
#[derive(Debug, Clone)]
pub(super) struct Logged {
    pub(super) at: EvidenceRef,
    pub(super) text: String,
    stamp: Option<Stamp>,
}

impl Logged {
    fn new(artifact: &str, number: u32, line: &str) -> Self {
        let text = log::plain(line).into_owned();
        Self { at: quote(artifact, number, &text), text, stamp: Stamp::of(line) }
    }

    fn position(&self) -> Position<'_> {
        Position { file: &self.at.artifact, stamp: self.stamp }
    }

    /// Whether it was surely written before another one.
    pub(super) fn is_before(&self, other: &Self) -> bool {
        let in_file = self.at.artifact == other.at.artifact && self.at.line < other.at.line;
        log::is_surely_before(self.position(), other.position(), in_file)
    }

    /// The process that wrote it, as syslog names it: `postfix/smtpd[105]`.
    fn process(&self) -> Option<&str> {
        let word = self.text.split_once("]: ")?.0.rsplit(' ').next()?;
        word.contains('[').then_some(word)
    }

    /// Words of a sender stand in it: an envelope, a header field.
    fn quotes_the_mail(&self) -> bool {
        log::queue_id(&self.text).is_some()
            || ["rspamd_task_write_log", "rspamd_message_parse", "NOQUEUE: "]
                .iter()
                .any(|mark| self.text.contains(mark))
    }
}

impl ServerLog {
    /// All of these lines.
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a str>, artifact: &str) -> Self {
        Self::of_numbered((1..).zip(lines), artifact)
    }

    /// These lines of a log, each with its number there.
    pub fn of_numbered<'a>(lines: impl IntoIterator<Item = (u32, &'a str)>, artifact: &str) -> Self {
        Self::in_order(lines.into_iter().map(|(n, text)| Logged::new(artifact, n, text)).collect())
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Lines that an attempt read. Two accounts on one server have the same lines.
    pub(crate) fn of_lines(lines: &[LogLine]) -> Self {
        let mut known = HashSet::new();
        let new = lines.iter().filter(|line| known.insert((&line.artifact, line.line, &line.text)));
        Self::in_order(new.map(|l| Logged::new(&l.artifact, l.line, &l.text)).collect())
    }

    fn in_order(lines: Vec<Logged>) -> Self {
        let positions: Vec<Position<'_>> = lines.iter().map(Logged::position).collect();
        let order = log::in_order(&positions);
        let mut lines: Vec<Option<Logged>> = lines.into_iter().map(Some).collect();
        Self { lines: order.into_iter().filter_map(|n| lines[n].take()).collect() }
    }

    /// Adds the lines of another log, and of the same one those that are not there.
    pub(crate) fn append(&mut self, other: Self) {
        let known: HashSet<(String, u32)> = self.lines.iter().map(|l| (l.at.artifact.clone(), l.at.line)).collect();
        let is_new = |at: &EvidenceRef| !known.contains(&(at.artifact.clone(), at.line));
        self.lines.extend(other.lines.into_iter().filter(|line| is_new(&line.at)));
        *self = Self::in_order(std::mem::take(&mut self.lines));
    }

    /// Whether there is any line.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether it knows the message; a log may have only lines that matter for every message.
    pub(crate) fn knows_message(&self) -> bool {
        let lines: Vec<&str> = self.lines.iter().map(|line| line.text.as_str()).collect();
        log::progress(&lines) != log::Progress::Nothing
    }

    /// The lines that say that the message is in trouble.
    pub(crate) fn troubles(&self) -> Vec<(log::Trouble, EvidenceRef)> {
        self.lines.iter().filter_map(|line| Some((log::trouble(&line.text)?, line.at.clone()))).collect()
    }

    /// What became of every recipient, line by line; what became of a bounce is another matter.
    pub(super) fn deliveries(&self) -> impl Iterator<Item = (Delivery<'_>, &EvidenceRef)> {
        let bounces: HashSet<&str> = self.lines.iter().filter_map(|line| log::bounce(&line.text)).collect();
        let starts = self.lines.iter().filter_map(|line| log::start(&line.text));
        let starts: HashMap<&str, log::Start<'_>> = starts.map(|start| (start.delivery, start)).collect();
        let all =
            self.lines.iter().flat_map(|line| log::deliveries(&line.text).map(move |delivery| (delivery, &line.at)));
        let all = all.filter(move |(delivery, _)| delivery.queue_id.is_none_or(|id| !bounces.contains(id)));
        all.map(move |(delivery, at)| match delivery.queue_id.and_then(|id| starts.get(id)) {
            Some(start) => {
                (Delivery { queue_id: Some(start.message), recipient: Some(start.recipient), ..delivery }, at)
            }
            None => (delivery, at),
        })
    }

    /// What was not delivered in the end, whatever the order of the lines: a recipient that was is left out, and so is a delay
    /// before a refusal that says why.
    pub(super) fn undelivered(&self) -> Vec<(Delivery<'_>, &EvidenceRef)> {
        let key = |d: &Delivery<'_>| (d.queue_id.map(str::to_owned), d.recipient.map(str::to_lowercase));
        let all: Vec<(Delivery<'_>, &EvidenceRef)> = self.deliveries().collect();
        let of = |outcome: Outcome| all.iter().filter(move |(d, _)| d.outcome == outcome);
        let sent: HashSet<_> = of(Outcome::Sent).map(|(d, _)| key(d)).collect();
        let entries: HashSet<_> = of(Outcome::Sent).map(|(d, _)| d.queue_id).collect();
        let explains = |d: &Delivery<'_>| d.reply.is_some() || d.failure.is_some();
        let ended: HashSet<_> = of(Outcome::Bounced).filter(|(d, _)| explains(d)).map(|(d, _)| key(d)).collect();
        let is_open = |d: &Delivery<'_>| match d.outcome {
            Outcome::Sent => false,
            Outcome::Deferred => !sent.contains(&key(d)) && !ended.contains(&key(d)),
            // What was released again was delivered.
            Outcome::Held => !entries.contains(&d.queue_id),
            // The whole mail was not taken for now, and then it was.
            Outcome::Rejected if d.recipient.is_none() && d.reply.as_ref().is_some_and(Reply::is_transient) => {
                sent.is_empty()
            }
            Outcome::Bounced | Outcome::Expired | Outcome::Rejected | Outcome::Discarded => !sent.contains(&key(d)),
        };
        all.iter().filter(|(d, _)| is_open(d)).cloned().collect()
    }

    /// The first line with all of these texts.
    pub(super) fn find(&self, texts: &[&str]) -> Option<EvidenceRef> {
        self.line(texts).map(|line| line.at.clone())
    }

    /// The place of one of the lines.
    pub(super) fn place(&self, line: &Logged) -> Option<usize> {
        self.lines.iter().position(|other| other.at.artifact == line.at.artifact && other.at.line == line.at.line)
    }

    /// Whether the process that wrote a line without an id had the message in hand.
    pub(super) fn is_of_a_process_with_the_message(&self, line: &Logged) -> bool {
        let process = line.process();
        let mut tagged = self.lines.iter().filter(|other| log::queue_id(&other.text).is_some());
        process.is_some() && tagged.any(|other| other.at.artifact == line.at.artifact && other.process() == process)
    }

    /// Whether some line has all of these texts.
    pub(super) fn has(&self, texts: &[&str]) -> bool {
        self.line(texts).is_some()
    }

    /// The text behind `mark` in the first line with it, up to white space.
    pub(super) fn word_after(&self, mark: &str) -> Option<&str> {
        let (_, rest) = self.line(&[mark])?.text.split_once(mark)?;
        rest.split_ascii_whitespace().next().map(|w| w.trim_end_matches([',', ';']))
    }

    /// rspamd's DKIM signing says the same of its own signatures as ARC does of seals: its lines are passed over.
    /// What a sender chose can have any text: of lines that quote it none counts.
    pub(super) fn line(&self, texts: &[&str]) -> Option<&Logged> {
        let mut lines = self.lines.iter().filter(|line| texts.iter().all(|t| line.text.contains(t)));
        lines.find(|line| !line.text.contains("dkim_signing") && !line.quotes_the_mail())
    }

    /// The first line of a program of Postfix.
    pub(super) fn by_service(&self, name: &str) -> Option<EvidenceRef> {
        let line = self.lines.iter().find(|line| log::Line::parse(&line.text).service() == Some(name));
        line.map(|line| line.at.clone())
    }

    /// The header fields that Postfix replaced as it delivered what was refused (`smtp_header_checks`), each with its line:
    /// what a bounce gives back is older. That a field was taken away is logged nowhere.
    pub(super) fn replaced_on_delivery(&self) -> impl Iterator<Item = (&str, &EvidenceRef)> {
        let refused = self.entries("status=bounced");
        self.lines.iter().filter(|line| line.text.contains("/smtp[")).filter_map(move |line| {
            let (name, _) = line.text.split_once(": replace: header ")?.1.split_once(':')?;
            refused.contains(log::queue_id(&line.text)?).then_some((name, &line.at))
        })
    }

    /// The envelope sender of what was not delivered: `from=<…>`, and Exim's `<= …`.
    pub(super) fn envelope_sender(&self) -> Option<String> {
        let undelivered: HashSet<_> = self.undelivered().into_iter().filter_map(|(d, _)| d.queue_id).collect();
        let own = self.lines.iter().map(|line| line.text.as_str());
        let own = own.filter(|line| log::queue_id(line).is_some_and(|id| undelivered.contains(id)));
        own.filter_map(sender).next().map(str::to_owned)
    }

    /// The envelope senders of every entry, and the one that rspamd saw.
    pub(super) fn senders(&self) -> impl Iterator<Item = &str> {
        let seen = self.task().and_then(|task| task.line.split_once(" from: <")?.1.split('>').next());
        seen.into_iter().chain(self.lines.iter().filter_map(|line| sender(&line.text)))
    }

    /// The queue entries of which a line has this text.
    fn entries(&self, text: &str) -> HashSet<&str> {
        let lines = self.lines.iter().filter(|line| line.text.contains(text));
        lines.filter_map(|line| log::queue_id(&line.text)).collect()
    }

    /// rspamd's line about the whole message.
    pub(super) fn task(&self) -> Option<Task<'_>> {
        let mut lines = self.lines.iter().filter(|line| log::queue_id(&line.text).is_none());
        let Logged { at, text: line, .. } = lines.find(|line| line.text.contains("rspamd_task_write_log"))?;
        let ip = line.split_once(" ip: ").and_then(|(_, rest)| rest.split([',', ' ']).next()?.parse().ok());
        Some(Task { at, line, ip })
    }

    /// What the server was told by the next one, and what it told its clients, as far as it did not end well.
    pub(super) fn refusals(&self) -> Vec<Refusal> {
        let refused = self.undelivered().into_iter().filter_map(|(delivery, at)| {
            // A server behind LMTP is its own, and so is a filter on the same machine.
            let is_own =
                delivery.outcome == Outcome::Rejected || delivery.taker == Taker::Program || is_filter(&delivery);
            let by = if is_own { RefusedBy::Forwarder } else { RefusedBy::Next };
            let host = if is_own { None } else { delivery.host.map(str::to_owned) };
            Some(Refusal { reply: delivery.reply?, at: at.clone(), by, host })
        });
        let mut all: Vec<Refusal> = refused.collect();
        all.dedup_by(|a, b| a.reply == b.reply);
        all
    }
}

/// Whether a server on the same machine was a filter: it was handed what was not forwarded yet. Else the way can lead through it,
/// by a tunnel or to a server that stands for another one.
fn is_filter(delivery: &Delivery<'_>) -> bool {
    let domain = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
    let is_forwarded =
        delivery.original.is_some_and(|original| delivery.recipient.and_then(domain) != domain(original));
    delivery.taker == Taker::Filter && !is_forwarded
}

/// The envelope sender that a line of Postfix or Exim names.
fn sender(line: &str) -> Option<&str> {
    let exim = || line.split_once(" <= ")?.1.split(' ').next();
    let named = line.split_once(" from=<").and_then(|(_, rest)| rest.split('>').next()).or_else(exim);
    named.filter(|sender| sender.contains('@'))
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

    /// This symbol with its score and options: `ARC_REJECT(1.00){no key;}`.
    pub(super) fn symbol(&self, symbol: &str) -> Option<&str> {
        let (at, _) =
            self.line.match_indices(symbol).find(|(at, _)| self.line[at + symbol.len()..].starts_with('('))?;
        let text = &self.line[at..];
        // Options end in `;`, and may have braces inside.
        let score = text.find(')')? + 1;
        let end = if text[score..].starts_with("{}") { Some(score) } else { text.find(";}") };
        Some(&text[..end.map_or(score, |end| end + 2)])
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
