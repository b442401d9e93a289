//! IMAP from command to answer (RFC 3501 §7): tags, status responses, continuation requests, IDLE (RFC 2177).

use super::{
    fetch::Answer,
    mailboxes::Limits,
    timed::Deadline,
    wire::{Room, Wire},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use imap_proto::{Response, Status, parser};
use std::{io, time::Instant};

/// Why a command came to nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection broke, was too slow, or brought too much.
    Io(io::Error),
    /// The server said BYE.
    Bye(String),
    /// It answered NO.
    No(String),
    /// It answered BAD.
    Bad(String),
    /// What it said is no IMAP.
    Garbage,
}

/// How an IDLE ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Idled {
    /// The server had news, or the time was over.
    Ended,
    /// The server does not do it.
    Refused,
}

/// A connection that speaks IMAP.
pub(super) struct Connection {
    wire: Wire,
    deadline: Deadline,
    limits: Limits,
    /// The number of the newest tag.
    tag: u32,
}

/// One response.
enum Said {
    Untagged(Vec<u8>),
    /// A continuation request and its text.
    Continue(Vec<u8>),
    /// The newest command is done.
    Done(Result<(), Failure>),
}

impl Connection {
    /// A connection to a server that has not said anything yet, or has after STARTTLS.
    pub(super) fn new(wire: Wire, deadline: Deadline, limits: Limits) -> Self {
        Self { wire, deadline, limits, tag: 0 }
    }

    /// The server's first line.
    pub(super) fn greeting(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(self.wire.response(&mut Room::for_lines())?)
    }

    /// One command, and everything that comes until it is answered.
    pub(super) fn run(&mut self, command: &str, mut room: Room) -> Result<Answer, Failure> {
        self.deadline.expect_answer(self.limits.answer, self.limits.silence);
        self.command(command)?;
        self.rest(&mut room)
    }

    /// AUTHENTICATE with a mechanism whose messages `respond` makes out of challenges; RFC 3501 §6.2.2.
    pub(super) fn authenticate(&mut self, mechanism: &str, respond: impl Fn(&[u8]) -> String) -> Result<(), Failure> {
        self.command(&format!("AUTHENTICATE {mechanism}"))?;
        let mut room = Room::for_lines();
        loop {
            match self.next(&mut room)? {
                Said::Continue(challenge) => {
                    let challenge = BASE64_STANDARD.decode(challenge).map_err(|_| Failure::Garbage)?;
                    let response = BASE64_STANDARD.encode(respond(&challenge));
                    self.wire.say(&response)?;
                }
                Said::Untagged(_) => {}
                Said::Done(result) => return result,
            }
        }
    }

    /// Waits for news until a moment. A server may tell them before it agrees to IDLE.
    pub(super) fn idle(&mut self, until: Instant) -> Result<Idled, Failure> {
        self.deadline.expect_answer(self.limits.silence, self.limits.silence);
        self.command("IDLE")?;
        self.deadline.expect_news(until);
        let (mut room, mut news) = (Room::for_lines(), Answer::default());
        loop {
            match self.next(&mut room) {
                Ok(Said::Untagged(response)) => news.read(&response),
                Ok(Said::Continue(_)) => {}
                // RFC 2177 knows an OK only after DONE.
                Ok(Said::Done(_)) => return Ok(Idled::Refused),
                Err(Failure::Io(e)) if is_time(&e) => break,
                // Whoever writes what is no IMAP may have news all the same.
                Err(Failure::Garbage) => break,
                Err(failure) => return Err(failure),
            }
            if news.has_news() {
                break;
            }
        }
        self.deadline.expect_answer(self.limits.silence, self.limits.silence);
        self.wire.say("DONE")?;
        match self.rest(&mut room) {
            Ok(_) | Err(Failure::No(_) | Failure::Bad(_)) => Ok(Idled::Ended),
            Err(failure) => Err(failure),
        }
    }

    /// LOGIN with a user's password; RFC 3501 §6.2.3.
    pub(super) fn login(&mut self, user: &str, password: &str) -> Result<(), Failure> {
        self.command(&format!("LOGIN {} {}", quoted(user), quoted(password)))?;
        self.rest(&mut Room::for_lines()).map(drop)
    }

