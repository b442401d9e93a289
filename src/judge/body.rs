//! Whether a body arrived as it was sent, after relaxed canonicalization (RFC 6376 §3.4.4).

use super::words;
use crate::{
    evidence::{ReceivedCopy, Sent},
    mail::Message,
};

/// What happened to the body between sender and mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BodyFate {
    /// The same after relaxed canonicalization.
    Unchanged,
    /// Not the same.
    Changed {
        /// The first line of the received body that differs, from 1.
        line: usize,
        /// That line was sent as this; `None` past the end of the sent body.
        sent: Option<String>,
        /// That line came as this; `None` past the end of the received body.
        received: Option<String>,
    },
}

impl BodyFate {
    /// Compares the body of a copy with the body that was sent.
    pub(super) fn of(sent: &Sent, copy: &ReceivedCopy) -> Self {
        let was = Message::parse(sent.raw.clone());
        let (was, is) = (relaxed(was.body()), relaxed(copy.message.body()));
        let longest = was.len().max(is.len());
        match (0..longest).find(|&n| was.get(n) != is.get(n)) {
            None => Self::Unchanged,
            Some(n) => Self::Changed { line: n + 1, sent: text(was.get(n)), received: text(is.get(n)) },
        }
    }

    /// `unchanged`, or `changed` with the first difference.
    pub(super) fn describe(&self) -> String {
        let quoted = |line: &Option<String>| {
            line.as_ref().map_or_else(|| "nothing".to_owned(), |t| format!("\"{}\"", words::cut(t, 60)))
        };
        match self {
            Self::Unchanged => "unchanged".to_owned(),
            Self::Changed { line, sent, received } => {
                format!("changed: line {line} of the body was {}, is {}", quoted(sent), quoted(received))
            }
        }
    }
}

fn text(line: Option<&Vec<u8>>) -> Option<String> {
    line.map(|l| String::from_utf8_lossy(l).into_owned())
}

/// The lines of a body: runs of white space are one space, white space at line ends and empty lines at the end are
/// gone. Bare LF counts as a line end, since mailboxes may give either.
fn relaxed(body: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = body
        .split(|b| *b == b'\n')
        .map(|line| {
            let mut out: Vec<u8> = Vec::with_capacity(line.len());
            for &byte in line.strip_suffix(b"\r").unwrap_or(line) {
                match (byte, out.last()) {
                    (b' ' | b'\t', Some(b' ')) => {}
                    (b' ' | b'\t', _) => out.push(b' '),
                    _ => out.push(byte),
                }
            }
            if out.last() == Some(&b' ') {
                out.pop();
            }
            out
        })
        .collect();
    while lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::relaxed;

    #[test]
    fn relaxed_ignores_only_what_the_rfc_says() {
        let same = relaxed(b" C \r\nD \t E\r\n\r\n\r\n");
        assert_eq!(same, relaxed(b" C\nD E"));
        assert_eq!(same, [b" C".to_vec(), b"D E".to_vec()]);
        assert_ne!(relaxed(b"C\r\n"), relaxed(b" C\r\n"));
        assert_ne!(relaxed(b"a\r\n\r\nb\r\n"), relaxed(b"a\r\nb\r\n"));
        assert_eq!(relaxed(b""), relaxed(b"\r\n \r\n"));
    }
}
