//! What a line says became of a recipient.

use crate::mail::{failure::Failure, reply::Reply};

/// What a line says became of a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery<'l> {
    /// The entry of the queue, where the message had got that far.
    pub queue_id: Option<&'l str>,
    /// The address that it was handed on to; `None` where it is about every recipient that is left.
    pub recipient: Option<&'l str>,
    /// The address that it was taken for, where another one was put in its place.
    pub original: Option<&'l str>,
    /// What became of it.
    pub outcome: Outcome,
    /// Who took it, or should have.
    pub taker: Taker,
    /// The name of the server that took it or answered, where it is told.
    pub host: Option<&'l str>,
    /// The reply of the other server, where one was given; of [`Outcome::Rejected`], the one that this server gave.
    pub reply: Option<Reply>,
    /// Why it failed, in this server's own words.
    pub failure: Option<Failure>,
}

/// What became of a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was handed on.
    Sent,
    /// It will be tried again.
    Deferred,
    /// It was given up: refused, or it cannot be delivered.
    Bounced,
    /// It was tried until the time in the queue was over.
    Expired,
    /// A rule, a milter or an administrator holds it back.
    Held,
    /// This server refused to take it.
    Rejected,
    /// It was thrown away.
    Discarded,
}

/// Who takes a message from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Taker {
    /// Another server.
    Server,
    /// A mailbox of its own.
    Mailbox,
    /// A program, or a server for mailboxes, that may hand it on itself: a command, LMTP.
    Program,
    /// A server on the same machine: mostly a filter, which hands it back.
    Filter,
    /// Not told.
    Unknown,
}

impl<'l> Delivery<'l> {
    /// One that says no more than this.
    pub(super) fn new(queue_id: Option<&'l str>, recipient: Option<&'l str>, outcome: Outcome) -> Self {
        let (taker, original) = (Taker::Unknown, None);
        Self { queue_id, recipient, original, outcome, taker, host: None, reply: None, failure: None }
    }

    /// With who should have taken it, and its name.
    pub(super) fn by(self, taker: Taker, host: Option<&'l str>) -> Self {
        Self { taker, host: host.filter(|host| host.contains('.')), ..self }
    }

    /// With why it was not delivered: another server's reply, or else the words of this one.
    pub(super) fn because(self, reply: Option<Reply>, words: &str) -> Self {
        let reply = reply.filter(|reply| !reply.is_positive());
        let failure = if reply.is_none() && self.outcome != Outcome::Sent { Failure::of(words) } else { None };
        Self { reply, failure, ..self }
    }
}

/// What stands between `<` and `>` behind a mark.
pub(super) fn angle<'l>(text: &'l str, mark: &str) -> Option<&'l str> {
    text.split_once(mark)?.1.split('>').next()
}
