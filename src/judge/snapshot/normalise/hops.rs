//! The path of a copy, as roles.

use super::mask::Mask;
use crate::{judge::snapshot::tree::Node, mail::received::Hop};

/// Who wrote the first hop.
const CLIENT: &str = "client";
/// A server that does not say its name.
const UNKNOWN: &str = "unknown";

/// `external -> company ESMTPS`, first hop first. Steps inside the receiver that name no sender are left out: their
/// number and hosts differ from mail to mail.
pub(super) fn node(hops: &[Hop], mask: &Mask) -> Node {
    let mut lines = Vec::new();
    for (n, hop) in hops.iter().enumerate() {
        let Some(from) = &hop.from else { continue };
        let by = hop.by.as_deref().map_or_else(|| UNKNOWN.to_owned(), |by| name(by, mask));
        let from = match mask.roles().host(from) {
            Some(role) => role.to_owned(),
            // Whatever machine the probe was sent from.
            None if n == 0 => CLIENT.to_owned(),
            None => name(from, mask),
        };
        let with = hop.with.as_deref().map_or_else(String::new, |w| format!(" {}", mask.text(w)));
        lines.push(Node::scalar(format!("{from} -> {by}{with}")));
    }
    if lines.is_empty() { Node::scalar("absent") } else { Node::List(lines) }
}

/// The role of a host, or its name. A host that only calls itself like a role is told as `host company`.
fn name(host: &str, mask: &Mask) -> String {
    let roles = mask.roles();
    match roles.host(host) {
        Some(role) => role.to_owned(),
        None if roles.has(host) || [CLIENT, UNKNOWN].contains(&host) => format!("host {host}"),
        None => mask.text(host),
    }
}
