//! Received fields as hops (RFC 5321 §4.4), as Postfix, Exim, Exchange, Gmail, sendmail, qmail and others write them.

use super::{
    Field, Message,
    lexer::{self, Cursor},
};
use crate::core::UnixTime;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// One hop: who handed the message to whom, how and when.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Hop {
    /// What the client called itself (`from`).
    pub from: Option<String>,
    /// The client's address, from the comment of `from`.
    pub from_ip: Option<String>,
    /// The server that took the message (`by`).
    pub by: Option<String>,
    /// `with`: ESMTP, ESMTPS, ESMTPSA, LMTP, …
    pub with: Option<String>,
    /// `id`.
    pub id: Option<String>,
    /// `for`, without angle brackets.
    pub recipient: Option<String>,
    /// Whether the field says that TLS was used.
    pub tls: bool,
    /// Seconds since 1970, from the date after the last semicolon.
    pub time: Option<UnixTime>,
    /// Seconds since the hop before it, where both have a time; may be negative with clocks apart.
    pub delay: Option<i64>,
    /// The line of the message where the field starts, from 1.
    pub line: u32,
}

/// The path of a message from its first hop to its last, that is bottom to top.
pub fn hops(message: &Message) -> Vec<Hop> {
    let mut hops: Vec<Hop> = message.all("Received").map(Hop::of).collect();
    hops.reverse();
    let mut before = None;
    for hop in &mut hops {
        hop.delay = hop.time.zip(before).map(|(now, before): (i64, i64)| now.saturating_sub(before));
        before = hop.time;
    }
    hops
}

/// The clause that a word opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clause {
    From,
    By,
    Via,
    With,
    Id,
    For,
    Tls,
}

impl Clause {
    fn opened_by(word: &str) -> Option<Self> {
        [
            ("from", Self::From),
            ("by", Self::By),
            ("via", Self::Via),
            ("with", Self::With),
            ("id", Self::Id),
            ("for", Self::For),
            ("tls", Self::Tls),
        ]
        .into_iter()
        .find_map(|(name, clause)| word.eq_ignore_ascii_case(name).then_some(clause))
    }
}

impl Hop {
    /// Reads one Received field; `delay` needs the hops around it and stays empty.
    pub fn of(field: &Field) -> Self {
        let text = lexer::text(&field.raw);
        let mut hop = Self { line: field.line, ..Self::default() };
        let mut cursor = Cursor::new(&text);
        let (mut clause, mut filled) = (None, true);
        let mut date_at = None;
        loop {
            let mut comments = Vec::new();
            cursor.cfws(&mut comments);
            for comment in &comments {
                hop.read_comment(clause, comment);
            }
            if cursor.peek().is_none() {
                break;
            }
            if cursor.eat(b';') {
                date_at = Some(cursor.place());
                (clause, filled) = (None, true);
                continue;
            }
            let word = cursor.word(&[]);
            // The word after a keyword is its value, whatever it is: clients choose their names.
            match Clause::opened_by(word) {
                Some(opened) if filled => (clause, filled) = (Some(opened), false),
                _ => {
                    hop.read_word(clause, filled, word);
                    filled = true;
                }
            }
        }
        if hop.from_ip.is_none() {
            hop.from_ip = hop.from.as_deref().filter(|from| from.starts_with('[')).and_then(address);
        }
        hop.tls |= hop.with.as_deref().is_some_and(says_tls);
        hop.time = date_at.and_then(|at| time(&text[at..]));
        hop
    }

    /// Takes one word: the first one of a clause, or a further one. `with Microsoft SMTP Server` has three.
    fn read_word(&mut self, clause: Option<Clause>, further: bool, word: &str) {
        let slot = match clause {
            Some(Clause::From) => &mut self.from,
            Some(Clause::By) => &mut self.by,
            Some(Clause::With) => &mut self.with,
            Some(Clause::Id) => &mut self.id,
            Some(Clause::For) => &mut self.recipient,
            Some(Clause::Tls) => {
                self.tls = true;
                return;
            }
            Some(Clause::Via) | None => return,
        };
        let word = if clause == Some(Clause::For) { word.trim_matches(['<', '>', ',']) } else { word };
        match (slot.as_mut(), further) {
            (None, false) => *slot = Some(word.to_owned()),
            (Some(with), true) if clause == Some(Clause::With) && with.len() < 64 => {
                with.push(' ');
                with.push_str(word);
            }
            _ => {}
        }
    }

