//! What a server decides.

use super::{Credentials, Envelope, Mechanism, Recipient, Reply, Session, Status};
use async_trait::async_trait;
use std::time::Duration;

/// What a server puts up with.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest message that is read, in octets.
    pub message: usize,
    /// Recipients per message.
    pub recipients: usize,
    /// Sessions at a time.
    pub sessions: usize,
    /// Commands that fail before the session is ended.
    pub errors: u32,
    /// How long a client may be silent.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { message: 64 * 1024 * 1024, recipients: 1000, sessions: 500, errors: 20, idle: Duration::from_secs(300) }
    }
}

/// Where a server can hang up without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HangUp {
    /// In the middle of the message of DATA.
    InMessage,
    /// When the message of DATA is taken, instead of the reply.
    BeforeReply,
}

/// A server's decisions, stage by stage. A positive reply lets the command succeed, a negative one refuses it; 421
/// also ends the session (RFC 5321 §3.8).
#[async_trait]
pub trait Service: Send + Sync + 'static {
    /// The server's own host name.
    fn hostname(&self) -> &str;

    /// What it puts up with.
    fn limits(&self) -> Limits {
        Limits::default()
    }

    /// The EHLO keywords in order, without STARTTLS and AUTH, which the server adds where they are possible.
    fn keywords(&self) -> Vec<String> {
        let size = format!("SIZE {}", self.limits().message);
        ["PIPELINING", &size, "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN"]
            .map(str::to_owned)
            .into()
    }

    /// The ways to log in that this client may use now.
    fn mechanisms(&self, _session: &Session) -> &'static [Mechanism] {
        &[]
    }

    /// What stands at the end of every reply but that to EHLO.
    fn suffix(&self, _session: &Session) -> String {
        String::new()
    }

    /// The first line of the reply to EHLO, and the reply to HELO.
    fn welcome(&self, _session: &Session) -> String {
        self.hostname().to_owned()
    }

    /// The answer to a message that is longer than the limit.
    fn too_big(&self, _session: &Session) -> Reply {
        Reply::new(552, Status(5, 3, 4), "Message size exceeds fixed limit")
    }

    /// The greeting, or a refusal (4xx, 5xx), after which the session ends.
    async fn connect(&self, _session: &Session) -> Reply {
        Reply::plain(220, format!("{} ESMTP", self.hostname()))
    }

    /// Whether a login holds; the user's name when it does.
    ///
    /// # Errors
    /// The refusal.
    async fn login(&self, _session: &Session, _credentials: &Credentials) -> Result<String, Reply> {
        Err(Reply::new(535, Status(5, 7, 8), "Authentication credentials invalid"))
    }

    /// MAIL: the envelope has its sender and parameters.
    async fn mail(&self, _session: &Session, _envelope: &Envelope) -> Reply {
        Reply::new(250, Status(2, 1, 0), "Ok")
    }

    /// RCPT: whether this recipient is added to the envelope.
    async fn recipient(&self, _session: &Session, _envelope: &Envelope, _recipient: &Recipient) -> Reply {
        Reply::new(250, Status(2, 1, 5), "Ok")
    }

    /// DATA, before the message; a positive reply is 354. BDAT does not ask.
    async fn data(&self, _session: &Session, _envelope: &Envelope) -> Reply {
        Reply::plain(354, "End data with <CR><LF>.<CR><LF>")
    }

    /// Whether it hangs up here.
    fn hangs_up(&self, _at: HangUp) -> bool {
        false
    }

    /// The whole message, dots unstuffed: what it is worth.
    async fn message(&self, session: &Session, envelope: Envelope, message: Vec<u8>) -> Reply;
}
