//! Family B: sealed, but the chain does not verify.

use super::{
    body::is_plain,
    message_signature::{self, is_volatile, key, says_body_hash},
    whose_seal,
};
use crate::{
    catalogue::Cause,
    judge::diagnose::{
        builder::{field, found, quote},
        facts::{Facts, MailFacts},
        server_log::Task,
    },
    mail::{
        Field,
        arc::{ArcDefect, ArcPart, ArcSet},
        authres::{self, AuthenticationResults},
    },
    outcome::{
        Confidence::{Certain, High, Low},
        Diagnosis, EvidenceRef,
    },
    verify::{SetVerification, SignatureDefect, Verdict, Verification},
};

/// Why the chain does not verify.
pub(in crate::judge::diagnose) fn find(facts: &Facts<'_>) -> Vec<Diagnosis> {
    let Some(mail) = &facts.mail else { return Vec::new() };
    match mail.verification {
        Some(verification) => verified(facts, mail, verification),
        None => claimed(mail).into_iter().collect(),
    }
}

/// Without DNS there is only the structure of the chain and the receiver's word.
fn claimed(mail: &MailFacts<'_>) -> Option<Diagnosis> {
    if let Some(structure) = structure(mail) {
        return Some(structure);
    }
    if !mail.has_result("arc", "fail") {
        return None;
    }
    let (cause, confidence) = if !says_body_hash(mail) {
        (Cause::B00, Certain)
    } else if is_plain(mail.message) && !mail.is_header_alone {
        (Cause::B04, High)
    } else {
        // Long lines and encodings are changes of their own kinds (B17, B05).
        (Cause::B04, Low)
    };
    Some(found(cause, confidence).seen(mail.quote_trusted()).next(["give DNS with --dns".to_owned()]))
}

fn verified(facts: &Facts<'_>, mail: &MailFacts<'_>, verification: &Verification) -> Vec<Diagnosis> {
    if let Some(unseen) = unseen_body(mail) {
        return vec![unseen];
    }
    match verification.arc {
        Verdict::Fail => {}
        Verdict::Pass if mail.returned.is_some() => return changed_on_delivery(facts, mail).into_iter().collect(),
        Verdict::Pass => {
            let Some((says, its_line)) = refused(facts, mail) else { return Vec::new() };
            let ours = quote(&mail.artifact, 0, "every ARC-Seal and the newest ARC-Message-Signature verify here");
            let odd = mail.upstream_sets().iter().rev().find_map(|set| odd_for_office_365(mail, set));
            let its_words = says.is_some_and(|comment| ["35", "40"].contains(&comment.trim()));
            let diagnosis = match odd {
                Some(odd) => found(Cause::B16, if its_words { High } else { Low }).seen([odd]),
                None => found(Cause::B00, Low),
            };
            return vec![diagnosis.seen(its_line).seen([ours])];
        }
        Verdict::None | Verdict::TempError => return Vec::new(),
    }
    let broken =
        structure(mail).or_else(|| marked(facts, mail)).unwrap_or_else(|| signatures(facts, mail, verification));
    let mut broken = with_next(mail, broken);
    if mail.has_result("arc", "pass") {
        // It held when it came: keys are withdrawn later, and copies are edited.
        broken.confidence = Low;
        broken.evidence.extend(mail.quote_trusted());
    }
    // A server may change the body of what it gives back, unless the receiver found the same.
    if mail.returned.is_some() && of_body(&broken) && !facts.is_refused_as_unauthentic() {
        broken.confidence = broken.confidence.min(High);
    }
    let gone = key_beside(facts, mail, &broken);
    [Some(broken), gone].into_iter().flatten().collect()
}

