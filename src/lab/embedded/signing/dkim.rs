//! DKIM signatures, relaxed/relaxed and rsa-sha256 (RFC 6376).

use super::{Message, Signer, canon::relaxed_body, canon::relaxed_field};
use crate::lab::embedded::keys::KeyError;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};

/// The fields that a signature covers where the message has them.
const SIGNED: [&str; 12] = [
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];

/// `bh=`: SHA-256 over the relaxed body, in base64.
pub(crate) fn body_hash(body: &[u8]) -> String {
    STANDARD.encode(digest(&SHA256, &relaxed_body(body)))
}

/// The value of `h=` and the canonical fields that it covers. Names are as in `names` and `extra`; a name is listed
/// once per field of the message, the lowest first (RFC 6376 §5.4.2).
pub(crate) fn signed_fields(message: &Message<'_>, extra: &[&str]) -> (Vec<String>, Vec<u8>) {
    let (mut names, mut covered) = (Vec::new(), Vec::new());
    for name in SIGNED.iter().chain(extra) {
        for field in message.named(name).rev() {
            names.push((*name).to_owned());
            covered.extend(relaxed_field(field.name(), field.value()));
        }
    }
    (names, covered)
}

/// A DKIM-Signature field for the message, with its final CRLF. `time` is in seconds since 1970.
///
/// # Errors
/// When the key refuses.
pub fn dkim_signature(signer: &Signer, message: &Message<'_>, time: i64) -> Result<String, KeyError> {
    let (names, covered) = signed_fields(message, &["x-mailer", "user-agent"]);
    let before = format!(
        "v=1; a=rsa-sha256; c=relaxed/relaxed; d={};\r\n\ts={}; t={time};\r\n\th={};\r\n\tbh={};\r\n\t",
        signer.domain,
        signer.selector,
        fold_names(&names),
        body_hash(message.body),
    );
    signer.field(covered, "DKIM-Signature", &before)
}

/// Names joined by colons, folded as mail servers do.
pub(super) fn fold_names(names: &[String]) -> String {
    let mut out = String::new();
    let mut width = 0;
    for (at, name) in names.iter().enumerate() {
        if at > 0 {
            out.push(':');
            width += 1;
        }
        if width + name.len() > 68 {
            out.push_str("\r\n\t ");
            width = 0;
        }
        out.push_str(name);
        width += name.len();
    }
    out
}
