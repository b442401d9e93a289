//! A mail is handed to its first server. One that is under test and puts it off is tried again, as a client must
//! (RFC 5321 §4.5.4.1): the same mail, for those recipients that it put off, until the server has it, refuses it, or time is up.
//! What a server may have taken is never handed over twice.

use super::steps::{AttemptContext, Composed};
use crate::{
    core::{deadline, duration},
    evidence::{Evidence, FirstServer, Sent, Stage, StageReply, Submission},
    judge::{check::asks_for_refusal, refusal},
    outcome::{HarnessError, HarnessErrorKind, StepKind, StepStatus},
    probe::submit::{Unsubmitted, submit},
    scenario::model::ExpectationKind,
};
use serde_json::json;
use std::time::{Duration, Instant};

/// Whether every expectation of an attempt holds, and what shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// They hold, and what was seen proves that the mail left, or nothing rests on that.
    BySight,
    /// They hold, and among them that nothing arrives: no copy and no report of the mail was seen anywhere.
    BySilence,
    /// They do not hold.
    Not,
}

impl Held {
    pub(super) fn of(holds: bool, cx: &AttemptContext<'_>, evidence: &Evidence) -> Self {
        let is_seen = !evidence.copies.is_empty() || !evidence.bounces.is_empty();
        let mut expected = cx.item.scenario.expected_on(cx.world.target.kind);
        if !holds {
            Self::Not
        } else if is_seen || !expected.any(|e| matches!(e.kind, ExpectationKind::Absent(_))) {
            Self::BySight
        } else {
            Self::BySilence
        }
    }
}

/// The first pause between two tries, and the longest; each is twice as long as the one before.
const PAUSE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(20));

/// What a try needs of the time that is left.
const TRY: Duration = Duration::from_secs(2);

/// Where to read on.
const SMTP_LOG: &str = "smtp.log has what was said";

/// What the first server says in the end.
///
/// # Errors
/// As [`submit`], unless somebody has the mail already.
pub(super) async fn hand_over(
    cx: &AttemptContext<'_>,
    composed: &Composed,
    until: Instant,
) -> Result<Submission, Unsubmitted> {
    let began = Instant::now();
    let (mut pause, longest) = (deadline::scaled(PAUSE.0), deadline::scaled(PAUSE.1));
    let mut sent = composed.sent.clone();
    let mut submission = Submission { server: composed.route.first, ..Submission::default() };
    loop {
        submission = one_try(cx, composed, &sent, submission, began, until).await?;
        let left = until.saturating_duration_since(Instant::now());
        if left <= pause + deadline::scaled(TRY) {
            return Ok(submission);
        }
        let Some((recipients, reply)) = put_off(cx, composed, &sent, &submission) else { return Ok(submission) };
        let text = format!("{}; next try in {}", reply.reply, duration::human(pause));
        let begun = cx.log.begin_with(StepKind::Deferred, text);
        tokio::time::sleep(pause).await;
        cx.log.end(&begun, StepStatus::Ok, json!({ "stage": reply.stage, "reply": reply.reply.to_string() }));
        pause = (pause * 2).min(longest);
        sent.rcpt_to = recipients;
    }
}

/// One try, with what is known of those before it.
async fn one_try(
    cx: &AttemptContext<'_>,
    composed: &Composed,
    sent: &Sent,
    before: Submission,
    began: Instant,
    until: Instant,
) -> Result<Submission, Unsubmitted> {
    let route = &composed.route;
    let offset = began.elapsed();
    let left = until.saturating_duration_since(Instant::now());
    let submission = submit(&route.endpoint, &route.helo, sent, left, &cx.world.tokens);
    let transcript = |said: &str| match before.transcript.as_str() {
        "" => said.to_owned(),
        some => format!("{some}-- another try\n{said}"),
    };
    let step = cx.log.step(
        StepKind::Send,
        submission,
        |s| json!({ "reply": s.deciding().map(|r| r.reply.to_string()), "tls": s.tls }),
    );
    match step.await {
        Ok(submission) => {
            let transcript = transcript(&submission.transcript);
            let later = submission.replies.into_iter().map(|r| StageReply { at: r.at + offset, ..r });
            let replies = before.replies.iter().filter(|r| holds(r, &sent.rcpt_to)).cloned().chain(later).collect();
            let deferrals = before.deferrals.iter().chain(before.deferral()).cloned().collect();
            let queue_id = submission.queue_id.or(before.queue_id);
            Ok(Submission { server: route.first, deferrals, replies, transcript, queue_id, ..submission })
        }
        // Who has the mail has it, whatever ends a try for the others.
        Err(broken) if before.accepted() => Ok(Submission { transcript: transcript(&broken.transcript), ..before }),
        Err(Unsubmitted { error, transcript: said }) if said.is_empty() && before.transcript.is_empty() => {
            Err(error.into())
        }
        Err(Unsubmitted { error, transcript: said }) => {
            let next = format!("{}; {SMTP_LOG}", error.next);
            Err(Unsubmitted { error: HarnessError { next, ..error }, transcript: transcript(&said) })
        }
    }
}