/// The receiver says that the body had changed, of a mail whose header is all that is here, and every signature before it fits
/// that: which change it was (B04, B05, B17) cannot be seen.
fn unseen_body(mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let (newest, older) = mail.upstream_sets().split_last()?;
    let fits = mail.verified(newest).is_some_and(SetVerification::holds) && !newest.is_marked_failed();
    let seals_hold = older.iter().all(|set| mail.verified(set).is_some_and(|v| v.seal == Verdict::Pass));
    let text =
        "only the header is here, and the signatures fit it: what changed in the body (B04, B05, B17) cannot be told";
    (mail.is_header_alone && says_body_hash(mail) && fits && seals_hold)
        .then(|| found(Cause::B00, High).seen(mail.quote_trusted()).seen([quote(&mail.artifact, 0, text)]))
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

/// The receiver says that the chain fails: its comment, and the field. Office 365 gives its results no name; they stand
/// above the line of the server that forwarded to it, where nobody before it can have written.
fn refused(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<(Option<String>, Option<EvidenceRef>)> {
    let results = mail.trusted.cloned().or_else(|| unnamed_results(facts, mail))?;
    let arc = results.method("arc").next().filter(|arc| arc.result == "fail")?;
    Some((arc.comment.clone(), mail.quote_line(results.line)))
}

/// The results without a name that nobody before the forwarder can have written.
fn unnamed_results(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<AuthenticationResults> {
    let mut last_first = mail.hops.iter().rev();
    let taken = last_first.find(|h| h.by.as_deref().is_some_and(|by| facts.is_forwarders_host(by)))?.line;
    let mut all = authres::all(mail.message).into_iter().filter(|a| a.authserv_id.is_none() && a.line < taken);
    all.find(|a| a.field.eq_ignore_ascii_case("Authentication-Results"))
}

/// What of a set Office 365 minds and nobody else does: results that say nothing, and fields in another order than AS,
/// AMS, AAR.
fn odd_for_office_365(mail: &MailFacts<'_>, set: &ArcSet) -> Option<EvidenceRef> {
    let (aar, ams, seal) = (set.aar.as_ref()?, set.ams.as_ref()?, set.seal.as_ref()?);
    let results = mail.message.fields().iter().position(|f| f.line == aar.line)?;
    let in_order = seal.field < ams.field && ams.field < results;
    (aar.results.is_empty() || !in_order).then(|| mail.quote_line(aar.line)).flatten()
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

/// Gaps, duplicates and missing parts.
fn structure(mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let defects = &mail.arc.defects;
    let duplicate = defects.iter().find(|defect| matches!(defect, ArcDefect::Duplicate { .. }));
    let missing = defects.iter().find(|defect| lacks_part(defect));
    let (cause, defect) = match (duplicate, missing) {
        (Some(defect), _) => (Cause::B12, defect),
        (None, Some(defect)) => (Cause::B11, defect),
        (None, None) => (Cause::B00, defects.first()?),
    };
    let seen = [quote(&mail.artifact, 0, &defect.to_string())];
    Some(found(cause, Certain).seen(seen).seen(parts(mail, *defect)))
}

/// Whether a set lacks a part, or a part lacks its set.
fn lacks_part(defect: &ArcDefect) -> bool {
    matches!(defect, ArcDefect::Missing { .. } | ArcDefect::NoInstance { .. })
}

/// The fields of the set that a defect is about.
fn parts(mail: &MailFacts<'_>, defect: ArcDefect) -> Vec<EvidenceRef> {
    let Some(instance) = defect.instance() else { return Vec::new() };
    let fields = mail.message.fields().iter().filter(|f| ArcPart::ALL.iter().any(|part| f.is(part.field_name())));
    let fields = fields.filter(|f| begins_with_instance(f, instance));
    fields.take(6).map(|f| field(&mail.artifact, f)).collect()
}

fn begins_with_instance(field: &Field, instance: u32) -> bool {
    let value = field.value();
    let number = value.trim_start().strip_prefix("i=").unwrap_or_default();
    number.split(|c: char| !c.is_ascii_digit()).next() == Some(instance.to_string().as_str())
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
    let confidence = if ams_holds(set) && defects.any(is_lasting) { Certain } else { High };
    Some(found(Cause::B10, confidence).seen(evidence).seen(reasons))
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
    use SignatureDefect::{BodyHash, SealCoversTooMuch, SealLeavesSetsOut, SealOrder, Signature};
    matches!(defect, BodyHash | Signature | SealLeavesSetsOut | SealOrder | SealCoversTooMuch)
}

/// The newest message signature that came with the mail, and every seal.
fn signatures(facts: &Facts<'_>, mail: &MailFacts<'_>, verification: &Verification) -> Diagnosis {
    let sets = mail.upstream_sets();
    let reason = verification.arc_reason.iter().map(|r| quote(&mail.artifact, 0, r));
    let newest = sets.last().and_then(|set| Some((set, mail.verified(set)?)));
    if let Some((set, found)) = newest.filter(|(_, v)| v.ams == Verdict::Fail)
        && let Some(diagnosis) = message_signature::cause(facts, mail, set, found)
    {
        return whose_seal::of_another(facts, mail, set, diagnosis);
    }
    let bad =
        sets.iter().rev().filter_map(|set| Some((set, mail.verified(set)?))).find(|(_, v)| v.seal == Verdict::Fail);
    if let Some((set, v)) = bad {
        return seal(mail, set, v).seen(reason);
    }
    let seal = sets.last().and_then(|set| mail.quote_seal(set));
    found(Cause::B00, Certain).seen(reason).seen(seal).seen(mail.quote_trusted())
}

/// A seal that does not hold while the message signature does, or that covers the wrong fields.
fn seal(mail: &MailFacts<'_>, set: &ArcSet, v: &SetVerification) -> Diagnosis {
    let seen = mail.quote_seal(set);
    if let Some(key) = key(&v.seal_facts) {
        return key.seen(seen);
    }
    let cause = if v.seal_facts.has(SignatureDefect::ChainValidationStatus) && set.instance > 1 {
        Cause::B15
    } else if v.seal_facts.has(SignatureDefect::SealOrder) {
        Cause::B07
    } else if v.seal_facts.has(SignatureDefect::SealLeavesSetsOut) {
        Cause::B14
    } else {
        Cause::B00
    };
    found(cause, Certain)
        .seen(seen)
        .excluding((v.ams == Verdict::Pass).then(|| "B04, B06: the message signature holds".to_owned()))
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
