//! The bytes after DATA and BDAT.

use memchr::memmem;

/// Reads a message up to the line that is a single dot, and takes the stuffed dots out (RFC 5321 §4.5.2). Only CRLF
/// ends a line: a dot between bare line feeds is data.
pub(super) struct DataReader {
    message: Vec<u8>,
    limit: usize,
    too_big: bool,
    /// The last two bytes seen.
    tail: [u8; 2],
}

impl DataReader {
    pub(super) fn new(limit: usize) -> Self {
        Self { message: Vec::new(), limit, too_big: false, tail: *b"\r\n" }
    }

    /// Takes bytes from the front of `input`; returns how many, and whether the message is complete. What is left
    /// must come again with more behind it.
    pub(super) fn read(&mut self, input: &[u8]) -> (usize, bool) {
        let mut at = 0;
        while at < input.len() {
            let rest = &input[at..];
            let dot = self.tail == *b"\r\n" && rest[0] == b'.';
            if dot && rest.starts_with(b".\r\n") {
                return (at + 3, true);
            }
            if dot && b".\r\n".starts_with(rest) {
                return (at, false);
            }
            let skip = usize::from(dot);
            let end = memmem::find(&rest[skip..], b"\r\n.").map_or(rest.len(), |p| skip + p + 2);
            let straddles = self.tail[1] == b'\r' && rest[skip] == b'\n' && !dot;
            let end = if straddles { 1 } else { end };
            self.push(&rest[skip..end]);
            at += end;
        }
        (at, false)
    }

    fn push(&mut self, bytes: &[u8]) {
        self.tail = match bytes {
            [.., a, b] => [*a, *b],
            [b] => [self.tail[1], *b],
            [] => self.tail,
        };
        if self.message.len() + bytes.len() > self.limit {
            self.too_big = true;
            self.message = Vec::new();
        }
        if !self.too_big {
            self.message.extend_from_slice(bytes);
        }
    }

    /// The message; `None` when it is longer than the limit.
    pub(super) fn finish(self) -> Option<Vec<u8>> {
        (!self.too_big).then_some(self.message)
    }
}

/// Chunks of a message (RFC 3030 §2).
#[derive(Default)]
pub(super) struct Chunks {
    pub(super) message: Vec<u8>,
    pub(super) too_big: bool,
}

impl Chunks {
    pub(super) fn push(&mut self, bytes: &[u8], limit: usize) {
        if self.message.len() + bytes.len() > limit {
            self.too_big = true;
            self.message = Vec::new();
        }
        if !self.too_big {
            self.message.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads in steps of `step` bytes, as the network may bring them; the message and what came behind it.
    fn read(input: &[u8], step: usize) -> (Vec<u8>, Vec<u8>) {
        let mut reader = DataReader::new(1 << 20);
        let (mut held, mut at) = (Vec::new(), 0);
        loop {
            let (taken, done) = reader.read(&held);
            held.drain(..taken);
            if done {
                held.extend_from_slice(&input[at..]);
                return (reader.finish().unwrap(), held);
            }
            assert!(at < input.len(), "the end was not seen");
            let to = (at + step).min(input.len());
            held.extend_from_slice(&input[at..to]);
            at = to;
        }
    }

    #[test]
    fn every_split_reads_the_same() {
        for (input, want) in [
            (&b".\r\nQUIT"[..], &b""[..]),
            (b"a\r\n.\r\nQUIT", b"a\r\n"),
            (b"..a\r\n..\r\n.b\r\n\r\n.\r\nQUIT", b".a\r\n.\r\nb\r\n\r\n"),
            (b"a\n.\nb\n.\r\nc\r.\r\n\r\n.\r\nQUIT", b"a\n.\nb\n.\r\nc\r.\r\n\r\n"),
            (b"\r\r\n.\r\nQUIT", b"\r\r\n"),
            (b"a\r\n.\rb\r\n.\r\nQUIT", b"a\r\n\rb\r\n"),
            (b"a\r\n.\n.\r\n\r\n.\r\nQUIT", b"a\r\n\n.\r\n\r\n"),
        ] {
            for step in 1..input.len() {
                let (message, rest) = read(input, step);
                assert_eq!(String::from_utf8_lossy(&message), String::from_utf8_lossy(want), "step {step}");
                assert_eq!(rest, b"QUIT", "step {step}");
            }
        }
    }

    #[test]
    fn a_message_over_the_limit_is_read_to_its_end() {
        let mut reader = DataReader::new(3);
        assert_eq!(reader.read(b"aaaa\r\n.\r\nQUIT"), (9, true));
        assert_eq!(reader.finish(), None);
    }
}
