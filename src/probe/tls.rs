//! TLS to a server: which certificates are trusted, which version was agreed, and what a failure means.

use crate::{
    outcome::{HarnessCode, StageError},
    scenario::target::Endpoint,
};
use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

/// The name that the server's certificate must carry.
pub(super) fn name(endpoint: &Endpoint) -> &str {
    endpoint.tls_name.as_deref().unwrap_or(&endpoint.host)
}

/// Connectors by the CA that they trust. Making one reads every CA of the system, which takes longer than a submission.
static CONNECTORS: LazyLock<Mutex<HashMap<Option<String>, native_tls::TlsConnector>>> = LazyLock::new(Mutex::default);

/// How many connectors are kept.
const KEPT: usize = 32;

/// A connector that trusts the endpoint's own CA when it names one, and the system's otherwise.
///
/// # Errors
/// H05 when the CA certificate cannot be read.
pub(super) fn connector(endpoint: &Endpoint) -> Result<native_tls::TlsConnector, StageError> {
    let mut kept = CONNECTORS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(connector) = kept.get(&endpoint.ca_pem) {
        return Ok(connector.clone());
    }
    let connector = build(endpoint.ca_pem.as_deref()).map_err(|e| {
        StageError::new(
            HarnessCode::H05,
            format!("tls {}:{}", endpoint.host, endpoint.port),
            format!("the CA certificate cannot be used: {e}"),
            "give the CA certificate as PEM text, from BEGIN to END CERTIFICATE",
        )
    })?;
    if kept.len() >= KEPT {
        kept.clear();
    }
    kept.insert(endpoint.ca_pem.clone(), connector.clone());
    Ok(connector)
}

fn build(ca_pem: Option<&str>) -> Result<native_tls::TlsConnector, native_tls::Error> {
    let mut builder = native_tls::TlsConnector::builder();
    builder.min_protocol_version(Some(native_tls::Protocol::Tlsv12));
    if let Some(pem) = ca_pem {
        let ca = native_tls::Certificate::from_pem(pem.as_bytes())?;
        builder.disable_built_in_roots(true).add_root_certificate(ca);
    }
    builder.build()
}

/// What a failed handshake means.
pub(super) fn handshake_error(endpoint: &Endpoint, error: &dyn std::error::Error) -> StageError {
    let (host, port, name) = (&endpoint.host, endpoint.port, name(endpoint));
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    let has = |words: &[&str]| words.iter().any(|w| text.contains(w));
    let (message, next) = if has(&["ostname mismatch", "IP address mismatch", "name mismatch"]) {
        (
            format!("the certificate is not for `{name}`"),
            format!(
                "connect by a name that the certificate carries, or set `tls_name` to one; see openssl s_client -connect {host}:{port} -servername {name}"
            ),
        )
    } else if has(&["has expired", "expired"]) {
        (
            "the certificate has expired".to_owned(),
            "renew the server's certificate, or set this machine's clock right".to_owned(),
        )
    } else if has(&["not yet valid"]) {
        ("the certificate is not valid yet".to_owned(), "set this machine's clock right".to_owned())
    } else if has(&["unable to get local issuer", "self-signed", "self signed", "unable to get issuer", "unknown ca"]) {
        (
            "the certificate comes from a CA that is not trusted here".to_owned(),
            "install the CA on this machine, or name its certificate as the account's `ca`; the server must also send its intermediate certificates".to_owned(),
        )
    } else if has(&["wrong version number", "packet length too long", "unknown protocol", "http request"]) {
        (
            "the server does not speak tls here".to_owned(),
            "use `tls: starttls`, or the port for implicit tls (465 for smtp, 993 for imap)".to_owned(),
        )
    } else if has(&["unexpected EOF", "reset by peer", "onnection closed", "close notify"]) {
        (
            "the server closed the connection during the tls handshake".to_owned(),
            format!("see openssl s_client -connect {host}:{port}"),
        )
    } else {
        (
            "the tls handshake failed".to_owned(),
            format!("see openssl s_client -connect {host}:{port} -servername {name}"),
        )
    };
    StageError::new(HarnessCode::H05, format!("tls {host}:{port}"), format!("{message}: {text}"), next)
}
