//! The parts of a message (RFC 2045, 2046): where each one begins and ends, and what it says it is.

use crate::lab::embedded::store::header;
use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use std::ops::Range;

/// Parts in parts deeper than this are not looked into.
const MAX_DEPTH: usize = 40;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A body part, or the message itself.
#[derive(Debug)]
pub(in super::super) struct Part {
    /// Its header section with the empty line.
    pub(in super::super) header: Range<usize>,
    /// What follows.
    pub(in super::super) body: Range<usize>,
    /// Content-Type, or what stands for it.
    pub(in super::super) kind: Value,
    /// Parts of a multipart.
    pub(in super::super) parts: Vec<Part>,
    /// The message in a message/rfc822.
    pub(in super::super) message: Option<Box<Part>>,
}

/// A value with parameters, as in Content-Type and Content-Disposition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in super::super) struct Value {
    /// As written, lower case.
    pub(in super::super) value: String,
    /// Names in lower case.
    pub(in super::super) parameters: Vec<(String, String)>,
}

impl Part {
    /// The parts of a whole message.
    pub(in super::super) fn read(raw: &[u8]) -> Self {
        Self::read_in(raw, 0..raw.len(), "text/plain", 0)
    }

    fn read_in(raw: &[u8], range: Range<usize>, default: &str, depth: usize) -> Self {
        let all = raw.get(range.clone()).unwrap_or_default();
        let split = range.start + header::end(all);
        let header = range.start..split;
        let body = split..range.end;
        let header_bytes = raw.get(header.clone()).unwrap_or_default();
        let mut kind = header::field(header_bytes, "Content-Type").map(|v| Value::read(&v)).unwrap_or_default();
        if !kind.value.contains('/') {
            kind = Value { value: default.into(), ..Value::default() };
        }
        let mut part = Self { header, body: body.clone(), kind, parts: Vec::new(), message: None };
        if depth < MAX_DEPTH {
            if let (true, Some(boundary)) = (part.kind.value.starts_with("multipart/"), part.kind.parameter("boundary"))
            {
                let default = if part.kind.value == "multipart/digest" { "message/rfc822" } else { "text/plain" };
                part.parts = split_parts(raw, body, boundary.as_bytes())
                    .into_iter()
                    .map(|r| Self::read_in(raw, r, default, depth + 1))
                    .collect();
            } else if part.kind.value == "message/rfc822" {
                part.message = Some(Box::new(Self::read_in(raw, body, "text/plain", depth + 1)));
            }
        }
        part
    }

    /// The part of this number; a message that is no multipart is its own part 1.
    pub(in super::super) fn at(&self, path: &[usize]) -> Option<&Self> {
        let [first, rest @ ..] = path else { return Some(self) };
        let inner = self.message.as_deref().unwrap_or(self);
        let part = if inner.parts.is_empty() && *first == 1 { inner } else { inner.parts.get(first - 1)? };
        // A part that is neither multipart nor message has no parts of its own.
        if rest.is_empty() || !part.parts.is_empty() || part.message.is_some() { part.at(rest) } else { None }
    }

    /// A field of its header.
    pub(in super::super) fn field(&self, raw: &[u8], name: &str) -> Option<String> {
        header::field(raw.get(self.header.clone()).unwrap_or_default(), name)
    }

    /// Its body without the transfer encoding, if it is text.
    pub(in super::super) fn text(&self, raw: &[u8]) -> Option<Vec<u8>> {
        if !self.kind.value.starts_with("text/") {
            return None;
        }
        let body = raw.get(self.body.clone()).unwrap_or_default();
        Some(match self.field(raw, "Content-Transfer-Encoding").unwrap_or_default().to_ascii_lowercase().as_str() {
            "base64" => decode_base64(body),
            "quoted-printable" => decode_quoted_printable(body, false),
            _ => body.to_vec(),
        })
    }

    /// Whether this holds for itself or any part in it.
    pub(in super::super) fn any(&self, wanted: &mut dyn FnMut(&Self) -> bool) -> bool {
        wanted(self) || self.parts.iter().chain(self.message.as_deref()).any(|part| part.any(wanted))
    }
}

/// Base64 with whatever stands between; empty when it is none.
pub(in super::super) fn decode_base64(text: &[u8]) -> Vec<u8> {
    let code: Vec<u8> = text.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    BASE64.decode(code).unwrap_or_default()
}