    fn read_comment(&mut self, clause: Option<Clause>, comment: &str) {
        if clause == Some(Clause::From) && self.from_ip.is_none() {
            self.from_ip = address(comment);
        }
        self.tls |= says_tls_was_used(comment);
    }
}

/// The first address in a text: `rdns [192.0.2.1]`, `[IPv6:2001:db8::1]`, `HELO name) (192.0.2.1`. What follows
/// `helo=` was chosen by the client and does not count.
fn address(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let text = &text[..lower.find("helo=").unwrap_or(text.len())];
    let bracketed = text.split('[').skip(1).filter_map(|t| t.split_once(']')).find_map(|(word, _)| ip(word));
    bracketed.or_else(|| text.split([' ', '\t', '@', '(', ')', '[', ']']).find_map(ip))
}

fn ip(word: &str) -> Option<String> {
    let word = word.get(..5).filter(|tag| tag.eq_ignore_ascii_case("ipv6:")).map_or(word, |_| &word[5..]);
    word.parse::<IpAddr>().ok().map(|_| word.to_owned())
}

/// The protocol names with TLS (RFC 3848, RFC 6531 and registry), and `ESMTP/TLS/ECDHE-…`.
fn says_tls(with: &str) -> bool {
    let words = with.split_ascii_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    let mut words = words.split('/');
    let protocol = words.next().unwrap_or_default();
    let protocol = protocol.strip_prefix("UTF8").unwrap_or(protocol);
    matches!(protocol, "ESMTPS" | "ESMTPSA" | "SMTPS" | "SMTPSA" | "LMTPS" | "LMTPSA" | "HTTPS")
        || words.any(|word| word == "TLS" || is_tls_version(word))
}

/// `version=TLS1_3 …`, `using TLSv1.3 with cipher …`, `TLS1.3:…`, `TLS`, `DHE-RSA-AES256-SHA encrypted`, `Google Transport
/// Security`.
fn says_tls_was_used(comment: &str) -> bool {
    let is_cipher = |name: &str| name.contains(['-', '_']) && !name.contains(' ');
    comment.split([' ', ',', ':', '(']).any(is_tls_version)
        || matches!(comment, "TLS" | "Google Transport Security")
        || comment.strip_suffix(" encrypted").is_some_and(is_cipher)
        || comment.strip_prefix("cipher=").is_some_and(is_cipher)
}

fn is_tls_version(word: &str) -> bool {
    let word = word.strip_prefix("version=").unwrap_or(word).split('/').next().unwrap_or_default();
    let number = word.strip_prefix("TLS").or_else(|| word.strip_prefix("SSL")).unwrap_or_default();
    let number = number.strip_prefix('v').unwrap_or(number);
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'_')
}

/// Seconds since 1970 of an RFC 5322 date, with obsolete zones, comments and without a right day of the week.
fn time(text: &str) -> Option<UnixTime> {
    let mut cursor = Cursor::new(text);
    let mut comments = Vec::new();
    let mut words = String::new();
    loop {
        cursor.cfws(&mut comments);
        let word = cursor.word(&[]);
        if word.is_empty() {
            break;
        }
        words.push(' ');
        words.push_str(word);
    }
    let date = lexer::collapse(&words);
    let parser = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true);
    // Some servers name the zone once more after its offset: `+0000 GMT`.
    let candidates = [Some(date.as_str()), date.rsplit_once(' ').map(|(date, _)| date)];
    candidates.into_iter().flatten().find_map(|d| parser.parse_timestamp(d).ok()).map(jiff::Timestamp::as_second)
}

#[cfg(test)]
mod tests;
