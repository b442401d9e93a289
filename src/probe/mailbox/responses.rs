//! The stream under the `imap` crate. It shows the crate the responses that end a command or ask for more; untagged ones are
//! read here, because the crate ends a connection at any that it cannot parse, where RFC 3501 §2.2.2 wants a client to go on.
//!
//! What the crate (3.0.0-alpha.15) does with IDLE, and what is done about it here:
//!
//! * It panics at a tagged OK instead of the `+`: the OK becomes a BAD.
//! * After a refused IDLE it says DONE all the same and waits for an answer: the DONE is kept back and answered here.
//! * It forgets an error of what follows DONE: the error is kept, and comes again with the next command.

use super::{
    fetch::Answer,
    time_limits::Limits,
    wire::{Room, Wire},
};
use crate::probe::timed::Deadline;
use imap::extensions::idle::SetReadTimeout;
use imap_proto::{Response, Status, parser};
use std::{
    io::{self, Read, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// What the crate is told in IDLE when there is news that it could not read.
const NEWS: &[u8] = b"* OK news\r\n";

/// What a server does instead of answering.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Breach {
    /// It says BYE.
    #[error("the server said BYE: {0}")]
    Bye(String),
    /// What it says is no IMAP.
    #[error("the server sent something that is no IMAP")]
    Garbage,
}

/// What the newest command has brought so far; shared by the stream and by who gives the commands.
#[derive(Debug, Clone)]
pub(super) struct Incoming(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    answer: Answer,
    room: Room,
    broken: Option<Broken>,
}

/// Why nothing more can be read.
#[derive(Debug, Clone)]
enum Broken {
    Breach(Breach),
    Io(io::ErrorKind, String),
}

impl Incoming {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Inner { answer: Answer::default(), room: Room::for_lines(), broken: None })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room for what a command will bring. After an answer that is no IMAP the next one may be.
    pub(super) fn expect(&self, room: Room) {
        let mut inner = self.inner();
        (inner.answer, inner.room) = (Answer::default(), room);
        inner.broken.take_if(|broken| matches!(broken, Broken::Breach(Breach::Garbage)));
    }

    /// The untagged responses since then.
    pub(super) fn take(&self) -> Answer {
        std::mem::take(&mut self.inner().answer)
    }

    /// Whether they may mean that messages came.
    fn has_news(&self) -> bool {
        self.inner().answer.has_news()
    }

    /// Why the connection can no longer be used.
    pub(super) fn error(&self) -> Option<io::Error> {
        self.inner().broken.as_ref().map(Broken::error)
    }
}

impl Broken {
    fn of(error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Breach>()) {
            Some(breach) => Self::Breach(breach.clone()),
            None => Self::Io(error.kind(), error.to_string()),
        }
    }

    fn error(&self) -> io::Error {
        match self {
            Self::Breach(breach) => io::Error::other(breach.clone()),
            Self::Io(kind, text) => io::Error::new(*kind, text.clone()),
        }
    }
}

/// What the newest command wants of the server beside its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing.
    Command,
    /// AUTHENTICATE: challenges.
    Authenticate,
    /// IDLE (RFC 2177) that is not agreed to yet.
    IdleAsked,
    /// IDLE that is: news may come.
    Idle,
    /// IDLE that was refused, before DONE.
    IdleRefused,
}

/// The stream.
pub(super) struct Responses {
    wire: Wire,
    incoming: Incoming,
    deadline: Deadline,
    limits: Limits,
    is_greeted: bool,
    /// The number of the newest tag.
    tag: u32,
    stage: Stage,
    is_fetch: bool,
    /// What has come of a command line.
    line: Vec<u8>,
    /// What the crate may read.
    ready: Vec<u8>,
}

impl Responses {
    /// Over a connection; `is_greeted` when the server's first line has been read.
    pub(super) fn new(wire: Wire, incoming: Incoming, deadline: Deadline, limits: Limits, is_greeted: bool) -> Self {
        let (line, ready) = (Vec::new(), Vec::new());
        Self {
            wire,
            incoming,
            deadline,
            limits,
            is_greeted,
            tag: 0,
            stage: Stage::Command,
            is_fetch: false,
            line,
            ready,
        }
    }