/// Quoted-printable; in encoded-words `_` is a space (RFC 2047 §4.2).
pub(in super::super) fn decode_quoted_printable(mut text: &[u8], word: bool) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        text = match text {
            [b'=', b'\r', b'\n', rest @ ..] => rest,
            [b'=', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let hex = [char::from(*high), char::from(*low)].map(|digit| digit.to_digit(16).unwrap_or_default());
                out.extend(u8::try_from(hex[0] * 16 + hex[1]));
                rest
            }
            [b'_', rest @ ..] if word => {
                out.push(b' ');
                rest
            }
            [byte, rest @ ..] => {
                out.push(*byte);
                rest
            }
            [] => return out,
        };
    }
}

/// Where the parts between the boundary lines are. The line end before a boundary belongs to the boundary.
fn split_parts(raw: &[u8], body: Range<usize>, boundary: &[u8]) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut begin = None;
    let mut at = body.start;
    while at < body.end {
        let rest = raw.get(at..body.end).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).map_or(body.end, |n| at + n + 1);
        let line = raw.get(at..end).unwrap_or_default().trim_ascii_end();
        if let Some(after) = line.strip_prefix(b"--").and_then(|l| l.strip_prefix(boundary))
            && matches!(after, b"" | b"--")
        {
            if let Some(begin) = begin {
                let line_end = if raw.get(..at).is_some_and(|r| r.ends_with(b"\r\n")) { 2 } else { 1 };
                parts.push(begin..at.saturating_sub(line_end).max(begin));
            }
            if !after.is_empty() {
                return parts;
            }
            begin = Some(end);
        }
        at = end;
    }
    parts.extend(begin.map(|begin| begin..body.end));
    parts
}

impl Value {
    /// Reads a field value (RFC 2045 §5.1).
    pub(in super::super) fn read(text: &str) -> Self {
        let mut pieces = pieces(text).into_iter();
        let value = pieces.next().unwrap_or_default().to_ascii_lowercase();
        let parameters = pieces
            .filter_map(|piece| {
                let (name, value) = piece.split_once('=')?;
                Some((name.trim().to_ascii_lowercase(), unquote(value.trim())))
            })
            .collect();
        Self { value, parameters }
    }

    pub(in super::super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// Cuts at the semicolons that stand outside quotes.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let (mut in_quotes, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            ';' if !in_quotes => pieces.push(String::new()),
            c => {
                in_quotes ^= c == '"' && !escaped;
                escaped = c == '\\' && in_quotes && !escaped;
                if let Some(last) = pieces.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    pieces.into_iter().map(|p| p.trim().to_owned()).collect()
}

fn unquote(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').map(|t| t.strip_suffix('"').unwrap_or(t)) else { return text.to_owned() };
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const NESTED: &[u8] = b"Content-Type: multipart/mixed; boundary=\"a;b\"\r\n\r\npreamble\r\n--a;b\r\n\r\nfirst\r\n--a;b\r\n\
        Content-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>\r\n--a;b--\r\nend";

    #[test]
    fn parts_are_found() {
        let root = Part::read(NESTED);
        let body =
            |path: &[usize]| root.at(path).map(|p| String::from_utf8_lossy(&NESTED[p.body.clone()]).into_owned());
        assert_eq!(body(&[1]).as_deref(), Some("first"));
        assert_eq!(body(&[2, 1]).as_deref(), Some("<p>"));
        assert_eq!(root.at(&[2, 1]).unwrap().kind.value, "text/html");
        assert!(body(&[3]).is_none() && body(&[1, 1]).is_none() && body(&[2, 2]).is_none());
        assert_eq!(root.at(&[2]).unwrap().message.as_ref().unwrap().field(NESTED, "subject").as_deref(), Some("in"));
    }

    #[test]
    fn a_multipart_without_an_end_keeps_its_last_part() {
        let raw = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nrest\r\n";
        let root = Part::read(raw);
        assert_eq!(root.parts.len(), 1);
        assert_eq!(&raw[root.parts[0].body.clone()], b"rest\r\n");
    }

    #[test]
    fn transfer_encodings_are_taken_off() {
        let text = |raw: &[u8]| String::from_utf8(Part::read(raw).text(raw).unwrap()).unwrap();
        assert_eq!(text(b"Content-Transfer-Encoding: base64\r\n\r\naGVs\r\nbG8=\r\n"), "hello");
        assert_eq!(text(b"Content-Transfer-Encoding: Quoted-Printable\r\n\r\na=3Db=\r\nc_=zz\r\n"), "a=bc_=zz\r\n");
    }

    #[test]
    fn nesting_without_end_does_no_harm() {
        let mut raw = Vec::new();
        for _ in 0..5000 {
            raw.extend_from_slice(b"Content-Type: message/rfc822\r\n\r\n");
        }
        let mut count = 0;
        Part::read(&raw).any(&mut |_| {
            count += 1;
            false
        });
        assert_eq!(count, MAX_DEPTH + 1);
    }
}
