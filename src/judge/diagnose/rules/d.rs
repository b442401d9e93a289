//! Family D: a server answers 4yz or 5yz, and what the forwarder does to earn it.

use crate::{
    catalogue::Cause,
    judge::diagnose::{
        builder::{field, found, quote},
        facts::{Facts, MailFacts, is_unauthentic, related},
        server_refusal::{Refusal, RefusedBy},
    },
    outcome::{
        Confidence::{Certain, High},
        Diagnosis,
    },
    verify::Verdict,
};

/// Who refused the mail and why.
pub(in crate::judge::diagnose) fn find(facts: &Facts<'_>) -> Vec<Diagnosis> {
    let mut causes: Vec<Diagnosis> = Vec::new();
    for refusal in &facts.refusals() {
        let cause = refused(facts, refusal);
        match causes.iter_mut().find(|c| c.code == cause.code) {
            Some(known) => known.evidence.extend(cause.evidence),
            None => causes.push(cause),
        }
    }
    if causes.len() > 1 {
        causes.retain(|c| c.code != Cause::D00);
    }
    if let Some(mail) = facts.mail.as_ref().filter(|mail| mail.returned.is_some()) {
        for cause in causes.iter_mut().filter(|cause| cause.code.known().is_some_and(is_unauthentic)) {
            *cause = beside_copy(facts, mail, cause.clone());
        }
    }
    causes.extend(facts.mail.as_ref().and_then(|mail| spam_forwarded(facts, mail)));
    causes
}

/// The row that fits a refusal.
fn refused(facts: &Facts<'_>, refusal: &Refusal) -> Diagnosis {
    let Refusal { reply, at, by, .. } = refusal;
    let text = reply.text.to_lowercase();
    let is_unavailable = text.contains("service unavailable");
    let milter = if is_unavailable { facts.log.find(&["connect to Milter service"]) } else { None };
    let diagnosis = match refusal.cause() {
        _ if milter.is_some() => found(Cause::A17, Certain).seen(milter),
        Some((cause @ Cause::D10, _)) => found(cause, Certain),
        // The other texts are Gmail's.
        _ if by.is_forwarder() => found(Cause::D13, Certain),
        Some((cause @ (Cause::D01 | Cause::D02 | Cause::D28), _)) if is_forwarders_own(facts, &text) => {
            let srs =
                format!("{cause}: the sender was rewritten (SRS); the forwarder's own SPF record lacks its address");
            found(Cause::D00, Certain).excluding([srs])
        }
        Some((cause, by_words)) => found(cause, if by_words { Certain } else { High }),
        None => found(Cause::D00, Certain),
    };
    let again = match (by, reply.is_transient()) {
        (RefusedBy::First(_), _) => {
            Some("no bounce was sent, and nobody tries again: this run handed the mail over itself")
        }
        (RefusedBy::Forwarder, true) => Some("wait: the sender's own server tries again"),
        (RefusedBy::Next, true) => Some("wait: the forwarder tries again"),
        (_, false) if facts.bounces.is_empty() => Some("look for the bounce: the outside sender got it"),
        (_, false) => None,
    };
    diagnosis.seen([at.clone()]).next(again.map(str::to_owned))
}

/// What the copy that came back says of a refusal: what the forwarder found of the mail, and what cannot be the reason.
fn beside_copy(facts: &Facts<'_>, mail: &MailFacts<'_>, diagnosis: Diagnosis) -> Diagnosis {
    let found = facts.forwarders_set().and_then(|set| mail.quote_line(set.aar.as_ref()?.line));
    let diagnosis = diagnosis.seen(found);
    let verified = mail.verification.filter(|v| v.arc == Verdict::Pass);
    let author = mail.author_domain().unwrap_or_default();
    let authors = verified.and_then(|v| v.dkim.iter().find(|d| d.result == Verdict::Pass && related(&d.d, &author)));
    if mail.is_only_header() {
        let text = match authors {
            Some(dkim) => {
                format!("only the header came back, and DKIM d={} fits it: the body may have changed", dkim.d)
            }
            None => "only the header came back: whether the body changed cannot be told".to_owned(),
        };
        let next = "postconf bounce_size_limit: a larger mail, or one sent with RET=HDRS, comes back without its body";
        return diagnosis.seen([quote(&mail.artifact, 0, &text)]).next([next.to_owned()]);
    }
    if verified.is_none() || facts.log.replaced_on_delivery().next().is_some() {
        return diagnosis;
    }
    let held = match authors {
        Some(dkim) => format!("B04, B06, C05: chain and DKIM d={} hold", dkim.d),
        None => "B04, B06: the chain holds".to_owned(),
    };
    let held = format!("{held} in the copy that came back, which is older than what is changed on delivery");
    diagnosis.excluding([held]).next(["postconf smtp_header_checks smtp_body_checks".to_owned()])
}

/// Whether a reply blames the envelope sender of the server that forwards: `SPF [x]`, `MAIL FROM domain [x]`.
fn is_forwarders_own(facts: &Facts<'_>, text: &str) -> bool {
    let named = ["spf [", "mail from domain ["].iter().find_map(|mark| text.split_once(mark)?.1.split(']').next());
    named.is_some_and(|domain| facts.is_forwarders_host(domain))
}

/// The mail has no sender that could be rewritten.
pub(in crate::judge::diagnose) fn null_sender(facts: &Facts<'_>) -> Option<Diagnosis> {
    let mail = facts.mail.as_ref()?;
    let path = mail.message.first("Return-Path").filter(|f| f.value().trim() == "<>")?;
    let logged = facts.log.find(&["not rewritten", "No at sign"]);
    // It is harmless, so that only somebody who expected another sender wants to hear of it.
    let asked = facts.attempt.is_some() || logged.is_some();
    let confidence = if logged.is_some() { Certain } else { High };
    (asked && facts.forwarder.is_some())
        .then(|| found(Cause::D11, confidence).seen([field(&mail.artifact, path)]).seen(logged))
}

/// The forwarder says that nothing about the mail is genuine, calls it spam, and sends it on.
fn spam_forwarded(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let aar = facts.forwarders_set()?.aar.as_ref()?;
    let failed = aar.method("dmarc").any(|r| r.result == "fail") && !aar.method("dkim").any(|r| r.result == "pass");
    let mut marks = ["X-Spam", "X-Spam-Flag", "X-Spam-Status"].iter().filter_map(|n| mail.message.first(n));
    let mark = marks.find(|f| f.value().trim().get(..3).is_some_and(|yes| yes.eq_ignore_ascii_case("yes")))?;
    let logged = facts.log.task().filter(|t| t.line.contains("(add header)")).map(|t| t.at.clone());
    let confidence = if logged.is_some() { Certain } else { High };
    failed.then(|| {
        found(Cause::D12, confidence).seen([field(&mail.artifact, mark)]).seen(mail.quote_line(aar.line)).seen(logged)
    })
}
