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

    /// Writes the field `name: before b=… after` with its final CRLF. Signed are the `covered` fields, each in
    /// canonical form with CRLF, and the field itself with an empty `b=` and no CRLF (RFC 6376 §3.7). `indent` starts
    /// the continuation lines of the signature.
    ///
    /// # Errors
    /// When the key refuses.
    pub fn field(
        &self,
        covered: &[u8],
        name: &str,
        before: &str,
        after: &str,
        indent: &str,
    ) -> Result<String, KeyError> {
        let mut input = covered.to_vec();
        let own = relaxed_field(name, format!(" {before}b={after}").as_bytes());
        input.extend_from_slice(own.strip_suffix(b"\r\n").unwrap_or(&own));
        let signature = self.key.sign(&input)?;
        Ok(format!("{name}: {before}b={}{after}\r\n", fold(&signature, indent)))
    }
}

/// Base64 in lines of 72 characters.
pub fn fold(base64: &str, indent: &str) -> String {
    let lines: Vec<_> = base64.as_bytes().chunks(72).map(String::from_utf8_lossy).collect();
    lines.join(&format!("\r\n{indent}"))
}
