//! The path of a copy, as roles.

use super::mask::Mask;
use crate::{judge::snapshot::tree::Node, mail::received::Hop};

/// `external -> company ESMTPS`, first hop first. Steps inside the receiver that name no sender are left out: their
/// number and hosts differ from mail to mail.
pub(super) fn node(hops: &[Hop], mask: &Mask) -> Node {
    let mut lines = Vec::new();
    for (n, hop) in hops.iter().enumerate() {
        let Some(from) = &hop.from else { continue };
        let by = hop.by.as_deref().map_or_else(|| "unknown".to_owned(), |by| name(by, mask));
        let from = match mask.roles().host(from) {
            Some(role) => role.to_owned(),
            // Whatever machine the probe was sent from.
            None if n == 0 => "client".to_owned(),
            None => name(from, mask),
        };
        let with = hop.with.as_deref().map_or_else(String::new, |w| format!(" {}", mask.text(w)));
        lines.push(Node::scalar(format!("{from} -> {by}{with}")));
    }
    if lines.is_empty() { Node::scalar("absent") } else { Node::List(lines) }
}

fn name(host: &str, mask: &Mask) -> String {
    mask.roles().host(host).map_or_else(|| mask.text(host), str::to_owned)
}
