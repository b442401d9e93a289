//! Signed header fields (RFC 6376 §3.7, §5.4.2): each name of `h=` selects from the bottom up, and a name that selects
//! nothing signs that there is nothing.

use super::visible;
use crate::{
    mail::{Field, Message, taglist::TagList},
    outcome::{Fate, HeaderChange},
    verify::Canonicalization,
};
use std::collections::HashMap;

/// The most changes that are told of one signature.
const MOST: usize = 50;

/// A header with its fields by name, so that a long `h=` costs no more than it is long.
pub(super) struct Header<'m> {
    message: &'m Message,
    by_name: HashMap<String, Vec<usize>>,
}

impl<'m> Header<'m> {
    pub(super) fn of(message: &'m Message) -> Self {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, field) in message.fields().iter().enumerate() {
            by_name.entry(field.name.to_ascii_lowercase()).or_default().push(at);
        }
        Self { message, by_name }
    }

    pub(super) fn field(&self, at: usize) -> Option<&'m Field> {
        self.message.fields().get(at)
    }

    fn all(&self, name: &str) -> &[usize] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// The field here that is the same signature as that of another message.
    pub(super) fn same_signature(&self, field: &Field, tags: &TagList) -> Option<usize> {
        let b = tags.compact("b").filter(|b| !b.is_empty())?;
        let named = self.all(&field.name.to_ascii_lowercase()).iter();
        named.copied().find(|at| self.field(*at).and_then(|f| TagList::parse(&f.raw).compact("b")).as_ref() == Some(&b))
    }

    /// The fields that a name selects when it stands so often in `h=`, bottom first. A signature does not sign itself.
    fn selected(&self, name: &str, times: usize, own: Option<usize>, c: Canonicalization) -> Vec<Selected<'m>> {
        let from_below = self.all(name).iter().rev().filter(|at| Some(**at) != own).take(times);
        let fields = from_below.filter_map(|at| self.field(*at));
        fields.map(|field| Selected { canonical: self.canonical(c, field), field }).collect()
    }

    fn canonical(&self, c: Canonicalization, field: &Field) -> Vec<u8> {
        let mut out = Vec::with_capacity(field.len);
        c.header(&self.message.raw()[field.offset..field.offset + field.len], &mut out);
        // The end of the header may be missing.
        while out.last().is_some_and(|b| matches!(b, b'\r' | b'\n')) {
            out.pop();
        }
        out
    }
}

/// A field that a signature covers.
struct Selected<'m> {
    canonical: Vec<u8>,
    field: &'m Field,
}

/// Every signed field that is not as it was sent. `own` is the signature's own field in what was sent and received.
pub(super) fn changes(
    sent: &Header<'_>,
    received: &Header<'_>,
    c: Canonicalization,
    names: &[String],
    own: [Option<usize>; 2],
) -> Vec<HeaderChange> {
    let mut times: HashMap<&str, usize> = HashMap::new();
    for name in names {
        *times.entry(name).or_default() += 1;
    }
    let mut out = Vec::new();
    for name in names {
        // Each name once, with all the fields that it selects.
        let Some(times) = times.remove(name.as_str()) else { continue };
        let (was, is) = (sent.selected(name, times, own[0], c), received.selected(name, times, own[1], c));
        let below = was.iter().zip(&is).take_while(|(was, is)| was.canonical == is.canonical).count();
        let from_above = was[below..].iter().rev().zip(is[below..].iter().rev());
        let above = from_above.take_while(|(was, is)| was.canonical == is.canonical).count();
        let (was, is) = (&was[below..was.len() - above], &is[below..is.len() - above]);
        for at in 0..was.len().max(is.len()) {
            if out.len() == MOST {
                return out;
            }
            match (was.get(at), is.get(at)) {
                (None, Some(_)) if is_written_on_the_way(name) => {}
                (Some(was), Some(is)) if was.canonical == is.canonical => {}
                (was, is) => out.extend(change(was, is)),
            }
        }
    }
    out
}

fn change(was: Option<&Selected<'_>>, is: Option<&Selected<'_>>) -> Option<HeaderChange> {
    let (before, after) = match (was, is) {
        (Some(was), Some(is)) => {
            let (before, after) = (value(&was.canonical), value(&is.canonical));
            // Where the values are the same, the name is not: `simple` counts its case and what is before the colon.
            let is_name = before == after;
            let (before, after) = if is_name { (&was.canonical[..], &is.canonical[..]) } else { (before, after) };
            let (before, after) = visible::pair(before, after);
            (Some(before), Some(after))
        }
        (was, is) => (was.map(|f| visible::one(value(&f.canonical))), is.map(|f| visible::one(value(&f.canonical)))),
    };
    Some(HeaderChange {
        name: is.or(was)?.field.name.clone(),
        fate: match (was, is) {
            (Some(_), Some(_)) => Fate::Changed,
            (Some(_), None) => Fate::Removed,
            (None, _) => Fate::Added,
        },
        before,
        after,
        sent_line: was.map(|f| f.field.line),
        received_line: is.map(|f| f.field.line),
    })
}

/// What is after the colon; the blank there says nothing.
fn value(field: &[u8]) -> &[u8] {
    let value = memchr::memchr(b':', field).map_or(field, |at| &field[at + 1..]);
    value.strip_prefix(b" ").unwrap_or(value)
}

/// Fields that every server on the way may write: that they were not sent says nothing about what a signature covers.
fn is_written_on_the_way(name: &str) -> bool {
    let names = ["dkim-signature", "x-google-dkim-signature", "received", "return-path", "authentication-results"];
    names.contains(&name)
}
