//! `arc=`: the chain that a server found, without the set that it wrote itself (RFC 8617 §5.2).

use super::{Claimant, OwnResult, VerifiedMail, lasts, says_nothing};
use crate::{
    mail::arc::ArcSet,
    outcome::Claim,
    verify::{SetVerification, SignatureDefect, Verdict},
};

/// What is found of some sets.
struct Chain {
    verdict: Verdict,
    reason: String,
    causes: Vec<SignatureDefect>,
}

impl Chain {
    fn failed(reason: String, causes: &[SignatureDefect]) -> Self {
        Self { verdict: Verdict::Fail, reason, causes: causes.to_vec() }
    }
}

/// The receiver saw the mail as it is.
pub(super) fn of_receiver(judged: &VerifiedMail<'_>, by: Claimant<'_>, sets: &[ArcSet]) -> Option<Claim> {
    let result = by.results.method("arc").next()?;
    let chain = verdict(judged, sets);
    let (claims, found) = (result.result.as_str(), chain.verdict);
    let own_result = usual(claims, &chain).unwrap_or_else(|| match (claims, found) {
        ("pass", Verdict::Fail) if !chain.causes.is_empty() && !chain.causes.iter().any(lasts) => {
            OwnResult::open(found, format!("{}; that may have been otherwise when the mail came", chain.reason))
        }
        (_, Verdict::None) => OwnResult::disagrees(found, "no ARC Set came with the mail"),
        _ => OwnResult::disagrees(found, chain.reason),
    });
    Some(by.claim(result, None, own_result))
}

/// What a claim is worth whoever makes it; `None` where that depends on what they saw: a `pass` over what does not, and
/// a verdict over nothing.
fn usual(claims: &str, chain: &Chain) -> Option<OwnResult> {
    let found = chain.verdict;
    Some(match (claims, found) {
        ("pass", Verdict::Pass) | ("none", Verdict::None) => OwnResult::agrees(found),
        ("pass", Verdict::Fail | Verdict::None) => return None,
        (claims, _) if says_nothing(claims) => OwnResult::open(found, "it claims no verdict"),
        (_, Verdict::TempError) => OwnResult::open(found, &chain.reason),
        (_, Verdict::None) => return None,
        (_, Verdict::Pass) => OwnResult::disagrees(found, HOLDS),
        ("none", Verdict::Fail) => {
            OwnResult::open(found, format!("there is a chain, and it is broken: {}", chain.reason))
        }
        (_, Verdict::Fail) => OwnResult::agrees(found),
    })
}

const NOTHING_OLDER: &str = "no ARC Set is older than its own";
const HOLDS: &str = "every seal and the newest message signature of the chain verify here";

/// A sealer saw the sets before its own. What breaks a message signature may have been done by the sealer itself, before it
/// sealed; seals cover nothing that may change.
pub(super) fn of_sealer(judged: &VerifiedMail<'_>, by: Claimant<'_>, before: &[ArcSet]) -> Option<Claim> {
    let result = by.results.method("arc").next()?;
    let chain = verdict(judged, before);
    let (claims, found) = (result.result.as_str(), chain.verdict);
    let seal = before.iter().filter_map(|set| verified(judged, set)).find(|v| {
        v.seal == Verdict::Fail && v.seal_facts.causes.iter().any(|c| lasts(c) && *c != SignatureDefect::Structure)
    });
    let own_result = usual(claims, &chain).unwrap_or_else(|| match (claims, found, seal) {
        ("pass", Verdict::None, _) => OwnResult::disagrees(found, NOTHING_OLDER),
        (_, Verdict::None, _) => OwnResult::open(found, NOTHING_OLDER),
        (.., Some(seal)) => OwnResult::disagrees(found, seal.reason.clone().unwrap_or_default()),
        (.., None) => OwnResult::open(found, format!("{}; that may have come later", chain.reason)),
    });
    Some(by.claim(result, None, own_result))
}

fn verified<'a>(judged: &VerifiedMail<'a>, set: &ArcSet) -> Option<&'a SetVerification> {
    judged.verification.set(set.instance)
}

/// The verdict on these sets alone: every seal counts, and the newest message signature.
fn verdict(judged: &VerifiedMail<'_>, sets: &[ArcSet]) -> Chain {
    let Some(newest) = sets.last() else {
        return Chain { verdict: Verdict::None, reason: String::new(), causes: Vec::new() };
    };
    if let Some(defect) = judged.arc.defects.first() {
        return Chain::failed(defect.to_string(), &[]);
    }
    if let Some(set) = sets.iter().find(|set| set.is_marked_failed()) {
        return Chain::failed(format!("instance {} says cv=fail", set.instance), &[]);
    }
    let mut temporary = None;
    for set in sets.iter().rev() {
        let Some(v) = verified(judged, set) else { continue };
        let ams = (set.instance == newest.instance).then_some((v.ams, &v.ams_facts));
        for (verdict, facts) in ams.into_iter().chain([(v.seal, &v.seal_facts)]) {
            let reason = v.reason.clone().unwrap_or_default();
            match verdict {
                Verdict::Pass => {}
                Verdict::TempError => temporary = temporary.or(Some(reason)),
                Verdict::Fail | Verdict::None => return Chain::failed(reason, &facts.causes),
            }
        }
    }
    match temporary {
        Some(reason) => Chain { verdict: Verdict::TempError, reason, causes: vec![SignatureDefect::Dns] },
        None => Chain { verdict: Verdict::Pass, reason: String::new(), causes: Vec::new() },
    }
}
