//! Gmail's own search language, as X-GM-RAW takes it: words that must all be there, `-` for not, `OR`, groups in
//! parentheses, either-of in braces, and operators with a colon.

use super::{
    candidate::{Candidate, DateOrder},
    text_match::{body_contains, contains, field_contains, header_contains},
};
use crate::lab::embedded::{
    imap_server::fetch::mime::Part,
    store::{FolderKind, utf7},
};
use jiff::{civil::Date, fmt::strtime, tz::TimeZone};
use std::collections::VecDeque;

/// Groups in groups deeper than this are refused.
const MAX_DEPTH: usize = 30;

/// A query that was understood.
#[derive(Debug)]
pub(super) enum Query {
    All(Vec<Query>),
    Any(Vec<Query>),
    Not(Box<Query>),
    Word(String),
    Operator(String, String),
    Day(DateOrder, Date),
}

/// A piece of a query.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Mark(char),
    Text(String),
}

impl Query {
    /// Reads a query; `None` when a group is left open or closed twice.
    pub(super) fn read(text: &str) -> Option<Self> {
        group(&mut pieces(text), None, 0)
    }

    pub(super) fn matches(&self, candidate: &Candidate<'_>) -> bool {
        let message = &candidate.row.message;
        match self {
            Self::All(all) => all.iter().all(|q| q.matches(candidate)),
            Self::Any(any) => any.iter().any(|q| q.matches(candidate)),
            Self::Not(query) => !query.matches(candidate),
            Self::Word(word) => header_contains(message, word) || body_contains(message, word),
            Self::Day(order, day) => order.holds(message.internal_date.to_zoned(TimeZone::UTC).date(), *day),
            Self::Operator(name, value) => operator(name, value, candidate),
        }
    }
}

fn operator(name: &str, value: &str, candidate: &Candidate<'_>) -> bool {
    let message = &candidate.row.message;
    let raw = &message.raw;
    let flag = |flag: &str| candidate.row.flags.contains(flag);
    match (name, value.to_ascii_lowercase().as_str()) {
        ("rfc822msgid", _) => message.field("Message-ID").is_some_and(|id| bare_id(&id) == bare_id(value)),
        ("subject" | "from" | "to" | "cc" | "bcc", _) => field_contains(message, name, value),
        ("deliveredto", _) => field_contains(message, "Delivered-To", value),
        ("list", _) => field_contains(message, "List-ID", value),
        ("filename", _) => Part::read(raw).any(&mut |part| {
            part.field(raw, "Content-Disposition").is_some_and(|disposition| contains(&disposition, value))
                || part.kind.parameter("name").is_some_and(|name| contains(name, value))
        }),
        ("has", "attachment") => Part::read(raw)
            .any(&mut |part| part.field(raw, "Content-Disposition").is_some_and(|d| contains(&d, "attachment"))),
        ("is", "read") => flag("\\Seen"),
        ("is", "unread") => !flag("\\Seen"),
        ("is", "starred") => flag("\\Flagged"),
        ("is", "important") => candidate.held.contains(&FolderKind::Important),
        ("category", wanted) => message.category.is_some_and(|c| c.as_str() == wanted),
        ("larger" | "size", _) => size(value).is_some_and(|size| message.raw.len() >= size),
        ("smaller", _) => size(value).is_some_and(|size| message.raw.len() < size),
        ("in" | "label", "anywhere") => true,
        ("in" | "label", folder) => candidate.held.iter().any(|kind| is_called(kind, folder)),
        // Unknown operators are words to look for.
        _ => contains(&String::from_utf8_lossy(message.header()), value),
    }
}

fn bare_id(message_id: &str) -> &str {
    message_id.trim().trim_start_matches('<').trim_end_matches('>')
}

/// Whether `in:` or `label:` means this folder by `name`, which is in lower case.
fn is_called(kind: &FolderKind, name: &str) -> bool {
    match kind {
        FolderKind::Inbox => name == "inbox",
        FolderKind::All => name == "all",
        FolderKind::Junk => matches!(name, "spam" | "junk"),
        FolderKind::Trash => name == "trash",
        FolderKind::Sent => name == "sent",
        FolderKind::Drafts => matches!(name, "drafts" | "draft"),
        FolderKind::Flagged => name == "starred",
        FolderKind::Important => name == "important",
        // Gmail writes a space or slash in a label's name as a hyphen.
        FolderKind::Label(label) => {
            let label = utf7::decode(label).unwrap_or_else(|| label.clone()).to_lowercase();
            label == name.to_lowercase() || label.replace([' ', '/'], "-") == name.to_lowercase()
        }
    }
}

fn size(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    let (number, unit) = lower.split_at(lower.find(|c: char| !c.is_ascii_digit()).unwrap_or(lower.len()));
    let unit = match unit {
        "" => 1,
        "k" | "kb" => 1024,
        "m" | "mb" => 1024 * 1024,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(unit)
}

fn group(pieces: &mut VecDeque<Piece>, close: Option<char>, depth: usize) -> Option<Query> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut members: Vec<Query> = Vec::new();
    let mut either = false;
    loop {
        let piece = match pieces.pop_front() {
            None if close.is_none() => break,
            None => return None,
            Some(Piece::Mark(c)) if Some(c) == close => break,
            Some(piece) => piece,
        };
        let next = match piece {
            Piece::Text(text) if text == "OR" => {
                either = !members.is_empty();
                continue;
            }
            Piece::Text(text) if text == "AND" => continue,
            Piece::Text(text) => term(text, pieces, depth)?,
            Piece::Mark('-') => {
                let inner = match pieces.pop_front()? {
                    Piece::Text(text) => term(text, pieces, depth)?,
                    Piece::Mark(c) => bracket(c, pieces, depth)?,
                };
                Query::Not(Box::new(inner))
            }
            Piece::Mark(c) => bracket(c, pieces, depth)?,
        };
        match members.pop() {
            Some(Query::Any(mut any)) if either => {
                any.push(next);
                members.push(Query::Any(any));
            }
            Some(last) if either => members.push(Query::Any(vec![last, next])),
            last => {
                members.extend(last);
                members.push(next);
            }
        }
        either = false;
    }
    Some(if close == Some('}') { Query::Any(members) } else { Query::All(members) })
}

