//! From what was found to what was seen: mail is read and verified here, once.

use super::{arrival::Found, world::World};
use crate::{
    core::UnixTime,
    evidence::{Bounce, CategoryLookup, Evidence, MailboxFacts, NextHop, ReceivedCopy, ReturnedMail, Sent, Submission},
    mail::{
        Message,
        arc::ArcChain,
        authres::{self, Trust},
        dsn::{self, Returned},
        received,
    },
    probe::logs::LogResult,
    verify::{self, Dns, ZoneFile},
};
use std::{collections::BTreeMap, time::Duration};

/// What was seen of a mail, before what came is read and verified.
pub(super) struct Observations {
    pub(super) sent: Sent,
    pub(super) submission: Submission,
    pub(super) next_hop: Vec<NextHop>,
    pub(super) found: Vec<(Found, CategoryLookup)>,
    pub(super) logs: LogResult,
    pub(super) mailboxes: MailboxFacts,
    /// How long, from the end of the submission.
    pub(super) waited: Duration,
}

/// Builds the evidence of an attempt. `now` is in seconds since 1970.
pub(super) async fn build(world: &World, observations: Observations, now: UnixTime) -> Evidence {
    let Observations { sent, submission, next_hop, found, logs, mailboxes, waited } = observations;
    let (mut copies, mut bounces) = (Vec::new(), Vec::new());
    for (Found { arrival, after }, category) in found {
        let message = &arrival.message;
        if let Some(dsn) = arrival.dsn.clone() {
            let returned = returned(message, arrival.cut_from.is_some(), &world.dns, now).await;
            bounces.push(Bounce { arrival, after, dsn, returned });
            continue;
        }
        let extent = if arrival.cut_from.is_some() { Returned::Headers } else { Returned::Full };
        let authserv_id = world.target.accounts.get(&arrival.account).and_then(|a| a.authserv_id.as_deref());
        copies.push(ReceivedCopy {
            after,
            category,
            auth: authserv_id.map_or_else(Trust::default, |id| authres::trusted(message, id)),
            arc: ArcChain::of(message),
            hops: received::hops(message),
            verification: verify::verify_returned(message, extent, &world.dns, now).await,
            arrival,
        });
    }
    let (logs, unread_logs) = (logs.lines, logs.unread);
    Evidence { sent, submission, next_hop, copies, bounces, logs, unread_logs, mailboxes, waited }
}

/// What a bounce gives back.
async fn returned(bounce: &Message, is_cut: bool, dns: &Dns, now: UnixTime) -> Option<ReturnedMail> {
    let (extent, message) = dsn::returned(bounce)?;
    // Of a mail that is not whole only the header can be verified.
    let extent = if is_cut { Returned::Headers } else { extent };
    Some(ReturnedMail {
        extent,
        arc: ArcChain::of(&message),
        hops: received::hops(&message),
        verification: Some(verify::verify_returned(&message, extent, dns, now).await),
        message,
    })
}

/// Every DNS answer that was used, as one zone file; `None` when nothing was verified.
pub(super) fn zone(evidence: &Evidence) -> Option<String> {
    let returned = evidence.bounces.iter().filter_map(|b| b.returned.as_ref()?.verification.as_ref());
    let mut zones = evidence.copies.iter().map(|c| &c.verification).chain(returned).map(|v| &v.zone);
    let mut all: ZoneFile = zones.next()?.clone();
    zones.for_each(|zone| all.merge(zone));
    Some(all.to_text())
}

/// What was said to the first server and, where that is ours, by the next one.
pub(super) fn smtp_log(evidence: &Evidence) -> String {
    let next_hop = evidence.next_hop.iter().map(NextHop::transcript);
    std::iter::once(evidence.submission.transcript.clone()).chain(next_hop).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_a_bounce_that_was_cut_only_the_returned_header_is_verified() {
        let bounce = "From: <>\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
            --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
            Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
            --b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <t@x>\r\n\r\nthe beginning of";
        let (message, dns) = (Message::parse(bounce.as_bytes().to_vec()), Dns::zone(ZoneFile::default()));
        for (is_cut, extent) in [(false, Returned::Full), (true, Returned::Headers)] {
            assert_eq!(returned(&message, is_cut, &dns, 0).await.unwrap().extent, extent);
        }
    }
}
