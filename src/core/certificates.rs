//! CA certificates in PEM (RFC 7468): one or many in a file, with words between.

use super::der::{BIT_STRING, SEQUENCE, element};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::fmt;

/// Why a file of certificates cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Defect {
    /// It holds none.
    None,
    /// It holds a private key in place of one.
    Key,
    /// One of them is broken.
    Broken {
        /// Which one, from 1.
        number: usize,
        /// The line where it begins, from 1.
        line: usize,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str(" holds no certificate in PEM"),
            Self::Key => f.write_str(" holds a private key and no certificate"),
            Self::Broken { number, line, why } => write!(f, ": certificate {number}, from line {line} on, {why}"),
        }
    }
}

/// Every certificate of a text in PEM, in DER and in order. What is something else is passed over.
///
/// # Errors
/// When there is none, or one is broken.
pub fn read(pem: &str) -> Result<Vec<Vec<u8>>, Defect> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    let mut has_key = false;
    let mut lines = (1..).zip(pem.lines().map(str::trim)).peekable();
    while let Some((line, text)) = lines.next() {
        let Some(label) = text.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----")) else {
            continue;
        };
        has_key |= label.ends_with("PRIVATE KEY");
        if !matches!(label, "CERTIFICATE" | "X509 CERTIFICATE") {
            continue;
        }
        let broken = |why| Defect::Broken { number: found.len() + 1, line, why };
        let mut body = String::new();
        while let Some((_, text)) = lines.next_if(|(_, text)| !text.starts_with("-----")) {
            body.push_str(text);
        }
        let end = format!("-----END {label}-----");
        lines.next_if(|(_, text)| *text == end).ok_or_else(|| broken("has no end"))?;
        let der = STANDARD.decode(body).map_err(|_| broken("is no base64"))?;
        if !is_certificate(&der) {
            return Err(broken("is no certificate"));
        }
        found.push(der);
    }
    match (found.is_empty(), has_key) {
        (true, true) => Err(Defect::Key),
        (true, false) => Err(Defect::None),
        (false, _) => Ok(found),
    }
}

/// Whether it has the parts of a certificate (RFC 5280 §4.1): what is signed, the algorithm, and the signature.
fn is_certificate(der: &[u8]) -> bool {
    if let Some((SEQUENCE, certificate, [])) = element(der)
        && let Some((SEQUENCE, _, rest)) = element(certificate)
        && let Some((SEQUENCE, _, rest)) = element(rest)
        && let Some((BIT_STRING, _, [])) = element(rest)
    {
        return true;
    }
    false
}
