//! The ids that tie the lines of a log to each other and to a message.

use super::{
    line::Line,
    plain,
    qmail::{Entry, Start},
    queue_id_forms::{is_any_queue_id, is_exim_id, is_queue_id, is_sendmail_id},
};
use memchr::memmem;
use std::collections::BTreeSet;

/// Lines that carry no id and matter all the same.
pub(super) const UNTAGGED: [&str; 4] =
    ["connect to Milter service", "ucl parser error", "public key for domain", "Temporary lookup failure"];

/// What Postfix writes before the queue id of a message that it has trouble with.
pub(super) const WARNING: &str = "warning: ";

/// How many ids one message may have.
const MOST: usize = 200_000;
/// Up to how many ids a line is searched for each, before it is taken apart.
const GLANCE: usize = 8;

/// What ties the lines of a log to a message, learnt line by line: its Message-ID, the queue ids and rspamd task tags of the
/// lines that name it, and the queue ids of its bounces. Where no line names the Message-ID, the queue ids that the message's
/// own `Received` fields tell are looked for.
#[derive(Debug, Clone)]
pub struct Ids<'m> {
    message_id: &'m str,
    queue_ids: Vec<String>,
    known: BTreeSet<String>,
    /// Whether one of the known is a queue id.
    has_queue_id: bool,
    bounces: BTreeSet<String>,
    /// The number that the message has at qmail, up to its end.
    numbered: Option<String>,
}

impl<'m> Ids<'m> {
    /// Nothing but the Message-ID is known yet.
    pub fn of(message_id: &'m str) -> Self {
        Self {
            message_id: message_id.trim_matches(['<', '>']),
            queue_ids: Vec::new(),
            known: BTreeSet::new(),
            has_queue_id: false,
            bounces: BTreeSet::new(),
            numbered: None,
        }
    }

    /// Looks for these as well, where they are queue ids.
    pub fn or_queue_ids(mut self, ids: impl IntoIterator<Item = String>) -> Self {
        self.queue_ids.extend(ids.into_iter().filter(|id| is_any_queue_id(id)));
        self
    }

    /// The queue ids that are looked for where no line names the Message-ID.
    pub fn queue_ids(&self) -> &[String] {
        &self.queue_ids
    }

    /// How many ids are known.
    pub fn known(&self) -> usize {
        self.known.len()
    }

    /// Learns what a line says; lines in the order of the log.
    pub fn learn(&mut self, line: &str) {
        // Of most lines it is clear at a glance that they say nothing of it.
        let has = |text: &str| memmem::find(line.as_bytes(), text.as_bytes()).is_some();
        let is_json = line.trim_end().ends_with('}');
        let is_qmail = || has("msg ") && self.queue_ids.iter().any(|id| id.starts_with("qp "));
        if !is_json
            && !is_qmail()
            && !has(self.message_id)
            && (self.known.is_empty() || !(has("notification: ") || has("(forwarded as ")))
        {
            return;
        }
        let line = plain(line);
        if self.known.len() < MOST && names(&line, self.message_id) {
            for id in ids_of(&line) {
                self.has_queue_id |= is_any_queue_id(id);
                self.known.insert(id.to_owned());
            }
        }
        self.learn_numbers(&line);
        // A bounce is a message of its own, with a queue id of its own; so is what local(8) forwards.
        if let Some(bounce) = notification(&line, &self.known) {
            self.known.insert(bounce.to_owned());
            self.bounces.insert(bounce.to_owned());
        }
    }

    /// The numbers that qmail gives the message and its deliveries.
    fn learn_numbers(&mut self, line: &str) {
        let number = match Entry::of(&Line::parse(line)) {
            Some(Entry::Info { message, process }) if self.queue_ids.iter().any(|id| id == process) => {
                self.numbered = Some(message.to_owned());
                message
            }
            Some(Entry::Starts(start)) if self.numbered.as_deref() == Some(start.message) => start.delivery,
            Some(Entry::New { message } | Entry::Over { message }) if self.numbered.as_deref() == Some(message) => {
                self.numbered = None;
                return;
            }
            _ => return,
        };
        self.known.insert(number.to_owned());
        self.has_queue_id = true;
    }

