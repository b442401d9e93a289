//! A message's header fields and body, byte for byte.

/// A header field with its folding and final line break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field<'m> {
    raw: &'m [u8],
    colon: usize,
    start: usize,
}

/// A message in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'m> {
    /// The header fields, top to bottom; a line that is no field is left out.
    pub(crate) fields: Vec<Field<'m>>,
    /// What follows the first empty line.
    pub body: &'m [u8],
}

impl<'m> Field<'m> {
    /// The name as written.
    pub(crate) fn name(&self) -> &'m str {
        std::str::from_utf8(&self.raw[..self.colon]).unwrap_or_default().trim_end()
    }

    /// Whether it has this name, in any case.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// What follows the colon, folding and final line break included.
    pub(crate) fn value(&self) -> &'m [u8] {
        &self.raw[self.colon + 1..]
    }

    /// The value on one line, without white space at its ends; bytes that are no UTF-8 are replaced.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(self.value()).replace(['\r', '\n'], "").trim().to_owned()
    }

    /// All of it.
    pub(crate) fn raw(&self) -> &'m [u8] {
        self.raw
    }

    /// Where it stands in the message.
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        self.start..self.start + self.raw.len()
    }

    /// The value of a tag in a tag list (RFC 6376 §3.2), without white space.
    pub(crate) fn tag(&self, name: &str) -> Option<String> {
        let text = self.text();
        text.split(';').find_map(|part| {
            let (tag, value) = part.split_once('=')?;
            (tag.trim() == name).then(|| value.split_whitespace().collect())
        })
    }
}

impl<'m> Message<'m> {
    /// Splits a message.
    pub fn new(raw: &'m [u8]) -> Self {
        let mut fields = Vec::new();
        let mut at = 0;
        while at < raw.len() {
            let rest = &raw[at..];
            if rest.starts_with(b"\r\n") {
                return Self { fields, body: &rest[2..] };
            }
            if rest[0] == b'\n' {
                return Self { fields, body: &rest[1..] };
            }
            let end = field_end(rest);
            if let Some(colon) = memchr::memchr(b':', &rest[..end]).filter(|colon| is_name(&rest[..*colon])) {
                fields.push(Field { raw: &rest[..end], colon, start: at });
            }
            at += end;
        }
        Self { fields, body: &[] }
    }

    /// The fields of this name, top to bottom.
    pub(crate) fn named<'s>(&'s self, name: &'s str) -> impl DoubleEndedIterator<Item = &'s Field<'m>> {
        self.fields.iter().filter(move |field| field.is(name))
    }
}

/// Where the line and its continuations end.
fn field_end(text: &[u8]) -> usize {
    let mut end = 0;
    loop {
        match memchr::memchr(b'\n', &text[end..]) {
            None => return text.len(),
            Some(at) => end += at + 1,
        }
        if !matches!(text.get(end), Some(b' ' | b'\t')) {
            return end;
        }
    }
}

fn is_name(bytes: &[u8]) -> bool {
    let name = bytes.trim_ascii_end();
    !name.is_empty() && name.iter().all(u8::is_ascii_graphic)
}

/// The message without the fields that are not wanted.
pub(crate) fn without(raw: &[u8], unwanted: impl Fn(&Field<'_>) -> bool) -> Vec<u8> {
    let message = Message::new(raw);
    let mut out = Vec::with_capacity(raw.len());
    let mut from = 0;
    for field in message.fields.iter().filter(|field| unwanted(field)) {
        out.extend_from_slice(&raw[from..field.range().start]);
        from = field.range().end;
    }
    out.extend_from_slice(&raw[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_body_are_split() {
        let message = Message::new(b"A: 1\r\n 2\r\nno field\r\nB : x=1; y = a\r\n\tb;\r\n\r\nbody\r\n");
        assert_eq!(message.fields.iter().map(Field::name).collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!(message.fields[0].text(), "1 2");
        assert_eq!(message.fields[1].tag("y").as_deref(), Some("ab"));
        assert_eq!(message.fields[1].tag("z"), None);
        assert_eq!(message.body, b"body\r\n");
        assert_eq!(message.named("b").count(), 1);
    }

    #[test]
    fn odd_messages_have_their_parts() {
        assert_eq!(Message::new(b"").fields.len(), 0);
        assert_eq!(Message::new(b"\r\nx").body, b"x");
        assert_eq!(Message::new(b"A: 1").fields[0].value(), b" 1");
        assert_eq!(Message::new(b"A: 1\n\nx").body, b"x");
    }
}
