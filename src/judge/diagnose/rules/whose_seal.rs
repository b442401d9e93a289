//! Whose seal broke: that of the server that forwards, one from before it, or one that the same server put on before.

use super::{message_signature, witness};
use crate::{
    catalogue::Cause,
    judge::diagnose::{
        builder::{found, quote},
        facts::{Facts, MailFacts, related},
    },
    mail::{arc::ArcSet, authres},
    outcome::{
        Confidence::{self, Certain, High},
        Diagnosis, EvidenceRef,
    },
    verify::{SetVerification, SignatureDefect, Verdict},
};

/// The message signature of the newest set does not hold, and the server that forwards did not seal: whether the mail came to
/// it like that, or who changed it cannot be told.
pub(super) fn of_another(facts: &Facts<'_>, mail: &MailFacts<'_>, set: &ArcSet, broken: Diagnosis) -> Diagnosis {
    let (Some(forwarder), None) = (facts.forwarder.as_deref(), facts.forwarders_set()) else { return broken };
    if let Some((confidence, shown)) = came_broken(facts, mail, set) {
        let reason = mail.verified(set).and_then(|v| v.reason.as_ref()).map(|reason| quote(&mail.artifact, 0, reason));
        return found(Cause::B10, confidence).seen([shown]).seen(mail.quote_seal(set)).seen(reason);
    }
    if facts.log.task().is_some_and(|task| task.has("ARC_ALLOW")) {
        return broken;
    }
    let whose =
        format!("the seal is not of {forwarder}, which did not seal: who changed the mail after it is not seen");
    let confidence = broken.confidence.min(High);
    Diagnosis { confidence, ..broken }.seen([quote(&mail.artifact, 0, &whose)])
}

/// What shows that the chain was broken as it came to the server that forwards.
fn came_broken(facts: &Facts<'_>, mail: &MailFacts<'_>, set: &ArcSet) -> Option<(Confidence, EvidenceRef)> {
    let rejected = facts.log.task().and_then(|t| Some(quote(&t.at.artifact, t.at.line, t.symbol("ARC_REJECT")?)));
    if let Some(rejected) = rejected {
        return Some((Certain, rejected));
    }
    let taken = mail.hops.iter().find(|h| h.by.as_deref().is_some_and(|by| facts.is_forwarders_host(by)))?.line;
    if let Some(signature) = witness::signed_after(mail, set, taken) {
        return Some((Certain, signature));
    }
    // What stands above the line of the forwarder, nobody before it wrote.
    let results = authres::all(mail.message).into_iter().filter(|results| results.line < taken);
    let mut own =
        results.filter(|results| results.authserv_id.as_deref().is_some_and(|id| facts.is_forwarders_host(id)));
    let fails = own.find(|results| results.method("arc").any(|arc| arc.result == "fail"))?;
    Some((High, mail.quote_line(fails.line)?))
}

/// A set says `cv=fail`, and the one before it does not hold since it was made: the server that forwards sealed both, or it
/// sealed the first and a later server found it changed.
pub(super) fn of_forwarder(
    facts: &Facts<'_>,
    mail: &MailFacts<'_>,
    marked: &ArcSet,
    before: &ArcSet,
    found_before: &SetVerification,
) -> Option<Diagnosis> {
    let is_change = |defect: &SignatureDefect| matches!(defect, SignatureDefect::BodyHash | SignatureDefect::Signature);
    let changed = found_before.ams == Verdict::Fail && found_before.ams_facts.causes.iter().all(is_change);
    if !changed || found_before.seal != Verdict::Pass {
        return None;
    }
    let broken = message_signature::cause(facts, mail, before, found_before)?;
    if is_same_server(facts, mail, before, marked) {
        let holds = mail.verified(marked).is_some_and(|v| v.holds());
        let confidence = if holds { broken.confidence } else { High };
        let seals = [mail.quote_seal(marked), mail.quote_seal(before)].into_iter().flatten();
        return Some(found(Cause::B19, confidence).seen(seals).seen(broken.evidence));
    }
    (facts.is_forwarders(before) && !facts.is_forwarders(marked)).then_some(broken)
}

/// Whether one server made both sets: its domain did, and every server that took the mail between them is of that domain.
fn is_same_server(facts: &Facts<'_>, mail: &MailFacts<'_>, before: &ArcSet, after: &ArcSet) -> bool {
    let line = |set: &ArcSet| set.ams.as_ref().and_then(|ams| mail.message.fields().get(ams.field)).map(|f| f.line);
    let (Some(domain), Some(top), Some(bottom)) = (before.sealer(), line(after), line(before)) else { return false };
    let is_own = |host: &str| facts.is_forwarders_host(host) || related(host, domain);
    let mut between = mail.hops.iter().filter(|hop| top < hop.line && hop.line < bottom).peekable();
    let one_sealer = after.sealer() == Some(domain) || facts.is_forwarders(before) && facts.is_forwarders(after);
    one_sealer && between.peek().is_some() && between.all(|hop| hop.by.as_deref().is_some_and(is_own))
}
