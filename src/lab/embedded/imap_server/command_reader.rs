//! Cuts what a client sends into commands: lines, and the literals that lines announce at their end.

/// A literal that a line announces (RFC 3501 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Literal {
    /// In octets.
    pub(super) length: usize,
    /// Whether the client waits to be asked for it; not with `{n+}` (RFC 7888).
    pub(super) is_synchronizing: bool,
}

/// What has come whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A line that announces a literal; a server that does not want it skips the command.
    Literal(Literal),
    /// A command with its literals and its final line break.
    Command(Vec<u8>),
}

/// Reads ahead, and keeps what is not whole yet. A line may end in a bare line feed.
#[derive(Default)]
pub(super) struct CommandReader {
    unread: Vec<u8>,
    command: Vec<u8>,
    /// Where the last line of the command begins.
    line_start: usize,
    literal_left: usize,
}

impl CommandReader {
    /// More bytes of the client.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
    }

    /// The next step; `None` when it needs more bytes.
    pub(super) fn next(&mut self) -> Option<Step> {
        if self.literal_left > 0 {
            let count = self.literal_left.min(self.unread.len());
            self.take(count);
            self.literal_left -= count;
            if self.literal_left > 0 {
                return None;
            }
            self.line_start = self.command.len();
        }
        let Some(end) = memchr::memchr(b'\n', &self.unread) else {
            self.take(self.unread.len());
            return None;
        };
        self.take(end + 1);
        if let Some(literal) = announced(&self.command[self.line_start..]) {
            self.literal_left = literal.length;
            self.line_start = self.command.len();
            return Some(Step::Literal(literal));
        }
        self.line_start = 0;
        Some(Step::Command(std::mem::take(&mut self.command)))
    }

    /// As much of the command as has been read.
    pub(super) fn command(&self) -> &[u8] {
        &self.command
    }

    /// Whether octets of a literal are missing.
    pub(super) fn is_in_literal(&self) -> bool {
        self.literal_left > 0
    }

    /// Forgets the command: what follows is another.
    pub(super) fn skip(&mut self) {
        *self = Self { unread: std::mem::take(&mut self.unread), ..Self::default() };
    }

    fn take(&mut self, count: usize) {
        self.command.extend(self.unread.drain(..count));
    }
}

/// The literal that a whole line announces: `{n}` or `{n+}` at its end.
fn announced(line: &[u8]) -> Option<Literal> {
    let line = line.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line).strip_suffix(b"}")?;
    let (line, is_synchronizing) = line.strip_suffix(b"+").map_or((line, true), |line| (line, false));
    let digits = &line[memchr::memrchr(b'{', line)? + 1..];
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let length: u32 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(Literal { length: usize::try_from(length).ok()?, is_synchronizing })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &[u8] =
        b"a LOGIN {5}\r\nuser\n {3+}\r\n{9}\r\nb X {0}\r\n {2}\n\n\n\nc X \"{3}\"\r\n\r\nd X {3}x\r\n";

    fn literal(length: usize, is_synchronizing: bool) -> Step {
        Step::Literal(Literal { length, is_synchronizing })
    }

    fn command(text: &str) -> Step {
        Step::Command(text.as_bytes().to_vec())
    }

    fn client_steps() -> Vec<Step> {
        vec![
            literal(5, true),
            literal(3, false),
            command("a LOGIN {5}\r\nuser\n {3+}\r\n{9}\r\n"),
            literal(0, true),
            literal(2, true),
            command("b X {0}\r\n {2}\n\n\n\n"),
            command("c X \"{3}\"\r\n"),
            command("\r\n"),
            command("d X {3}x\r\n"),
        ]
    }

    fn read<'b>(pieces: impl IntoIterator<Item = &'b [u8]>) -> Vec<Step> {
        let mut reader = CommandReader::default();
        let mut steps = Vec::new();
        for piece in pieces {
            reader.push(piece);
            steps.extend(std::iter::from_fn(|| reader.next()));
        }
        assert_eq!((reader.command(), reader.is_in_literal()), (&b""[..], false));
        steps
    }

    #[test]
    fn literals_belong_to_their_command() {
        assert_eq!(read([CLIENT]), client_steps());
    }

    #[test]
    fn it_does_not_matter_where_reads_end() {
        for at in 0..=CLIENT.len() {
            let (first, second) = CLIENT.split_at(at);
            assert_eq!(read([first, second]), client_steps(), "split at {at}");
        }
        assert_eq!(read(CLIENT.chunks(1)), client_steps());
    }

    #[test]
    fn only_a_number_in_braces_at_the_end_of_a_line_announces() {
        for line in ["{}", "{+}", "{x}", "{1 }", "{1}\r", "{1++}", "{-1}", "{1", "1}", "{4294967296}", "{1}\""] {
            assert_eq!(read([format!("a {line}\r\n").as_bytes()]), [command(&format!("a {line}\r\n"))], "{line}");
        }
        assert_eq!(announced(b"{{12}\r\n"), Some(Literal { length: 12, is_synchronizing: true }));
        assert_eq!(announced(b"a ~{4294967295+}\n"), Some(Literal { length: 4_294_967_295, is_synchronizing: false }));
    }

    #[test]
    fn a_literal_that_is_not_wanted_is_skipped_with_its_command() {
        let mut reader = CommandReader::default();
        reader.push(b"a APPEND INBOX {99}\r\nb NOOP\r\n");
        assert_eq!(reader.next(), Some(literal(99, true)));
        assert_eq!((reader.command(), reader.is_in_literal()), (&b"a APPEND INBOX {99}\r\n"[..], true));
        reader.skip();
        assert_eq!(reader.next(), Some(command("b NOOP\r\n")));
    }

    #[test]
    fn what_is_not_whole_can_be_measured() {
        let mut reader = CommandReader::default();
        for length in 1..100 {
            reader.push(b"x");
            assert_eq!((reader.next(), reader.command().len()), (None, length));
        }
    }
}
