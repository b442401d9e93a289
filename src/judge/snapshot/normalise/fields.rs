//! Header fields, sorted by name and value.

use super::mask::Mask;
use crate::{
    judge::snapshot::tree::Node,
    mail::{Field, Message, dkim},
};

/// Fields that the rest of a snapshot tells better, and those that a receiver writes for itself.
const LEFT_OUT: [&str; 9] = [
    "arc-authentication-results",
    "arc-message-signature",
    "arc-seal",
    "authentication-results",
    "dkim-signature",
    "received",
    "received-spf",
    "x-forwarded-encrypted",
    "x-received",
];
const LEFT_OUT_PREFIXES: [&str; 3] = ["x-gm-", "x-google-", "x-original-authentication-results"];

/// Every field that a sender or forwarder wrote, and every DKIM-Signature by its lasting tags.
pub(super) fn node(message: &Message, mask: &Mask) -> Node {
    let mut lines: Vec<String> = message.fields().iter().filter_map(|f| line(f, mask)).collect();
    lines.extend(dkim::all(message).into_iter().map(|signature| {
        let mut signed = signature.signed_headers.clone();
        signed.sort();
        format!(
            "dkim-signature: d={} a={} c={} h={}",
            mask.text_or_absent(signature.domain.as_ref()),
            mask.text_or_absent(signature.algorithm.as_ref()),
            mask.text_or_absent(signature.canonicalization.as_ref()),
            signed.join(":"),
        )
    }));
    Node::sorted(lines)
}

fn line(field: &Field, mask: &Mask) -> Option<String> {
    let name = field.name.to_ascii_lowercase();
    if LEFT_OUT.contains(&name.as_str()) || LEFT_OUT_PREFIXES.iter().any(|p| name.starts_with(p)) {
        return None;
    }
    let value = match name.as_str() {
        "date" => mask.date(&field.value()).to_owned(),
        "message-id" => mask.message_id(&field.value()).to_owned(),
        _ => mask.text(&field.value()),
    };
    Some(format!("{name}: {value}"))
}
