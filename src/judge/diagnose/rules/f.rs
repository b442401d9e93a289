//! Family F: what else a bounce tells.

use crate::{
    catalogue::Cause,
    core::domain::is_same_mailbox,
    judge::diagnose::{
        builder::{found, quote},
        facts::Facts,
    },
    mail::dsn::{Dsn, RecipientStatus},
    outcome::{
        Confidence::{Certain, High},
        Diagnosis,
    },
};

/// What bounces say beside the reason of the refusal.
pub(in crate::judge::diagnose) fn find(facts: &Facts<'_>) -> Vec<Diagnosis> {
    let mut causes = Vec::new();
    for (artifact, dsn) in &facts.bounces {
        if dsn.recipients.is_empty() {
            causes.push(found(Cause::F02, High).seen([quote(artifact, 0, first_line(dsn))]));
        }
        // A delay is no bounce, and why a server could not hand the mail over is family G.
        let is_unknown = |r: &&RecipientStatus| {
            !r.has_arrived() && r.action.as_deref() != Some("delayed") && r.reply.is_none() && r.failure.is_none()
        };
        if let Some(recipient) = dsn.recipients.iter().find(is_unknown) {
            let code = recipient.diagnostic_code.as_ref().map(|code| format!("Diagnostic-Code: {code}"));
            let text = code.unwrap_or_else(|| first_line(dsn).to_owned());
            causes.push(found(Cause::F00, Certain).seen([quote(artifact, 0, &text)]));
        }
        causes.extend(dsn.recipients.iter().find_map(|r| leak(artifact, dsn, r)));
    }
    causes
}

/// The first words for people.
fn first_line(dsn: &Dsn) -> &str {
    dsn.notification.lines().find(|l| !l.trim().is_empty()).unwrap_or("no text")
}

/// The report names an address that the sender did not write to.
fn leak(artifact: &str, dsn: &Dsn, recipient: &RecipientStatus) -> Option<Diagnosis> {
    let (original, last) = (recipient.original_recipient.as_deref()?, recipient.final_recipient.as_deref()?);
    let named = dsn.notification.to_ascii_lowercase().contains(&last.to_ascii_lowercase());
    let text = format!("Final-Recipient: {last}; Original-Recipient: {original}");
    (!is_same_mailbox(original, last) && (named || last.contains('@')))
        .then(|| found(Cause::F01, Certain).seen([quote(artifact, 0, &text)]))
}
