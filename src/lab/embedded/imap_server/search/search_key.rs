//! The keys of SEARCH.

use super::{
    candidate::{Candidate, DateOrder},
    gm_raw::Query,
    text_match::{body_contains, field_contains, header_contains},
};
use crate::lab::embedded::imap_server::{
    sequence::SequenceSet,
    tokens::{Token, Tokens, Unreadable},
};
use jiff::{
    civil::Date,
    fmt::{rfc2822, strtime},
    tz::TimeZone,
};

/// Keys in keys deeper than this are refused.
const MAX_DEPTH: usize = 50;

/// A condition.
#[derive(Debug)]
pub(super) enum Key {
    All(Vec<Key>),
    Either(Box<Key>, Box<Key>),
    Not(Box<Key>),
    Sequence(SequenceSet),
    Uid(SequenceSet),
    Flag(String),
    Never,
    Field(String, String),
    Body(String),
    Text(String),
    Larger(usize),
    Smaller(usize),
    Received(DateOrder, Date),
    Sent(DateOrder, Date),
    GmMsgid(u64),
    GmThrid(u64),
    GmLabels(Vec<String>),
    GmRaw(Query),
}

/// Reads keys up to the end; all of them must hold.
pub(super) fn read_all(args: &mut Tokens, gmail: bool) -> Result<Vec<Key>, Unreadable> {
    let mut keys = vec![key(args, gmail, 0)?];
    while !args.is_empty() {
        keys.push(key(args, gmail, 0)?);
    }
    Ok(keys)
}

fn key(args: &mut Tokens, gmail: bool, depth: usize) -> Result<Key, Unreadable> {
    if depth > MAX_DEPTH {
        return Err(Unreadable);
    }
    if args.take(&Token::Open) {
        let mut keys = Vec::new();
        while !args.take(&Token::Close) {
            keys.push(key(args, gmail, depth + 1)?);
        }
        return if keys.is_empty() { Err(Unreadable) } else { Ok(Key::All(keys)) };
    }
    let flag = |name: &str| Key::Flag(format!("\\{name}"));
    let not = |key: Key| Key::Not(Box::new(key));
    let name = args.keyword()?;
    Ok(match name.as_str() {
        "ALL" | "OLD" => Key::All(Vec::new()),
        // No message is ever \Recent on Gmail.
        "RECENT" | "NEW" => Key::Never,
        "ANSWERED" => flag("Answered"),
        "DELETED" => flag("Deleted"),
        "DRAFT" => flag("Draft"),
        "FLAGGED" => flag("Flagged"),
        "SEEN" => flag("Seen"),
        "UNANSWERED" => not(flag("Answered")),
        "UNDELETED" => not(flag("Deleted")),
        "UNDRAFT" => not(flag("Draft")),
        "UNFLAGGED" => not(flag("Flagged")),
        "UNSEEN" => not(flag("Seen")),
        "KEYWORD" => Key::Flag(args.text()?),
        "UNKEYWORD" => not(Key::Flag(args.text()?)),
        "NOT" => not(key(args, gmail, depth + 1)?),
        "OR" => Key::Either(Box::new(key(args, gmail, depth + 1)?), Box::new(key(args, gmail, depth + 1)?)),
        "UID" => Key::Uid(args.set()?),
        "HEADER" => Key::Field(args.text()?, args.text()?),
        "SUBJECT" | "FROM" | "TO" | "CC" | "BCC" => Key::Field(name, args.text()?),
        "BODY" => Key::Body(args.text()?),
        "TEXT" => Key::Text(args.text()?),
        "LARGER" => Key::Larger(args.number()?),
        "SMALLER" => Key::Smaller(args.number()?),
        "BEFORE" => Key::Received(DateOrder::Before, date(args)?),
        "ON" => Key::Received(DateOrder::On, date(args)?),
        "SINCE" => Key::Received(DateOrder::Since, date(args)?),
        "SENTBEFORE" => Key::Sent(DateOrder::Before, date(args)?),
        "SENTON" => Key::Sent(DateOrder::On, date(args)?),
        "SENTSINCE" => Key::Sent(DateOrder::Since, date(args)?),
        "X-GM-MSGID" if gmail => Key::GmMsgid(args.number()?),
        "X-GM-THRID" if gmail => Key::GmThrid(args.number()?),
        "X-GM-LABELS" if gmail => Key::GmLabels(args.list()?),
        "X-GM-RAW" if gmail => Key::GmRaw(Query::read(&args.text()?).ok_or(Unreadable)?),
        _ => Key::Sequence(SequenceSet::read(&name).ok_or(Unreadable)?),
    })
}

/// `24-Nov-2026` (RFC 3501 §9 date).
fn date(args: &mut Tokens) -> Result<Date, Unreadable> {
    strtime::parse("%d-%b-%Y", args.text()?.trim()).and_then(|d| d.to_date()).map_err(|_| Unreadable)
}

impl Key {
    /// Whether [`Candidate::held`] is looked at.
    pub(super) fn needs_labels(&self) -> bool {
        match self {
            Self::All(keys) => keys.iter().any(Self::needs_labels),
            Self::Either(a, b) => a.needs_labels() || b.needs_labels(),
            Self::Not(key) => key.needs_labels(),
            Self::GmLabels(_) | Self::GmRaw(_) => true,
            _ => false,
        }
    }

    pub(super) fn matches(&self, candidate: &Candidate<'_>) -> bool {
        let row = candidate.row;
        let message = &row.message;
        match self {
            Self::All(keys) => keys.iter().all(|k| k.matches(candidate)),
            Self::Either(a, b) => a.matches(candidate) || b.matches(candidate),
            Self::Not(key) => !key.matches(candidate),
            Self::Sequence(set) => set.contains(row.seq, candidate.greatest),
            Self::Uid(set) => set.contains(row.uid, candidate.greatest_uid),
            Self::Flag(flag) => row.flags.iter().any(|f| f.eq_ignore_ascii_case(flag)),
            Self::Never => false,
            Self::Field(name, text) => field_contains(message, name, text),
            Self::Body(text) => body_contains(message, text),
            Self::Text(text) => header_contains(message, text) || body_contains(message, text),
            Self::Larger(size) => message.raw.len() > *size,
            Self::Smaller(size) => message.raw.len() < *size,
            Self::Received(order, wanted) => order.holds(message.internal_date.to_zoned(TimeZone::UTC).date(), *wanted),
            Self::Sent(order, wanted) => sent(candidate).is_some_and(|date| order.holds(date, *wanted)),
            Self::GmMsgid(id) => message.gm_msgid == *id,
            Self::GmThrid(id) => message.gm_thrid == *id,
            Self::GmLabels(labels) => labels.iter().all(|label| {
                candidate.held.iter().filter_map(|kind| kind.label()).any(|held| held.eq_ignore_ascii_case(label))
            }),
            Self::GmRaw(query) => query.matches(candidate),
        }
    }
}

/// The day of the Date field, in the zone it is written in.
fn sent(candidate: &Candidate<'_>) -> Option<Date> {
    let text = candidate.row.message.field("Date")?;
    rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_zoned(text.as_str()).ok().map(|z| z.date())
}
