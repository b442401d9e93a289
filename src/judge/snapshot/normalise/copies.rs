//! Copies that arrived.

use super::{chain, fields, hops, mask::Mask, methods};
use crate::{
    evidence::{Evidence, Folder, ReceivedCopy},
    judge::{phrases, snapshot::tree::Node, survival::body},
    target::Target,
    verify::Canonicalization,
};

/// How much is kept of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Folder, authentication, body.
    Auth,
    /// And hops.
    Trace,
    /// And header fields.
    Full,
}

/// One copy stands at the top level, several in a list by account and folder, none as `folder: absent`.
pub(super) fn nodes(evidence: &Evidence, target: &Target, level: Level, mask: &Mask) -> Vec<(String, Node)> {
    // All Mail shows what the inbox shows, and only when somebody looked there.
    let is_all_mail = |copy: &ReceivedCopy| copy.arrival.folder == Folder::All;
    let mut copies: Vec<&ReceivedCopy> = evidence.copies.iter().collect();
    copies.retain(|copy| {
        let mut same_account = evidence.copies.iter().filter(|c| c.arrival.account == copy.arrival.account);
        !is_all_mail(copy) || same_account.all(is_all_mail)
    });
    match copies.as_slice() {
        [] => vec![("folder".to_owned(), Node::scalar("absent"))],
        [one] => entries(one, evidence, target, level, mask),
        many => {
            let mut items: Vec<Node> = many
                .iter()
                .map(|copy| {
                    let mut item = vec![("to".to_owned(), Node::scalar(&copy.arrival.account))];
                    item.extend(entries(copy, evidence, target, level, mask));
                    Node::Map(item)
                })
                .collect();
            items.sort_by_cached_key(Node::to_text);
            vec![("copies".to_owned(), Node::List(items))]
        }
    }
}

fn entries(
    copy: &ReceivedCopy,
    evidence: &Evidence,
    target: &Target,
    level: Level,
    mask: &Mask,
) -> Vec<(String, Node)> {
    let receiver = target.accounts.get(&copy.arrival.account).and_then(|a| a.seal_domain.as_deref());
    let mut entries = vec![
        ("folder", Node::scalar(phrases::folder(copy.arrival.folder))),
        ("authentication_results", methods::node(&copy.auth, mask)),
    ];
    if !copy.auth.forged.is_empty() {
        entries.push(("forged_authentication_results", Node::scalar(copy.auth.forged.len().to_string())));
    }
    entries.push(("arc", chain::node(copy, receiver, mask)));
    if !copy.arc.defects.is_empty() {
        let defects = copy.arc.defects.iter().map(|d| mask.text(&d.to_string())).collect();
        entries.push(("arc_defects", Node::sorted(defects)));
    }
    if level >= Level::Trace {
        entries.push(("hops", hops::node(&copy.hops, mask)));
    }
    let message = &copy.arrival.message;
    let change = body::change(Canonicalization::Relaxed, evidence.sent.message.body(), message.body());
    let body = if change.is_none() { "unchanged" } else { "changed" };
    entries.push(("body", Node::scalar(body)));
    if level >= Level::Full {
        let others = methods::others(message, &copy.auth, mask);
        if !others.is_empty() {
            entries.push(("other_authentication_results", Node::List(others)));
        }
        entries.push(("headers", fields::node(message, mask)));
    }
    entries.into_iter().map(|(key, node)| (key.to_owned(), node)).collect()
}
