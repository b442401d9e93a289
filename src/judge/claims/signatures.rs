//! `dkim=`: the signature that a statement means, and what we find of it (RFC 8601 §2.7.1, RFC 6008).

use super::{Claimant, OwnResult, VerifiedMail, lasts, says_nothing};
use crate::{
    judge::coverage::Coverage,
    mail::{
        authres::ResInfo,
        dkim::{self, DkimSignature},
    },
    outcome::{Agreement, Claim},
    verify::{DkimVerification, SignatureDefect, Verdict},
};

/// A signature of the mail and what we find of it.
pub(super) struct Signed<'a> {
    signature: DkimSignature,
    found: &'a DkimVerification,
}

/// The signatures that were judged. Past the first few none is, so that a message does not decide how much work it makes.
pub(super) fn signed<'a>(judged: &VerifiedMail<'a>) -> Vec<Signed<'a>> {
    let all = dkim::all(judged.message).into_iter().zip(&judged.verification.dkim);
    let judged = all.filter(|(_, found)| found.result != Verdict::None);
    judged.map(|(signature, found)| Signed { signature, found }).collect()
}

/// What a server claims of these signatures.
pub(super) fn all(judged: &VerifiedMail<'_>, by: Claimant<'_>, signed: &[Signed<'_>]) -> Vec<Claim> {
    let claims = by.results.method("dkim");
    claims.map(|result| by.claim(result, about(result), own_result(judged, by, result, signed))).collect()
}

/// What a statement names: `d=sender.example s=ext`.
fn about(result: &ResInfo) -> Option<String> {
    let domain = ["d", "i"].iter().find_map(|tag| Some(format!("{tag}={}", result.property("header", tag)?)));
    let selector = result.property("header", "s").map(|s| format!("s={s}"));
    let named: Vec<String> = domain.into_iter().chain(selector).collect();
    (!named.is_empty()).then(|| named.join(" "))
}

fn own_result(judged: &VerifiedMail<'_>, by: Claimant<'_>, result: &ResInfo, signed: &[Signed<'_>]) -> OwnResult {
    let claims = result.result.as_str();
    let is_receiver = by.set.is_none();
    if claims == "none" {
        let holds = signed.iter().any(|signed| signed.found.result == Verdict::Pass);
        return match (signed.is_empty(), holds && is_receiver) {
            (true, _) => OwnResult::agrees(Verdict::None),
            (false, true) => OwnResult::disagrees(Verdict::Pass, "a signature is there and verifies"),
            (false, false) => OwnResult::open(Verdict::None, "the signatures may be younger than the claim"),
        };
    }
    let meant: Vec<&Signed<'_>> = signed.iter().filter(|signed| means(result, &signed.signature)).collect();
    if meant.is_empty() {
        let reason = "no such signature is in the mail";
        return if is_receiver && !says_nothing(claims) {
            OwnResult::disagrees(Verdict::None, reason)
        } else {
            OwnResult::open(Verdict::None, format!("{reason} any more"))
        };
    }
    // Where a statement fits several, it is right when it is right about one.
    let each: Vec<OwnResult> = meant.into_iter().map(|one| of_one(judged, by, claims, one)).collect();
    let best = each.into_iter().min_by_key(|own_result| match own_result.agreement {
        Agreement::Agrees => 0,
        Agreement::Open => 1,
        Agreement::Disagrees => 2,
    });
    best.unwrap_or_else(|| OwnResult::agrees(Verdict::None))
}

/// Whether a statement can be about a signature: everything that it names fits.
pub(in crate::judge) fn means(result: &ResInfo, signature: &DkimSignature) -> bool {
    let domain = signature.domain.as_deref().unwrap_or_default();
    ["d", "s", "b", "i"].iter().all(|tag| {
        let Some(named) = result.property("header", tag) else { return true };
        match *tag {
            "d" => named.eq_ignore_ascii_case(domain),
            "s" => Some(named) == signature.selector.as_deref(),
            "b" => signature.tags.compact("b").is_some_and(|own| own.starts_with(named)),
            _ => {
                let own = signature.tags.compact("i").unwrap_or_else(|| format!("@{domain}"));
                domain_of(named).eq_ignore_ascii_case(domain_of(&own))
            }
        }
    })
}

/// The domain of `i=`.
fn domain_of(identity: &str) -> &str {
    identity.rsplit_once('@').map_or(identity, |(_, domain)| domain)
}

fn of_one(judged: &VerifiedMail<'_>, by: Claimant<'_>, claims: &str, signed: &Signed<'_>) -> OwnResult {
    let Signed { signature, found: v } = signed;
    let (found, reason) = (v.result, v.reason.as_deref().unwrap_or_default());
    match (claims == "pass", found) {
        _ if says_nothing(claims) => OwnResult::open(found, "it claims no verdict"),
        (_, Verdict::TempError | Verdict::None) => OwnResult::open(found, reason),
        (true, Verdict::Pass) | (false, Verdict::Fail) => OwnResult::agrees(found),
        (true, Verdict::Fail) if !v.facts.causes.iter().any(lasts) => {
            OwnResult::open(found, format!("{reason}; that may have been otherwise when the mail came"))
        }
        (true, Verdict::Fail) if by.set.is_some() && !unchanged_since(judged, by, signature, v) => {
            OwnResult::open(found, format!("{reason}; that may have come later"))
        }
        (true, Verdict::Fail) => OwnResult::disagrees(found, reason),
        (false, Verdict::Pass) => OwnResult::disagrees(found, verifies(signature)),
    }
}

fn verifies(signature: &DkimSignature) -> String {
    let ed25519 = signature.algorithm.as_deref().is_some_and(|a| a.eq_ignore_ascii_case("ed25519-sha256"));
    let more = if ed25519 { ": perhaps it cannot read ed25519-sha256" } else { "" };
    format!("it verifies here{more}")
}

/// Whether what a signature failed on is covered by the sealer's own message signature, which holds: then it failed when
/// the sealer saw it too.
fn unchanged_since(
    judged: &VerifiedMail<'_>,
    by: Claimant<'_>,
    signature: &DkimSignature,
    v: &DkimVerification,
) -> bool {
    let Some((set, ams)) = by.set.and_then(|set| Some((set, set.ams.as_ref()?))) else { return false };
    let holds = judged.verification.set(set.instance).is_some_and(|s| s.ams == Verdict::Pass);
    if !holds || ams.tags.get("l").is_some() {
        return false;
    }
    let (ams, own) = (Coverage::from(ams), Coverage::from(signature));
    v.facts.causes.iter().all(|cause| match cause {
        SignatureDefect::BodyHash => ams.covers_body_of(own),
        SignatureDefect::Signature => ams.covers_header_of(own),
        other => lasts(other),
    })
}