    /// Whether a line is about the message, or is one of the few that carry no id and matter for every message. Every line
    /// of the log was learnt before.
    pub fn is_about(&self, line: &str) -> bool {
        let has = |text: &str| memmem::find(line.as_bytes(), text.as_bytes()).is_some();
        let (known, told) = (self.known.iter().map(String::as_str), self.queue_ids.iter().map(String::as_str));
        // Of many ids, to look for each takes longer than to take the line apart.
        let is_candidate = || {
            self.known.len() > GLANCE
                || known.chain(told).chain([self.message_id]).chain(UNTAGGED).any(|text| !text.is_empty() && has(text))
        };
        if !line.trim_end().ends_with('}') && !is_candidate() {
            return false;
        }
        let line = plain(line);
        let mut own = ids_of(&line).peekable();
        match own.peek() {
            Some(_) => own.any(|id| self.is_wanted(id)),
            None => names(&line, self.message_id) || UNTAGGED.iter().any(|text| line.contains(text)),
        }
    }

    /// Whether lines with an id are about the message.
    pub(super) fn is_wanted(&self, id: &str) -> bool {
        self.known.contains(id) || (!self.has_queue_id && self.queue_ids.iter().any(|told| told == id))
    }

    /// Whether an id is that of a bounce of the message.
    pub(super) fn is_bounce(&self, id: &str) -> bool {
        self.bounces.contains(id)
    }

    /// Whether a line names this message, or another; `None` where it names none.
    pub(super) fn names(&self, line: &str) -> Option<bool> {
        match Entry::of(&Line::parse(line)) {
            Some(Entry::Info { process, .. }) => return Some(self.queue_ids.iter().any(|id| id == process)),
            Some(Entry::Starts(Start { delivery, message, .. })) => {
                return Some(self.known.contains(delivery) && self.known.contains(message));
            }
            _ => {}
        }
        if names(line, self.message_id) {
            return Some(true);
        }
        let marks = ["message-id=<", "msgid=<", "rspamd_task_write_log: id: <", " id="];
        let is_exim = |mark: &str| mark != " id=" || line.contains(" <= ");
        marks.iter().any(|mark| line.contains(mark) && is_exim(mark)).then_some(false)
    }
}

/// Every id that ties a line to others: the queue id, rspamd's task tag, and the queue id that rspamd was told.
pub(super) fn ids_of(line: &str) -> impl Iterator<Item = &str> {
    let told = line.split_once("qid: <").and_then(|(_, rest)| rest.split_once('>')).map(|(id, _)| id);
    let told = told.filter(|id| is_queue_id(id));
    let delivery = super::start(line).map(|start| start.delivery);
    [task_tag(line), told, queue_id(line), delivery].into_iter().flatten()
}

/// The queue id that a line is about: the first word of what Postfix, sendmail and Exim write, and the message of an envelope
/// of OpenSMTPD.
pub fn queue_id(line: &str) -> Option<&str> {
    queue_id_of(&Line::parse(line))
}

pub(super) fn queue_id_of<'l>(line: &Line<'l>) -> Option<&'l str> {
    if let Some(entry) = Entry::of(line) {
        return Some(entry.id());
    }
    let word = line.text.strip_prefix(WARNING).unwrap_or(line.text).split(' ').next()?;
    if let Some(id) = word.strip_suffix(':') {
        return (is_queue_id(id) || is_sendmail_id(id)).then_some(id);
    }
    // Exim can write its process before.
    let word = match word.strip_prefix('[') {
        Some(_) => line.text.split(' ').nth(1)?,
        None => word,
    };
    if is_exim_id(word) {
        return Some(word);
    }
    let envelope = ["evpid=", "msgid="].iter().find_map(|mark| line.text.split_once(mark))?.1.get(..8)?;
    (line.program == Some("smtpd") && envelope.bytes().all(|b| b.is_ascii_hexdigit())).then_some(envelope)
}

