//! Family B: the chain that came holds here, and the receiver says otherwise, or its own set does not hold any more.

use super::message_signature::says_body_hash;
use crate::{
    catalogue::Cause,
    judge::diagnose::{
        builder::{found, quote},
        facts::{Facts, MailFacts},
    },
    mail::{
        arc::ArcSet,
        authres::{self, AuthenticationResults, ResInfo},
    },
    outcome::{
        Confidence::{High, Low},
        Diagnosis, EvidenceRef,
    },
    verify::{SignatureDefect, Verdict},
};

/// Words of receivers that could not get a key, in lower case.
const NO_KEY: [&str; 8] =
    ["no key", "key not found", "key unavailable", "key retrieval", "get key", "dns timeout", "dns error", "temporary"];

/// Why the receiver does not say that the chain holds.
pub(super) fn find(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let results = results(facts, mail);
    let says = results.as_ref().and_then(refusal);
    let marked = mail.own_set().filter(|set| set.is_marked_failed());
    if says.is_none() && marked.is_none() {
        return own_key_gone(mail).or_else(|| without_key(facts, mail));
    }
    if let Some(no_key) = without_key(facts, mail) {
        return Some(no_key);
    }
    let its_line = results.as_ref().and_then(|results| mail.quote_line(results.line));
    let seen = its_line.into_iter().chain(marked.and_then(|set| mail.quote_seal(set)));
    if mail.is_only_header() {
        let text = "only the header is here, and the signatures fit it: what changed in the body (B04, B05, B17) cannot be told";
        let gone = quote(&mail.artifact, 0, text);
        let confidence = if says_body_hash(mail) { High } else { Low };
        return Some(found(Cause::B00, confidence).seen(seen).seen([gone]));
    }
    let by_office_365 = results.as_ref().is_some_and(|results| results.authserv_id.is_none());
    let its_words = says.and_then(|arc| arc.comment.as_deref()).is_some_and(|c| ["35", "40"].contains(&c.trim()));
    let odd = if by_office_365 || its_words {
        mail.upstream_sets().iter().rev().find_map(|set| odd_for_office_365(mail, set))
    } else {
        None
    };
    let diagnosis = match odd {
        Some(odd) => found(Cause::B16, if its_words { High } else { Low }).seen([odd]),
        // Gmail has been seen to say arc=pass of a mail that it seals with cv=fail.
        None => found(Cause::B20, if mail.has_result("arc", "pass") { Low } else { High })
            .excluding(["B04, B06: nothing that it covers has changed".to_owned()]),
    };
    Some(diagnosis.seen(seen).seen([verifies_here(mail)]))
}

fn verifies_here(mail: &MailFacts<'_>) -> EvidenceRef {
    quote(&mail.artifact, 0, "every ARC-Seal that came with it and the newest ARC-Message-Signature verify here")
}

/// What the receiver says of the chain where that is no pass.
fn refusal(results: &AuthenticationResults) -> Option<&ResInfo> {
    results.method("arc").next().filter(|arc| arc.result != "pass" && arc.result != "none")
}

/// The receiver judged the chain, or with the mail the author, without a key that it could not get.
pub(super) fn without_key(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let results = results(facts, mail)?;
    let fails = |method| results.method(method).any(|r| r.result != "pass" && r.result != "none");
    let of_chain = results.method("arc").any(lacked_key);
    // The same could befall the key of the seal, unless the author has none now either.
    let author_has_key = mail.verification.is_none_or(|v| v.dkim.iter().any(|d| d.result == Verdict::Pass));
    let of_author = author_has_key && results.method("dkim").any(lacked_key) && (fails("arc") || fails("dmarc"));
    let has_keys = mail.verification.map(|_| verifies_here(mail));
    (of_chain || of_author).then(|| found(Cause::B21, High).seen(mail.quote_line(results.line)).seen(has_keys))
}

/// Whether a result says that there was no key, or no answer.
fn lacked_key(result: &ResInfo) -> bool {
    let words = [&result.comment, &result.reason].into_iter().flatten().map(|text| text.to_lowercase());
    result.result == "temperror"
        || result.result != "pass" && words.into_iter().any(|text| NO_KEY.iter().any(|word| text.contains(word)))
}

/// The receiver's own set lacks its key now.
fn own_key_gone(mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let own = mail.own_set()?;
    let verified = mail.verified(own)?;
    let is_gone = |defects: &[SignatureDefect]| {
        use SignatureDefect::{KeyRevoked, NoKey, NotAKey};
        defects.iter().all(|defect| matches!(defect, NoKey | NotAKey | KeyRevoked))
    };
    let gone = !verified.holds() && is_gone(&verified.ams_facts.causes) && is_gone(&verified.seal_facts.causes);
    let reason = verified.reason.as_ref().map(|reason| quote(&mail.artifact, 0, reason));
    gone.then(|| found(Cause::B22, Low).seen(reason).seen(mail.quote_seal(own)).seen(mail.quote_trusted()))
}

/// The receiver's results. Office 365 gives its results no name; they stand above the line of the server that forwarded to
/// it, where nobody before it can have written.
fn results(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<AuthenticationResults> {
    mail.trusted.cloned().or_else(|| unnamed_results(facts, mail))
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
