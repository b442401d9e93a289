//! A message as it came off the wire: header fields with their places, and the body (RFC 5322 §2.1, §2.2).

use super::lexer;

/// One header field. `name` is as written; `raw` is everything after the colon, folding and final line break included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The field name as written, without trailing white space.
    pub name: String,
    /// The bytes after the colon up to and including the last line break of the field.
    pub raw: Vec<u8>,
    /// The line where the field starts, from 1: of the message, or of the file that it stands in.
    pub line: u32,
    /// Byte offset of the field's first byte in the message.
    pub offset: usize,
    /// The number of bytes from the first byte of the name to the end of `raw`.
    pub len: usize,
}

impl Field {
    /// Whether the field has this name; field names ignore case (RFC 5322 §1.2.2).
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value unfolded: line breaks removed, bytes that are no UTF-8 replaced, ends trimmed.
    pub fn value(&self) -> String {
        let text = lexer::text(&self.raw);
        text.replace(['\r', '\n'], "").trim().to_owned()
    }
}

/// What some editors write in front of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A message: header fields top to bottom, and where the body starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    raw: Vec<u8>,
    fields: Vec<Field>,
    body_offset: usize,
    first_line: u32,
}

impl Message {
    /// Reads a message with CRLF or LF line ends, also one that an editor saved with a byte order mark. Lines in the
    /// header that are no field end the header when they are empty and are skipped otherwise.
    pub fn parse(raw: impl Into<Vec<u8>>) -> Self {
        let raw = raw.into();
        let mut fields: Vec<Field> = Vec::new();
        let (mut at, mut line) = (if raw.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 }, 1u32);
        let mut body_offset = raw.len();
        while at < raw.len() {
            let end = memchr::memchr(b'\n', &raw[at..]).map_or(raw.len(), |n| at + n + 1);
            let text = &raw[at..end];
            let bare = text.strip_suffix(b"\n").unwrap_or(text);
            let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
            if bare.is_empty() {
                body_offset = end;
                break;
            }
            match (bare[0], fields.last_mut()) {
                (b' ' | b'\t', Some(field)) if field.offset + field.len == at => {
                    field.raw.extend_from_slice(text);
                    field.len += text.len();
                }
                (b' ' | b'\t', _) => {}
                _ => {
                    if let Some(colon) = memchr::memchr(b':', bare) {
                        let name = String::from_utf8_lossy(&bare[..colon]).trim_end().to_owned();
                        if !name.is_empty() && name.bytes().all(|b| (33..=126).contains(&b)) {
                            fields.push(Field {
                                name,
                                raw: text[colon + 1..].to_vec(),
                                line,
                                offset: at,
                                len: text.len(),
                            });
                        }
                    }
                }
            }
            at = end;
            line += 1;
        }
        Self { raw, fields, body_offset, first_line: 1 }
    }

    /// The same message, which starts at this line of the file that it stands in.
    #[must_use]
    pub(crate) fn at_line(mut self, line: u32) -> Self {
        for field in &mut self.fields {
            field.line = field.line - self.first_line + line;
        }
        self.first_line = line;
        self
    }

    /// The line where it starts; 1 unless it stands inside of something else.
    pub(crate) fn first_line(&self) -> u32 {
        self.first_line
    }

    /// The whole message.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The header fields, top to bottom.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The fields of this name, top to bottom.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Field> {
        self.fields.iter().filter(move |f| f.is(name))
    }

    /// The topmost field of this name.
    pub fn first(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.is(name))
    }

    /// The header with its closing empty line.
    pub fn header(&self) -> &[u8] {
        &self.raw[..self.body_offset]
    }

    /// The body, as it came.
    pub fn body(&self) -> &[u8] {
        &self.raw[self.body_offset..]
    }

    /// The Message-ID with its angle brackets (RFC 5322 §3.6.4). Without brackets, the whole value.
    pub fn message_id(&self) -> Option<String> {
        let value = self.first("Message-ID")?.value();
        let bracketed = value.find('<').and_then(|from| value[from..].find('>').map(|len| &value[from..=from + len]));
        Some(bracketed.unwrap_or(&value).to_owned()).filter(|id| !id.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_folding_and_place() {
        let m = Message::parse(&b"A: 1\r\nB : two\r\n\tmore\r\nnonsense\r\nC:3\r\n\r\nbody\r\n"[..]);
        assert_eq!(
            m.fields().iter().map(|f| (f.name.as_str(), f.line)).collect::<Vec<_>>(),
            [("A", 1), ("B", 2), ("C", 5)]
        );
        assert_eq!(m.fields()[1].raw, b" two\r\n\tmore\r\n");
        assert_eq!(m.fields()[1].value(), "two\tmore");
        assert_eq!(m.body(), b"body\r\n");
        assert_eq!(&m.raw()[m.fields()[2].offset..][..m.fields()[2].len], b"C:3\r\n");
    }

    #[test]
    fn a_message_inside_of_a_file_counts_the_lines_of_the_file() {
        let m = Message::parse(&b"A: 1\r\n\tmore\r\nB: 2\r\n"[..]).at_line(40);
        let lines = |m: &Message| m.fields().iter().map(|f| f.line).collect::<Vec<_>>();
        assert_eq!((m.first_line(), lines(&m)), (40, vec![40, 42]));
        assert_eq!(lines(&m.at_line(1)), [1, 3]);
    }

    #[test]
    fn a_message_id_has_brackets() {
        let id = |value: &str| Message::parse(format!("Message-Id:{value}\r\n")).message_id();
        assert_eq!(id(" <a@sender.example>").as_deref(), Some("<a@sender.example>"));
        assert_eq!(id("\r\n <a@sender.example> (added by <b>)").as_deref(), Some("<a@sender.example>"));
        assert_eq!(id(" a@sender.example").as_deref(), Some("a@sender.example"));
        assert_eq!((id(" "), id(" >a<").as_deref()), (None, Some(">a<")));
        assert_eq!(Message::parse(&b"A: b\n"[..]).message_id(), None);
    }

    #[test]
    fn odd_messages_are_read_too() {
        assert_eq!(Message::parse(&b""[..]).fields().len(), 0);
        assert_eq!(Message::parse(&b"\r\nbody"[..]).body(), b"body");
        assert_eq!(Message::parse(&b"A: 1\nB: 2"[..]).fields().len(), 2);
        assert_eq!(Message::parse(&b" folded first\nA: 1\n"[..]).fields().len(), 1);
        let marked = Message::parse(&b"\xef\xbb\xbfA: 1\n\nbody"[..]);
        assert_eq!(
            (marked.fields()[0].name.as_str(), marked.fields()[0].offset, marked.body()),
            ("A", 3, &b"body"[..])
        );
    }
}
