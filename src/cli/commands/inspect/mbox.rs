//! Mailboxes in one file (RFC 4155), read a message at a time.

use std::io::{self, BufRead, Read};

/// The largest message that is read, in bytes: twice what any provider takes.
const MAX_BYTES: u64 = 100 << 20;

/// How many empty lines may stand before the first message.
const MOST_SKIPPED: usize = 1000;

/// The messages of a file: those of a mailbox, or the one that it is.
pub(super) struct Messages<R> {
    input: R,
    state: State,
    limit: u64,
    /// Lines that were read.
    lines: usize,
    /// The empty lines before the first message.
    skipped: usize,
    /// It began with a separator.
    is_mailbox: bool,
}

/// A message and its place in the file.
pub(super) struct MboxMessage {
    /// The line where it starts, from 1.
    pub(super) line: usize,
    /// Whether it has a separator line before it.
    pub(super) in_mailbox: bool,
    pub(super) content: io::Result<Vec<u8>>,
}

#[derive(PartialEq, Eq)]
enum State {
    /// Nothing was read.
    Start,
    /// The separator of the next message was read.
    Inside,
    /// Nothing is left.
    End,
}

impl<R: BufRead> Messages<R> {
    pub(super) fn of(input: R) -> Self {
        Self { input, state: State::Start, limit: MAX_BYTES, lines: 0, skipped: 0, is_mailbox: false }
    }

    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut message = Vec::new();
        if self.state == State::Start {
            // What was pasted can begin with empty lines.
            while self.line(&mut message)? > 0 && matches!(&message[..], b"\n" | b"\r\n") && self.skipped < MOST_SKIPPED
            {
                message.clear();
                self.skipped += 1;
            }
            if !message.starts_with(b"From ") {
                self.state = State::End;
                self.input.by_ref().take(self.limit).read_to_end(&mut message)?;
                return self.fitting(message).map(Some);
            }
            message.clear();
            self.is_mailbox = true;
            self.state = State::Inside;
        }
        if self.state == State::End {
            return Ok(None);
        }
        let mut after_blank = false;
        loop {
            let start = message.len();
            if self.line(&mut message)? == 0 {
                self.state = State::End;
                break;
            }
            let line = &message[start..];
            if after_blank && line.starts_with(b"From ") {
                message.truncate(start);
                break;
            }
            after_blank = matches!(line, b"\n" | b"\r\n");
            // Lines of the body that look like separators were quoted once more than they are.
            if line.iter().position(|b| *b != b'>').is_some_and(|n| n > 0 && line[n..].starts_with(b"From ")) {
                message.remove(start);
            }
            message = self.fitting(message)?;
        }
        trim_blank(&mut message);
        Ok(Some(message))
    }

    fn line(&mut self, into: &mut Vec<u8>) -> io::Result<usize> {
        self.lines += 1;
        self.input.by_ref().take(self.limit).read_until(b'\n', into)
    }

    fn fitting(&self, message: Vec<u8>) -> io::Result<Vec<u8>> {
        if message.len() as u64 <= self.limit {
            return Ok(message);
        }
        Err(io::Error::other(format!("a message has more than {} MB, which no server takes", self.limit >> 20)))
    }
}

impl<R: BufRead> Iterator for Messages<R> {
    type Item = MboxMessage;

    fn next(&mut self) -> Option<Self::Item> {
        let (started, before) = (self.state == State::Start, self.lines);
        let content = self.read().transpose()?;
        let in_mailbox = self.is_mailbox;
        if content.is_err() {
            self.state = State::End;
        }
        // The first separator is read with its message, every later one with the message before.
        let line = before + 1 + if started { self.skipped + usize::from(in_mailbox) } else { 0 };
        Some(MboxMessage { line, in_mailbox, content })
    }
}

/// The empty line before a separator belongs to the mailbox.
fn trim_blank(message: &mut Vec<u8>) {
    for end in [&b"\r\n\r\n"[..], b"\n\n"] {
        if message.ends_with(end) {
            message.truncate(message.len() - end.len() / 2);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(bytes: &[u8]) -> Vec<Vec<u8>> {
        Messages::of(bytes).map(|found| found.content.unwrap()).collect()
    }

    #[test]
    fn a_mailbox_is_taken_apart() {
        let mbox =
            b"From a@b.example Tue\nA: 1\n\n>From here\nFrom there\n\nFrom c@d.example Wed\nA: 2\n\n>>From x\n\n";
        assert_eq!(messages(mbox), [&b"A: 1\n\nFrom here\nFrom there\n"[..], b"A: 2\n\n>From x\n"]);
    }

    #[test]
    fn messages_know_their_lines() {
        let places = |bytes: &[u8]| Messages::of(bytes).map(|f| (f.line, f.in_mailbox)).collect::<Vec<_>>();
        assert_eq!(places(b"From a\nA: 1\n\nx\n\nFrom b\nA: 2\n\nFrom c\nA: 3\n"), [(2, true), (7, true), (10, true)]);
        assert_eq!(places(b"A: 1\n\nx\n"), [(1, false)]);
        assert_eq!(places(b"\n\r\nA: 1\n\nx\n"), [(3, false)]);
        assert_eq!(places(b"\nFrom a\nA: 1\n\nFrom b\nA: 2\n"), [(3, true), (6, true)]);
    }

    #[test]
    fn a_message_is_itself() {
        assert_eq!(messages(b"A: 1\n\nFrom x\n"), [b"A: 1\n\nFrom x\n"]);
        assert_eq!(messages(b""), [b""]);
        assert_eq!(messages(b"\n\r\nA: 1\n\nx\n"), [b"A: 1\n\nx\n"], "empty lines before it are none of it");
    }

    #[test]
    fn what_never_ends_is_given_up() {
        for input in [&b"A: 1\n"[..], b"From a\nA: 1\n"] {
            let mut messages = Messages::of(input.chain(io::BufReader::new(io::repeat(b'x'))));
            messages.limit = 1 << 20;
            assert!(messages.next().unwrap().content.unwrap_err().to_string().contains("more than 1 MB"));
            assert!(messages.next().is_none());
        }
    }
}
