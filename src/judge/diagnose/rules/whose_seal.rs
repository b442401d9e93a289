//! Whose seal broke: that of the server that forwards, one from before it, or one that the same server put on before.

use super::{message_signature, witness};
use crate::{
    catalogue::Cause,
    core::domain::organization,
    judge::diagnose::{
        builder::{found, quote},
        facts::{Facts, MailFacts, related},
        handover::is_made_at,
    },
    mail::{arc::ArcSet, authres, received::Hop},
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
    if let Some(passed) = own_pass(facts, mail, before, marked) {
        let confidence = broken.confidence.min(High);
        return Some(Diagnosis { confidence, ..broken }.seen([passed]));
    }
    if !is_earlier(facts, marked) && is_same_server(facts, mail, before, marked) {
        let holds = mail.verified(marked).is_some_and(|v| v.holds());
        let confidence = if holds { broken.confidence } else { High };
        let seals = [mail.quote_seal(marked), mail.quote_seal(before)].into_iter().flatten();
        return Some(found(Cause::B19, confidence).seen(seals).seen(broken.evidence));
    }
    (facts.is_forwarders(before) && !facts.is_forwarders(marked)).then_some(broken)
}

/// Whether a set is of a hop before the server that forwards, which put its own on top.
fn is_earlier(facts: &Facts<'_>, set: &ArcSet) -> bool {
    facts.forwarders_set().is_some_and(|own| own.instance > set.instance)
}

/// Whether one server made both sets: its domain did, and every server that handed the mail on between them is of that domain.
fn is_same_server(facts: &Facts<'_>, mail: &MailFacts<'_>, before: &ArcSet, after: &ArcSet) -> bool {
    let (Some(domain), Some(bottom)) = (before.sealer(), line(mail, before)) else { return false };
    let is_own = |host: &str| facts.is_forwarders_host(host) || related(host, domain);
    let is_by_own = |hop: &Hop| hop.by.as_deref().is_some_and(is_own);
    let between = between(mail, before, after);
    let one_sealer = after.sealer() == Some(domain) || facts.is_forwarders(before) && facts.is_forwarders(after);
    // A milter may write below the line of its own server: that hop came before the seal.
    let has_taken = mail.hops.iter().rev().find(|hop| hop.line > bottom).is_some_and(is_by_own);
    let handed_back = &between[usize::from(!has_taken).min(between.len())..];
    let is_inside = |hop: &Hop| is_made_at(hop) || hop.from.as_deref().is_some_and(is_own);
    one_sealer && !between.is_empty() && between.iter().all(is_by_own) && handed_back.iter().all(is_inside)
}

/// Whether a host is one of the server that made a set.
fn is_sealers(facts: &Facts<'_>, set: &ArcSet, host: &str) -> bool {
    set.sealer().is_some_and(|by| organization(host) == organization(by))
        || facts.is_forwarders(set) && facts.is_forwarders_host(host)
}

/// The hops between two sets, first hop first.
fn between<'m>(mail: &MailFacts<'m>, before: &ArcSet, after: &ArcSet) -> &'m [Hop] {
    let (Some(top), Some(bottom)) = (line(mail, after), line(mail, before)) else { return &[] };
    let first = mail.hops.partition_point(|hop| hop.line > bottom);
    let end = mail.hops.partition_point(|hop| hop.line > top);
    &mail.hops[first..end.max(first)]
}

/// Where the message signature of a set stands.
fn line(mail: &MailFacts<'_>, set: &ArcSet) -> Option<u32> {
    set.ams.as_ref().and_then(|ams| mail.message.fields().get(ams.field)).map(|field| field.line)
}

/// That the server which sealed a chain as broken may have changed the mail itself: no other server took it since the set before,
/// and its log does not say that it came so.
pub(super) fn own_change(
    facts: &Facts<'_>,
    mail: &MailFacts<'_>,
    before: &ArcSet,
    marked: &ArcSet,
) -> Option<EvidenceRef> {
    if is_earlier(facts, marked) {
        return None;
    }
    let by = marked.sealer()?;
    let is_own = |host: &str| is_sealers(facts, marked, host);
    let between = between(mail, before, marked);
    let all_own = !between.is_empty() && between.iter().all(|hop| hop.by.as_deref().is_some_and(is_own));
    let rejected = facts.is_forwarders(marked) && facts.log.task().is_some_and(|task| task.has("ARC_REJECT"));
    let text =
        format!("only servers of {by} took the mail between the two seals: a filter of its own may have changed it");
    (all_own && !rejected).then(|| quote(&mail.artifact, 0, &text))
}

/// The results of a server of the one that sealed a chain as broken, by which the chain held as it came there.
fn own_pass(facts: &Facts<'_>, mail: &MailFacts<'_>, before: &ArcSet, marked: &ArcSet) -> Option<EvidenceRef> {
    let (top, bottom) = (line(mail, marked)?, line(mail, before)?);
    passed_between(mail, top, bottom, |host| is_sealers(facts, marked, host))
}

/// The results between two lines, by a server like this, that say `arc=pass`.
fn passed_between(mail: &MailFacts<'_>, top: u32, bottom: u32, is_by: impl Fn(&str) -> bool) -> Option<EvidenceRef> {
    let all = authres::all(mail.message).into_iter().filter(|results| top < results.line && results.line < bottom);
    let mut of_them = all.filter(|results| results.authserv_id.as_deref().is_some_and(&is_by));
    let passed = of_them.find(|results| results.method("arc").any(|arc| arc.result == "pass"))?;
    mail.quote_line(passed.line)
}

/// Where another server took the mail after the one that sealed it, and before the receiver judged it: it is who changed it where
/// it found the chain sound, and else who of them did is not seen.
pub(super) fn of_later(facts: &Facts<'_>, mail: &MailFacts<'_>, set: &ArcSet, broken: Diagnosis) -> Diagnosis {
    let is_change = matches!(broken.code.known(), Some(Cause::B04 | Cause::B05 | Cause::B06 | Cause::B13 | Cause::B17));
    let (Some(sealer), Some(bottom), true) = (set.sealer(), line(mail, set), is_change) else { return broken };
    let judged = mail.trusted.map_or(0, |trusted| trusted.line);
    let receiver = mail.trusted.and_then(|trusted| trusted.authserv_id.as_deref());
    let is_other = |host: &str| {
        host.contains('.') && !is_sealers(facts, set, host) && !receiver.is_some_and(|receiver| related(host, receiver))
    };
    let mut hops = mail.hops.iter().filter(|hop| judged < hop.line && hop.line < bottom);
    if mail.trusted.is_none() && mail.returned.is_none() {
        // The last one is the receiver.
        hops.next_back();
    }
    let Some(host) = hops.filter_map(|hop| hop.by.as_deref()).find(|by| is_other(by)) else { return broken };
    let Some(passed) = passed_between(mail, judged, bottom, is_other) else {
        let text = format!("{host} took the mail after {sealer} sealed it: it may have changed there");
        let confidence = broken.confidence.min(High);
        return Diagnosis { confidence, ..broken }.seen([quote(&mail.artifact, 0, &text)]);
    };
    let text = format!("the chain held as {host} took it: the mail changed there or later, not at {sealer}");
    found(Cause::B26, High).seen([quote(&mail.artifact, 0, &text), passed]).seen(broken.evidence)
}
