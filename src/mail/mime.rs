//! The parts of a MIME message (RFC 2045, 2046): as much as a delivery status notification needs. Messages inside of
//! messages stay closed, nesting is bounded, the time is linear.

use super::{
    Field, Message,
    lexer::{self, Cursor},
};
use mail_parser::decoders::{
    base64::base64_decode, charsets::map::charset_decoder, quoted_printable::quoted_printable_decode,
};
use std::borrow::Cow;

/// Multiparts inside of multiparts are opened down to this depth.
const DEPTH: usize = 10;

/// A part that holds no parts.
#[derive(Debug)]
pub(super) struct Part<'a> {
    /// `type/subtype`, lower case.
    pub(super) kind: String,
    /// The body, decoded from base64 or quoted-printable.
    pub(super) body: Cow<'a, [u8]>,
    charset: Option<String>,
}

impl Part<'_> {
    /// The line of `message`, which it is a part of, where its body starts; `None` where it had to be decoded.
    pub(super) fn line(&self, message: &Message) -> Option<u32> {
        let Cow::Borrowed(body) = &self.body else { return None };
        let before = body.as_ptr().addr().checked_sub(message.raw().as_ptr().addr())?;
        let breaks = memchr::memchr_iter(b'\n', message.raw().get(..before)?).count();
        Some(message.first_line().saturating_add(u32::try_from(breaks).ok()?))
    }

    /// The body as text; `\n` ends its lines.
    pub(super) fn text(&self) -> String {
        let decoder = self.charset.as_deref().and_then(|c| charset_decoder(c.as_bytes()));
        let text =
            decoder.map_or_else(|| String::from_utf8_lossy(&self.body).into_owned(), |decode| decode(&self.body));
        text.replace("\r\n", "\n")
    }
}

/// Every part of a message that holds no parts, in order.
pub(super) fn parts(message: &Message) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut open = vec![(0, Entity::of(message, message.body()))];
    while let Some((depth, entity)) = open.pop() {
        match entity.boundary().or_else(|| entity.used_boundary()) {
            Some(boundary) if depth < DEPTH => {
                let mut inner = split(entity.body, boundary);
                if inner.is_empty()
                    && let Some(used) = entity.used_boundary()
                {
                    inner = split(entity.body, used);
                }
                open.extend(inner.into_iter().rev().map(|raw| (depth + 1, Entity::parse(raw))));
            }
            _ => parts.push(entity.into_part()),
        }
    }
    parts
}

/// The body of a message of one part, without its quoted-printable or base64; `None` when it has neither.
pub(crate) fn decoded_body(message: &Message) -> Option<Vec<u8>> {
    let entity = Entity::of(message, message.body());
    if entity.kind.starts_with("multipart/") {
        return None;
    }
    entity.decoded()
}

/// A header that tells what its body is.
struct Entity<'a> {
    kind: String,
    parameters: Vec<(String, String)>,
    encoding: String,
    body: &'a [u8],
}

impl<'a> Entity<'a> {
    fn of(message: &Message, body: &'a [u8]) -> Self {
        let kind = message.first("Content-Type").map(content_type);
        let (kind, parameters) = kind.unwrap_or_else(|| ("text/plain".to_owned(), Vec::new()));
        let encoding = message.first("Content-Transfer-Encoding").map(Field::value).unwrap_or_default();
        Self { kind, parameters, encoding: encoding.to_ascii_lowercase(), body }
    }

    fn parse(raw: &'a [u8]) -> Self {
        let message = Message::parse(raw);
        Self::of(&message, &raw[message.header().len()..])
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn boundary(&self) -> Option<&str> {
        self.parameter("boundary").filter(|b| !b.is_empty() && self.kind.starts_with("multipart/"))
    }

    /// The boundary that the body of a multipart uses, where the header names another or none: that of the first line which
    /// looks like a delimiter and has a last one.
    fn used_boundary(&self) -> Option<&'a str> {
        if !self.kind.starts_with("multipart/") {
            return None;
        }
        let lines = || self.body.split(|&b| b == b'\n').map(<[u8]>::trim_ascii_end);
        let first =
            lines().find_map(|line| line.strip_prefix(b"--").filter(|b| !b.is_empty() && !b.starts_with(b"-")))?;
        let is_last = |line: &[u8]| line.strip_prefix(b"--").and_then(|l| l.strip_suffix(b"--")) == Some(first);
        lines().any(is_last).then(|| std::str::from_utf8(first).ok()).flatten()
    }

    fn decoded(&self) -> Option<Vec<u8>> {
        match self.encoding.as_str() {
            "base64" => base64_decode(self.body),
            "quoted-printable" => quoted_printable_decode(self.body),
            _ => None,
        }
    }

    fn into_part(self) -> Part<'a> {
        let decoded = self.decoded();
        let charset = self.parameter("charset").map(str::to_owned);
        Part { kind: self.kind, body: decoded.map_or(Cow::Borrowed(self.body), Cow::Owned), charset }
    }
}

