//! ARC Sets, each part on its own, and the chain (RFC 8617 §5.2).

use super::{
    SetVerification, SignatureDefect, Verdict,
    defect::Defect,
    seal::judge_seal,
    signature::{Judgement, SignatureVerifier, SignedBody},
    signature_tags::SignatureKind,
};
use crate::mail::{
    Message,
    arc::{ArcChain, ArcSet, Instance},
};

/// Who signed at one instance.
#[derive(Debug, Clone)]
pub(super) struct Signer {
    pub(super) instance: u32,
    /// The authserv-id of its ARC-Authentication-Results, or else its `d=`.
    pub(super) name: String,
}

/// The verdict on a chain.
pub(super) struct Chain {
    pub(super) verdict: Verdict,
    pub(super) reason: Option<String>,
    pub(super) cause: Option<SignatureDefect>,
    pub(super) oldest_pass: Option<u32>,
    pub(super) sets: Vec<SetVerification>,
    /// The sets whose ARC-Message-Signature holds, by instance.
    pub(super) holding: Vec<Signer>,
}

/// One set with its judgements; `None` where the part is missing.
struct JudgedSet<'a> {
    set: &'a ArcSet,
    ams: Option<Judgement>,
    seal: Option<Judgement>,
}

impl JudgedSet<'_> {
    fn signer(&self) -> Signer {
        let authserv_id = self.set.aar.as_ref().and_then(|aar| aar.authserv_id.as_deref());
        let ams = self.set.ams.as_ref().and_then(|ams| ams.domain.as_deref());
        let name = authserv_id.or(self.set.sealer()).or(ams).unwrap_or("its signer");
        Signer { instance: self.set.instance, name: name.to_owned() }
    }

    fn ams_holds(&self) -> bool {
        self.ams.as_ref().is_some_and(|a| a.verdict() == Verdict::Pass)
    }

    fn seal_holds(&self) -> bool {
        self.seal.as_ref().is_some_and(|s| s.verdict() == Verdict::Pass)
    }

    fn signed_body(&self) -> Option<&SignedBody> {
        self.ams.as_ref()?.signed_body.as_ref()
    }
}

/// Whether a set is judged. The chain fails over one whose instance is out of range, whatever it says; this bounds the
/// work that a message can ask for.
pub(super) fn counts(set: &ArcSet) -> bool {
    Instance::new(set.instance).is_some()
}

/// Judges every set and then the chain.
pub(super) fn verify(message: &Message, chain: &ArcChain, verifier: &mut SignatureVerifier<'_>) -> Chain {
    let mut judged = Vec::new();
    for (at, set) in chain.sets.iter().enumerate() {
        if !counts(set) {
            judged.push(JudgedSet { set, ams: None, seal: None });
            continue;
        }
        let ams = set.ams.as_ref().map(|ams| verifier.message_signature(ams.field));
        let seal = set.seal.as_ref().map(|_| judge_seal(message, verifier, &chain.sets[..=at]));
        judged.push(JudgedSet { set, ams, seal });
    }
    let (verdict, cause, reason) = whole(chain, &judged);
    let sets = judged.iter().enumerate().map(|(at, _)| verification(&judged, at)).collect();
    let broken = judged.iter().rposition(|j| !j.ams_holds());
    let oldest_pass = match broken {
        None => judged.first().map(|_| 0),
        Some(at) => judged.get(at + 1).map(|j| j.set.instance),
    };
    let holding = judged.iter().filter(|j| j.ams_holds()).map(JudgedSet::signer).collect();
    Chain { verdict, reason, cause, oldest_pass, sets, holding }
}