/// rspamd's task tag: `<b68b41>; `.
pub(super) fn task_tag(line: &str) -> Option<&str> {
    let end = line.find(">; ")?;
    let start = line[..end].rfind('<')?;
    let tag = &line[start + 1..end];
    let is_word = start == 0 || line[..start].ends_with(' ') || line[..start].ends_with('>');
    (is_word && (4..=32).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(tag)
}

/// The queue id of the bounce that a line says was written.
pub fn bounce(line: &str) -> Option<&str> {
    let line = Line::parse(line);
    let rest = line.text.strip_prefix(queue_id_of(&line)?)?.strip_prefix(": ")?;
    let (kind, id) = rest.split_once(" notification: ")?;
    let is_kind = kind.bytes().all(|b| b.is_ascii_lowercase() || b == b' ' || b == b'-');
    (is_kind && is_queue_id(id.trim())).then(|| id.trim())
}

/// The queue id of the message that a line says was made of one of these: its bounce, or what local(8) forwards.
fn notification<'l>(line: &'l str, ids: &BTreeSet<String>) -> Option<&'l str> {
    let (_, id) = line.split_once("notification: ").or_else(|| line.split_once("status=sent (forwarded as "))?;
    let id = id.trim_end_matches(')').trim();
    (is_queue_id(id) && queue_id(line).is_some_and(|of| ids.contains(of))).then_some(id)
}

/// Whether a line names a Message-ID, and not a longer one that ends or begins alike.
pub(super) fn names(line: &str, id: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || ".-_@+=".contains(c);
    !id.is_empty()
        && line.match_indices(id).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            // `id=` before one is syntax, and so is the full stop or comma behind it.
            let before = before.is_none_or(|c| c == '=' || !part(c));
            before && !line[at + id.len()..].starts_with(|c: char| part(c) && c != '.')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_named_where_no_longer_one_stands() {
        assert!(names("message-id=<1.0@sender.example>", "1.0@sender.example"));
        assert!(names("id=1.0@sender.example.", "1.0@sender.example"));
        assert!(!names("message-id=<1.0@sender.example2>", "1.0@sender.example"));
    }

    #[test]
    fn the_queue_id_of_every_server_is_the_first_word() {
        for (line, wanted) in [
            ("Sep 21 10:00:07 mx postfix/smtp[1]: 343B999675B: to=<a@b.example>", Some("343B999675B")),
            ("Sep 21 10:00:07 mx sm-mta[1]: 68L107ab012345: to=<a@b.example>", Some("68L107ab012345")),
            ("2026-09-21 10:00:05 1AbCdE-000001-2X => a@b.example", Some("1AbCdE-000001-2X")),
            ("2026-09-21 10:00:05 +0900 [77] 1rlBDz-0000000BZZZ-1Abc Completed", Some("1rlBDz-0000000BZZZ-1Abc")),
            ("Sep 21 10:00:07 mx smtpd[1]: 0661f42c mta delivery evpid=67a9a85fd2772c0f from=<>", Some("67a9a85f")),
            // Words of somebody else do not make it.
            ("Sep 21 10:00:07 mx postfix/smtpd[1]: NOQUEUE: reject: 343B999675B: x", None),
            ("Sep 21 10:00:07 mx postfix/smtpd[1]: warning: x]: 343B999675B: y", None),
            ("2026-09-21 10:00:05 H=[192.0.2.1] rejected RCPT <a@b.example>: no", None),
        ] {
            assert_eq!(queue_id(line), wanted, "{line}");
        }
    }

    #[test]
    fn a_queue_id_of_the_mail_is_looked_for_where_no_line_has_its_message_id() {
        let lines = ["mx postfix/smtp[1]: 343B999675B: to=<a@b.example>", "mx postfix/smtp[1]: 15DFE99650A: removed"];
        let about = |log: &[&str]| {
            let mut ids = Ids::of("<1@a.example>").or_queue_ids(["343B999675B".to_owned(), "not one".to_owned()]);
            log.iter().for_each(|line| ids.learn(line));
            log.iter().filter(|line| ids.is_about(line)).count()
        };
        assert_eq!(about(&lines), 1);
        let named = ["mx postfix/cleanup[1]: 15DFE99650A: message-id=<1@a.example>", lines[0], lines[1]];
        assert_eq!(about(&named), 2, "the Message-ID is surer");
    }
}
