//! Authentication-Results, method by method, sorted.

use super::mask::Mask;
use crate::{
    judge::snapshot::tree::Node,
    mail::{
        Message,
        authres::{self, ArcComment, AuthenticationResults, Property, ResInfo, Trust},
    },
};

/// The trusted field, or `absent`.
pub(super) fn node(auth: &Trust, mask: &Mask) -> Node {
    let Some(trusted) = &auth.trusted else { return Node::scalar("absent") };
    // The authserv-id names the receiver's server and is kept as it is.
    statement(trusted, trusted.authserv_id.clone(), mask)
}

/// The fields of other servers, in a fixed order.
pub(super) fn others(message: &Message, auth: &Trust, mask: &Mask) -> Vec<Node> {
    let mut all = Vec::new();
    for field in authres::all(message) {
        if !auth.trusted.iter().chain(&auth.forged).any(|of_receiver| of_receiver.line == field.line) {
            all.push(statement(&field, field.authserv_id.as_deref().map(|by| mask.text(by)), mask));
        }
    }
    all.sort_by_cached_key(Node::to_text);
    all
}

fn statement(field: &AuthenticationResults, by: Option<String>, mask: &Mask) -> Node {
    let methods = Node::sorted(field.results.iter().map(|r| line(r, mask)).collect());
    Node::map([("by", Node::scalar(by.unwrap_or_else(|| "absent".to_owned()))), ("methods", methods)])
}

/// `dmarc=pass p=reject sp=reject dis=none header.from=$external`.
fn line(result: &ResInfo, mask: &Mask) -> String {
    let mut parts = vec![format!("{}={}", result.method, mask.text(&result.result))];
    parts.extend(comment(result, mask));
    parts.extend(result.reason.as_ref().map(|reason| format!("reason=({})", mask.text(reason))));
    parts.extend(result.properties.iter().filter_map(|p| property(p, mask)));
    if result.method == "spf" && result.comment.as_ref().is_some_and(|comment| mask.has_address(comment)) {
        parts.push("client=[ip]".to_owned());
    }
    parts.join(" ")
}

/// What a comment says beyond the result. Google's `spf` comments only repeat domain and address.
fn comment(result: &ResInfo, mask: &Mask) -> Vec<String> {
    if result.method == "arc"
        && let Some(comment) = result.arc_comment()
    {
        return carried(&comment, mask);
    }
    let Some(text) = result.comment.as_deref() else { return Vec::new() };
    match result.method.as_str() {
        "spf" => Vec::new(),
        "dmarc" => text.split_whitespace().map(|word| mask.text(&word.to_ascii_lowercase())).collect(),
        _ => vec![format!("({})", mask.text(text))],
    }
}

/// `i=1 spf=pass spfdomain=$external dkim=pass dkdomain=$external …`, signatures in a fixed order.
fn carried(comment: &ArcComment, mask: &Mask) -> Vec<String> {
    let longest = comment.dkim.len().max(comment.dkdomain.len());
    let mut signatures: Vec<String> = (0..longest)
        .map(|n| {
            let parts = [("dkim", comment.dkim.get(n)), ("dkdomain", comment.dkdomain.get(n))];
            parts.into_iter().filter_map(|(name, value)| pair(name, value, mask)).collect::<Vec<_>>().join(" ")
        })
        .collect();
    signatures.sort();
    let mut parts = vec![format!("i={}", comment.i)];
    parts.extend(pair("spf", comment.spf.as_ref(), mask));
    parts.extend(pair("spfdomain", comment.spfdomain.as_ref(), mask));
    parts.extend(signatures);
    parts.extend(pair("dmarc", comment.dmarc.as_ref(), mask));
    parts.extend(pair("fromdomain", comment.fromdomain.as_ref(), mask));
    parts
}

fn pair(name: &str, value: Option<&String>, mask: &Mask) -> Option<String> {
    value.map(|value| format!("{name}={}", mask.text(value)))
}

/// Signatures' first characters are gone, selectors rotate.
fn property(property: &Property, mask: &Mask) -> Option<String> {
    let name = match property.ptype.as_str() {
        "" => property.property.clone(),
        ptype => format!("{ptype}.{}", property.property),
    };
    match name.as_str() {
        "header.b" => None,
        "header.s" => Some(format!("{name}=[selector]")),
        _ => Some(format!("{name}={}", mask.text(&property.value))),
    }
}
