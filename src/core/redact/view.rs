//! Bytes as a reader takes them who undoes escapes, joins lines and passes over spaces.

use std::ops::Range;

/// What a reader undoes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// Escapes of URLs, quoted-printable, quoted strings, JSON and HTML.
    pub(super) unescape: bool,
    /// Spaces, and the codes that SMTP repeats at the beginning of each line of a reply (RFC 5321 §4.2.1). Line breaks are
    /// passed over in any case.
    pub(super) pack: bool,
}

impl Reading {
    /// Every way to read.
    pub(super) const ALL: [Self; 4] = [
        Self { unescape: false, pack: false },
        Self { unescape: true, pack: false },
        Self { unescape: false, pack: true },
        Self { unescape: true, pack: true },
    ];

    /// Whether a byte may be read as anything but itself.
    fn is_special(self, byte: u8) -> bool {
        match byte {
            b'=' | b'\n' | b'\r' => true,
            b'%' | b'\\' | b'&' => self.unescape,
            _ => self.pack && byte.is_ascii_whitespace(),
        }
    }

    /// How many of the next bytes are read as what.
    fn next(self, rest: &[u8]) -> (usize, Read) {
        match rest {
            [b'=', b'\n', ..] => return (2, Read::Nothing),
            [b'=', b'\r', b'\n', ..] => return (3, Read::Nothing),
            _ => {}
        }
        let blank =
            if self.pack { rest.iter().take_while(|b| b.is_ascii_whitespace()).count() } else { line_break(rest) };
        if blank > 0 {
            return (self.passed(rest, blank), Read::Nothing);
        }
        if !self.unescape {
            return (1, Read::Same);
        }
        match (escape(rest), hex(rest)) {
            (Some((len, '\n' | '\r')), _) => (self.passed(rest, len), Read::Nothing),
            (Some((len, c)), _) if self.pack && c.is_ascii_whitespace() => (len, Read::Nothing),
            (Some((len, c)), _) => (len, Read::Char(c)),
            (None, Some(octet)) => (3, Read::Octet(octet)),
            (None, None) => (1, Read::Same),
        }
    }

    /// So many bytes, and the codes after them.
    fn passed(self, rest: &[u8], len: usize) -> usize {
        if self.pack { len + codes(&rest[len..]) } else { len }
    }
}

/// What some bytes are read as.
enum Read {
    Same,
    Nothing,
    Octet(u8),
    Char(char),
}

/// Bytes that say the same as others, and where each of them was.
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    changes: Vec<Change>,
}

/// `len` octets from `at` on stand for `original`.
struct Change {
    at: usize,
    len: usize,
    original: Range<usize>,
}