/// Whether a reply to an earlier try still holds when these recipients are tried again.
fn holds(reply: &StageReply, again: &[String]) -> bool {
    match &reply.recipient {
        Some(recipient) => !again.contains(recipient),
        None => reply.reply.is_permanent() || (reply.stage == Stage::Message && reply.reply.is_positive()),
    }
}

/// Whom a server under test asks to try again, and by which reply, unless the scenario asks for that reply. Who has the mail,
/// may have it or was refused is not tried again.
fn put_off<'s>(
    cx: &AttemptContext<'_>,
    composed: &Composed,
    sent: &Sent,
    submission: &'s Submission,
) -> Option<(Vec<String>, &'s StageReply)> {
    if submission.server == FirstServer::Sender || submission.unanswered.is_some() {
        return None;
    }
    let reply = submission.deferral()?;
    let put_off: Vec<String> = sent.rcpt_to.iter().filter(|to| !submission.is_settled(to)).cloned().collect();
    let is_asked_for = asks_for_refusal(&cx.item.scenario, &cx.world.target, &composed.vars, submission);
    (!put_off.is_empty() && !is_asked_for).then_some((put_off, reply))
}

/// Why what the first server said leaves open what the system under test does with the mail.
pub(super) fn in_doubt(
    cx: &AttemptContext<'_>,
    composed: &Composed,
    submission: &Submission,
    held: Held,
) -> Option<HarnessError> {
    let stage = format!("submit to {}", composed.route.server);
    if let Some(why) = &submission.unanswered
        && held != Held::BySight
    {
        let message = format!("{why}; nobody knows whether the server took the mail, so it was not sent again");
        let next = format!("look for the Message-ID in the server's log; {SMTP_LOG}");
        return Some(HarnessError::new(HarnessErrorKind::Connection, stage, message, next));
    }
    let reply = submission.kept_back()?;
    // Where nothing was sent, nothing that was not seen says anything.
    let is_asked_for = asks_for_refusal(&cx.item.scenario, &cx.world.target, &composed.vars, submission);
    match held {
        Held::BySight if submission.may_be_accepted() => return None,
        Held::BySight | Held::BySilence if is_asked_for => return None,
        Held::BySight | Held::BySilence | Held::Not => {}
    }
    let (code, next) = match (submission.server, refusal::is_limit(&reply.reply)) {
        (FirstServer::Sender, true) => (
            HarnessErrorKind::ProviderLimit,
            "wait and run again, or send from another account; `limits` and `--jobs` keep runs below a limit; the system under \
             test has not seen the mail: no bounce was sent, and nobody tries again",
        ),
        (FirstServer::Sender, false) => (
            HarnessErrorKind::Protocol,
            "see that server's log and what the account may send; the system under test has not seen the mail: no bounce was \
             sent, and nobody tries again",
        ),
        (FirstServer::Company | FirstServer::Receiver, _) => (
            HarnessErrorKind::ProviderLimit,
            "give it more time (`--timeout`), or take this machine from greylisting and limits there; no bounce was \
             sent, and nobody tries again",
        ),
    };
    Some(HarnessError::new(code, stage, refusal_text(submission, reply), format!("{next}; {SMTP_LOG}")))
}

/// Who kept the mail back, and how.
fn refusal_text(submission: &Submission, reply: &StageReply) -> String {
    let what = if reply.reply.is_transient() { "put the mail off" } else { "refused the mail" };
    // Another recipient has it.
    let whom = match &reply.recipient {
        Some(recipient) if submission.may_be_accepted() => format!(" for {recipient}"),
        _ => String::new(),
    };
    let tries = match submission.deferrals.len() {
        0 => String::new(),
        1 => ", after one that was put off as well".to_owned(),
        n => format!(", after {n} that were put off as well"),
    };
    format!("{} {what}{whom} at {}: {}{tries}", submission.server, reply.stage, reply.reply)
}
