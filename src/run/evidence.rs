//! From what was found to what was seen: mail is read and verified here, once.

use super::{wait::Found, worlds::World};
use crate::{
    evidence::{Bounce, Evidence, Filed, MailboxNotes, ReceivedCopy, Sent, Submission},
    mail::{
        arc::ArcChain,
        authres::{self, Trust},
        received,
    },
    probe::logs::Gathered,
    verify::{self, ZoneFile},
};
use std::{collections::BTreeMap, time::Duration};

/// Builds the evidence of an attempt. `now` is in seconds since 1970.
pub(super) async fn build(
    world: &World,
    sent: Sent,
    submission: Submission,
    found: Vec<(Found, Filed)>,
    (logs, mailboxes): (Gathered, MailboxNotes),
    waited: Duration,
    now: i64,
) -> Evidence {
    let (mut copies, mut bounces) = (Vec::new(), Vec::new());
    for (Found { arrival, after, message, dsn }, filed) in found {
        if let Some(dsn) = dsn {
            bounces.push(Bounce { arrival, after, message, dsn });
            continue;
        }
        let authserv_id = world.target.accounts.get(&arrival.account).and_then(|a| a.authserv_id.as_deref());
        copies.push(ReceivedCopy {
            after,
            filed,
            auth: authserv_id.map_or_else(Trust::default, |id| authres::trusted(&message, id)),
            arc: ArcChain::of(&message),
            hops: received::hops(&message),
            verification: verify::verify(&message, &world.dns, now).await,
            arrival,
            message,
        });
    }
    Evidence { sent, submission, copies, bounces, logs: logs.lines, unread_logs: logs.unread, mailboxes, waited }
}

/// Every DNS answer that was used, as one zone file; `None` when nothing was verified.
pub(super) fn zone(evidence: &Evidence) -> Option<String> {
    let mut zones = evidence.copies.iter().map(|c| &c.verification.zone);
    let mut all: ZoneFile = zones.next()?.clone();
    zones.for_each(|zone| all.merge(zone));
    Some(all.to_text())
}

/// The lines of logs by the artifact that they are kept in. Two accounts on one server have the same lines.
pub(super) fn logs(evidence: &Evidence) -> BTreeMap<&str, String> {
    let mut texts: BTreeMap<&str, (u32, String)> = BTreeMap::new();
    for line in &evidence.logs {
        let (last, text) = texts.entry(&line.artifact).or_default();
        if line.line > *last {
            *last = line.line;
            text.push_str(&line.text);
            text.push('\n');
        }
    }
    texts.into_iter().map(|(name, (_, text))| (name, text)).collect()
}