impl View {
    /// The bytes read in this way; `None` when they are the same then.
    pub(super) fn of(bytes: &[u8], reading: Reading) -> Option<Self> {
        let mut view = Self { bytes: Vec::with_capacity(bytes.len()), changes: Vec::new() };
        let mut from = 0;
        while let Some(rest) = bytes.get(from..).filter(|rest| !rest.is_empty()) {
            let plain = rest.iter().position(|byte| reading.is_special(*byte)).unwrap_or(rest.len());
            let (plain, rest) = rest.split_at(plain);
            view.bytes.extend_from_slice(plain);
            from += plain.len();
            if rest.is_empty() {
                break;
            }
            let at = view.bytes.len();
            let (taken, read) = reading.next(rest);
            match read {
                Read::Same => view.bytes.extend_from_slice(&rest[..taken]),
                Read::Nothing => {}
                Read::Octet(octet) => view.bytes.push(octet),
                Read::Char(c) => view.bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
            if !matches!(read, Read::Same) {
                let len = view.bytes.len() - at;
                view.changes.push(Change { at, len, original: from..from + taken });
            }
            from += taken;
        }
        (!view.changes.is_empty()).then_some(view)
    }

    /// Where a part of the view, of at least one octet, was.
    pub(super) fn original(&self, part: Range<usize>) -> Range<usize> {
        self.octet(part.start).start..self.octet(part.end.saturating_sub(1)).end
    }

    fn octet(&self, at: usize) -> Range<usize> {
        let before = self.changes.partition_point(|change| change.at <= at);
        match before.checked_sub(1).and_then(|last| self.changes.get(last)) {
            Some(change) if at < change.at + change.len => change.original.clone(),
            Some(change) => {
                let at = change.original.end + at - change.at - change.len;
                at..at + 1
            }
            None => at..at + 1,
        }
    }
}

/// The length of a line break at the beginning.
fn line_break(rest: &[u8]) -> usize {
    match rest {
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        _ => 0,
    }
}

/// An octet of a URL (`%41`) or in quoted-printable (`=41`).
fn hex(rest: &[u8]) -> Option<u8> {
    let [b'%' | b'=', digits @ ..] = rest else { return None };
    number(digits.get(..2)?, 16).and_then(|n| u8::try_from(n).ok())
}

/// A character in a quoted string, JSON (`\"`, `\u0041`) or HTML (`&lt;`, `&#65;`), with its length there.
fn escape(rest: &[u8]) -> Option<(usize, char)> {
    match rest {
        [b'\\', b'u', digits @ ..] => Some((6, char::from_u32(number(digits.get(..4)?, 16)?)?)),
        [b'\\', b'n', ..] => Some((2, '\n')),
        [b'\\', b'r', ..] => Some((2, '\r')),
        [b'\\', b't', ..] => Some((2, '\t')),
        [b'\\', c @ (b'"' | b'\\' | b'/' | b'\''), ..] => Some((2, char::from(*c))),
        [b'&', name @ ..] => {
            let end = name.iter().take(8).position(|b| *b == b';')?;
            let c = match &name[..end] {
                b"lt" => '<',
                b"gt" => '>',
                b"amp" => '&',
                b"quot" => '"',
                b"apos" => '\'',
                [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?)?,
                [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
                _ => return None,
            };
            Some((end + 2, c))
        }
        _ => None,
    }
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_alphanumeric()))?;
    u32::from_str_radix(digits, radix).ok()
}

/// The length of what stands before the text of a line of a reply: `550-5.7.26 `, in a transcript `S: 550-5.7.26 `.
fn codes(line: &[u8]) -> usize {
    let mut rest = line.strip_prefix(b"S: ").unwrap_or(line);
    if let [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-', text @ ..] = rest {
        rest = text;
    }
    let word = rest.iter().position(|b| b.is_ascii_whitespace()).unwrap_or(rest.len()).min("5.999.999".len());
    if is_status(&rest[..word]) {
        rest = &rest[word..];
    }
    line.len() - rest.len()
}

/// An enhanced status code (RFC 3463).
fn is_status(word: &[u8]) -> bool {
    let mut parts = word.split(|b| *b == b'.');
    matches!(parts.next(), Some([b'2' | b'4' | b'5']))
        && parts.clone().count() == 2
        && parts.all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, unescape: bool, pack: bool) -> String {
        let view = View::of(text.as_bytes(), Reading { unescape, pack });
        view.map_or_else(|| text.to_owned(), |view| String::from_utf8(view.bytes).unwrap())
    }

    #[test]
    fn each_reading_undoes_what_it_should() {
        let text = "a%41=42 \\u00e9\\\"&lt;&#x43;\r\n 550-5.7.1 d=\ne\nS: 250 f";
        assert_eq!(read(text, false, false), "a%41=42 \\u00e9\\\"&lt;&#x43; 550-5.7.1 deS: 250 f");
        assert_eq!(read(text, true, false), "aAB é\"<C 550-5.7.1 deS: 250 f");
        assert_eq!(read(text, false, true), "a%41=42\\u00e9\\\"&lt;&#x43;def");
        assert_eq!(read(text, true, true), "aAB\u{e9}\"<Cdef");
        assert_eq!(read("a\\r\\n550 b", true, true), "ab");
        for same in ["a=4", "%zz\\x&nosuch;&#xd800;", "5.7.1", "=", "%4"] {
            assert_eq!(read(same, true, true), same);
        }
    }

    #[test]
    fn a_part_is_found_where_it_was() {
        let text = "x \r\n%41b\r\n  c%44 y";
        let view = View::of(text.as_bytes(), Reading { unescape: true, pack: true }).unwrap();
        assert_eq!(view.bytes, b"xAbcDy");
        assert_eq!(&text[view.original(1..5)], "%41b\r\n  c%44");
        assert_eq!(&text[view.original(0..1)], "x");
        assert_eq!(&text[view.original(5..6)], "y");
        assert_eq!(&text[view.original(3..4)], "c");
    }
}