    /// The next response that the crate is to see.
    fn next(&mut self) -> io::Result<Vec<u8>> {
        if self.stage == Stage::Idle && self.incoming.has_news() {
            return Ok(NEWS.to_vec());
        }
        loop {
            let mut room = self.incoming.inner().room;
            let response = self.wire.response(&mut room);
            self.incoming.inner().room = room;
            let response = response?;
            if !std::mem::replace(&mut self.is_greeted, true) {
                return Ok(response);
            }
            if let Some(text) = bye(&response) {
                return Err(io::Error::other(Breach::Bye(text)));
            }
            if response.starts_with(b"*") {
                self.incoming.inner().answer.read(&response);
                if self.stage == Stage::Idle && self.incoming.has_news() {
                    return Ok(NEWS.to_vec());
                }
                continue;
            }
            if let Some(text) = response.strip_prefix(b"+") {
                match self.stage {
                    Stage::Authenticate | Stage::IdleAsked => return Ok(continuation(text.trim_ascii())),
                    Stage::Command | Stage::Idle | Stage::IdleRefused => continue,
                }
            }
            match number(&response) {
                Some(tag) if tag == self.tag => return self.tagged(&response),
                // The answer to an earlier command, once more.
                Some(tag) if tag < self.tag => {}
                // Whoever writes what is no IMAP may have news all the same.
                _ if self.stage == Stage::Idle => return Ok(NEWS.to_vec()),
                _ => return Err(io::Error::other(Breach::Garbage)),
            }
        }
    }

    /// The answer to the newest command.
    fn tagged(&mut self, response: &[u8]) -> io::Result<Vec<u8>> {
        let (mut status, text) = done(response).ok_or_else(|| io::Error::other(Breach::Garbage))?;
        // Somebody else deletes mail meanwhile; what is left came (RFC 2180 §4.1.2, RFC 5530 §3).
        if self.is_fetch && says(response, "NO [EXPUNGEISSUED]") {
            status = "OK";
        }
        match std::mem::replace(&mut self.stage, Stage::Command) {
            Stage::IdleAsked => {
                self.stage = Stage::IdleRefused;
                Ok(format!("a{} BAD {text}\r\n", self.tag).into_bytes())
            }
            // RFC 2177 knows an answer only after DONE.
            Stage::Idle => {
                self.stage = Stage::IdleRefused;
                Err(io::ErrorKind::Unsupported.into())
            }
            Stage::Command | Stage::Authenticate | Stage::IdleRefused => {
                Ok(format!("a{} {status} {text}\r\n", self.tag).into_bytes())
            }
        }
    }

    fn say(&mut self, line: &[u8]) -> io::Result<()> {
        let line = std::str::from_utf8(line).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
        if self.stage == Stage::IdleRefused && line == "DONE" {
            self.stage = Stage::Command;
            self.ready = format!("a{} OK not idle\r\n", self.tag).into_bytes();
            return Ok(());
        }
        if self.stage != Stage::Authenticate
            && let Some(tag) = number(line.as_bytes())
        {
            self.tag = tag;
            self.is_fetch = line.split(' ').nth(2) == Some("FETCH");
            self.stage = match line.split(' ').nth(1) {
                Some("AUTHENTICATE") => Stage::Authenticate,
                Some("IDLE") => Stage::IdleAsked,
                _ => Stage::Command,
            };
        }
        self.wire.say(line)
    }

    /// Keeps an error for the next command, but for those of an IDLE: that no news came in time, and that it was refused.
    fn keep<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.inspect_err(|error| {
            let is_of_idle = match self.stage {
                Stage::Idle => is_time(error),
                Stage::IdleRefused => error.kind() == io::ErrorKind::Unsupported,
                Stage::Command | Stage::Authenticate | Stage::IdleAsked => false,
            };
            if !is_of_idle {
                self.incoming.inner().broken = Some(Broken::of(error));
            }
        })
    }
}

impl Read for Responses {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_empty() {
            self.incoming.error().map_or(Ok(()), Err)?;
            let next = self.next();
            self.ready = self.keep(next)?;
        }
        let n = self.ready.len().min(buf.len());
        buf[..n].copy_from_slice(&self.ready[..n]);
        self.ready.drain(..n);
        Ok(n)
    }
}

impl Write for Responses {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.incoming.error().map_or(Ok(()), Err)?;
        for octet in buf {
            self.line.push(*octet);
            if self.line.ends_with(b"\r\n") {
                let line = std::mem::take(&mut self.line);
                let said = self.say(&line[..line.len() - 2]);
                self.keep(said)?;
            }
        }
        Ok(buf.len())
    }

    /// Every line has been flushed already.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SetReadTimeout for Responses {
    /// IDLE begins when there is a time limit, and ends when there is none.
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> imap::Result<()> {
        match timeout {
            Some(timeout) => {
                if self.stage == Stage::IdleAsked {
                    self.stage = Stage::Idle;
                }
                self.deadline.expect_news(Instant::now() + timeout);
            }
            None => {
                if self.stage == Stage::Idle {
                    self.stage = Stage::Command;
                }
                self.deadline.expect_answer(self.limits.silence, self.limits.silence);
            }
        }
        Ok(())
    }
}

