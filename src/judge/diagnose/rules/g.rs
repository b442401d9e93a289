//! Family G: the forwarder could not hand the mail over, or never forwarded it. Its log or its own report says so; no other server
//! gave a reply.

use crate::{
    catalogue::Cause,
    judge::diagnose::{
        builder::{found, quote},
        facts::{Facts, related},
    },
    mail::{
        dsn::RecipientStatus,
        failure::Failure,
        log::{Delivery, Outcome, Taker},
    },
    outcome::{
        Confidence::{self, Certain, High, Low},
        Diagnosis, EvidenceRef,
    },
};

/// Causes that say no more than that it failed.
const GENERAL: [Cause; 3] = [Cause::G00, Cause::G06, Cause::G16];

/// How many lines a cause is shown with.
const MOST: usize = 20;

/// What kept the mail from being handed over.
pub(in crate::judge::diagnose) fn find(facts: &Facts<'_>) -> Vec<Diagnosis> {
    let arrived = has_arrived(facts);
    let mut causes: Vec<Diagnosis> = Vec::new();
    let logged = facts.log.undelivered().into_iter().filter_map(|(delivery, at)| {
        let cause = of_delivery(&delivery)?;
        // Where the copy is there, a later line that nobody gave us tells of its delivery.
        let confidence = if arrived && delivery.outcome != Outcome::Bounced { Low } else { Certain };
        Some((cause, confidence, at.clone()))
    });
    let reported = facts.bounces.iter().flat_map(|(artifact, dsn)| {
        dsn.recipients
            .iter()
            .filter_map(move |r| Some((of_recipient(r)?, Certain, said(artifact, r, &dsn.notification))))
    });
    for (cause, confidence, at) in logged.chain(reported) {
        add(&mut causes, cause, confidence, at);
    }
    if causes.iter().any(|c| !is_general(c)) || !facts.refusals().is_empty() {
        causes.retain(|c| !is_general(c));
    }
    if causes.is_empty() && !arrived {
        causes.extend(never_forwarded(facts));
    }
    causes
}

fn is_general(diagnosis: &Diagnosis) -> bool {
    diagnosis.code.known().is_some_and(|code| GENERAL.contains(&code))
}

fn add(causes: &mut Vec<Diagnosis>, cause: Cause, confidence: Confidence, at: EvidenceRef) {
    match causes.iter_mut().find(|c| c.code == cause) {
        Some(known) if known.evidence.len() >= MOST || known.evidence.contains(&at) => {}
        Some(known) => known.evidence.push(at),
        None => causes.push(found(cause, confidence).seen([at])),
    }
}

fn of_failure(failure: Failure) -> Cause {
    match failure {
        Failure::NoConnection => Cause::G01,
        Failure::NoConnectionIpv6 => Cause::G02,
        Failure::ConnectionLost => Cause::G03,
        Failure::NoDnsAnswer => Cause::G04,
        Failure::NoSuchDomain => Cause::G05,
        Failure::Expired => Cause::G06,
        Failure::Loop => Cause::G07,
        Failure::TlsNotOffered => Cause::G08,
        Failure::TlsFailed => Cause::G09,
        Failure::TooBig => Cause::G10,
        Failure::SmtpUtf8 => Cause::G11,
        Failure::UnknownRecipient => Cause::G12,
        Failure::LocalDelivery => Cause::G13,
    }
}

/// The cause that a line of the log tells of; a reply of another server is one of family D.
fn of_delivery(delivery: &Delivery<'_>) -> Option<Cause> {
    if delivery.reply.is_some() {
        return None;
    }
    match delivery.outcome {
        Outcome::Sent | Outcome::Rejected => None,
        Outcome::Held | Outcome::Discarded => Some(Cause::G14),
        Outcome::Expired => Some(Cause::G06),
        Outcome::Deferred | Outcome::Bounced => Some(delivery.failure.map_or(Cause::G00, of_failure)),
    }
}

/// The cause that a report tells of: of a recipient that failed for a reason that is not known, none.
fn of_recipient(recipient: &RecipientStatus) -> Option<Cause> {
    let delayed = recipient.action.as_deref() == Some("delayed");
    match recipient.failure {
        _ if recipient.reply.is_some() || recipient.has_arrived() => None,
        Some(failure) => Some(of_failure(failure)),
        None => delayed.then_some(Cause::G16),
    }
}

/// What the report says of a recipient.
fn said(artifact: &str, recipient: &RecipientStatus, notification: &str) -> EvidenceRef {
    let text = match (&recipient.diagnostic_code, &recipient.final_recipient) {
        (Some(code), _) => format!("Diagnostic-Code: {code}"),
        (None, Some(address)) => {
            let from = notification.find(address.as_str()).unwrap_or(0);
            notification[from..].split_whitespace().collect::<Vec<_>>().join(" ")
        }
        (None, None) => notification.split_whitespace().collect::<Vec<_>>().join(" "),
    };
    quote(artifact, 0, &text)
}

/// Whether the mail at hand is the copy that the receiver took behind the forwarder.
fn has_arrived(facts: &Facts<'_>) -> bool {
    let Some(mail) = facts.mail.as_ref().filter(|mail| mail.returned.is_none()) else { return false };
    let receiver = mail.trusted.and_then(|t| t.authserv_id.as_deref());
    let is_other = |forwarder: &str| receiver.is_some_and(|receiver| !related(receiver, forwarder));
    facts.attempt.is_some() || facts.forwarder.as_deref().is_some_and(is_other)
}

/// It lies in a mailbox of the forwarder, and no line tells of another server.
fn never_forwarded(facts: &Facts<'_>) -> Option<Diagnosis> {
    let all: Vec<_> = facts.log.deliveries().collect();
    let elsewhere = all.iter().any(|(d, _)| d.taker == Taker::Server);
    // Sieve hands it on behind LMTP, and says so.
    let by_sieve = facts.log.find(&["forwarded to <"]).or_else(|| facts.log.find(&["redirect action"]));
    let (delivery, at) =
        all.iter().find(|(d, _)| d.outcome == Outcome::Sent && matches!(d.taker, Taker::Mailbox | Taker::Program))?;
    let wanted = facts.attempt.is_some() || facts.forwarder.is_some();
    let confidence = if delivery.taker == Taker::Mailbox && wanted { High } else { Low };
    (!elsewhere && by_sieve.is_none() && facts.refusals().is_empty())
        .then(|| found(Cause::G15, confidence).seen([(*at).clone()]))
}
