//! Family B: sealed, but the chain does not verify.

use super::{
    body::is_plain,
    message_signature::{self, is_volatile, key, says_body_hash},
    receivers_word, seals, structure, whose_seal,
};
use crate::{
    catalogue::Cause,
    judge::diagnose::{
        builder::{found, quote},
        facts::{Facts, MailFacts},
        server_log::Task,
    },
    mail::arc::ArcSet,
    outcome::{
        Confidence::{Certain, High, Low},
        Diagnosis, EvidenceRef,
    },
    verify::{SignatureDefect, Verdict, Verification},
};

/// Why the chain does not verify.
pub(in crate::judge::diagnose) fn find(facts: &Facts<'_>) -> Vec<Diagnosis> {
    let Some(mail) = &facts.mail else { return Vec::new() };
    match mail.verification {
        Some(verification) => verified(facts, mail, verification),
        None => claimed(facts, mail).into_iter().collect(),
    }
}

/// Without DNS there is only the structure of the chain, and what servers say of it.
fn claimed(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<Diagnosis> {
    if let Some(structure) = structure::find(mail, None) {
        return Some(structure);
    }
    let marked = mail.arc.sets.iter().find(|set| set.is_marked_failed());
    if !mail.has_result("arc", "fail") && marked.is_none() {
        return None;
    }
    if let Some(no_key) = receivers_word::without_key(facts, mail) {
        return Some(no_key);
    }
    let newest = mail.upstream_sets().last().filter(|set| !set.is_marked_failed());
    if let Some(malformed) = newest.and_then(|set| message_signature::malformed(mail, set)) {
        return Some(malformed.seen(mail.quote_trusted()));
    }
    let by_another = marked.is_some_and(|set| mail.upstream_sets().iter().any(|came| came.instance == set.instance));
    let (cause, confidence) = if !says_body_hash(mail) {
        // A chain with `cv=fail` is broken for everybody (RFC 8617 §5.2); the receiver can be wrong.
        let confidence = if by_another { Certain } else { High };
        // Gmail has been seen to say both of one mail.
        (Cause::B00, if mail.has_result("arc", "pass") { Low } else { confidence })
    } else if is_plain(mail.message) && !mail.is_header_alone {
        (Cause::B04, High)
    } else {
        // Long lines and encodings are changes of their own kinds (B17, B05).
        (Cause::B04, Low)
    };
    let says = marked.into_iter().flat_map(|set| marked_failed(mail, set));
    let claimed = found(cause, confidence).seen(says).seen(mail.quote_trusted());
    let claimed = claimed.next(["give DNS with --dns".to_owned()]);
    Some(match newest {
        Some(set) => whose_seal::of_another(facts, mail, set, claimed),
        None => claimed,
    })
}

/// Which set says `cv=fail`, its seal, and the results that it was made with.
fn marked_failed(mail: &MailFacts<'_>, set: &ArcSet) -> impl Iterator<Item = EvidenceRef> {
    let by = set.sealer().unwrap_or("a server without a name");
    let before = match set.instance {
        0 | 1 => "although there is no set before it".to_owned(),
        2 => "of the chain up to i=1".to_owned(),
        i => format!("of the chain up to i={}", i - 1),
    };
    let text = quote(&mail.artifact, 0, &format!("i={} by {by} says cv=fail {before}", set.instance));
    let results = set.aar.as_ref().and_then(|aar| mail.quote_line(aar.line));
    [Some(text), mail.quote_seal(set), results].into_iter().flatten()
}

fn verified(facts: &Facts<'_>, mail: &MailFacts<'_>, verification: &Verification) -> Vec<Diagnosis> {
    match verification.arc {
        Verdict::None => return Vec::new(),
        Verdict::TempError => return claimed(facts, mail).into_iter().collect(),
        Verdict::Pass if mail.returned.is_some() => return changed_on_delivery(facts, mail).into_iter().collect(),
        Verdict::Pass | Verdict::Fail if mail.came_sound() => {
            return receivers_word::find(facts, mail).into_iter().collect();
        }
        Verdict::Pass | Verdict::Fail => {}
    }
    let broken = structure::find(mail, Some(verification))
        .or_else(|| marked(facts, mail))
        .unwrap_or_else(|| signatures(facts, mail, verification));
    let mut broken = with_next(mail, broken);
    if mail.has_result("arc", "pass") {
        // It held when it came: keys are withdrawn later, and copies are edited.
        if broken.code == Cause::B01 {
            broken = found(Cause::B22, Low).seen(broken.evidence);
        }
        // That a set is not there needs no trust in the copy.
        if broken.code != Cause::B24 {
            broken.confidence = Low;
            broken.evidence.extend(mail.quote_trusted());
        }
    }
    // A server may change the body of what it gives back, unless the receiver found the same.
    if mail.returned.is_some() && of_body(&broken) && !facts.is_refused_as_unauthentic() {
        broken.confidence = broken.confidence.min(High);
    }
    let gone = key_beside(facts, mail, &broken);
    [Some(broken), gone].into_iter().flatten().collect()
}

/// A key that is not there beside a body that was changed: in an attempt it never was, later it may have gone since.
fn key_beside(facts: &Facts<'_>, mail: &MailFacts<'_>, broken: &Diagnosis) -> Option<Diagnosis> {
    if !of_body(broken) {
        return None;
    }
    let signature = &mail.verified(mail.upstream_sets().last()?)?.ams_facts;
    let mut key = key(signature)?;
    if facts.attempt.is_none() {
        key.confidence = Low;
    }
    let name = signature.key_name().unwrap_or("its selector");
    Some(key.seen([quote(&mail.artifact, 0, &format!("there is no usable key at {name}"))]))
}

/// Whether it was the body that changed.
fn of_body(broken: &Diagnosis) -> bool {
    matches!(broken.code.known(), Some(Cause::B04 | Cause::B05 | Cause::B17))
}

/// The chain holds in the copy that came back, and Postfix logged that it changed what the chain covers on delivery.
fn changed_on_delivery(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let ams = mail.upstream_sets().last()?.ams.as_ref()?;
    let is_signed = |name: &str| ams.signed_headers.iter().any(|h| h.eq_ignore_ascii_case(name));
    let (name, line) = facts
        .log
        .replaced_on_delivery()
        .find(|(name, _)| is_signed(name) || name.to_ascii_lowercase().starts_with("arc-"))?;
    let (cause, confidence) = if !is_signed(name) {
        (Cause::B00, Certain)
    } else if is_volatile(name) {
        (Cause::B13, High)
    } else {
        (Cause::B06, Certain)
    };
    Some(with_next(mail, found(cause, confidence).seen([line.clone()]).seen(mail.quote_field(ams.field))))
}

/// Somebody before the receiver says `cv=fail`: whether that is true, and whose fault it is.
fn marked(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let sets = mail.upstream_sets();
    let at = sets.iter().position(ArcSet::is_marked_failed)?;
    let (set, before) = (&sets[at], &sets[..at]);
    // A server that forwards such a chain must not seal it again: A12.
    if facts.forwarder.is_some() && facts.forwarders_set().is_none() {
        return Some(found(Cause::B10, High).seen(mail.quote_seal(set)));
    }
    if before.iter().any(|set| mail.verified(set).is_some_and(|v| [v.ams, v.seal].contains(&Verdict::TempError))) {
        // Whether it is true is not known without the keys.
        return Some(found(Cause::B00, Certain).seen(marked_failed(mail, set)));
    }
    let ams_holds = |set: &ArcSet| mail.verified(set).is_some_and(|v| v.ams == Verdict::Pass);
    let sound = before.last().is_some_and(ams_holds)
        && before.iter().all(|set| mail.verified(set).is_some_and(|v| v.seal == Verdict::Pass));
    let evidence = [mail.quote_seal(set), before.last().and_then(|s| mail.quote_seal(s))].into_iter().flatten();
    if sound && mail.is_only_header() {
        // Whoever marked it saw the body, which may have been changed before (B10) or not (B09).
        return Some(found(Cause::B00, Certain).seen(evidence));
    }
    let said = if sound { rejected(facts, set) } else { None };
    if let Some(said) = said {
        return Some(found(Cause::B25, High).seen([said]).seen(evidence));
    }
    if sound && facts.forwarder.is_some() && !facts.is_forwarders(set) {
        return Some(found(Cause::B20, High).seen(evidence));
    }
    if sound || (before.is_empty() && facts.is_forwarders(set)) {
        return Some(found(Cause::B09, High).seen(evidence));
    }
    let last = before.last().and_then(|last| Some((last, mail.verified(last)?)));
    if let Some(own) = last.and_then(|(last, found)| whose_seal::of_forwarder(facts, mail, set, last, found)) {
        return Some(own);
    }
    let reasons = before.iter().filter_map(|s| mail.verified(s)?.reason.clone()).map(|r| quote(&mail.artifact, 0, &r));
    // What broke before the set was made cannot have been done after it while its own signature holds.
    let found_before = before.iter().filter_map(|s| mail.verified(s));
    let mut defects = found_before.flat_map(|v| v.ams_facts.causes.iter().chain(&v.seal_facts.causes));
    let is_sure = ams_holds(set) && defects.any(is_lasting);
    let doubt = last.and_then(|(last, _)| whose_seal::own_change(facts, mail, last, set));
    let confidence = if is_sure && doubt.is_none() { Certain } else { High };
    Some(found(Cause::B10, confidence).seen(evidence).seen(reasons).seen(doubt))
}

/// That the forwarder's own verifier rejected the chain: its log says so, or its results do where no `dmarc=fail` stands beside
/// it that was read for it (B09).
fn rejected(facts: &Facts<'_>, set: &ArcSet) -> Option<EvidenceRef> {
    if !facts.is_forwarders(set) {
        return None;
    }
    let task = facts.log.task();
    let symbol =
        |t: &Task<'_>| ["ARC_REJECT", "ARC_INVALID", "ARC_DNSFAIL"].iter().find_map(|s| t.symbol(s).map(str::to_owned));
    let logged = task.and_then(|t| Some(quote(&t.at.artifact, t.at.line, &symbol(&t)?)));
    let aar = set.aar.as_ref()?;
    let says = |method: &str| aar.results.iter().any(|r| r.method == method && r.result == "fail");
    let said = || (says("arc") && !says("dmarc")).then(|| facts.mail.as_ref()?.quote_line(aar.line)).flatten();
    logged.or_else(said)
}

/// Whether a signature with this defect never held: a key that is missing now may have been there.
fn is_lasting(defect: &SignatureDefect) -> bool {
    use SignatureDefect::{BodyHash, SealCoversTooMuch, SealLeavesSetsOut, SealOrder, SealReversed, Signature};
    matches!(defect, BodyHash | Signature | SealLeavesSetsOut | SealOrder | SealReversed | SealCoversTooMuch)
}

/// The newest message signature that came with the mail, and every seal.
fn signatures(facts: &Facts<'_>, mail: &MailFacts<'_>, verification: &Verification) -> Diagnosis {
    let sets = mail.upstream_sets();
    let reason = verification.arc_reason.iter().map(|r| quote(&mail.artifact, 0, r));
    let newest = sets.last().and_then(|set| Some((set, mail.verified(set)?)));
    if let Some((set, found)) = newest.filter(|(_, v)| v.ams == Verdict::Fail)
        && let Some(diagnosis) = message_signature::cause(facts, mail, set, found)
    {
        let diagnosis = whose_seal::of_another(facts, mail, set, diagnosis);
        return whose_seal::of_later(facts, mail, set, diagnosis);
    }
    if let Some(diagnosis) = seals::find(mail) {
        return diagnosis.seen(reason);
    }
    let seal = sets.last().and_then(|set| mail.quote_seal(set));
    let is_sure = newest.is_some_and(|(_, v)| v.ams == Verdict::Fail);
    found(Cause::B00, if is_sure { Certain } else { Low }).seen(reason).seen(seal).seen(mail.quote_trusted())
}

fn with_next(mail: &MailFacts<'_>, diagnosis: Diagnosis) -> Diagnosis {
    let key = mail.upstream_sets().last().and_then(|s| mail.verified(s)?.ams_facts.key.as_ref());
    let cause = diagnosis.code.known();
    let dig = match cause {
        Some(Cause::B00 | Cause::B01 | Cause::B02 | Cause::B03) => key.map(|key| format!("dig TXT {}", key.name)),
        _ => None,
    };
    let check = match cause {
        Some(Cause::B02) => Some("rspamadm configdump arc"),
        Some(Cause::B07 | Cause::B08 | Cause::B09 | Cause::B25) => Some("rspamd --version"),
        Some(Cause::B04 | Cause::B06) => Some("postconf content_filter smtp_header_checks smtp_body_checks"),
        _ => None,
    };
    diagnosis.next(dig.into_iter().chain(check.map(str::to_owned)))
}
