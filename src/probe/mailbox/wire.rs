//! The stream under the `imap` crate: every read has a deadline, and IDLE cannot hang.
//!
//! What the crate (3.0.0-alpha.15) does, and what is done about it here:
//!
//! * Its commands wait without limit, and its IDLE takes the socket's time limit away: a limit is set before every read.
//! * Its IDLE time limit starts again with every line: the time at which it ends is fixed when IDLE starts.
//! * Lines that come before IDLE's `+` make it wait for ever: the `+` line is moved in front of them.
//! * A tagged OK instead of the `+` makes it panic: it becomes a BAD.
//! * After a refused IDLE it still says DONE and waits for an answer: the DONE is kept back and answered here.
//! * It reads lines of any length into memory: what one command may bring is limited.

use super::{deadline::Deadline, mailboxes::Limits, transcript::Log};
use imap::extensions::idle::SetReadTimeout;
use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    net::TcpStream,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What one command may bring, in bytes: Gmail's largest message (50 MB) in base64 twice over.
const MOST: usize = 160_000_000;

/// What anything but FETCH may bring, in bytes.
const MOST_OF_OTHERS: usize = 8_000_000;

/// A TCP or TLS connection.
pub(super) trait Io: Read + Write + Send {}
impl<T: Read + Write + Send> Io for T {}

/// The connection.
pub(super) struct Wire {
    io: Box<dyn Io>,
    tcp: TcpStream,
    limits: Limits,
    by: Deadline,
    deadline: Instant,
    idle_until: Option<Instant>,
    budget: usize,
    ready: VecDeque<u8>,
    idle: Idle,
    log: Arc<Mutex<Log>>,
}

/// How far an IDLE is.
enum Idle {
    None,
    /// Said, and not answered; what came instead is held back.
    Asked {
        tag: String,
        held: Vec<u8>,
    },
    /// Refused.
    Refused {
        tag: String,
    },
}

impl Wire {
    /// A stream over `io`; `tcp` is the socket below it.
    pub(super) fn new(io: Box<dyn Io>, tcp: TcpStream, limits: Limits, by: Deadline, log: Arc<Mutex<Log>>) -> Self {
        Self {
            io,
            tcp,
            limits,
            by,
            deadline: Instant::now() + limits.answer,
            idle_until: None,
            budget: MOST_OF_OTHERS,
            ready: VecDeque::new(),
            idle: Idle::None,
            log,
        }
    }

    fn read_socket(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let now = Instant::now();
        let until = self.idle_until.unwrap_or_else(|| self.deadline.min(now + self.limits.silence));
        let until = self.by.or_sooner(until);
        let left = until.saturating_duration_since(now);
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.tcp.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        let n = self.io.read(buf)?;
        self.log.lock().unwrap_or_else(PoisonError::into_inner).received(&buf[..n]);
        self.budget = self
            .budget
            .checked_sub(n)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the server sends more than any answer needs"))?;
        Ok(n)
    }

    /// Reads on until IDLE is answered, and puts the answer first.
    fn settle_idle(&mut self) -> io::Result<()> {
        let mut chunk = [0; 4096];
        while let Idle::Asked { .. } = self.idle {
            let read = self.read_socket(&mut chunk)?;
            let Idle::Asked { tag, held } = &mut self.idle else { break };
            let from = held.len().saturating_sub(chunk.len());
            held.extend_from_slice(&chunk[..read]);
            let answer = answer(held, from);
            if answer.is_none() && read > 0 {
                continue;
            }
            let (tag, mut held) = (std::mem::take(tag), std::mem::take(held));
            self.idle = Idle::None;
            if let Some((start, end)) = answer {
                let mut line: Vec<u8> = held.drain(start..end).collect();
                if !line.starts_with(b"+") {
                    if line.starts_with(format!("{tag} OK").as_bytes()) {
                        line = format!("{tag} BAD IDLE ended before it began\r\n").into_bytes();
                    }
                    self.idle = Idle::Refused { tag };
                }
                self.ready.extend(line);
            }
            self.ready.extend(held);
        }
        Ok(())
    }

    fn said(&mut self, line: &str) {
        self.deadline = Instant::now() + self.limits.answer;
        self.budget = if line.contains(" FETCH ") { MOST } else { MOST_OF_OTHERS };
        self.idle = match line.split_once(' ') {
            Some((tag, "IDLE")) => Idle::Asked { tag: tag.to_owned(), held: Vec::new() },
            _ => Idle::None,
        };
    }
}

/// Where the first whole line stands that is not untagged. Lines that start before `from` and end before it were no such.
fn answer(held: &[u8], from: usize) -> Option<(usize, usize)> {
    let mut start = memchr::memrchr(b'\n', &held[..from]).map_or(0, |n| n + 1);
    while let Some(length) = memchr::memchr(b'\n', &held[start..]) {
        let end = start + length + 1;
        if !held[start..end].starts_with(b"* ") {
            return Some((start, end));
        }
        start = end;
    }
    None
}

impl Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.settle_idle()?;
        if !self.ready.is_empty() {
            return self.ready.read(buf);
        }
        self.read_socket(buf)
    }
}

impl Write for Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if let Idle::Refused { tag } = &self.idle
            && buf == b"DONE\r\n"
        {
            self.ready.extend(format!("{tag} OK not idle\r\n").into_bytes());
            self.idle = Idle::None;
            return Ok(buf.len());
        }
        let n = self.io.write(buf)?;
        let lines = self.log.lock().unwrap_or_else(PoisonError::into_inner).sent(&buf[..n]);
        for line in lines {
            self.said(&line);
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.io.flush()
    }
}

impl SetReadTimeout for Wire {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> imap::Result<()> {
        self.idle_until = timeout.map(|t| Instant::now() + t);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_answer_among_untagged_lines() {
        assert_eq!(answer(b"* 4 EXISTS\r\n+ idling\r\n* 5 EXISTS\r\n", 0), Some((12, 22)));
        assert_eq!(answer(b"* 4 EXISTS\r\n", 0), None);
        assert_eq!(answer(b"* 4 EXISTS\r\n+ idl", 0), None);
        assert_eq!(answer(b"* 4 EXISTS\r\n* 5 EXISTS\r\n+\r\n", 14), Some((24, 27)));
    }
}
