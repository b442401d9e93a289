//! Submission over SMTP, stage by stage (RFC 5321, RFC 6409).
//!
//! lettre writes commands, parameters and logins. The replies are read here: one that is not there, comes twice or too early
//! must never be taken for the answer to something else, and every one is kept with its time and in the transcript.

mod command;
mod connection;
mod conversation;
mod error;
mod extensions;
mod login;
mod message;
mod queue_id;
mod recorder;
mod server_info;
mod smtp_session;
mod tcp_connect;
mod tls_version;

pub use server_info::{ServerInfo, server_info};

use crate::{
    evidence::{Sent, Stage, Submission},
    outcome::HarnessError,
    probe::token::Tokens,
    target::Endpoint,
};
use smtp_session::SmtpSession;
use std::{
    fmt,
    time::{Duration, Instant},
};

/// Why a mail was not handed over, and what was said until then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsubmitted {
    /// Why.
    pub error: HarnessError,
    /// As [`Submission::transcript`]; empty where no connection was opened.
    pub transcript: String,
}

impl From<HarnessError> for Unsubmitted {
    fn from(error: HarnessError) -> Self {
        Self { error, transcript: String::new() }
    }
}

impl fmt::Display for Unsubmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

/// Hands the mail to a server: a reply per command and recipient. A refusal is a value in [`Submission`], except of
/// what the harness needs to work: a login that is refused for good, and STARTTLS where it is required.
///
/// When the whole message went out and no reply came, the server may have taken it or not, and nobody can tell: that is
/// a value too ([`Submission::unanswered`]), and the message must not be sent again.
///
/// The submission goes on while the server takes at least one recipient. `timeout` is for all of it together. `tokens`
/// are those of logins with a refresh token.
///
/// # Errors
/// H01 and H02 when the login is refused, H03 when the name cannot be resolved, H04 when the server cannot be reached,
/// closes the connection or stays silent until `timeout`, H05 when TLS fails or is not offered, H07 when the server breaks
/// the protocol or cannot take an address.
pub async fn submit(
    endpoint: &Endpoint,
    helo: &str,
    sent: &Sent,
    timeout: Duration,
    tokens: &Tokens,
) -> Result<Submission, Unsubmitted> {
    let mut session = SmtpSession::new(endpoint, helo, sent, tokens, Instant::now());
    let ended = tokio::time::timeout(timeout, session.run()).await;
    let ended = ended.unwrap_or_else(|_| Err(session.too_late(timeout)));
    match &ended {
        // What is decided stays so, whatever comes of the farewell.
        Ok(()) => session.leave().await,
        Err(error) => session.conversation.connection.record.breaks(&error.message),
    }
    let in_doubt = session.conversation.connection.is_message_out;
    let submission = session.into_submission();
    match ended {
        Ok(()) => {
            let answer = submission.replies.iter().rfind(|r| r.stage == Stage::Message && r.reply.is_positive());
            let queue_id = answer.and_then(|r| queue_id::find(&r.reply.text));
            Ok(Submission { queue_id, ..submission })
        }
        Err(error) if in_doubt => Ok(Submission { unanswered: Some(error.message), ..submission }),
        Err(error) => Err(Unsubmitted { error, transcript: submission.transcript }),
    }
}
