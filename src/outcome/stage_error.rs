//! The harness could not tell: not the mail system's fault, and never a pass.

use serde::{Deserialize, Serialize};

/// Codes of harness errors, as JUnit and JSON carry them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub enum HarnessCode {
    /// A login was refused.
    H01,
    /// An OAuth grant or access token is no longer valid.
    H02,
    /// DNS gave no answer.
    H03,
    /// A TCP connection could not be made or broke.
    H04,
    /// TLS failed.
    H05,
    /// A provider's limit: connections, bandwidth, rate; the first server puts the mail off.
    H06,
    /// A server broke its protocol, or the sender's own server refused the mail.
    H07,
    /// The lab could not be built: a package is missing, a port is taken.
    H08,
    /// A file or folder could not be read or written.
    H09,
    /// Clocks are too far apart.
    H10,
}

impl std::fmt::Display for HarnessCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

/// What the harness could not do, at which stage, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, schemars::JsonSchema)]
#[error("{code}: {stage}: {message}")]
pub struct StageError {
    /// The code.
    pub code: HarnessCode,
    /// What it was doing: `connect smtp.ext.example:587`, `login imap.gmail.com as probe.inbox@gmail.com`.
    pub stage: String,
    /// What went wrong: lower case, no full stop; causes joined by `: `.
    pub message: String,
    /// What the person can do.
    pub next: String,
    /// What a mailbox's server said, where that is a cause of its own.
    #[serde(skip)]
    pub mailbox: Option<MailboxTrouble>,
}

/// What a mailbox's server says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailboxTrouble {
    /// It is at a limit.
    Limit,
    /// It ends the session (BYE, RFC 3501 §7.1.5).
    Bye,
}

impl StageError {
    /// Joins the parts.
    pub fn new(
        code: HarnessCode,
        stage: impl Into<String>,
        message: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self { code, stage: stage.into(), message: message.into(), next: next.into(), mailbox: None }
    }

    /// The same of a mailbox's server that says this of itself.
    #[must_use]
    pub fn of_mailbox(self, trouble: MailboxTrouble) -> Self {
        Self { mailbox: Some(trouble), ..self }
    }
}
