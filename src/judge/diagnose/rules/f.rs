//! Family F: what else a bounce tells.

use crate::{
    catalogue::Cause,
    judge::diagnose::{
        builder::{found, quote},
        facts::Facts,
    },
    mail::dsn::{Dsn, RecipientStatus},
    outcome::{Confidence::Certain, Diagnosis},
};

/// What bounces say beside the reason of the refusal.
pub(in crate::judge::diagnose) fn find(facts: &Facts<'_>) -> Vec<Diagnosis> {
    let mut causes = Vec::new();
    for (artifact, dsn) in &facts.bounces {
        if dsn.recipients.iter().any(|r| !r.has_arrived() && r.reply.is_none()) {
            let text = dsn.notification.lines().find(|l| !l.trim().is_empty()).unwrap_or("no text");
            causes.push(found(Cause::F00, Certain).seen([quote(artifact, 0, text)]));
        }
        causes.extend(dsn.recipients.iter().find_map(|r| leak(artifact, dsn, r)));
    }
    causes
}

/// The report names an address that the sender did not write to.
fn leak(artifact: &str, dsn: &Dsn, recipient: &RecipientStatus) -> Option<Diagnosis> {
    let (original, last) = (recipient.original_recipient.as_deref()?, recipient.final_recipient.as_deref()?);
    let named = dsn.notification.to_ascii_lowercase().contains(&last.to_ascii_lowercase());
    let text = format!("Final-Recipient: {last}; Original-Recipient: {original}");
    (!original.eq_ignore_ascii_case(last) && (named || last.contains('@')))
        .then(|| found(Cause::F01, Certain).seen([quote(artifact, 0, &text)]))
}
