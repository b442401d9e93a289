//! How a mail was handed to its first server.

use crate::mail::reply::Reply;
use serde::Serialize;
use std::{fmt, time::Duration};

/// Whose server a mail is handed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FirstServer {
    /// The sender's own (RFC 6409). What it refuses never reaches the system under test.
    #[default]
    Sender,
    /// That of an account that forwards: the system under test.
    Company,
    /// That of a recipient whose mail goes no further.
    Receiver,
}

impl fmt::Display for FirstServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sender => "the sender's own server",
            Self::Company => "the company's server",
            Self::Receiver => "the receiver's server",
        })
    }
}

/// A submission, command by command.
#[derive(Debug, Clone, Default)]
pub struct Submission {
    /// Whose server it is.
    pub server: FirstServer,
    /// The replies by which the server put off earlier tries, where it was tried again (RFC 5321 §4.5.4.1).
    pub deferrals: Vec<StageReply>,
    /// Every reply of the last try, in order, after those to earlier tries that hold for recipients who were not tried again.
    pub replies: Vec<StageReply>,
    /// Protocol version of TLS, when it was used.
    pub tls: Option<String>,
    /// The queue id that the server named in its last reply.
    pub queue_id: Option<String>,
    /// The whole message went out and no reply came: why. The server may have taken it.
    pub unanswered: Option<String>,
    /// Client and server lines, secrets masked: `C: …`, `S: …`.
    pub transcript: String,
}

impl Submission {
    /// The reply that decided: the first refusal, or the last reply. What is said to QUIT decides nothing.
    pub fn deciding(&self) -> Option<&StageReply> {
        let mut replies = self.replies.iter().filter(|r| r.stage != Stage::Quit);
        replies.clone().find(|r| !r.reply.is_positive()).or_else(|| replies.next_back())
    }

    /// The reply by which a server kept the mail, or some recipient, from the system under test, or asked for another
    /// time: any refusal of the sender's own server, and 4yz of another. It proves nothing.
    pub fn kept_back(&self) -> Option<&StageReply> {
        self.deciding().filter(|r| match self.server {
            FirstServer::Sender => !r.reply.is_positive(),
            FirstServer::Company | FirstServer::Receiver => r.reply.is_transient(),
        })
    }

    /// The first reply by which the server put off the mail or a recipient (4yz).
    pub(crate) fn deferral(&self) -> Option<&StageReply> {
        self.replies.iter().find(|r| r.stage != Stage::Quit && r.reply.is_transient())
    }

    /// Whether it is decided for a recipient of the last try what becomes of the mail: the server refused the recipient, or it
    /// took or refused the message that was for them.
    pub(crate) fn is_settled(&self, recipient: &str) -> bool {
        let mut replies = self.replies.iter().filter(|r| r.stage != Stage::Quit);
        let rcpt = replies.clone().find(|r| r.stage == Stage::Rcpt && r.recipient.as_deref() == Some(recipient));
        match rcpt.map(|r| &r.reply) {
            Some(reply) if !reply.is_positive() => reply.is_permanent(),
            _ => replies.next_back().is_some_and(|last| !last.reply.is_transient()),
        }
    }

    /// Whether the server took the message for at least one recipient, or may have.
    pub fn may_be_accepted(&self) -> bool {
        self.accepted() || self.unanswered.is_some()
    }

    /// Whether the server took the message for at least one recipient.
    pub fn accepted(&self) -> bool {
        self.replies.iter().any(|r| r.stage == Stage::Message && r.reply.is_positive())
    }
}

/// One reply and what it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageReply {
    /// The command.
    pub stage: Stage,
    /// The recipient, for RCPT.
    pub recipient: Option<String>,
    /// The reply.
    pub reply: Reply,
    /// When it came, from the start of the submission.
    pub at: Duration,
    /// How long the server took.
    pub took: Duration,
}

/// The steps of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The greeting.
    Connect,
    /// EHLO.
    Ehlo,
    /// STARTTLS.
    Starttls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA.
    Data,
    /// The end of the message.
    Message,
    /// QUIT.
    Quit,
}

impl Stage {
    /// Every step, in order.
    pub const ALL: [Self; 9] = [
        Self::Connect,
        Self::Ehlo,
        Self::Starttls,
        Self::Auth,
        Self::Mail,
        Self::Rcpt,
        Self::Data,
        Self::Message,
        Self::Quit,
    ];
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Connect => "connect",
            Self::Ehlo => "ehlo",
            Self::Starttls => "starttls",
            Self::Auth => "auth",
            Self::Mail => "mail",
            Self::Rcpt => "rcpt",
            Self::Data => "data",
            Self::Message => "message",
            Self::Quit => "quit",
        })
    }
}
