//! What a server writes: lines, strings and literals, where the bytes of messages are shared and not copied.

use std::{fmt, ops::Range, sync::Arc};

/// Bytes to send, in order.
#[derive(Default)]
pub(super) struct Output(Vec<Chunk>);

/// A piece of an [`Output`].
pub(super) enum Chunk {
    Own(Vec<u8>),
    Shared(Arc<[u8]>, Range<usize>),
}

impl Chunk {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Own(bytes) => bytes,
            Self::Shared(bytes, range) => bytes.get(range.clone()).unwrap_or_default(),
        }
    }
}

impl Output {
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        match self.0.last_mut() {
            Some(Chunk::Own(last)) => last.extend_from_slice(bytes),
            _ => self.0.push(Chunk::Own(bytes.to_vec())),
        }
    }

    pub(super) fn text(&mut self, text: impl fmt::Display) {
        self.bytes(text.to_string().as_bytes());
    }

    /// A line with its end.
    pub(super) fn line(&mut self, text: impl fmt::Display) {
        self.text(format_args!("{text}\r\n"));
    }

    /// A literal of bytes that others hold too.
    pub(super) fn shared_literal(&mut self, bytes: &Arc<[u8]>, range: Range<usize>) {
        self.text(format_args!("{{{}}}\r\n", range.len()));
        self.0.push(Chunk::Shared(Arc::clone(bytes), range));
    }

    /// A string that may hold anything: quoted if it can be, else a literal.
    pub(super) fn string(&mut self, bytes: &[u8]) {
        if bytes.len() < 1000 && bytes.iter().all(|b| matches!(b, b' '..=b'~')) {
            self.text(quoted(&String::from_utf8_lossy(bytes)));
        } else {
            self.text(format_args!("{{{}}}\r\n", bytes.len()));
            self.bytes(bytes);
        }
    }

    /// A string, or NIL when there is none.
    pub(super) fn nstring(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.string(text.as_bytes()),
            None => self.text("NIL"),
        }
    }

    pub(super) fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Chunk::bytes)
    }

    #[cfg(test)]
    pub(super) fn to_text(&self) -> String {
        self.chunks().map(String::from_utf8_lossy).collect()
    }
}

/// A quoted string (RFC 3501 §4.3).
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_take_the_form_that_can_hold_them() {
        let mut out = Output::default();
        out.string(b"a\"\\");
        out.text(' ');
        out.string("é".as_bytes());
        out.text(' ');
        out.nstring(None);
        out.shared_literal(&Arc::from(&b"hello"[..]), 1..3);
        assert_eq!(out.to_text(), "\"a\\\"\\\\\" {2}\r\né NIL{2}\r\nel");
    }
}
