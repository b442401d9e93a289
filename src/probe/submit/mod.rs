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
mod visit;

pub use visit::{Visit, visit};

use crate::{
    evidence::{Sent, Stage, Submission},
    outcome::StageError,
    probe::token::Tokens,
    scenario::target::Endpoint,
};
use dialogue::Dialogue;
use std::time::Duration;
use stream::Stream;

/// Hands the mail to a server: a reply per command and recipient. A refusal is a value in [`Submission`], except of
/// what the harness needs to work: the login, STARTTLS where it is required, and 421 before the first MAIL.
///
/// When the whole message went out and no reply came, the server may have taken it or not, and nobody can tell: that is
/// a value too ([`Submission::unanswered`]), and the message must not be sent again.
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
    let in_doubt = answered.is_none() && stream.record(|r| r.message_is_out());
    match ended {
        Ok(Ok(())) => Ok(submission),
        Ok(Err(error)) if in_doubt => Ok(Submission { unanswered: Some(error.message), ..submission }),
        Ok(Err(error)) => Err(error),
        // The message is answered; only the farewell was too slow.
        Err(_) if answered.is_some() => Ok(submission),
        Err(_) if in_doubt => {
            let waited = crate::core::duration::human(timeout);
            let message = format!("the answer to the message did not come within {waited}");
            Ok(Submission { unanswered: Some(message), ..submission })
        }
        Err(_) => {
            let waiting = stream.record(|r| r.waiting_for());
            Err(error::silent(endpoint, &waiting, &crate::core::duration::human(timeout)))
        }
    }
}
