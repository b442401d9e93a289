//! What the server behind the lab's outside sender says: the sender is ours, so that we hear it too.

use super::{
    handover::Held,
    step_log::{OpenStep, StepLog},
    world::World,
};
use crate::{
    evidence::{NextHop, NextHopError, Stage, StageReply},
    lab::embedded::{
        mta::{Handover, HandoverFailure, Handovers},
        smtp_client::Stage as SentStage,
    },
    mail::reply::Reply,
    outcome::{HarnessError, HarnessErrorKind, StepKind, StepStatus},
};
use serde_json::Value;
use std::time::Instant;

/// What to do when the server does not talk.
const NEXT: &str = "start the server, or correct `mx` of its account in sealcheck.yaml";

/// Every try so far to hand a mail on; times count from `submitted`. None where somebody else's server does that.
pub(super) fn tries(world: &World, message_id: &str, submitted: Instant) -> Vec<NextHop> {
    let all = handovers(world).map(|all| all.of(message_id)).unwrap_or_default();
    all.iter().map(|handover| read(handover, submitted)).collect()
}

/// Tells that the mail was put off, once for every reason; ends when the server cannot be reached.
pub(super) async fn unreachable(world: &World, message_id: &str, log: &StepLog) -> HarnessError {
    let Some(all) = handovers(world) else { return std::future::pending().await };
    let (began, mut known) = (Instant::now(), 0);
    let mut told: Option<(Option<u16>, OpenStep)> = None;
    loop {
        let handovers = all.more(message_id, known).await;
        for hop in handovers.iter().skip(known).map(|handover| read(handover, began)) {
            if let Some(NextHopError::Unreachable(why)) = &hop.problem {
                return HarnessError::new(HarnessErrorKind::Connection, stage(&hop), why, NEXT);
            }
            let Some(why) = hop.deferral() else { continue };
            let code = hop.refusal().map(|r| r.reply.code);
            if told.as_ref().is_some_and(|(known, _)| *known == code) {
                continue;
            }
            if let Some((_, before)) = told.take() {
                log.end(&before, StepStatus::Ok, Value::Null);
            }
            told = Some((code, log.begin_with(StepKind::Deferred, format!("by {}: {why}", hop.server))));
        }
        known = handovers.len();
    }
}

/// What it proves when the mail was still put off in the end, and something is missing or nothing was seen: nothing.
pub(super) fn in_doubt(tries: &[NextHop], held: Held) -> Option<HarnessError> {
    if held == Held::BySight {
        return None;
    }
    let last = tries.last()?;
    let why = last.deferral()?;
    let (code, next) = match last.problem {
        Some(_) => (HarnessErrorKind::Connection, NEXT),
        None => (
            HarnessErrorKind::ProviderLimit,
            "give it more time (`--timeout`, or `settle` of what is to be absent), or take this machine from greylisting and limits \
             there; the outside sender of the lab has tried until the end",
        ),
    };
    let tries = if tries.len() == 1 { "once".to_owned() } else { format!("{} times", tries.len()) };
    let message = format!("the company's server put the mail off, {tries}, the last time with {why}");
    Some(HarnessError::new(code, stage(last), message, next))
}

fn stage(hop: &NextHop) -> String {
    format!("hand the mail to {}", hop.server)
}

fn handovers(world: &World) -> Option<&Handovers> {
    world.lab.as_ref().map(|lab| lab.world().handovers())
}

fn read(handover: &Handover, submitted: Instant) -> NextHop {
    let at = handover.ended.saturating_duration_since(submitted);
    let mut recipients = handover.recipients.iter();
    let replies = handover.replies.iter().filter_map(|answer| {
        let stage = match answer.stage {
            SentStage::Connect => Stage::Connect,
            SentStage::Hello => Stage::Ehlo,
            SentStage::StartTls => Stage::Starttls,
            SentStage::Mail => Stage::Mail,
            SentStage::Rcpt => Stage::Rcpt,
            SentStage::Data => Stage::Data,
            SentStage::EndOfData => Stage::Message,
        };
        let recipient = if stage == Stage::Rcpt { recipients.next().cloned() } else { None };
        let reply = Reply::parse(&answer.reply.to_string())?;
        Some(StageReply { stage, recipient, reply, at, took: std::time::Duration::ZERO })
    });
    let problem = handover.failure.as_ref().map(|failure| match failure {
        HandoverFailure::Unreachable(why) => NextHopError::Unreachable(why.clone()),
        HandoverFailure::BrokenOff(why) => NextHopError::BrokenOff(why.clone()),
    });
    NextHop { server: handover.server.clone(), at, replies: replies.collect(), problem }
}
