//! The octets of a connection: command lines go out, whole responses come in.

use super::transcript::Log;
use crate::probe::timed::Deadline;
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How much is read at once, in octets.
const CHUNK: usize = 64 * 1024;

/// A TCP or TLS connection.
pub(super) trait TimedStream: Read + Write + Send {}
impl<T: Read + Write + Send> TimedStream for T {}

/// The connection.
pub(super) struct Wire {
    io: BufReader<Box<dyn TimedStream>>,
    deadline: Deadline,
    log: Arc<Mutex<Log>>,
    /// What has come of a response.
    response: Vec<u8>,
    /// Where the line of it begins that is being read.
    line: usize,
    /// The octets of a literal that are to come before that line.
    literal: usize,
}

/// What an answer may bring at most, in octets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// In lines.
    pub(super) lines: usize,
    /// In literals (RFC 3501 §4.3).
    pub(super) content: usize,
}

impl Room {
    /// Room for what a command without content answers: flags, names, numbers.
    pub(super) const fn for_lines() -> Self {
        Self { lines: 8_000_000, content: 1_000_000 }
    }

    /// And for so much content.
    pub(super) const fn for_content(octets: usize) -> Self {
        Self { content: octets, ..Self::for_lines() }
    }
}

impl Wire {
    /// A stream that keeps to a deadline.
    pub(super) fn new(io: Box<dyn TimedStream>, deadline: Deadline, log: Arc<Mutex<Log>>) -> Self {
        let io = BufReader::with_capacity(CHUNK, io);
        Self { io, deadline, log, response: Vec::new(), line: 0, literal: 0 }
    }

    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says a line.
    pub(super) fn say(&mut self, line: &str) -> io::Result<()> {
        self.log().sent(line);
        let io = self.io.get_mut();
        io.write_all(format!("{line}\r\n").as_bytes())?;
        io.flush()
    }

    /// The next response with its literals and its last CRLF. After an error because of time the rest can be read later.
    ///
    /// # Errors
    /// `InvalidData` when there is no room for it, `UnexpectedEof` at the end of the connection.
    pub(super) fn response(&mut self, room: &mut Room) -> io::Result<Vec<u8>> {
        loop {
            while self.literal > 0 {
                let taken = self.take(|come, left| come.len().min(left))?;
                self.literal -= taken;
                self.line = self.response.len();
                self.deadline.grant(taken);
            }
            while !self.response[self.line..].ends_with(b"\n") {
                let taken = self.take(|come, _| memchr::memchr(b'\n', come).map_or(come.len(), |at| at + 1))?;
                room.lines = room.lines.checked_sub(taken).ok_or_else(too_much)?;
            }
            let line = &self.response[self.line..];
            let literal = if self.line == 0 && is_text(line) { None } else { announced(line) };
            self.log().received(line, literal);
            match literal {
                Some(octets) => {
                    room.content = room.content.checked_sub(octets).ok_or_else(too_much)?;
                    (self.literal, self.line) = (octets, self.response.len());
                }
                None => {
                    self.line = 0;
                    return Ok(std::mem::take(&mut self.response));
                }
            }
        }
    }

    /// Takes as many of the octets that have come as `part` says, given how many a literal still lacks.
    fn take(&mut self, part: impl Fn(&[u8], usize) -> usize) -> io::Result<usize> {
        let come = self.io.fill_buf()?;
        if come.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let taken = part(come, self.literal);
        self.response.extend_from_slice(&come[..taken]);
        self.io.consume(taken);
        Ok(taken)
    }
}

fn too_much() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the server sends more than any answer needs")
}

/// Whether the line ends in text for people (RFC 3501 §9, resp-text), where braces announce nothing.
fn is_text(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"* ") else { return true };
    let word = rest.split(|b| b.is_ascii_whitespace()).next().unwrap_or_default();
    [&b"OK"[..], b"NO", b"BAD", b"BYE", b"PREAUTH"].iter().any(|status| word.eq_ignore_ascii_case(status))
}

/// The size of the literal that a line announces: `{123}` at its end.
fn announced(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"\r\n")?.strip_suffix(b"}")?;
    let open = memchr::memrchr(b'{', line)?;
    std::str::from_utf8(&line[open + 1..]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{super::transcript::Transcript, *};
    use std::collections::VecDeque;

    /// Hands out its pieces one by one; an empty one is a silence.
    struct Pieces(VecDeque<&'static [u8]>);

    impl Read for Pieces {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            match self.0.pop_front() {
                None => Ok(0),
                Some(b"") => Err(io::ErrorKind::WouldBlock.into()),
                Some(mut piece) => {
                    let n = piece.read(buf)?;
                    if !piece.is_empty() {
                        self.0.push_front(piece);
                    }
                    Ok(n)
                }
            }
        }
    }

    impl Write for Pieces {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn wire(pieces: impl IntoIterator<Item = &'static [u8]>) -> Wire {
        let log = Log::new("x", Arc::new(Transcript::new()));
        let io = Box::new(Pieces(pieces.into_iter().collect()));
        Wire::new(io, Deadline::default(), Arc::new(Mutex::new(log)))
    }

    fn all(wire: &mut Wire, room: Room) -> Vec<String> {
        let mut room = room;
        let mut all = Vec::new();
        loop {
            match wire.response(&mut room) {
                Ok(response) => all.push(String::from_utf8_lossy(&response).into_owned()),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => {
                    all.push(e.to_string());
                    return all;
                }
            }
        }
    }

    #[test]
    fn responses_are_whole_whatever_pieces_they_come_in() {
        let text: &[u8] = b"* OK see {9}\r\n* 1 FETCH (A {4}\r\na\r\n) B {0}\r\n C {2}\r\nxy)\r\n* X-FOO {3}\r\n)\r\n\r\na1 OK {7}\r\n";
        let want = [
            "* OK see {9}\r\n",
            "* 1 FETCH (A {4}\r\na\r\n) B {0}\r\n C {2}\r\nxy)\r\n",
            "* X-FOO {3}\r\n)\r\n\r\n",
            "a1 OK {7}\r\n",
            "unexpected end of file",
        ];
        assert_eq!(all(&mut wire([text]), Room::for_lines()), want);
        for size in [1, 2, 3, 7] {
            let pieces = text.chunks(size).flat_map(|piece| [piece, b""]);
            assert_eq!(all(&mut wire(pieces), Room::for_lines()), want, "{size}");
        }
    }

    #[test]
    fn what_there_is_no_room_for_is_not_read() {
        let much = "the server sends more than any answer needs";
        let room = Room { lines: 20, content: 10 };
        assert_eq!(all(&mut wire([&b"* SEARCH 1\r\n* SEARCH 2\r\n"[..]]), room), ["* SEARCH 1\r\n", much]);
        assert_eq!(all(&mut wire([&b"* SEARCH without an end, "[..]]), room), [much]);
        assert_eq!(all(&mut wire([&b"* 1 A {4294967000}\r\nxyz"[..]]), room), [much]);
        assert_eq!(all(&mut wire([&b"* 1 A {10}\r\n0123456789 {1}\r\n"[..]]), Room { lines: 99, ..room }), [much]);
    }
}
