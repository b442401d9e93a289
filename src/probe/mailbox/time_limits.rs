//! How long servers may take.

use crate::core::deadline;
use std::time::Duration;

/// How long a server may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// To accept a TCP connection, and for each step from there to the answer to the login.
    pub connect: Duration,
    /// How long a server may wait with news, or with silence, before it is asked whether it is still there.
    pub idle: Duration,
    /// Between two pieces of an answer.
    pub silence: Duration,
    /// For a whole answer; content that comes slowly has more.
    pub answer: Duration,
    /// How long an account may be at a limit before that is an error.
    pub busy: Duration,
    /// For a connection that was not used for a while to show that it answers.
    pub check: Duration,
    /// For a search of one folder or other work of its kind, from when the connection is free for it.
    pub errand: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: deadline::scaled(Duration::from_secs(15)),
            idle: deadline::scaled(Duration::from_secs(10)),
            silence: deadline::scaled(Duration::from_secs(10)),
            answer: deadline::scaled(Duration::from_secs(15)),
            busy: deadline::scaled(Duration::from_secs(8)),
            check: deadline::scaled(Duration::from_secs(5)),
            errand: deadline::scaled(Duration::from_secs(10)),
        }
    }
}
