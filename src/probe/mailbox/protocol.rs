//! IMAP from command to answer, as the `imap` crate speaks it.

use super::{
    fetch::Answer,
    responses::{Breach, Incoming, Responses},
    time_limits::Limits,
    wire::{Room, Wire},
};
use crate::probe::timed::Deadline;
use std::{io, time::Duration};

/// Why a command came to nothing.
#[derive(Debug)]
pub(super) enum CommandError {
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
pub(super) enum IdleResult {
    /// The server had news, or the time was over.
    Ended,
    /// The server does not do it.
    Refused,
}

/// A connection before its login.
pub(super) struct NotAuthenticated {
    imap: imap::Client<Responses>,
    incoming: Incoming,
    deadline: Deadline,
    limits: Limits,
}

/// A connection after its login.
pub(super) struct Authenticated {
    imap: imap::Session<Responses>,
    incoming: Incoming,
    deadline: Deadline,
    limits: Limits,
}

impl NotAuthenticated {
    /// A connection to a server; `is_greeted` when its first line has been read already, before STARTTLS.
    pub(super) fn new(wire: Wire, deadline: Deadline, limits: Limits, is_greeted: bool) -> Self {
        let incoming = Incoming::new();
        let stream = Responses::new(wire, incoming.clone(), deadline.clone(), limits, is_greeted);
        Self { imap: imap::Client::new(stream), incoming, deadline, limits }
    }

    /// The server's first line; to be read once, unless it was greeted before.
    pub(super) fn greeting(&mut self) -> Result<Vec<u8>, CommandError> {
        Ok(self.imap.read_greeting()?)
    }

    /// LOGIN with a user's password; RFC 3501 §6.2.3.
    pub(super) fn login(self, user: &str, password: &str) -> Result<Authenticated, CommandError> {
        let Self { imap, incoming, deadline, limits } = self;
        let imap = imap.login(user, password).map_err(|(error, _)| error)?;
        Ok(Authenticated { imap, incoming, deadline, limits })
    }

    /// AUTHENTICATE with a mechanism; RFC 3501 §6.2.2.
    pub(super) fn authenticate<A: imap::Authenticator>(
        self,
        mechanism: &str,
        authenticator: &A,
    ) -> Result<Authenticated, CommandError> {
        let Self { imap, incoming, deadline, limits } = self;
        let imap = imap.authenticate(mechanism, authenticator).map_err(|(error, _)| error)?;
        Ok(Authenticated { imap, incoming, deadline, limits })
    }
}

impl Authenticated {
    /// One command, and everything that comes until it is answered.
    pub(super) fn run(&mut self, command: &str, room: Room) -> Result<Answer, CommandError> {
        self.deadline.expect_answer(self.limits.answer, self.limits.silence);
        self.incoming.expect(room);
        self.imap.run_command_and_check_ok(command)?;
        Ok(self.incoming.take())
    }

    /// Waits for news (RFC 2177), at most this long. A server may tell them before it agrees to IDLE.
    pub(super) fn idle(&mut self, most: Duration) -> Result<IdleResult, CommandError> {
        self.deadline.expect_answer(self.limits.silence, self.limits.silence);
        self.incoming.expect(Room::for_lines());
        let mut idle = self.imap.idle();
        idle.timeout(most).keepalive(false);
        let waited = idle.wait_while(|_| false);
        // Says DONE.
        drop(idle);
        let refused = match waited {
            Ok(_) => false,
            Err(imap::Error::No(_) | imap::Error::Bad(_)) => true,
            Err(imap::Error::Io(e)) if e.kind() == io::ErrorKind::Unsupported => true,
            Err(error) => return Err(error.into()),
        };
        match self.incoming.error() {
            Some(error) => Err(imap::Error::Io(error).into()),
            None if refused => Ok(IdleResult::Refused),
            None => Ok(IdleResult::Ended),
        }
    }
}

impl From<imap::Error> for CommandError {
    fn from(error: imap::Error) -> Self {
        match error {
            imap::Error::Io(e) => match e.get_ref().and_then(|inner| inner.downcast_ref::<Breach>()) {
                Some(Breach::Bye(text)) => Self::Bye(text.clone()),
                Some(Breach::Garbage) => Self::Garbage,
                None => Self::Io(e),
            },
            imap::Error::ConnectionLost => Self::Io(io::ErrorKind::UnexpectedEof.into()),
            imap::Error::No(no) => Self::No(no.information.trim_start().to_owned()),
            imap::Error::Bad(bad) => Self::Bad(bad.information.trim_start().to_owned()),
            imap::Error::Validate(_) => Self::No("(not asked: user or password hold a line break)".to_owned()),
            _ => Self::Garbage,
        }
    }
}

/// A quoted string (RFC 3501 §9).
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
