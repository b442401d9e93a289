//! Family B: a seal does not hold while the newest message signature does.

use super::message_signature::key;
use crate::{
    catalogue::Cause,
    judge::diagnose::{
        builder::{found, quote},
        facts::MailFacts,
    },
    mail::arc::{ArcSet, ChainValidationStatus},
    outcome::{
        Confidence::{Certain, High, Low},
        Diagnosis,
    },
    verify::{SetVerification, SignatureDefect, Verdict},
};

/// Why the newest of the seals that do not hold does not.
pub(super) fn find(mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let sets: Vec<(&ArcSet, &SetVerification)> =
        mail.upstream_sets().iter().filter_map(|set| Some((set, mail.verified(set)?))).collect();
    let (set, v) = *sets.iter().rev().find(|(_, v)| v.seal == Verdict::Fail)?;
    let seen = mail.quote_seal(set);
    if let Some(key) = key(&v.seal_facts) {
        // Another server found the chain valid, so the key was there.
        let found_valid =
            |other: &ArcSet| other.seal.as_ref().is_some_and(|s| s.cv == Some(ChainValidationStatus::Pass));
        let mut later = sets.iter().filter(|(other, v)| other.instance > set.instance && v.seal == Verdict::Pass);
        let was_there = later.any(|(other, _)| found_valid(other) && other.sealer() != set.sealer());
        let is_gone = key.code == Cause::B01 && was_there && !mail.has_result("arc", "fail");
        return Some(if is_gone { found(Cause::B22, Low) } else { key }.seen(seen));
    }
    let facts = &v.seal_facts;
    let cause = if facts.has(SignatureDefect::ChainValidationStatus) && set.instance > 1 {
        Cause::B15
    } else if facts.has(SignatureDefect::SealOrder) {
        Cause::B07
    } else if facts.has(SignatureDefect::SealLeavesSetsOut) || facts.has(SignatureDefect::SealReversed) {
        Cause::B14
    } else if let Some(changed) = changed_set(mail, &sets) {
        return Some(changed.seen(seen));
    } else {
        Cause::B00
    };
    let holds = (v.ams == Verdict::Pass).then(|| "B04, B06: the message signature holds".to_owned());
    Some(found(cause, Certain).seen(seen).excluding(holds))
}

/// Whether a seal covers other fields than are there.
fn has_other_fields(set: &SetVerification) -> bool {
    set.seal == Verdict::Fail && set.seal_facts.causes == [SignatureDefect::Signature]
}

/// A field of a set was changed after it was sealed: its seal fails and every one after it, for they cover the field too.
/// Sealers that all sealed wrongly would look the same.
fn changed_set(mail: &MailFacts<'_>, sets: &[(&ArcSet, &SetVerification)]) -> Option<Diagnosis> {
    let first = sets.iter().position(|(_, v)| has_other_fields(v))?;
    let (set, v) = sets[first];
    if !sets[first..].iter().all(|(_, v)| has_other_fields(v)) {
        return None;
    }
    // The message signature covers its own field and not the two others.
    let same_key = v.ams == Verdict::Pass && v.ams_facts.key_name() == v.seal_facts.key_name();
    let fields = if same_key {
        "its ARC-Authentication-Results or its ARC-Seal, for its ARC-Message-Signature holds with the same key"
    } else {
        "its ARC-Authentication-Results, its ARC-Message-Signature or its ARC-Seal"
    };
    // One seal alone may have been made wrongly, or with another key.
    let failing = sets.len() - first;
    let (cause, confidence) = if failing > 1 { (Cause::B23, High) } else { (Cause::B00, Certain) };
    let text = match failing {
        1 => format!("only the seal of i={} fails; if it was not made wrongly, what changed is {fields}", set.instance),
        n => format!("the seals from i={} on fail, {n} of them: what changed is {fields}", set.instance),
    };
    let results = set.aar.as_ref().and_then(|aar| mail.quote_line(aar.line));
    Some(found(cause, confidence).seen([quote(&mail.artifact, 0, &text)]).seen(results))
}
