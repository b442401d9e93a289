//! One command after the other, and what ends that before its time.

use super::{
    command::Command,
    connection::{Broken, Connection},
    error,
    recorder::Answer,
};
use crate::{mail::reply::Reply, outcome::HarnessError, target::Endpoint};

/// What is said to a server.
pub(super) struct Conversation<'a> {
    /// The server.
    pub(super) endpoint: &'a Endpoint,
    pub(super) connection: Connection,
}

/// Why a session is over before its end.
pub(super) enum Ended {
    /// The server refused; its reply is in the record.
    Refused,
    /// The connection is gone.
    Lost(HarnessError),
    /// The harness cannot go on.
    Failed(HarnessError),
}

impl From<HarnessError> for Ended {
    fn from(error: HarnessError) -> Self {
        Self::Failed(error)
    }
}

impl Conversation<'_> {
    /// A command and the reply that lets the session go on.
    pub(super) async fn positive(&mut self, command: &Command) -> Result<(), Ended> {
        if self.exchange(command).await?.is_positive() { Ok(()) } else { Err(Ended::Refused) }
    }

    /// One command and its reply.
    pub(super) async fn exchange(&mut self, command: &Command) -> Result<Reply, Ended> {
        let answer = self.connection.ask(command).await;
        answer.map(|a| a.reply).map_err(|broken| self.ended(&broken))
    }

    /// Whether the server goes on after this answer.
    pub(super) fn taken(&self, answer: Result<Answer, Broken>) -> Result<(), Ended> {
        match answer {
            Ok(answer) if answer.reply.is_positive() => Ok(()),
            Ok(_) => Err(Ended::Refused),
            Err(broken) => Err(self.ended(&broken)),
        }
    }

    /// What it means that no reply came.
    pub(super) fn ended(&self, broken: &Broken) -> Ended {
        let error = error::broken(self.endpoint, &self.connection.record.waiting_for(), broken);
        match broken {
            Broken::Io(_) | Broken::Closed => Ended::Lost(error),
            Broken::Garbled(_) | Broken::Unasked(_) => Ended::Failed(error),
        }
    }

    /// The last reply so far.
    pub(super) fn last_reply(&self) -> Option<&Reply> {
        self.connection.record.submission().replies.last().map(|r| &r.reply)
    }
}
