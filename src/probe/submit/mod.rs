//! Submission over SMTP, stage by stage (RFC 5321, RFC 6409).
//!
//! lettre speaks the protocol, command by command; `stream` and `recorder` underneath it keep every reply, its time and
//! the transcript, also of the replies that lettre keeps to itself.

mod dialogue;
mod error;
mod extensions;
mod hello;
mod login;
mod queue_id;
mod recorder;
mod stream;

use crate::{
    evidence::{Sent, Stage, Submission},
    outcome::{HarnessCode, StageError},
    probe::token::Tokens,
    scenario::target::Endpoint,
};
use dialogue::Dialogue;
use std::time::Duration;
use stream::Stream;

/// Hands the mail to a server: a reply per command and recipient. A refusal is a value in [`Submission`], except of
/// what the harness needs to work: the login, STARTTLS where it is required, and 421 before the first MAIL.
///
/// The submission goes on while the server takes at least one recipient. `timeout` is for all of it together. `tokens`
/// are those of logins with a refresh token.
///
/// # Errors
/// H01 and H02 when the login is refused, H03 when the name cannot be resolved, H04 when the server cannot be reached,
/// closes the connection or stays silent until `timeout`, H05 when TLS fails or is not offered, H06 when the server is
/// at a limit, H07 when it breaks the protocol.
pub async fn submit(
    endpoint: &Endpoint,
    helo: &str,
    sent: &Sent,
    timeout: Duration,
    tokens: &Tokens,
) -> Result<Submission, StageError> {
    let stream = Stream::new();
    let ended = tokio::time::timeout(timeout, Dialogue::new(endpoint, helo, sent, stream.clone(), tokens).run()).await;
    let mut submission = stream.record(|r| r.submission().clone());
    let answered = submission.replies.iter().rfind(|r| r.stage == Stage::Message);
    submission.queue_id = answered.filter(|r| r.reply.is_positive()).and_then(|r| queue_id::find(&r.reply.text));
    match ended {
        Ok(Ok(())) => Ok(submission),
        Ok(Err(error)) => Err(error),
        // The message is answered; only the farewell was too slow.
        Err(_) if answered.is_some() => Ok(submission),
        Err(_) => {
            let (host, port) = (&endpoint.host, endpoint.port);
            let waited = crate::core::duration::human(timeout);
            let what = stream.record(|r| r.waiting_for());
            Err(StageError::new(
                HarnessCode::H04,
                format!("submit to {host}:{port}"),
                format!("{what} did not come within {waited}"),
                format!(
                    "check that {host}:{port} is up and not behind a firewall that drops packets, or allow more time"
                ),
            ))
        }
    }
}
