//! Family D: a server answers 4yz or 5yz, and what the forwarder does to earn it.

use crate::{
    judge::diagnose::{
        case::{Case, Mail},
        found::{field, found},
    },
    mail::reply::Reply,
    outcome::{
        Confidence::{Certain, High},
        Diagnosis, EvidenceRef,
    },
};

/// What the texts of refusals say, in lower case, the most special first.
const PHRASES: [(&[&str], &str); 15] = [
    (&["same message-id"], "D06"),
    (&["unusual rate"], "D05"),
    (&["hard fail policy"], "D02"),
    (&["dmarc policy"], "D03"),
    (&["sender is unauthenticated"], "D01"),
    (&["because it is unauthenticated"], "D01"),
    (&["ptr record"], "D07"),
    (&["ipv6", "guidelines"], "D07"),
    (&["rfc 5322"], "D08"),
    (&["duplicate headers"], "D08"),
    (&["tls connection"], "D09"),
    (&["tls required"], "D09"),
    (&["unsolicited"], "D04"),
    (&["temporary lookup failure"], "D10"),
    (&["greylist"], "E06"),
];

/// What status codes say where the text says nothing: the last two parts of them (RFC 3463).
const STATUSES: [(&str, &str); 4] = [(".7.25", "D07"), (".7.23", "D07"), (".7.28", "D05"), (".7.29", "D09")];

/// Who refused the mail and why.
pub(in crate::judge::diagnose) fn find(case: &Case<'_>) -> Vec<Diagnosis> {
    let mut causes: Vec<Diagnosis> = Vec::new();
    for (reply, at) in &case.refusals {
        let cause = refusal(reply, at);
        match causes.iter_mut().find(|c| c.code == cause.code) {
            Some(known) => known.evidence.extend(cause.evidence),
            None => causes.push(cause),
        }
    }
    if causes.len() > 1 {
        causes.retain(|c| c.code != "D00");
    }
    causes.extend(case.mail.as_ref().and_then(|mail| spam_forwarded(case, mail)));
    causes
}

/// The row that fits a refusal.
fn refusal(reply: &Reply, at: &EvidenceRef) -> Diagnosis {
    let text = reply.text.to_lowercase();
    let phrase = PHRASES.iter().find(|(words, _)| words.iter().all(|w| text.contains(w)));
    let status = reply.enhanced_status.as_deref().unwrap_or_default();
    let by_status = || STATUSES.iter().find(|(end, _)| status.len() > 1 && &status[1..] == *end);
    let diagnosis = match (phrase, by_status()) {
        (Some((_, code)), _) => found(code, Certain),
        (None, Some((_, code))) => found(code, High),
        (None, None) => found("D00", Certain),
    };
    let again = match reply.is_transient() {
        true => "wait: the forwarder tries again",
        false => "look for the bounce: the outside sender got it",
    };
    diagnosis.seen([at.clone()]).next([again.to_owned()])
}

/// The forwarder says that nothing about the mail is genuine, calls it spam, and sends it on.
fn spam_forwarded(case: &Case<'_>, mail: &Mail<'_>) -> Option<Diagnosis> {
    let aar = case.forwarders_set()?.aar.as_ref()?;
    let failed = aar.method("dmarc").any(|r| r.result == "fail") && !aar.method("dkim").any(|r| r.result == "pass");
    let is_spam = |value: &str| value.trim().get(..3).is_some_and(|yes| yes.eq_ignore_ascii_case("yes"));
    let names = ["X-Spam", "X-Spam-Flag", "X-Spam-Status"];
    let mark = names.iter().filter_map(|n| mail.message.first(n)).find(|f| is_spam(&f.value()))?;
    let logged = case.log.task().filter(|t| t.line.contains("(add header)")).map(|t| t.at.clone());
    let confidence = if logged.is_some() { Certain } else { High };
    failed.then(|| {
        found("D12", confidence).seen([field(&mail.artifact, mark)]).seen(mail.quote_line(aar.line)).seen(logged)
    })
}