    fn command(&mut self, command: &str) -> Result<(), Failure> {
        self.tag += 1;
        let line = format!("a{} {command}", self.tag);
        Ok(self.wire.say(&line)?)
    }

    /// Everything until the newest command is answered.
    fn rest(&mut self, room: &mut Room) -> Result<Answer, Failure> {
        let mut answer = Answer::default();
        loop {
            match self.next(room)? {
                Said::Untagged(response) => answer.read(&response),
                Said::Continue(_) => {}
                Said::Done(result) => return result.map(|()| answer),
            }
        }
    }

    fn next(&mut self, room: &mut Room) -> Result<Said, Failure> {
        loop {
            let response = self.wire.response(room)?;
            if let Some(text) = bye(&response) {
                return Err(Failure::Bye(text));
            }
            if response.starts_with(b"*") {
                return Ok(Said::Untagged(response));
            }
            if let Some(text) = response.strip_prefix(b"+") {
                return Ok(Said::Continue(text.trim_ascii().to_vec()));
            }
            match number(&response) {
                Some(tag) if tag == self.tag => return Ok(Said::Done(done(&response)?)),
                // The answer to an earlier command, once more.
                Some(tag) if tag < self.tag => {}
                _ => return Err(Failure::Garbage),
            }
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn is_time(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// The number of a tag of ours.
fn number(response: &[u8]) -> Option<u32> {
    let tag = response.split(|b| *b == b' ').next()?.strip_prefix(b"a")?;
    std::str::from_utf8(tag).ok()?.parse().ok()
}

/// The text of a BYE.
fn bye(response: &[u8]) -> Option<String> {
    let (word, text) = response.strip_prefix(b"* ")?.split_at_checked(3)?;
    word.eq_ignore_ascii_case(b"BYE").then(|| String::from_utf8_lossy(text).trim().to_owned())
}

/// What a tagged response says. A response code that nobody knows is text.
fn done(response: &[u8]) -> Result<Result<(), Failure>, Failure> {
    let (status, text) = match parser::parse_response(response) {
        Ok((_, Response::Done { status, information, .. })) => (status, information.unwrap_or_default().into_owned()),
        _ => {
            let line = String::from_utf8_lossy(response);
            let mut words = line.trim_end().splitn(3, ' ').skip(1);
            let status = match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "OK" => Status::Ok,
                "NO" => Status::No,
                "BAD" => Status::Bad,
                _ => return Err(Failure::Garbage),
            };
            (status, words.next().unwrap_or_default().to_owned())
        }
    };
    match status {
        Status::Ok => Ok(Ok(())),
        Status::No => Ok(Err(Failure::No(text))),
        Status::Bad => Ok(Err(Failure::Bad(text))),
        _ => Err(Failure::Garbage),
    }
}

/// A quoted string (RFC 3501 §9).
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tagged_responses_are_read_whatever_their_code() {
        let read = |response: &[u8]| done(response);
        assert!(matches!(read(b"a1 OK\r\n"), Ok(Ok(()))));
        assert!(matches!(read(b"a1 OK [READ-ONLY] done\r\n"), Ok(Ok(()))));
        assert!(matches!(read(b"a1 OK [X-WEIRD (]] \xff\xe9\r\n"), Ok(Ok(()))));
        assert!(matches!(read(b"a1 NO [X-WEIRD] \xe9a\r\n"), Ok(Err(Failure::No(text))) if text.contains("X-WEIRD")));
        assert!(matches!(read(b"a1 bad what\r\n"), Ok(Err(Failure::Bad(text))) if text == "what"));
        assert!(matches!(read(b"a1 FINE\r\n"), Err(Failure::Garbage)));
    }

    #[test]
    fn goodbyes_and_tags_are_known() {
        assert_eq!(bye(b"* BYE Session expired\r\n").as_deref(), Some("Session expired"));
        assert_eq!((bye(b"* 1 EXISTS\r\n"), bye(b"* b\r\n")), (None, None));
        assert_eq!(number(b"a12 OK\r\n"), Some(12));
        assert_eq!((number(b"zz9 OK\r\n"), number(b"220 mx ESMTP\r\n"), number(b"\0a1 OK")), (None, None, None));
    }
}
