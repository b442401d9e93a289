//! rspamd's HTTP interface.

use crate::core::Version;
use std::{net::SocketAddr, time::Duration};
use ureq::{Agent, http::Response};

/// How long an answer may take: rspamd's own limit for a message is 8 seconds.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Octets that an answer has at most.
const LIMIT: u64 = 16 * 1024 * 1024;

/// Asks one rspamd. Clones share the connections.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    agent: Agent,
    base: String,
}

/// A message with how it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScanRequest {
    /// Request headers: `IP`, `Helo`, `Hostname`, `From`, `Rcpt` (repeatable), `User`, `Queue-Id`, `MTA-Name`.
    pub headers: Vec<(&'static str, String)>,
    /// The message as received.
    pub message: Vec<u8>,
}

/// What rspamd says about a message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ScanResult {
    /// What to do: `no action`, `add header`, `reject`, …
    pub action: String,
    /// Header fields to put on top, in rspamd's order: names and values, folded with CRLF.
    pub add: Vec<(String, String)>,
    /// Names of header fields to take out, all of each.
    pub remove: Vec<String>,
    /// The text for a refusal, if it has one of its own.
    pub smtp_message: Option<String>,
}

/// rspamd did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// HTTP failed.
    #[error("rspamd does not answer: {0}")]
    Http(#[from] ureq::Error),
    /// Its answer is not what the documentation says.
    #[error("rspamd's answer cannot be read: {0}")]
    ScanResult(String),
    /// The runtime ended.
    #[error("rspamd was not asked: {0}")]
    Ended(#[from] tokio::task::JoinError),
}

impl Client {
    /// Asks the rspamd whose normal worker listens there.
    pub(crate) fn new(address: SocketAddr) -> Self {
        // Loopback is not reached through a proxy of the environment.
        let config = Agent::config_builder().proxy(None).timeout_global(Some(TIMEOUT)).build();
        Self { agent: config.into(), base: format!("http://{address}") }
    }

    /// The version of an rspamd that answers; `None` when it does not say.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) async fn ping(&self) -> Result<Option<Version>, ClientError> {
        let (agent, url) = (self.agent.clone(), format!("{}/ping", self.base));
        let response = tokio::task::spawn_blocking(move || agent.get(&url).call()).await??;
        Ok(version(&response))
    }

    /// Asks about a message.
    ///
    /// # Errors
    /// When rspamd does not answer, or not in JSON.
    pub(crate) async fn check(&self, question: ScanRequest) -> Result<ScanResult, ClientError> {
        let (agent, url) = (self.agent.clone(), format!("{}/checkv2", self.base));
        let ScanRequest { headers, message } = question;
        let answer = tokio::task::spawn_blocking(move || {
            let mut request = agent.post(&url);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            request.send(&message[..])?.body_mut().with_config().limit(LIMIT).read_to_vec()
        });
        ScanResult::read(&answer.await??)
    }
}

fn version<B>(response: &Response<B>) -> Option<Version> {
    Version::find(response.headers().get("Server")?.to_str().ok()?.strip_prefix("rspamd/")?)
}

impl ScanResult {
    fn read(json: &[u8]) -> Result<Self, ClientError> {
        let answer: serde_json::Value =
            serde_json::from_slice(json).map_err(|e| ClientError::ScanResult(e.to_string()))?;
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let action = answer.get("action").and_then(text);
        let milter = answer.get("milter");
        let fields = |key: &str| milter.and_then(|m| m.get(key)?.as_object()).into_iter().flatten();
        let mut add = Vec::new();
        for (name, values) in fields("add_headers") {
            let values = values.as_array().map_or_else(|| vec![values], |all| all.iter().collect());
            let value = |v: &serde_json::Value| v.get("value").and_then(text).or_else(|| text(v));
            add.extend(values.into_iter().filter_map(value).map(|value| (name.clone(), crlf(&value))));
        }
        Ok(Self {
            action: action.ok_or_else(|| ClientError::ScanResult("it has no action".to_owned()))?,
            add,
            remove: fields("remove_headers").map(|(name, _)| name.clone()).collect(),
            smtp_message: answer.get("messages").and_then(|m| text(m.get("smtp_message")?)),
        })
    }
}

/// With CRLF at the end of every line, whatever rspamd folded with.
fn crlf(value: &str) -> String {
    value.replace("\r\n", "\n").replace('\n', "\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read() {
        let json = br#"{"action":"no action","score":0.0,"symbols":{"ARC_NA":{}},"message-id":"a@b",
            "milter":{"add_headers":{"ARC-Seal":{"order":1,"value":"i=1;\r\n\tcv=none"},
            "X-Twice":[{"value":"a\n\tb","order":1},"c"]},"remove_headers":{"X-Old":0}}}"#;
        let answer = ScanResult::read(json).unwrap();
        let pairs: Vec<_> = answer.add.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("ARC-Seal", "i=1;\r\n\tcv=none"), ("X-Twice", "a\r\n\tb"), ("X-Twice", "c")]);
        assert_eq!((answer.action.as_str(), answer.remove), ("no action", vec!["X-Old".to_owned()]));
        for bad in [&b"pong"[..], b"{}", b"[]", b"{\"action\":1}"] {
            assert!(matches!(ScanResult::read(bad), Err(ClientError::ScanResult(_))));
        }
    }
}
