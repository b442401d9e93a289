//! What a server shows of itself, and whether it lets an account in, without any mail.

use super::{dialogue::Dialogue, stream::Stream};
use crate::{
    evidence::{Sent, Stage},
    outcome::{HarnessCode, StageError},
    probe::{certificate::Certificate, token::Tokens},
    scenario::target::Endpoint,
};
use std::time::Duration;

/// What was seen before the first MAIL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The text of the greeting.
    pub greeting: String,
    /// What the server offers, in upper case: the lines of the last EHLO reply after the first. `None` when it refused
    /// before that.
    pub extensions: Option<Vec<String>>,
    /// The reply by which it refused.
    pub refusal: Option<String>,
    /// The version of TLS, where it was used.
    pub tls: Option<String>,
    /// The server's certificate, where there is TLS and it can be read.
    pub certificate: Option<Certificate>,
}

impl Visit {
    /// Whether the server offers an extension.
    pub fn offers(&self, keyword: &str) -> bool {
        let mut words = self.extensions.iter().flatten().filter_map(|line| line.split_whitespace().next());
        words.any(|word| word == keyword)
    }
}

/// Connects, says hello, logs in where the endpoint has a login, and leaves.
///
/// # Errors
/// As [`super::submit`].
pub async fn visit(endpoint: &Endpoint, helo: &str, timeout: Duration, tokens: &Tokens) -> Result<Visit, StageError> {
    let stream = Stream::new();
    let nothing = Sent { raw: Vec::new(), message_id: String::new(), mail_from: String::new(), rcpt_to: Vec::new() };
    let dialogue = Dialogue::new(endpoint, helo, &nothing, stream.clone(), tokens);
    let Ok(ended) = tokio::time::timeout(timeout, dialogue.visit()).await else {
        let waited = crate::core::duration::human(timeout);
        return Err(StageError::new(
            HarnessCode::H04,
            format!("connect {}:{}", endpoint.host, endpoint.port),
            format!("{} did not come within {waited}", stream.record(|r| r.waiting_for())),
            "check that the server is up and that no firewall drops packets; many networks block outgoing port 25",
        ));
    };
    let extensions = ended?.map(|e| e.lines().to_vec());
    let seen = stream.record(|r| r.submission().clone());
    let greeting = seen.replies.iter().find(|r| r.stage == Stage::Connect);
    let refused = seen.replies.iter().find(|r| extensions.is_none() && !r.reply.is_positive());
    Ok(Visit {
        greeting: greeting.map(|r| r.reply.text.clone()).unwrap_or_default(),
        refusal: refused.map(|r| r.reply.to_string()),
        extensions,
        tls: seen.tls,
        certificate: stream.certificate().as_deref().and_then(Certificate::read),
    })
}