/// The chain as a whole, in the order of RFC 8617 §5.2.
fn whole(chain: &ArcChain, judged: &[JudgedSet<'_>]) -> (Verdict, Option<SignatureDefect>, Option<String>) {
    let fail = |cause, reason| (Verdict::Fail, Some(cause), Some(reason));
    let Some(newest) = judged.last() else {
        return match chain.defects.first() {
            Some(defect) => fail(SignatureDefect::Structure, defect.to_string()),
            None => (Verdict::None, None, None),
        };
    };
    if newest.set.is_marked_failed() {
        let signer = newest.signer();
        let why = chain.defects.first().map(ToString::to_string).or_else(|| problem_before(judged, judged.len() - 1));
        let why = why.map(|w| format!(" ({w})")).unwrap_or_default();
        let text =
            format!("instance {} ARC-Seal: cv=fail: {} found the chain broken{why}", signer.instance, signer.name);
        return fail(SignatureDefect::ChainMarkedFailed, text);
    }
    if let Some(defect) = chain.defects.first() {
        return fail(SignatureDefect::Structure, defect.to_string());
    }
    if let Some(older) = judged.iter().find(|j| j.set.is_marked_failed()) {
        let instance = older.set.instance;
        let text = format!("instance {instance} ARC-Seal: cv=fail ends a chain, and instance {} goes on", instance + 1);
        return fail(SignatureDefect::ChainValidationStatus, text);
    }
    // Every seal counts, and of the ARC-Message-Signatures the newest.
    let cv = |p: &&Defect| p.kind == SignatureDefect::ChainValidationStatus;
    let mut parts: Vec<(&JudgedSet<'_>, SignatureKind, &Judgement)> = Vec::new();
    parts.extend(newest.ams.as_ref().map(|ams| (newest, SignatureKind::Ams, ams)));
    parts.extend(judged.iter().rev().filter_map(|j| j.seal.as_ref().map(|seal| (j, SignatureKind::Seal, seal))));
    let wrong_cv = parts.iter().find_map(|(j, kind, p)| p.defects.iter().find(cv).map(|_| (*j, *kind, *p)));
    let broken = |verdict| parts.iter().find(move |(_, _, p)| p.verdict() == verdict).copied();
    match wrong_cv.or_else(|| broken(Verdict::Fail)).or_else(|| broken(Verdict::TempError)) {
        None => (Verdict::Pass, None, None),
        Some((j, kind, judgement)) => {
            let at = judged.iter().position(|other| std::ptr::eq(other, j)).unwrap_or_default();
            let cause = judgement.defects.iter().find(cv).or(judgement.defects.first()).map(|p| p.kind);
            (judgement.verdict(), cause, part_reason(judged, at, kind))
        }
    }
}

/// Why the chain before this set does not hold: the newest ARC-Message-Signature there, or a seal.
fn problem_before(judged: &[JudgedSet<'_>], at: usize) -> Option<String> {
    let ams = at.checked_sub(1).and_then(|newest| part_reason(judged, newest, SignatureKind::Ams));
    ams.or_else(|| (0..at).rev().find_map(|older| part_reason(judged, older, SignatureKind::Seal)))
}

fn verification(judged: &[JudgedSet<'_>], at: usize) -> SetVerification {
    let j = &judged[at];
    let mut reasons: Vec<String> = [SignatureKind::Ams, SignatureKind::Seal]
        .into_iter()
        .filter_map(|kind| part_reason(judged, at, kind))
        .collect();
    reasons.dedup();
    SetVerification {
        instance: j.set.instance,
        ams: j.ams.as_ref().map_or(Verdict::None, Judgement::verdict),
        seal: j.seal.as_ref().map_or(Verdict::None, Judgement::verdict),
        reason: (!reasons.is_empty()).then(|| reasons.join("; ")),
        ams_facts: j.ams.as_ref().map(Judgement::facts).unwrap_or_default(),
        seal_facts: j.seal.as_ref().map(Judgement::facts).unwrap_or_default(),
    }
}

/// Why one part of a set does not hold, with its instance and the part.
fn part_reason(judged: &[JudgedSet<'_>], at: usize, kind: SignatureKind) -> Option<String> {
    let j = &judged[at];
    let instance = j.set.instance;
    if !counts(j.set) {
        return Some(format!("instance {instance} is outside 1 to {}", Instance::MAX));
    }
    let judgement = if kind == SignatureKind::Ams { &j.ams } else { &j.seal };
    let Some(judgement) = judgement else { return Some(format!("instance {instance} has no {}", kind.field())) };
    let texts: Vec<String> = judgement
        .defects
        .iter()
        .map(|defect| match (kind, defect.kind) {
            (SignatureKind::Ams, SignatureDefect::BodyHash) => {
                format!("{}: the body changed {}", defect.text, body_changed(judged, at))
            }
            (SignatureKind::Ams, SignatureDefect::Signature) => {
                let key = if j.seal_holds() { "" } else { ", or another key signed" };
                format!("{}: a signed header field changed {}{key}", defect.text, header_changed(judged, at))
            }
            (SignatureKind::Seal, SignatureDefect::Signature) => {
                format!("{}: a header field of the sets that it covers changed, or another key signed", defect.text)
            }
            _ => defect.text.clone(),
        })
        .collect();
    (!texts.is_empty()).then(|| format!("instance {instance} {}: {}", kind.field(), texts.join("; ")))
}

/// Between which signers the body changed: after the last one that signed the same body hash.
fn body_changed(judged: &[JudgedSet<'_>], at: usize) -> String {
    let own = judged[at].signed_body();
    let same = judged[at + 1..].iter().take_while(|j| j.signed_body() == own).count();
    let next = judged.get(at + same + 1);
    // A later signer saw another body when its hash holds now, or was made in the same way and differs.
    let before = next.filter(|j| {
        let holds = j.ams.as_ref().is_some_and(|a| a.signed_body.is_some() && !a.has(SignatureDefect::BodyHash));
        holds
            || own.zip(j.signed_body()).is_some_and(|(own, other)| (own.form, own.length) == (other.form, other.length))
    });
    between(&judged[at + same], before)
}

/// Between which signers a signed header field changed.
fn header_changed(judged: &[JudgedSet<'_>], at: usize) -> String {
    between(&judged[at], judged[at + 1..].iter().find(|j| j.ams_holds()))
}

fn between(after: &JudgedSet<'_>, before: Option<&JudgedSet<'_>>) -> String {
    let after = after.signer();
    let before = before.map(JudgedSet::signer);
    let before = before.map(|s| format!(" and before {} did (instance {})", s.name, s.instance));
    format!("after {} signed it (instance {}){}", after.name, after.instance, before.unwrap_or_default())
}