/// `type/subtype; name=value; …` (RFC 2045 §5.1).
fn content_type(field: &Field) -> (String, Vec<(String, String)>) {
    let text = lexer::text(&field.raw);
    let (mut cursor, mut comments, mut parameters) = (Cursor::new(&text), Vec::new(), Vec::new());
    cursor.cfws(&mut comments);
    let kind = cursor.word(&[]).to_ascii_lowercase();
    loop {
        cursor.cfws(&mut comments);
        if cursor.eat(b';') || cursor.eat(b'=') {
            continue;
        }
        if cursor.peek().is_none() {
            return (kind, parameters);
        }
        let name = cursor.word(b"=").to_owned();
        cursor.cfws(&mut comments);
        if cursor.eat(b'=') {
            cursor.cfws(&mut comments);
            parameters.push((name, cursor.value()));
        }
    }
}

/// What stands between the delimiters (RFC 2046 §5.1.1); a missing last delimiter ends nothing.
fn split<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (None, 0);
    for line in body.split_inclusive(|&b| b == b'\n') {
        let delimiter =
            line.strip_prefix(b"--").and_then(|l| l.strip_prefix(boundary.as_bytes())).map(<[u8]>::trim_ascii_end);
        if let Some(rest @ (b"" | b"--")) = delimiter {
            parts.extend(start.map(|start| without_line_end(&body[start..at])));
            start = (rest.is_empty()).then_some(at + line.len());
            if start.is_none() {
                break;
            }
        }
        at += line.len();
    }
    parts.extend(start.map(|start| &body[start..]));
    parts
}

/// The line end before a delimiter belongs to the delimiter.
fn without_line_end(part: &[u8]) -> &[u8] {
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    part.strip_suffix(b"\r").unwrap_or(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Vec<(String, String)> {
        parts(&Message::parse(raw)).iter().map(|p| (p.kind.clone(), p.text())).collect()
    }

    fn part(kind: &str, text: &str) -> (String, String) {
        (kind.to_owned(), text.to_owned())
    }

    #[test]
    fn parts_come_in_order_at_every_depth() {
        let raw = "Content-Type: Multipart/Report; report-type=delivery-status;\n boundary=\"a b\"\n\npreamble\n--a b\n\
                   Content-Type: multipart/alternative; boundary=in (c)\n\n--in  \n\nplain\n--in\nContent-Type: text/HTML\n\nhtml\n--in--\nepilogue\n\
                   --a b\nContent-Type: message/rfc822\n\nSubject: x\n\n--in\nbody\n--a b--\n--a b\n\nepilogue\n";
        let expected = [
            part("text/plain", "plain"),
            part("text/html", "html"),
            part("message/rfc822", "Subject: x\n\n--in\nbody"),
        ];
        assert_eq!(read(raw), expected);
        assert_eq!(read(&raw.replace('\n', "\r\n")), expected);
    }

    #[test]
    fn encodings_and_charsets_are_undone() {
        let raw = "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: Quoted-Printable\n\nf=FCr=\n alle\n";
        assert_eq!(read(raw), [part("text/plain", "für alle\n")]);
        assert_eq!(read("Content-Transfer-Encoding: base64\n\nQWN0aW\r\n9uOg==\n"), [part("text/plain", "Action:")]);
        assert_eq!(read("Content-Transfer-Encoding: base64\n\n!!\n"), [part("text/plain", "!!\n")]);
    }

    #[test]
    fn odd_bodies_are_one_part_or_none() {
        assert_eq!(read(""), [part("text/plain", "")]);
        assert_eq!(read("Content-Type: multipart/mixed\n\nx"), [part("multipart/mixed", "x")]);
        assert_eq!(read("Content-Type: multipart/mixed; boundary=b\n\nx"), []);
        assert_eq!(
            read("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nnever closed"),
            [part("text/plain", "never closed")]
        );
        assert_eq!(read("Content-Type: ;; = boundary\n\nx"), [part("", "x")]);
        for named in ["; boundary=other", ""] {
            let raw = format!("Content-Type: multipart/mixed{named}\n\n--b\n\nfirst\n--b\n\nsecond\n--b--\n");
            assert_eq!(read(&raw), [part("text/plain", "first"), part("text/plain", "second")]);
        }
        assert_eq!(read("Content-Type: multipart/mixed; boundary=x\n\n--b\n\nnever closed"), []);
    }

    #[test]
    fn nesting_is_bounded() {
        let mut raw = String::new();
        for depth in 0..50 {
            raw += &format!("Content-Type: multipart/mixed; boundary=b{depth}\n\n--b{depth}\n");
        }
        let read = read(&raw);
        assert_eq!((read.len(), read[0].0.as_str()), (1, "multipart/mixed"));
    }
}
