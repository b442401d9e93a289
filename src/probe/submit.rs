//! Submission over SMTP, stage by stage (RFC 5321, 6409).

use crate::{
    evidence::{Sent, Submission},
    outcome::StageError,
    scenario::target::Endpoint,
};
use std::time::Duration;

/// Hands the mail to a server: a reply per command and recipient. A refusal is a value in [`Submission`].
///
/// # Errors
/// When the server cannot be reached, breaks TLS or the protocol, refuses the login, or takes longer than `timeout`.
pub async fn submit(endpoint: &Endpoint, helo: &str, sent: &Sent, timeout: Duration) -> Result<Submission, StageError> {
    let _ = (endpoint, helo, sent, timeout);
    unimplemented!()
}
