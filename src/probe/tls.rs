//! TLS to a server: which certificates are trusted, which version was agreed, and what a failure means.

use super::peer_certificate::{self, Protocol};
use crate::{
    core::{
        certificates,
        tls_client::{TlsClient, Trust},
    },
    outcome::{HarnessError, HarnessErrorKind},
    target::{Endpoint, TlsMode},
};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError},
};

/// What was made of one set of CAs; whoever needs it first makes it, and the others wait.
type Made = Arc<OnceLock<Result<TlsClient, String>>>;

/// Clients by the CAs that they trust. Reading those of the system takes longer than a submission.
static CLIENTS: LazyLock<Mutex<HashMap<Option<String>, Made>>> = LazyLock::new(Mutex::default);

/// How many clients are kept.
const KEPT: usize = 32;

/// A client that trusts the endpoint's own CAs when it names some, and the system's otherwise.
///
/// # Errors
/// H05 when a CA certificate cannot be read.
pub(super) fn client(endpoint: &Endpoint) -> Result<TlsClient, HarnessError> {
    let made = made(endpoint);
    made.get_or_init(|| build(endpoint.ca_pem.as_deref())).clone().map_err(|message| {
        HarnessError::new(HarnessErrorKind::Tls, format!("tls {}:{}", endpoint.host, endpoint.port), message, GIVE)
    })
}

/// Reads the CAs of the system, where the endpoint trusts those and nobody has read them yet, while its name is looked up
/// and TCP connects.
pub(super) fn prepare(endpoint: &Endpoint) {
    if endpoint.tls == TlsMode::None || endpoint.ca_pem.is_some() {
        return;
    }
    let made = made(endpoint);
    if made.get().is_none() {
        let thread = std::thread::Builder::new().name("system CAs".to_owned());
        let reading = thread.spawn(move || {
            made.get_or_init(|| build(None));
        });
        // Without it, who needs them first reads them.
        drop(reading);
    }
}

fn made(endpoint: &Endpoint) -> Made {
    let mut kept = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= KEPT && !kept.contains_key(&endpoint.ca_pem) {
        kept.clear();
    }
    Arc::clone(kept.entry(endpoint.ca_pem.clone()).or_default())
}

/// What to do about CA certificates that cannot be used.
pub(super) const GIVE: &str = "give CA certificates as PEM text, each from BEGIN to END CERTIFICATE";

/// The CA certificates of a text in PEM, in DER.
///
/// # Errors
/// Why they cannot be used.
pub(super) fn certificates(pem: &str) -> Result<Vec<Vec<u8>>, String> {
    certificates::read(pem).map_err(|defect| format!("the text of the CA certificates{defect}"))
}

fn build(ca_pem: Option<&str>) -> Result<TlsClient, String> {
    let authorities = ca_pem.map(certificates).transpose()?;
    let trust = authorities.as_deref().map_or(Trust::System, Trust::Only);
    TlsClient::new(trust).map_err(|e| format!("the CA certificates cannot be used: {e}"))
}

/// What a failed handshake means. A certificate that is wrong is looked at once more, which may take some seconds.
pub(super) fn handshake_error(endpoint: &Endpoint, error: &dyn std::error::Error, protocol: Protocol) -> HarnessError {
    failure(endpoint, &told(error), protocol)
}

/// An error with its causes.
pub(super) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text
}

/// [`handshake_error`] of an error that is told already.
pub(super) fn failure(endpoint: &Endpoint, text: &str, protocol: Protocol) -> HarnessError {
    let (host, port, name) = (&endpoint.host, endpoint.port, endpoint.certificate_name());
    let (message, next) = match of_certificate(endpoint, text) {
        None => {
            let (message, next) = of_connection(endpoint, text);
            (format!("{message}: {text}"), next)
        }
        Some((message, next)) => match peer_certificate::ask(endpoint, protocol) {
            None => (format!("{message}: {text}"), next),
            Some(shown) => {
                let now = jiff::Timestamp::now().as_second();
                (format!("{message}: {}; `{name}` is wanted ({text})", shown.told(now)), next)
            }
        },
    };
    HarnessError::new(HarnessErrorKind::Tls, format!("tls {host}:{port}"), message, next)
}

fn has_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|w| text.contains(w))
}

/// What is wrong with the server's certificate, and what to do; `None` when it is something else.
fn of_certificate(endpoint: &Endpoint, text: &str) -> Option<(String, String)> {
    let (host, port, name) = (&endpoint.host, endpoint.port, endpoint.certificate_name());
    let (message, next) = if has_any(text, &["ostname mismatch", "IP address mismatch", "name mismatch"]) {
        let next = format!(
            "connect by a name that the certificate carries, or set `tls_name` to one; see openssl s_client -connect {host}:{port} -servername {name}"
        );
        return Some((format!("the certificate is not for `{name}`"), next));
    } else if has_any(text, &["expired"]) {
        ("the certificate has expired", "renew the server's certificate, or set this machine's clock right")
    } else if has_any(text, &["not yet valid"]) {
        ("the certificate is not valid yet", "set this machine's clock right")
    } else if has_any(
        text,
        &["unable to get local issuer", "self-signed", "self signed", "unable to get issuer", "unknown ca"],
    ) {
        (
            "the certificate comes from a CA that is not trusted here",
            "install the CA on this machine, or name its certificate as `ca_file` of the server; the server must also send its intermediate certificates",
        )
    } else {
        return None;
    };
    Some((message.to_owned(), next.to_owned()))
}

/// What is wrong with the connection, and what to do.
fn of_connection(endpoint: &Endpoint, text: &str) -> (&'static str, String) {
    let (host, port, name) = (&endpoint.host, endpoint.port, endpoint.certificate_name());
    if has_any(text, &["wrong version number", "packet length too long", "unknown protocol", "http request"]) {
        let next = "use `tls: starttls`, or the port for implicit tls (465 for smtp, 993 for imap)";
        ("the server does not speak tls here", next.to_owned())
    } else if has_any(text, &["unexpected EOF", "reset by peer", "onnection closed", "close notify"]) {
        let next = format!("see openssl s_client -connect {host}:{port}");
        ("the server closed the connection during the tls handshake", next)
    } else {
        ("the tls handshake failed", format!("see openssl s_client -connect {host}:{port} -servername {name}"))
    }
}
