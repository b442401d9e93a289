//! Where a body begins to differ from the body that was sent, after canonicalization (RFC 6376 §3.4).

use super::visible;
use crate::{core::line_ending::with_crlf, outcome::BodyChange, verify::Canonicalization};
use memchr::memmem;

/// Compares a received body with the one that was sent; `None` when their canonical forms are equal. Bare LF counts as a
/// line end, since mailboxes may give either.
pub(in crate::judge) fn change(c: Canonicalization, sent: &[u8], received: &[u8]) -> Option<BodyChange> {
    let (sent, received) = (with_crlf(sent), with_crlf(received));
    Bodies::of(&sent, &received).change(c, None)
}

/// `unchanged`, or where the change is and what it is.
pub(in crate::judge) fn describe(change: Option<&BodyChange>) -> String {
    let Some(change) = change else { return "unchanged".to_owned() };
    let [was, is] = [&change.before, &change.after]
        .map(|line| line.as_ref().map_or_else(|| "nothing".to_owned(), |text| format!("\"{text}\"")));
    format!("changed: line {} of the body was {was}, is {is}", change.line)
}

/// What a signature covers of a body: `c=` and `l=`.
type Covered = (Canonicalization, Option<usize>);

/// Two bodies with CRLF, and what is known of their canonical forms.
pub(super) struct Bodies<'a> {
    sent: &'a [u8],
    received: &'a [u8],
    known: Vec<(Covered, Option<BodyChange>)>,
}

impl<'a> Bodies<'a> {
    pub(super) fn of(sent: &'a [u8], received: &'a [u8]) -> Self {
        Self { sent, received, known: Vec::new() }
    }

    /// The first line that differs among the octets that `l=` counts.
    pub(super) fn change(&mut self, c: Canonicalization, counted: Option<usize>) -> Option<BodyChange> {
        if let Some((_, known)) = self.known.iter().find(|(of, _)| *of == (c, counted)) {
            return known.clone();
        }
        let (sent, received) = (c.body(self.sent), c.body(self.received));
        let l = counted.unwrap_or(usize::MAX);
        let change = first(&sent[..l.min(sent.len())], &received[..l.min(received.len())]);
        self.known.push(((c, counted), change.clone()));
        change
    }
}

fn first(sent: &[u8], received: &[u8]) -> Option<BodyChange> {
    if sent == received {
        return None;
    }
    let same = visible::same(sent, received);
    // The line in which the difference lies starts behind the last line end that both have.
    let start = memmem::rfind(&sent[..same], b"\r\n").map_or(0, |at| at + 2);
    let (before, after) = (line(sent, start), line(received, start));
    // The end of a line is no octet of it.
    let octet = [before, after].iter().flatten().map(|line| line.len()).min().unwrap_or(0).min(same - start) + 1;
    let both = before.zip(after).map(|(before, after)| visible::pair(before, after));
    let (shown_before, shown_after) = match both {
        Some((before, after)) => (Some(before), Some(after)),
        None => (before.map(visible::one), after.map(visible::one)),
    };
    Some(BodyChange {
        line: 1 + memmem::find_iter(&sent[..start], b"\r\n").count(),
        octet,
        before: shown_before,
        after: shown_after,
    })
}

/// The line that starts there, without its end; `None` at the end of the body. A line that `l=` cuts between CR and LF, or
/// that has no end, keeps what it has.
fn line(body: &[u8], start: usize) -> Option<&[u8]> {
    let rest = body.get(start..).filter(|rest| !rest.is_empty())?;
    Some(&rest[..memmem::find(rest, b"\r\n").unwrap_or(rest.len())])
}