fn bracket(open: char, pieces: &mut VecDeque<Piece>, depth: usize) -> Option<Query> {
    match open {
        '(' => group(pieces, Some(')'), depth + 1),
        '{' => group(pieces, Some('}'), depth + 1),
        _ => None,
    }
}

/// A word, or an operator whose value is a word or a group of words.
fn term(text: String, pieces: &mut VecDeque<Piece>, depth: usize) -> Option<Query> {
    let Some((name, value)) = text.split_once(':').filter(|(n, _)| n.bytes().all(|b| b.is_ascii_alphanumeric())) else {
        return Some(Query::Word(text));
    };
    let name = name.to_ascii_lowercase();
    if value.is_empty() {
        let Some(Piece::Mark(open @ ('(' | '{'))) = pieces.front() else { return Some(Query::Word(text)) };
        let open = *open;
        pieces.pop_front();
        return Some(apply(&name, bracket(open, pieces, depth)?));
    }
    let day = |order| {
        let value = value.replace('-', "/");
        strtime::parse("%Y/%m/%d", value).and_then(|d| d.to_date()).ok().map(|day| Query::Day(order, day))
    };
    Some(
        match name.as_str() {
            "after" | "newer" => day(DateOrder::Since),
            "before" | "older" => day(DateOrder::Before),
            _ => None,
        }
        .unwrap_or_else(|| Query::Operator(name, value.to_owned())),
    )
}

/// `subject:(a b)`: the operator goes to every word.
fn apply(name: &str, query: Query) -> Query {
    match query {
        Query::All(all) => Query::All(all.into_iter().map(|q| apply(name, q)).collect()),
        Query::Any(any) => Query::Any(any.into_iter().map(|q| apply(name, q)).collect()),
        Query::Not(query) => Query::Not(Box::new(apply(name, *query))),
        Query::Word(word) => Query::Operator(name.into(), word),
        other => other,
    }
}

fn pieces(text: &str) -> VecDeque<Piece> {
    let mut out = VecDeque::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '(' | ')' | '{' | '}' => out.push_back(Piece::Mark(c)),
            '-' if chars.peek().is_some_and(|c| !c.is_whitespace()) => out.push_back(Piece::Mark('-')),
            c => {
                let mut word = String::new();
                let mut in_quotes = c == '"';
                if !in_quotes {
                    word.push(c);
                }
                while let Some(c) = chars.next_if(|c| in_quotes || !(c.is_whitespace() || "(){}".contains(*c))) {
                    if c == '"' {
                        in_quotes = !in_quotes;
                    } else {
                        word.push(c);
                    }
                }
                out.push_back(Piece::Text(word));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::embedded::{imap_server::folder_view::Row, store::StoredMessage};
    use std::collections::BTreeSet;

    fn finds(query: &str) -> bool {
        let raw = b"Message-ID: <A.b+1@sender.example>\r\nSubject: Quarterly report, =?utf-8?Q?caf=C3=A9?=\r\n\
            From: Ann <ann@sender.example>\r\n\r\nSee the token sc-01.\r\n";
        let message = StoredMessage {
            raw: raw[..].into(),
            internal_date: jiff::Timestamp::constant(1_795_000_000, 0),
            flags: BTreeSet::new(),
            gm_msgid: 7,
            gm_thrid: 7,
            category: Some(crate::core::Category::Updates),
            modseq: 1,
        };
        let row = Row { seq: 1, uid: 1, message, flags: BTreeSet::from(["\\Seen".to_owned()]) };
        let held = [FolderKind::Inbox, FolderKind::All, FolderKind::Label("Lab run".into())];
        Query::read(query)
            .is_some_and(|q| q.matches(&Candidate { row: &row, held: &held, greatest: 1, greatest_uid: 1 }))
    }

    #[test]
    fn what_a_person_would_type_is_found() {
        for query in [
            "rfc822msgid:A.b+1@sender.example",
            "rfc822msgid:<A.b+1@sender.example>",
            "subject:quarterly from:ann@sender.example in:inbox",
            "subject:(report café)",
            "subject:\"quarterly report\"",
            "label:lab-run is:read -is:unread",
            "{subject:nothing sc-01}",
            "nothing OR token",
            "in:anywhere -in:spam -(from:bob)",
            "after:2026/11/01 before:2026-12-31",
            "larger:10 smaller:1M",
            "",
        ] {
            assert!(finds(query), "{query}");
        }
        for query in [
            "rfc822msgid:a.b+1@sender.example",
            "rfc822msgid:A.b@sender.example",
            "in:spam",
            "-token",
            "subject:token",
            "quarterly nothing",
            "before:2026/01/01",
            "(",
            "a)",
        ] {
            assert!(!finds(query), "{query}");
        }
    }
}