fn is_time(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// A continuation request as the crate reads it.
fn continuation(text: &[u8]) -> Vec<u8> {
    if text.is_empty() { b"+\r\n".to_vec() } else { [b"+ ", text, b"\r\n"].concat() }
}

/// The number of a tag of ours.
fn number(line: &[u8]) -> Option<u32> {
    let tag = line.split(|b| *b == b' ').next()?.strip_prefix(b"a")?;
    std::str::from_utf8(tag).ok()?.parse().ok()
}

/// Whether a tagged response begins with this.
fn says(response: &[u8], words: &str) -> bool {
    let said = response.splitn(2, |b| *b == b' ').nth(1).and_then(|said| said.get(..words.len()));
    said.is_some_and(|said| said.eq_ignore_ascii_case(words.as_bytes()))
}

/// The text of a BYE.
fn bye(response: &[u8]) -> Option<String> {
    let (word, text) = response.strip_prefix(b"* ")?.split_at_checked(3)?;
    word.eq_ignore_ascii_case(b"BYE").then(|| String::from_utf8_lossy(text).trim().to_owned())
}

/// What a tagged response says, as the crate can read it: a response code that nobody knows is text.
fn done(response: &[u8]) -> Option<(&'static str, String)> {
    if let Ok((_, Response::Done { status, information, .. })) = parser::parse_response(response) {
        let word = match status {
            Status::Ok => "OK",
            Status::No => "NO",
            Status::Bad => "BAD",
            _ => return None,
        };
        return Some((word, readable(&information.unwrap_or_default())));
    }
    let line = String::from_utf8_lossy(response);
    let mut words = line.trim_end().splitn(3, ' ').skip(1);
    let said = words.next()?;
    let status = ["OK", "NO", "BAD"].into_iter().find(|status| said.eq_ignore_ascii_case(status))?;
    Some((status, readable(words.next().unwrap_or_default())))
}

/// Text without what the crate's parser stumbles over: octets beyond ASCII, and what looks like a response code. Never empty.
fn readable(text: &str) -> String {
    let text = text.replace(|c: char| !c.is_ascii() || c.is_ascii_control(), "?");
    match text.chars().next() {
        None => "no explanation given".to_owned(),
        Some('[') => format!(" {text}"),
        Some(_) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tagged_responses_are_read_whatever_their_code() {
        let read = |response: &[u8]| done(response);
        let ok = |response| read(response).is_some_and(|(status, _)| status == "OK");
        assert!(ok(b"a1 OK\r\n") && ok(b"a1 OK [READ-ONLY] done\r\n") && ok(b"a1 OK [X-WEIRD (]] \xff\xe9\r\n"));
        assert!(matches!(read(b"a1 NO [X-WEIRD] \xe9a\r\n"), Some(("NO", text)) if text.contains("X-WEIRD")));
        assert!(matches!(read(b"a1 bad what\r\n"), Some(("BAD", text)) if text == "what"));
        assert_eq!(read(b"a1 FINE\r\n"), None);
    }

    #[test]
    fn what_the_crate_is_shown_it_can_read() {
        for odd in [&b"a1 OK\r\n"[..], b"a1 OK [X-WEIRD (]] \xff\xe9\r\n", b"a1 NO [ALERT]\r\n", b"a1 NO [\r\n"] {
            let (status, text) = done(odd).unwrap();
            let shown = format!("a1 {status} {text}\r\n");
            assert!(matches!(parser::parse_response(shown.as_bytes()), Ok((_, Response::Done { .. }))), "{shown}");
        }
    }

    #[test]
    fn goodbyes_and_tags_are_known() {
        assert_eq!(bye(b"* BYE Session expired\r\n").as_deref(), Some("Session expired"));
        assert_eq!((bye(b"* 1 EXISTS\r\n"), bye(b"* b\r\n")), (None, None));
        assert_eq!(number(b"a12 OK\r\n"), Some(12));
        assert_eq!((number(b"zz9 OK\r\n"), number(b"220 mx ESMTP\r\n"), number(b"\0a1 OK")), (None, None, None));
    }
}
