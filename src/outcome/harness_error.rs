//! The harness could not tell: not the mail system's fault, and never a pass.

use crate::catalogue::Cause;
use serde::{Deserialize, Serialize};

/// Codes of harness errors, as JUnit and JSON carry them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "HarnessCode")]
pub enum HarnessErrorKind {
    /// A login was refused.
    #[serde(rename = "H01")]
    Login,
    /// An OAuth grant or access token is no longer valid.
    #[serde(rename = "H02")]
    Grant,
    /// DNS gave no answer.
    #[serde(rename = "H03")]
    Dns,
    /// A TCP connection could not be made or broke.
    #[serde(rename = "H04")]
    Connection,
    /// TLS failed.
    #[serde(rename = "H05")]
    Tls,
    /// A provider's limit: connections, bandwidth, rate; the first server puts the mail off.
    #[serde(rename = "H06")]
    ProviderLimit,
    /// A server broke its protocol, or the sender's own server refused the mail.
    #[serde(rename = "H07")]
    Protocol,
    /// The lab could not be built: a package is missing, a port is taken.
    #[serde(rename = "H08")]
    Lab,
    /// A file or folder could not be read or written.
    #[serde(rename = "H09")]
    File,
    /// Clocks are too far apart.
    #[serde(rename = "H10")]
    Clock,
}

impl HarnessErrorKind {
    /// What the catalogue says of it.
    pub const fn cause(self) -> Cause {
        match self {
            Self::Login => Cause::H01,
            Self::Grant => Cause::H02,
            Self::Dns => Cause::H03,
            Self::Connection => Cause::H04,
            Self::Tls => Cause::H05,
            Self::ProviderLimit => Cause::H06,
            Self::Protocol => Cause::H07,
            Self::Lab => Cause::H08,
            Self::File => Cause::H09,
            Self::Clock => Cause::H10,
        }
    }
}

impl std::fmt::Display for HarnessErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.cause().fmt(f)
    }
}

/// What the harness could not do, at which stage, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, schemars::JsonSchema)]
#[error("{kind}: {stage}: {message}")]
#[schemars(rename = "StageError")]
pub struct HarnessError {
    /// The code.
    #[serde(rename = "code")]
    pub kind: HarnessErrorKind,
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
    /// It ends the session because that has lasted long enough, or the access token that opened it has.
    Expired,
}

impl HarnessError {
    /// Joins the parts.
    pub fn new(
        kind: HarnessErrorKind,
        stage: impl Into<String>,
        message: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self { kind, stage: stage.into(), message: message.into(), next: next.into(), mailbox: None }
    }

    /// The same of a mailbox's server that says this of itself.
    #[must_use]
    pub fn of_mailbox(self, trouble: MailboxTrouble) -> Self {
        Self { mailbox: Some(trouble), ..self }
    }
}
