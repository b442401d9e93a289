//! Family E: accepted, and not seen where or when it was wanted.

use crate::{
    evidence::Folder,
    judge::diagnose::{
        case::{Attempt, Case, Mail},
        found::{found, quote},
    },
    outcome::{
        Confidence::{Certain, High},
        Diagnosis,
    },
};

/// Why nothing was seen.
pub(in crate::judge::diagnose) fn find(case: &Case<'_>) -> Vec<Diagnosis> {
    let Some(attempt) = case.attempt.as_ref().filter(|a| a.accepted) else { return Vec::new() };
    match &case.mail {
        None => unseen(case, attempt).into_iter().collect(),
        Some(mail) => [in_spam(mail), late(attempt, mail)].into_iter().flatten().collect(),
    }
}

fn unseen(case: &Case<'_>, attempt: &Attempt) -> Option<Diagnosis> {
    if !case.bounces.is_empty() || !case.refusals.is_empty() || !attempt.silent {
        return None;
    }
    if let Some(address) = &attempt.to_itself {
        let text = format!("{address} sent the mail and is to receive it");
        return Some(found("E01", Certain).seen([quote("sent.eml", 0, &text)]));
    }
    let excluded = "E01: another account sent it".to_owned();
    let next = "grep the Message-ID in the forwarder's log; run again with a longer --timeout".to_owned();
    let taken = quote("smtp.log", 0, "the first server took the mail, and no copy and no bounce came");
    Some(found("E00", Certain).seen([taken]).excluding([excluded]).next([next]))
}

/// In the spam folder, although the receiver found nothing wrong with it.
fn in_spam(mail: &Mail<'_>) -> Option<Diagnosis> {
    let trusted = mail.trusted.filter(|_| mail.misplaced == Some(Folder::Spam))?;
    let authentic = !trusted.results.iter().any(|r| (r.method == "dmarc" || r.method == "arc") && r.result != "pass");
    let found = found("E02", High).seen([quote(&mail.artifact, 0, "found in the folder with \\Junk")]);
    authentic.then(|| found.seen(mail.quote_trusted()))
}

/// It came, after the time that was allowed; the slowest hop says where it waited.
fn late(attempt: &Attempt, mail: &Mail<'_>) -> Option<Diagnosis> {
    let slowest = mail.hops.iter().filter(|h| h.delay.is_some_and(|d| d > 0)).max_by_key(|h| h.delay);
    let at = slowest.and_then(|h| mail.quote_line(h.line));
    let text = quote(&mail.artifact, 0, "it came after the time that `within` allows");
    attempt.late.then(|| found("E06", High).seen([text]).seen(at))
}
