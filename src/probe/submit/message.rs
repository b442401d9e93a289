//! A message as DATA carries it (RFC 5321 §4.5.2): every line that begins with a dot gets another one, and a line with
//! one dot ends it.

/// How much of a message is made ready at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// The message, dot-stuffed, in chunks; the last one has the dot.
#[derive(Debug)]
pub(super) struct DotStuffed<'a> {
    rest: &'a [u8],
    at_line_start: bool,
    is_over: bool,
}

impl<'a> DotStuffed<'a> {
    /// `raw` has CRLF line ends and no others, so that a line is one for every server that reads it; the last one may be
    /// missing.
    pub(super) fn new(raw: &'a [u8]) -> Self {
        Self { rest: raw, at_line_start: true, is_over: false }
    }
}

impl Iterator for DotStuffed<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        if self.is_over {
            return None;
        }
        let (chunk, rest) = self.rest.split_at(self.rest.len().min(CHUNK));
        self.rest = rest;
        let mut out = Vec::with_capacity(chunk.len() + 64);
        for line in chunk.split_inclusive(|b| *b == b'\n') {
            if self.at_line_start && line.starts_with(b".") {
                out.push(b'.');
            }
            out.extend_from_slice(line);
            self.at_line_start = line.ends_with(b"\n");
        }
        if self.rest.is_empty() {
            self.is_over = true;
            out.extend_from_slice(if self.at_line_start { b".\r\n" } else { b"\r\n.\r\n" });
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_doubled_at_the_start_of_lines_wherever_chunks_end() {
        for (raw, wire) in [
            (&b""[..], &b".\r\n"[..]),
            (b".", b"..\r\n.\r\n"),
            (b"a.\r\n.\r\n..b\r\n", b"a.\r\n..\r\n...b\r\n.\r\n"),
            (b"a\r\n\r\n", b"a\r\n\r\n.\r\n"),
        ] {
            assert_eq!(DotStuffed::new(raw).collect::<Vec<_>>().concat(), wire);
        }
        for before in CHUNK - 3..=CHUNK + 1 {
            let line = vec![b'x'; before - 2];
            let raw = [&line, &b"\r\n.\r\nend"[..]].concat();
            let wire = [&line, &b"\r\n..\r\nend\r\n.\r\n"[..]].concat();
            assert!(DotStuffed::new(&raw).collect::<Vec<_>>().concat() == wire, "{before}");
        }
    }
}
