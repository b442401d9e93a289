//! What a server shows of itself, and whether it lets an account in, without any mail.

use super::{error, smtp_session::SmtpSession};
use crate::{
    evidence::{Sent, Stage},
    outcome::HarnessError,
    probe::{certificate::Certificate, token::Tokens},
    target::Endpoint,
};
use std::time::{Duration, Instant};

/// What was seen before the first MAIL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// The text of the greeting.
    pub greeting: String,
    /// What the server offers, in upper case: the lines of the last EHLO reply after the first. `None` when it refused
    /// before that.
    pub extensions: Option<Vec<String>>,
    /// The reply by which it refused for good.
    pub refusal: Option<String>,
    /// The version of TLS, where it was used.
    pub tls: Option<String>,
    /// The server's certificate, where there is TLS and it can be read.
    pub certificate: Option<Certificate>,
}

impl ServerInfo {
    /// Whether the server offers an extension.
    pub fn offers(&self, keyword: &str) -> bool {
        let mut words = self.extensions.iter().flatten().filter_map(|line| line.split_whitespace().next());
        words.any(|word| word == keyword)
    }
}

/// Connects, says hello, logs in where the endpoint has a login, and leaves.
///
/// # Errors
/// As [`super::submit`], and H06 when the server has no time (4yz).
pub async fn server_info(
    endpoint: &Endpoint,
    helo: &str,
    timeout: Duration,
    tokens: &Tokens,
) -> Result<ServerInfo, HarnessError> {
    let nothing = Sent::new(Vec::new(), String::new(), String::new(), Vec::new());
    let mut session = SmtpSession::new(endpoint, helo, &nothing, tokens, Instant::now());
    let Ok(entered) = tokio::time::timeout(timeout, session.enter()).await else {
        return Err(session.too_late(timeout));
    };
    let extensions = entered?.map(|e| e.lines().to_vec());
    session.leave().await;
    let certificate = session.conversation.connection.certificate.as_deref().and_then(Certificate::read);
    let seen = session.into_submission();
    let refused = if extensions.is_none() { seen.deciding() } else { None };
    if let Some(limit) = refused.filter(|r| r.reply.is_transient()) {
        return Err(error::limit(endpoint, &limit.reply));
    }
    let greeting = seen.replies.iter().find(|r| r.stage == Stage::Connect);
    Ok(ServerInfo {
        greeting: greeting.map(|r| r.reply.text.clone()).unwrap_or_default(),
        refusal: refused.map(|r| r.reply.to_string()),
        extensions,
        tls: seen.tls,
        certificate,
    })
}
