//! What had happened to a mail before the server that forwards sealed it.

use crate::{
    catalogue::Cause,
    judge::{
        coverage::Coverage,
        diagnose::{
            builder::{found, quote},
            facts::{Facts, MailFacts, related},
        },
    },
    mail::{
        arc::ArcSet,
        dkim::{self, DkimSignature},
    },
    outcome::{
        Confidence::{High, Low},
        Diagnosis,
    },
    verify::{SignatureDefect, Verdict},
};

/// SPF was judged on a server of somebody else that took the mail for the forwarder's address, and passed it on: a filter of the
/// forwarder's in front, or a relay of the sender's that its SPF record does not name.
pub(super) fn filter_in_front(facts: &Facts<'_>, mail: &MailFacts<'_>, set: &ArcSet) -> Option<Diagnosis> {
    let aar = set.aar.as_ref()?;
    let spf = aar.method("spf").next().filter(|r| r.result == "softfail" || r.result == "fail")?;
    let comment = spf.comment.as_deref()?;
    let at = mail.hops.iter().position(|h| h.by.as_deref().is_some_and(|by| facts.is_forwarders_host(by)))?;
    let own = &mail.hops[at];
    let filter = &mail.hops[at.checked_sub(1)?];
    let (name, client) = (filter.by.as_deref()?, own.from_ip.as_deref()?);
    let is_of_sender = mail.author_domain().is_some_and(|author| related(name, &author))
        || spf.domain().is_some_and(|sender| related(name, sender));
    let took_for_forwarder = filter.recipient.as_deref().and_then(|to| to.rsplit_once('@'));
    let took_for_forwarder = took_for_forwarder.is_some_and(|(_, domain)| facts.is_forwarders_host(domain));
    (comment.contains(client) && took_for_forwarder && !is_of_sender && filter.from_ip.is_some()).then(|| {
        found(Cause::C03, Low)
            .seen([aar.line, filter.line, own.line].into_iter().filter_map(|line| mail.quote_line(line)))
    })
}

/// The author's signature does not fit what the seal covers, and the seal holds: that had changed before it was made.
pub(super) fn changed_before(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let set = facts.forwarders_set().or(mail.upstream_sets().last())?;
    let (ams, aar) = (set.ams.as_ref()?, set.aar.as_ref()?);
    let (verified, holds) = (mail.verification?, mail.verified(set).is_some_and(|v| v.ams == Verdict::Pass));
    let sealed = Coverage::from(ams);
    let author = mail.author_domain()?;
    let all = dkim::all(mail.message);
    let mut broken =
        all.iter().zip(&verified.dkim).filter(|(_, v)| v.result == Verdict::Fail && related(&v.d, &author));
    let (signature, found_broken) =
        broken.find(|(signature, v)| v.facts.causes.iter().all(|defect| is_covered(&sealed, signature, *defect)))?;
    let told = found_broken.reason.as_deref().unwrap_or_default();
    let told = quote(&mail.artifact, 0, &format!("DKIM d={}: {told}", found_broken.d));
    let evidence = [mail.quote_line(aar.line), mail.quote_field(signature.field)].into_iter().flatten();
    (holds && !found_broken.facts.causes.is_empty()).then(|| found(Cause::C10, High).seen([told]).seen(evidence))
}

/// Whether a seal covers what a signature no longer fits.
fn is_covered(sealed: &Coverage<'_>, signature: &DkimSignature, defect: SignatureDefect) -> bool {
    match defect {
        SignatureDefect::BodyHash => sealed.covers_body_of(signature.into()),
        SignatureDefect::Signature => sealed.covers_header_of(signature.into()),
        _ => false,
    }
}
