//! Canonicalization (RFC 6376 §3.4): the bytes that are hashed and signed.
//!
//! Lines end with CRLF. Bytes that are no line end, a bare CR among them, are kept.

use crate::core::line_ending::with_crlf;
use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use memchr::{memchr, memchr_iter, memchr2, memmem};
use std::borrow::Cow;

/// One of the two algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Canonicalization {
    /// Almost no change is tolerated (RFC 6376 §3.4.1, §3.4.3).
    Simple,
    /// White space may change, and the case of field names (RFC 6376 §3.4.2, §3.4.4).
    Relaxed,
}

impl Canonicalization {
    /// Reads `simple` or `relaxed` in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        [(Self::Simple, "simple"), (Self::Relaxed, "relaxed")]
            .into_iter()
            .find_map(|(c, word)| word.eq_ignore_ascii_case(name).then_some(c))
    }

    /// Reads `c=` (RFC 6376 §3.5): of the header and of the body, `simple` where nothing is said; `None` for what is unknown.
    pub(crate) fn of_tag(c: Option<&str>) -> [Option<Self>; 2] {
        let (header, body) = c.map_or(("simple", "simple"), |c| c.split_once('/').unwrap_or((c, "simple")));
        [header, body].map(Self::from_name)
    }

    /// The canonical body.
    pub fn body(self, body: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::Simple => simple_body(body),
            Self::Relaxed => Cow::Owned(relaxed_body(body)),
        }
    }

    /// The `bh=` that a body would be signed with (RFC 6376 §3.7): SHA-256 in base64. Bare LF is read as CRLF.
    pub fn body_hash(self, body: &[u8]) -> String {
        STANDARD.encode(digest::digest(&digest::SHA256, &self.body(&with_crlf(body))))
    }

    /// How many of its last lines a body has too many for this `bh=`: at least one, at most `most`.
    pub(crate) fn surplus_lines(self, body: &[u8], hash: &str, most: usize) -> Option<usize> {
        let mut text = with_crlf(body).into_owned();
        if !text.ends_with(b"\r\n") {
            text.extend_from_slice(b"\r\n");
        }
        // With a last line that counts, empty lines before it do too, and every line of the body has its canonical one.
        text.push(b'.');
        let canonical = self.body(&text);
        let ends = memmem::rfind_iter(&canonical, b"\r\n").skip(2).map(|at| at + 2).take(most);
        let fitting = ends.zip(1..).find(|(end, _)| {
            // What is canonical already loses no more than its last empty lines.
            let body = simple_body(&canonical[..*end]);
            let body = if self == Self::Relaxed && *body == *b"\r\n" { &[] } else { &*body };
            STANDARD.encode(digest::digest(&digest::SHA256, body)) == hash
        });
        fitting.map(|(_, lines)| lines)
    }

    /// One canonical header field, its final CRLF included. `field` is the whole field from the first byte of its name.
    pub fn header(self, field: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Simple => out.extend_from_slice(field),
            Self::Relaxed => relaxed_header(field, out),
        }
    }
}

fn simple_body(body: &[u8]) -> Cow<'_, [u8]> {
    let mut end = body.len();
    while body[..end].ends_with(b"\r\n") {
        end -= 2;
    }
    match body.get(end..end + 2) {
        Some(_) => Cow::Borrowed(&body[..end + 2]),
        None => Cow::Owned([&body[..end], b"\r\n"].concat()),
    }
}

fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 2);
    // The end of the last line that is not empty: empty lines after it do not count.
    let mut end = 0;
    for line in lines(body) {
        let start = out.len();
        squeeze(line, &mut out);
        if out[start..].ends_with(b" ") {
            out.pop();
        }
        let empty = out.len() == start;
        out.extend_from_slice(b"\r\n");
        if !empty {
            end = out.len();
        }
    }
    out.truncate(end);
    out
}

/// The lines of a body without their CRLF.
fn lines(mut body: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        if body.is_empty() {
            return None;
        }
        let end = memchr_iter(b'\n', body).find(|at| *at > 0 && body[at - 1] == b'\r');
        let (line, rest) = match end {
            Some(at) => (&body[..at - 1], &body[at + 1..]),
            None => (body, &body[body.len()..]),
        };
        body = rest;
        Some(line)
    })
}

