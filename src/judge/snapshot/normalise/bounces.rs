//! Bounces that arrived, one item for every recipient they speak of.

use super::mask::Mask;
use crate::{
    evidence::{Bounce, Evidence},
    judge::{phrases, snapshot::tree::Node},
    mail::dsn::RecipientStatus,
};

/// Sorted, since bounces come in any order.
pub(super) fn nodes(evidence: &Evidence, mask: &Mask) -> Vec<Node> {
    let nobody = RecipientStatus::default();
    let mut items: Vec<Node> = evidence
        .bounces
        .iter()
        .flat_map(|bounce| {
            let named = &bounce.dsn.recipients;
            let none = named.is_empty().then_some(&nobody);
            named.iter().chain(none).map(|status| item(bounce, status, mask)).collect::<Vec<_>>()
        })
        .collect();
    items.sort_by_cached_key(Node::to_text);
    items
}

fn item(bounce: &Bounce, status: &RecipientStatus, mask: &Mask) -> Node {
    let from = bounce.arrival.message.first("From").map(crate::mail::Field::value);
    // The reply un-wrapped where it could be read; otherwise as the server wrote it.
    let diagnostic = status.reply.as_ref().map(ToString::to_string).or_else(|| status.diagnostic_code.clone());
    let entries = [
        ("to", Node::scalar(&bounce.arrival.account)),
        ("folder", Node::scalar(phrases::folder(bounce.arrival.folder))),
        ("from", Node::scalar(mask.text_or_absent(from.as_ref()))),
        ("reporting_mta", Node::scalar(mask.text_or_absent(bounce.dsn.reporting_mta.as_ref()))),
        ("final_recipient", Node::scalar(mask.text_or_absent(status.final_recipient.as_ref()))),
        ("action", Node::scalar(mask.text_or_absent(status.action.as_ref()))),
        ("status", Node::scalar(mask.text_or_absent(status.status.as_ref()))),
        ("diagnostic", Node::scalar(mask.text_or_absent(diagnostic.as_ref()))),
        ("returns", Node::scalar(bounce.dsn.returned.to_string())),
    ];
    Node::map(entries)
}
