//! ARC Sets, by instance.

use super::mask::Mask;
use crate::{
    evidence::ReceivedCopy,
    judge::snapshot::tree::Node,
    mail::{arc::ArcSet, authres::AuthenticationResults},
    verify::{Verdict, Verification},
};

/// Every set, or `absent`. `receiver` is the `d=` of the receiver's own seals.
pub(super) fn node(copy: &ReceivedCopy, receiver: Option<&str>, mask: &Mask) -> Node {
    if copy.arc.sets.is_empty() {
        return Node::scalar("absent");
    }
    Node::List(copy.arc.sets.iter().map(|set| node_of(set, &copy.verification, receiver, mask)).collect())
}

fn node_of(set: &ArcSet, verification: &Verification, receiver: Option<&str>, mask: &Mask) -> Node {
    let (seal, ams) = (set.seal.as_ref(), set.ams.as_ref());
    let domain = seal.and_then(|s| s.domain.as_ref());
    let algorithm = seal.and_then(|s| s.algorithm.as_ref());
    let cv = seal.and_then(|s| s.cv.as_ref()).map(ToString::to_string);
    let canonicalization = ams.and_then(|a| a.canonicalization.as_ref());
    let mut entries = vec![
        ("i", Node::scalar(set.instance.to_string())),
        ("by", Node::scalar(mask.text_or_absent(domain))),
        ("cv", Node::scalar(mask.text_or_absent(cv.as_ref()))),
        ("algorithm", Node::scalar(mask.text_or_absent(algorithm))),
        ("canonicalization", Node::scalar(mask.text_or_absent(canonicalization))),
    ];
    // Said only where the two halves of a set do not agree.
    if let Some(ams) = ams {
        if ams.domain.as_ref() != domain {
            entries.push(("message_signature_by", Node::scalar(mask.text_or_absent(ams.domain.as_ref()))));
        }
        if ams.algorithm.as_ref() != algorithm {
            entries.push(("message_signature_algorithm", Node::scalar(mask.text_or_absent(ams.algorithm.as_ref()))));
        }
    }
    let selector = seal.is_some_and(|s| s.selector.is_some());
    entries.push(("selector", Node::scalar(if selector { "[selector]" } else { "absent" })));
    let own = domain.zip(receiver).is_some_and(|(d, r)| d.eq_ignore_ascii_case(r));
    entries.push((
        "signed_headers",
        match ams {
            None => Node::scalar("absent"),
            // The receiver signs what it likes; that is not ours to watch.
            Some(_) if own => Node::scalar("[signed by receiver]"),
            Some(ams) => {
                let mut names = ams.signed_headers.clone();
                names.sort();
                Node::Flow(names)
            }
        },
    ));
    entries.push(("carries", set.aar.as_ref().map_or_else(|| Node::scalar("absent"), |aar| carries(aar, mask))));
    entries.push(("verifies", Node::scalar(verifies(verification, set.instance))));
    Node::map(entries)
}

/// `arc=pass dkim=pass dmarc=pass spf=pass`, sorted; `nothing` when the field holds no result.
fn carries(aar: &AuthenticationResults, mask: &Mask) -> Node {
    let mut results: Vec<String> =
        aar.results.iter().map(|r| format!("{}={}", r.method, mask.text(&r.result))).collect();
    results.sort();
    Node::scalar(if results.is_empty() { "nothing".to_owned() } else { results.join(" ") })
}

/// `true`, or what does not hold: `false: message signature fail`.
fn verifies(verification: &Verification, instance: u32) -> String {
    let Some(set) = verification.set(instance) else { return "not judged".to_owned() };
    let parts = [("message signature", set.ams), ("seal", set.seal)];
    let broken: Vec<String> = parts
        .into_iter()
        .filter(|(_, verdict)| *verdict != Verdict::Pass)
        .map(|(name, verdict)| format!("{name} {verdict}"))
        .collect();
    if broken.is_empty() { "true".to_owned() } else { format!("false ({})", broken.join(", ")) }
}
