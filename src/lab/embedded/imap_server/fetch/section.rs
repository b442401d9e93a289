//! Body sections (RFC 3501 §6.4.5): `1.2.HEADER.FIELDS (Subject)`.

use super::mime::Part;
use crate::lab::embedded::{
    imap_server::{
        output::Output,
        tokens::{Token, Tokens, Unreadable},
    },
    store::header,
};
use std::{ops::Range, sync::Arc};

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Section {
    path: Vec<usize>,
    what: What,
    name: String,
}

/// What of the part.
#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Everything,
    Header,
    Text,
    Mime,
    Fields { names: Vec<String>, not: bool },
}

impl Section {
    /// Reads what stands between the brackets.
    pub(super) fn read(text: &str) -> Result<Self, Unreadable> {
        let (spec, list) = text.split_once(' ').map_or((text, None), |(spec, list)| (spec, Some(list)));
        let mut path = Vec::new();
        let mut rest = spec;
        while rest.starts_with(|c: char| c.is_ascii_digit()) {
            let (number, after) = rest.split_once('.').unwrap_or((rest, ""));
            path.push(number.parse().ok().filter(|n| *n > 0).ok_or(Unreadable)?);
            rest = after;
        }
        let upper = rest.to_ascii_uppercase();
        let what = match (upper.as_str(), list) {
            ("", None) => What::Everything,
            ("HEADER", None) => What::Header,
            ("TEXT", None) => What::Text,
            ("MIME", None) if !path.is_empty() => What::Mime,
            ("HEADER.FIELDS" | "HEADER.FIELDS.NOT", Some(list)) => {
                let mut list = Tokens::read(list.as_bytes())?;
                if list.peek() != Some(&Token::Open) {
                    return Err(Unreadable);
                }
                What::Fields { names: list.list()?, not: upper.ends_with("NOT") }
            }
            _ => return Err(Unreadable),
        };
        Ok(Self { path, what, name: text.to_owned() })
    }

    /// As the client wrote it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Writes it as a literal; NIL when the message has no such part.
    pub(super) fn write<'a>(
        &self,
        raw: &Arc<[u8]>,
        root: impl Fn() -> &'a Part,
        partial: Option<(usize, usize)>,
        out: &mut Output,
    ) {
        let range = match (&self.what, self.path.as_slice()) {
            (What::Everything, []) => Some(0..raw.len()),
            (What::Header, []) => Some(0..header::end(raw)),
            (What::Text, []) => Some(header::end(raw)..raw.len()),
            (What::Fields { names, not }, path) => {
                let header = if path.is_empty() { Some(0..header::end(raw)) } else { self.find(raw, root()) };
                match header {
                    Some(header) => {
                        let fields = chosen(raw.get(header).unwrap_or_default(), names, *not);
                        let range = cut(0..fields.len(), partial);
                        let fields: Arc<[u8]> = fields.into();
                        return out.shared_literal(&fields, range);
                    }
                    None => None,
                }
            }
            _ => self.find(raw, root()),
        };
        match range {
            Some(range) => out.shared_literal(raw, cut(range, partial)),
            None => out.text("NIL"),
        }
    }

    /// Where in the message a numbered part is.
    fn find(&self, raw: &[u8], root: &Part) -> Option<Range<usize>> {
        let part = root.at(&self.path)?;
        match &self.what {
            What::Everything => Some(part.body.clone()),
            What::Mime => Some(part.header.clone()),
            What::Header | What::Text | What::Fields { .. } => {
                let inner = part.message.as_deref()?;
                match self.what {
                    What::Text => Some(inner.body.clone()),
                    _ => Some(inner.header.clone()),
                }
            }
        }
        .filter(|r| r.end <= raw.len())
    }
}

/// The octets `first.count` of a range.
fn cut(range: Range<usize>, partial: Option<(usize, usize)>) -> Range<usize> {
    let Some((from, count)) = partial else { return range };
    let start = range.start.saturating_add(from).min(range.end);
    start..start.saturating_add(count).min(range.end)
}

/// The wanted fields with their folds, in the order of the message, and the empty line.
fn chosen(header: &[u8], names: &[String], not: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in header::fields(header) {
        if names.iter().any(|n| name.eq_ignore_ascii_case(n.as_bytes())) != not {
            out.extend_from_slice(name);
            out.push(b':');
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(b"\r\n");
    out
}
