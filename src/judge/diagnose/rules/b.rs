//! Family B: sealed, but the chain does not verify.

use super::body::{Change, change as undone, is_plain, shows_recoding};
use crate::{
    catalogue::Cause,
    judge::{
        diagnose::{
            builder::{field, found, quote},
            facts::{Facts, MailFacts, related},
        },
        survival::body,
    },
    mail::{
        Message,
        arc::{ArcDefect, ArcPart, ArcSet, ChainValidationStatus},
        authres,
    },
    outcome::{
        Confidence::{Certain, High, Low},
        Diagnosis, EvidenceRef, HeaderChange,
    },
    verify::{SetVerification, SignatureDefect, SignatureFacts, Verdict, Verification},
};

/// Fields that every server on the way may add or change (OpenARC signs them unless told otherwise).
const VOLATILE: [&str; 6] =
    ["received", "return-path", "x-virus-scanned", "x-virus-status", "x-spam-status", "authentication-results"];

/// Where receivers write their results.
const RESULTS: &str = "Authentication-Results";

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
    mail.says("arc").filter(|arc| arc.result == "fail")?;
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
    match verification.arc {
        Verdict::Fail => {}
        Verdict::Pass if mail.returned.is_some() => return changed_on_delivery(facts, mail).into_iter().collect(),
        Verdict::Pass if mail.is_header_alone && says_body_hash(mail) => {
            // Which change of the body it was (B04, B05, B17) cannot be seen.
            let gone = quote(&mail.artifact, 0, "only the header is here, and the signatures fit it");
            return vec![found(Cause::B00, High).seen(mail.quote_trusted()).seen([gone])];
        }
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
    if mail.says("arc").is_some_and(|arc| arc.result == "pass") {
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
    let name = signature.key.as_ref().map_or("its selector", |k| k.name.as_str());
    Some(key.seen([quote(&mail.artifact, 0, &format!("there is no usable key at {name}"))]))
}

/// Whether it was the body that changed.
fn of_body(broken: &Diagnosis) -> bool {
    matches!(broken.code.known(), Some(Cause::B04 | Cause::B05 | Cause::B17))
}

/// The receiver says that the chain fails: its comment, and the field. Office 365 gives its results no name; they stand
/// above the line of the server that forwarded to it, where nobody before it can have written.
fn refused(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<(Option<String>, Option<EvidenceRef>)> {
    let forwarder = facts.forwarder.as_deref();
    let is_forwarders = |by: Option<&str>| by.zip(forwarder).is_some_and(|(by, f)| related(by, f));
    let taken = mail.hops.iter().rev().find(|h| is_forwarders(h.by.as_deref())).map_or(0, |h| h.line);
    let unnamed = || {
        let all = authres::all(mail.message).into_iter();
        all.filter(|a| a.authserv_id.is_none() && a.line < taken).find(|a| a.field.eq_ignore_ascii_case(RESULTS))
    };
    let results = mail.trusted.cloned().or_else(unnamed)?;
    let arc = results.method("arc").next().filter(|arc| arc.result == "fail")?;
    Some((arc.comment.clone(), mail.quote_line(results.line)))
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
    let seen = mail.message.fields().get(ams.field).map(|f| field(&mail.artifact, f));
    let (cause, confidence) = match () {
        () if !is_signed(name) => (Cause::B00, Certain),
        () if is_volatile(name) => (Cause::B13, High),
        () => (Cause::B06, Certain),
    };
    Some(with_next(mail, found(cause, confidence).seen([line.clone()]).seen(seen)))
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
    let is_part = |name: &str| ArcPart::ALL.iter().any(|part| part.field_name().eq_ignore_ascii_case(name));
    let of_instance = |value: &str| {
        let tag = value.trim_start().strip_prefix("i=").unwrap_or_default();
        tag.split(|c: char| !c.is_ascii_digit()).next() == Some(instance.to_string().as_str())
    };
    let fields = mail.message.fields().iter().filter(|f| is_part(&f.name) && of_instance(&f.value()));
    fields.take(6).map(|f| field(&mail.artifact, f)).collect()
}

/// Somebody before the receiver says `cv=fail`: whether that is true, and whose fault it is.
fn marked(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let sets = mail.upstream_sets();
    let failed = |s: &ArcSet| s.seal.as_ref().is_some_and(|s| s.cv == Some(ChainValidationStatus::Fail));
    let at = sets.iter().position(failed)?;
    let (set, before) = (&sets[at], &sets[..at]);
    // A server that forwards such a chain must not seal it again: A12.
    if facts.forwarder.is_some() && facts.forwarders_set().is_none() {
        return Some(found(Cause::B10, High).seen(mail.quote_seal(set)));
    }
    let holds = |part: fn(&SetVerification) -> Verdict, set: &ArcSet| {
        mail.verified(set).is_some_and(|v| part(v) == Verdict::Pass)
    };
    let sound =
        before.last().is_some_and(|newest| holds(|v| v.ams, newest)) && before.iter().all(|s| holds(|v| v.seal, s));
    let evidence = [mail.quote_seal(set), before.last().and_then(|s| mail.quote_seal(s))].into_iter().flatten();
    if sound && mail.is_only_header() {
        // Whoever marked it saw the body, which may have been changed before (B10) or not (B09).
        return Some(found(Cause::B00, Certain).seen(evidence));
    }
    if sound || (before.is_empty() && facts.is_forwarders(set)) {
        return Some(found(Cause::B09, High).seen(evidence));
    }
    let reasons = before.iter().filter_map(|s| mail.verified(s)?.reason.clone()).map(|r| quote(&mail.artifact, 0, &r));
    // What broke before the set was made cannot have been done after it while its own signature holds.
    // A key that is missing now may have been there.
    let lasting = |c: &SignatureDefect| {
        use SignatureDefect::{BodyHash, SealCoversTooMuch, SealLeavesSetsOut, SealOrder, Signature};
        matches!(c, BodyHash | Signature | SealLeavesSetsOut | SealOrder | SealCoversTooMuch)
    };
    let causes = before
        .iter()
        .filter_map(|s| mail.verified(s))
        .flat_map(|v| v.ams_facts.causes.iter().chain(&v.seal_facts.causes));
    let confidence = if holds(|v| v.ams, set) && causes.into_iter().any(lasting) { Certain } else { High };
    Some(found(Cause::B10, confidence).seen(evidence).seen(reasons))
}

/// The newest message signature that came with the mail, and every seal.
fn signatures(facts: &Facts<'_>, mail: &MailFacts<'_>, verification: &Verification) -> Diagnosis {
    let sets = mail.upstream_sets();
    let reason = verification.arc_reason.iter().map(|r| quote(&mail.artifact, 0, r));
    let newest = sets.last().and_then(|set| Some((set, mail.verified(set)?)));
    if let Some((set, found)) = newest.filter(|(_, v)| v.ams == Verdict::Fail)
        && let Some(diagnosis) = message_signature(facts, mail, set, found)
    {
        return diagnosis;
    }
    let bad =
        sets.iter().rev().filter_map(|set| Some((set, mail.verified(set)?))).find(|(_, v)| v.seal == Verdict::Fail);
    if let Some((set, v)) = bad {
        return seal(mail, set, v).seen(reason);
    }
    let seal = sets.last().and_then(|set| mail.quote_seal(set));
    found(Cause::B00, Certain).seen(reason).seen(seal).seen(mail.quote_trusted())
}

/// A message signature that does not hold.
fn message_signature(facts: &Facts<'_>, mail: &MailFacts<'_>, set: &ArcSet, v: &SetVerification) -> Option<Diagnosis> {
    let ams = set.ams.as_ref()?;
    let seen = || mail.message.fields().get(ams.field).map(|f| field(&mail.artifact, f));
    let reason = v.reason.iter().map(|r| quote(&mail.artifact, 0, r));
    let has = |cause| v.ams_facts.causes.contains(&cause);
    // Who found that the body had changed had the key.
    let had_key = has(SignatureDefect::BodyHash) && says_body_hash(mail);
    if !had_key && let Some(key) = key(&v.ams_facts) {
        return Some(key.seen(reason).seen(seen()));
    }
    let key_of = |facts: &SignatureFacts| facts.key.as_ref().map(|k| k.name.clone());
    let seal_holds = v.seal == Verdict::Pass && key_of(&v.seal_facts) == key_of(&v.ams_facts);
    let key_fits = seal_holds || signed_with_same_key(mail, v);
    let excluded =
        key_found(v).into_iter().chain(seal_holds.then(|| "B02: the seal verifies with the same key".to_owned()));
    if has(SignatureDefect::BodyHash) {
        let hash = v.ams_facts.body_hash.as_ref()?;
        let hashes = format!("bh={}, and the body's hash is {}", hash.expected, hash.computed);
        let change = undone(mail.message, ams, hash);
        let (cause, confidence) = match change {
            Some(Change::Folded) => (Cause::B17, Certain),
            Some(Change::Recoded) => (Cause::B05, Certain),
            Some(Change::Footer(_)) => (Cause::B04, Certain),
            None if re_encoded(facts, mail) => (Cause::B05, High),
            None if facts.sent.is_some() || shows_recoding(mail.message) => (Cause::B04, Certain),
            // A part of it may have been encoded anew (B05).
            None => (Cause::B04, High),
        };
        let what = change.map(|change| match change {
            Change::Folded => "joining its lines of 998 octets with the next makes the hash fit".to_owned(),
            Change::Recoded => "decoding it makes the hash fit: it was sealed as 8-bit text".to_owned(),
            Change::Footer(n) => format!("without its last {n} lines the hash fits: they were added"),
        });
        let what = what.map(|w| quote(&mail.artifact, 0, &format!("body: {w}")));
        return Some(
            found(cause, confidence)
                .seen([quote(&mail.artifact, 0, &hashes)])
                .seen(what)
                .seen(changed_body(facts, mail, set))
                .seen(reason)
                .seen(seen())
                .excluding(excluded),
        );
    }
    if !has(SignatureDefect::Signature) {
        return None;
    }
    let body = v.ams_facts.body_hash.is_some().then(|| "B04: the body hash matches".to_owned());
    let has_volatile = ams.signed_headers.iter().any(|h| is_volatile(h));
    // Where what was sent is known, another field may have changed as well.
    let others = facts.survival_of(set).map(|s| s.headers.iter().any(|change| !is_volatile(&change.name)));
    Some(match (key_fits, has_volatile && others != Some(true)) {
        (true, true) => found(Cause::B13, if others.is_some() { High } else { Low })
            .seen(seen())
            .seen(reason)
            .excluding(excluded)
            .excluding(body),
        (true, false) if seal_holds => header_changed(facts, mail)
            .seen(changed_headers(facts, mail, set))
            .seen(reason)
            .seen(seen())
            .excluding(excluded)
            .excluding(body),
        (true, false) => found(Cause::B00, Certain).seen(reason).seen(seen()).excluding(body),
        (false, _) => other_key(facts).seen(reason).seen(seen()).excluding(key_found(v)).excluding(body),
    })
}

/// A signed field changed. Of a header alone it is not seen whether the body was encoded anew with it.
fn header_changed(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Diagnosis {
    let encoded = encoding(mail.message).is_some_and(|e| e == "quoted-printable" || e == "base64");
    match facts.sent {
        _ if !encoded || !mail.is_only_header() => found(Cause::B06, Certain),
        Some(sent) if encoding(sent).as_deref() == Some("8bit") => found(Cause::B05, High),
        Some(sent) if encoding(sent) == encoding(mail.message) => found(Cause::B06, Certain),
        _ => found(Cause::B06, High),
    }
}

/// Whether every server on the way may add or change a field.
fn is_volatile(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    VOLATILE.contains(&name.as_str()) || name.starts_with("x-spam")
}

/// Neither signature fits the key that DNS has.
fn other_key(facts: &Facts<'_>) -> Diagnosis {
    if let Some(line) = facts.log.find(&["does not match private key"]) {
        return found(Cause::B02, Certain).seen([line]);
    }
    let regression = ["3.10.0", "3.10.1"].iter().find_map(|version| facts.log.find(&["rspamd", version]));
    match regression {
        Some(line) => found(Cause::B08, High).seen([line]),
        None => found(Cause::B02, High),
    }
}

/// What is wrong with a key before any signature is tried.
fn key(facts: &SignatureFacts) -> Option<Diagnosis> {
    let has = |cause| facts.causes.contains(&cause);
    // Which of several records counts is anybody's choice.
    let several = facts.key.as_ref().is_some_and(|k| k.records > 1) && has(SignatureDefect::Signature);
    let cause = match () {
        () if has(SignatureDefect::NoKey) || has(SignatureDefect::KeyRevoked) => Cause::B01,
        () if has(SignatureDefect::NotAKey) || has(SignatureDefect::KeyMalformed) || several => Cause::B03,
        () if has(SignatureDefect::KeyType)
            || has(SignatureDefect::KeyTooShort)
            || has(SignatureDefect::KeyRestricted) =>
        {
            Cause::B00
        }
        () => return None,
    };
    Some(found(cause, if several { High } else { Certain }))
}

/// The receiver says that the body had changed.
fn says_body_hash(mail: &MailFacts<'_>) -> bool {
    mail.says("arc").and_then(|arc| arc.comment.as_deref()).is_some_and(|comment| comment.contains("body hash"))
}

fn key_found(v: &SetVerification) -> Option<String> {
    let key = v.ams_facts.key.as_ref().filter(|k| k.records == 1)?;
    Some(format!("B01, B03: the key at {} exists and can be read", key.name))
}

/// A DKIM-Signature with the same key holds, so the key fits.
fn signed_with_same_key(mail: &MailFacts<'_>, v: &SetVerification) -> bool {
    let Some(key) = &v.ams_facts.key else { return false };
    let dkim = mail.verification.map_or(&[][..], |v| &v.dkim);
    dkim.iter().any(|d| d.result == Verdict::Pass && d.facts.key.as_ref().is_some_and(|k| k.name == key.name))
}

/// How the body of a message is encoded, lower case.
fn encoding(message: &Message) -> Option<String> {
    message.first("Content-Transfer-Encoding").map(|f| f.value().to_ascii_lowercase())
}

/// Sent with 8-bit text and received as quoted-printable or base64.
fn re_encoded(facts: &Facts<'_>, mail: &MailFacts<'_>) -> bool {
    let Some(sent) = facts.sent else { return false };
    let was_8bit = !sent.body().is_ascii();
    was_8bit && mail.message.body().is_ascii() && encoding(sent) != encoding(mail.message)
}

/// Signed fields which are not as they were sent.
fn changed_headers(facts: &Facts<'_>, mail: &MailFacts<'_>, set: &ArcSet) -> Vec<EvidenceRef> {
    let name = facts.sent_name.as_deref().unwrap_or("sent.eml");
    let changes = facts.survival_of(set).map_or(&[][..], |s| &s.headers);
    let quoted = |change: &HeaderChange| {
        let text = |value: &Option<String>| format!("{}: {}", change.name, value.as_deref().unwrap_or_default());
        let was = change.sent_line.map(|line| quote(name, line, &text(&change.before)));
        let is = change.received_line.map(|line| quote(&mail.artifact, line, &text(&change.after)));
        [was, is].into_iter().flatten()
    };
    changes.iter().flat_map(quoted).collect()
}

/// The first line of the body which is not as it was sent.
fn changed_body(facts: &Facts<'_>, mail: &MailFacts<'_>, set: &ArcSet) -> Option<EvidenceRef> {
    let change = facts.survival_of(set)?.body.as_ref()?;
    Some(quote(&mail.artifact, 0, &body::describe(Some(change))))
}

/// A seal that does not hold while the message signature does, or that covers the wrong fields.
fn seal(mail: &MailFacts<'_>, set: &ArcSet, v: &SetVerification) -> Diagnosis {
    let seen = mail.quote_seal(set);
    if let Some(key) = key(&v.seal_facts) {
        return key.seen(seen);
    }
    let has = |cause| v.seal_facts.causes.contains(&cause);
    let cause = match () {
        () if has(SignatureDefect::ChainValidationStatus) && set.instance > 1 => Cause::B15,
        () if has(SignatureDefect::SealOrder) => Cause::B07,
        () if has(SignatureDefect::SealLeavesSetsOut) => Cause::B14,
        () => Cause::B00,
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
        Some(Cause::B07 | Cause::B08 | Cause::B09) => Some("rspamd --version"),
        Some(Cause::B04 | Cause::B06) => Some("postconf content_filter smtp_header_checks smtp_body_checks"),
        _ => None,
    };
    diagnosis.next(dig.into_iter().chain(check.map(str::to_owned)))
}
