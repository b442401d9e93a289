//! A field that ends in a signature.

use super::canon::relaxed_field;
use crate::lab::embedded::keys::{KeyError, SigningKey};

/// Who signs: `d=`, `s=` and the key.
#[derive(Debug, Clone)]
pub struct Signer {
    /// The signing domain.
    pub domain: String,
    /// The selector.
    pub selector: String,
    /// The key.
    pub key: SigningKey,
}

impl Signer {
    /// Signs for a domain with a selector and key.
    pub fn new(domain: &str, selector: &str, key: &SigningKey) -> Self {
        Self { domain: domain.to_owned(), selector: selector.to_owned(), key: key.clone() }
    }

    /// Writes the field `name: before b=…` with its final CRLF. Signed are the `covered` fields, each in canonical form with
    /// CRLF, and the field itself with an empty `b=` and no CRLF (RFC 6376 §3.7).
    ///
    /// # Errors
    /// When the key refuses.
    pub(crate) fn field(&self, covered: Vec<u8>, name: &str, before: &str) -> Result<String, KeyError> {
        let mut input = covered;
        let own = relaxed_field(name, format!(" {before}b=").as_bytes());
        input.extend_from_slice(own.strip_suffix(b"\r\n").unwrap_or(&own));
        Ok(format!("{name}: {before}b={}\r\n", folded(&self.key.sign(&input)?)))
    }
}

/// Base64 in lines of 72 characters.
fn folded(base64: &str) -> String {
    let lines: Vec<_> = base64.as_bytes().chunks(72).map(String::from_utf8_lossy).collect();
    lines.join("\r\n\t ")
}
