//! What the server behind the lab's outside sender says: the sender is ours, so that we hear it too.

use super::{
    log::{Log, millis},
    world::World,
};
use crate::{
    evidence::{NextHop, Problem, Stage, StageReply},
    lab::embedded::{
        mta::{Handover, HandoverFailure, Handovers},
        smtp_client::Stage as SentStage,
    },
    mail::reply::Reply,
    outcome::{Event, HarnessCode, StageError},
};
use std::time::Instant;

/// Every try so far to hand a mail on; times count from `submitted`. None where somebody else's server does that.
pub(super) fn tries(world: &World, message_id: &str, submitted: Instant) -> Vec<NextHop> {
    let all = handovers(world).map(|all| all.of(message_id)).unwrap_or_default();
    all.iter().map(|handover| read(handover, submitted)).collect()
}

/// Tells that the mail was put off, whenever it is for another reason than before; ends when the server cannot be reached.
pub(super) async fn unreachable(world: &World, message_id: &str, log: &Log) -> StageError {
    let Some(all) = handovers(world) else { return std::future::pending().await };
    let (began, mut known, mut told) = (Instant::now(), 0, None);
    loop {
        let handovers = all.more(message_id, known).await;
        let new = handovers.iter().skip(known).map(|handover| read(handover, began));
        for hop in new {
            if let Some(Problem::Unreachable(why)) = &hop.problem {
                let stage = format!("hand the mail to {}", hop.server);
                let next = "start the server, or correct `mx` of its account in sealcheck.yaml";
                return StageError::new(HarnessCode::H04, stage, why, next);
            }
            let reason = hop.deferral().map(|said| (hop.refusal().map(|r| r.reply.code), said));
            if let Some((code, said)) = reason.filter(|(code, _)| told != Some(*code)) {
                told = Some(code);
                let (ms, server) = (millis(log.started().elapsed()), hop.server.clone());
                log.emit(|scenario, attempt| Event::Deferred { scenario, attempt, ms, server, said });
            }
        }
        known = handovers.len();
    }
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
        HandoverFailure::Unreachable(why) => Problem::Unreachable(why.clone()),
        HandoverFailure::BrokenOff(why) => Problem::BrokenOff(why.clone()),
    });
    NextHop { server: handover.server.clone(), at, replies: replies.collect(), problem }
}