/// Each run of spaces and tabs becomes one space.
fn squeeze(line: &[u8], out: &mut Vec<u8>) {
    // Most lines have single spaces alone, and need no look at every word.
    let has_run = line.windows(2).fold(false, |so_far, pair| so_far | ((pair[0] == b' ') & (pair[1] == b' ')));
    if !has_run && !line.contains(&b'\t') {
        out.extend_from_slice(line);
        return;
    }
    let mut rest = line;
    while let Some(at) = memchr2(b' ', b'\t', rest) {
        out.extend_from_slice(&rest[..at]);
        out.push(b' ');
        let run = rest[at..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        rest = &rest[at + run..];
    }
    out.extend_from_slice(rest);
}

fn relaxed_header(field: &[u8], out: &mut Vec<u8>) {
    let colon = memchr(b':', field).unwrap_or(field.len());
    out.extend(field[..colon].trim_ascii_end().iter().map(u8::to_ascii_lowercase));
    out.push(b':');
    let start = out.len();
    let mut is_after_space = false;
    for mut line in lines(field.get(colon + 1..).unwrap_or_default()) {
        // White space counts between words only, wherever the line was folded.
        while !line.is_empty() {
            let end = memchr2(b' ', b'\t', line).unwrap_or(line.len());
            if end > 0 {
                if is_after_space && out.len() > start {
                    out.push(b' ');
                }
                out.extend_from_slice(&line[..end]);
            }
            is_after_space = end < line.len();
            line = line.get(end + 1..).unwrap_or_default();
        }
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use Canonicalization::{Relaxed, Simple};
    use proptest::prelude::*;

    #[test]
    fn bodies() {
        for (body, simple, relaxed) in [
            (&b""[..], &b"\r\n"[..], &b""[..]),
            (b"\r\n\r\n", b"\r\n", b""),
            (b" C \r\nD \t E\r\n\r\n\r\n", b" C \r\nD \t E\r\n", b" C\r\nD E\r\n"),
            (b"no end", b"no end\r\n", b"no end\r\n"),
            (b"a\r\n \t\r\n  \r\n", b"a\r\n \t\r\n  \r\n", b"a\r\n"),
            (b" \t\r\n", b" \t\r\n", b""),
            (b"\r\n\r\na\r\n", b"\r\n\r\na\r\n", b"\r\n\r\na\r\n"),
            (b"a\rb \r\n", b"a\rb \r\n", b"a\rb\r\n"),
            (b"a\r\n\r", b"a\r\n\r\r\n", b"a\r\n\r\r\n"),
        ] {
            assert_eq!(Simple.body(body).escape_ascii().to_string(), simple.escape_ascii().to_string());
            assert_eq!(Relaxed.body(body).escape_ascii().to_string(), relaxed.escape_ascii().to_string());
        }
    }

    #[test]
    fn header_fields() {
        let both = |field: &[u8]| {
            [Simple, Relaxed].map(|c| {
                let mut out = Vec::new();
                c.header(field, &mut out);
                String::from_utf8(out).unwrap()
            })
        };
        assert_eq!(both(b"A: X\r\n"), ["A: X\r\n", "a:X\r\n"]);
        assert_eq!(both(b"B : Y\t\r\n\tZ  \r\n"), ["B : Y\t\r\n\tZ  \r\n", "b:Y Z\r\n"]);
        assert_eq!(both(b"C:\r\n"), ["C:\r\n", "c:\r\n"]);
        assert_eq!(both(b"C:  \r\n \r\n"), ["C:  \r\n \r\n", "c:\r\n"]);
    }

    proptest! {
        #[test]
        fn surplus_lines_are_those_without_which_the_hash_fits(
            body in "([a-c \t]{0,2}\r?\n){0,4}", more in "([a-c \t]{0,2}\r?\n){1,4}", end in "[ab]?",
        ) {
            for c in [Simple, Relaxed] {
                let hash = c.body_hash(body.as_bytes());
                let whole = format!("{body}{more}{end}");
                let lines: Vec<&str> = whole.split_inclusive('\n').collect();
                let without = |n: usize| c.body_hash(lines[..lines.len() - n].concat().as_bytes());
                let wanted = (1..lines.len()).find(|n| without(*n) == hash);
                prop_assert_eq!(c.surplus_lines(whole.as_bytes(), &hash, 60), wanted, "{:?}", whole);
                prop_assert_eq!(c.surplus_lines(whole.as_bytes(), &hash, 1), wanted.filter(|n| *n == 1));
            }
        }

        #[test]
        fn canonical_bodies_stay_as_they_are(body in "([ \\t]|\\r\\n|\\r|[a-c]){0,30}") {
            for c in [Simple, Relaxed] {
                let once = c.body(body.as_bytes()).into_owned();
                prop_assert_eq!(c.body(&once), once.as_slice());
            }
        }
    }
}
