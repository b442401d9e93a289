//! One attempt at one scenario: compose -> submit -> wait -> collect -> judge. The only place where the steps are put in
//! order. A mail that an earlier run sent enters as [`Submitted`], by [`look_again::resume`].

use super::{
    RunContext,
    arrival::Found,
    attempt_report::{self, Attempted},
    events,
    evidence_builder::{self, Observations},
    file_limit::too_many_open_files,
    gmail_metadata,
    handover::{Held, hand_over, in_doubt},
    incomplete::incomplete,
    log_query::LogQuery,
    moment::{Moment, SubmissionEnd},
    next_hop,
    plan::PlannedScenario,
    resume::{look_again, mail_events},
    step_log::StepLog,
    steps::{AttemptContext, Collected, Composed, Judged, Submitted, Waited, Watching},
    unverified::unverified,
    wait, watches,
    world::World,
};
use crate::{
    core::open_files::Watch,
    evidence::MailboxFacts,
    judge,
    outcome::{Event, HarnessError, Status, StepKind, StepStatus},
    probe::{sign::sign, submit::Unsubmitted},
};
use serde_json::{Value, json};
use std::time::Duration;

/// Sends one mail, or takes up one that was sent, and sees what becomes of it; with the log of its steps, to which putting away
/// what arrived is added.
pub(super) async fn attempt(
    context: &RunContext,
    item: &PlannedScenario,
    world: &World,
    number: u32,
) -> (Attempted, StepLog) {
    let token = item.token(&context.options.run, number);
    let began = Moment::now(context.events.clock());
    let log = StepLog::new(context.events.clone(), item.id.clone(), number);
    let cx = AttemptContext { context, item, world, number, began, files: Watch::begin(), token, log };
    let attempted = steps(&cx).await;
    (attempted, cx.log)
}

async fn steps(cx: &AttemptContext<'_>) -> Attempted {
    let item = cx.item;
    cx.log.emit(|scenario, attempt| Event::AttemptStarted { scenario, attempt, token: cx.token.clone() });
    let composed = match &item.recorded {
        None => compose_mail(cx),
        Some(recorded) => look_again::compose_anew(cx, recorded),
    };
    let composed = match composed {
        Ok(composed) => composed,
        Err(error) => {
            return attempt_report::broken(cx, None, None, too_many_open_files(cx.files).unwrap_or(error).into());
        }
    };
    let submitted = match &item.recorded {
        None => submit_mail(cx, &composed).await,
        Some(recorded) => look_again::resume(cx, &composed, recorded).await.map_err(Unsubmitted::from),
    };
    let submitted = match submitted {
        Ok(submitted) => submitted,
        Err(Unsubmitted { error, transcript }) => {
            let told = item.recorded.as_ref().map(|recorded| recorded.submission());
            let error = too_many_open_files(cx.files).unwrap_or(error);
            return attempt_report::broken(cx, Some(&composed), told.as_ref(), Unsubmitted { error, transcript });
        }
    };
    let waited = wait_for_mail(cx, &composed, submitted).await;
    let collected = collect(cx, &composed, waited).await;
    let judged = judge(cx, &composed, &collected);
    for check in judged.checks.iter().flat_map(|checks| checks.iter()) {
        cx.log.emit(|scenario, attempt| Event::Assertion { scenario, attempt, check: check.clone() });
    }
    let attempted = attempt_report::judged(cx, &composed, collected, judged);
    if attempted.report.status == Status::TimedOut {
        cx.world.deliveries.give_up(&cx.token);
    }
    attempted
}

/// The mail, its way and what is waited for. Nothing is sent here.
fn compose_mail(cx: &AttemptContext<'_>) -> Result<Composed, HarnessError> {
    if let Some(wrong) = cx.world.clock_check.wrong() {
        return Err(wrong);
    }
    let (context, item, target) = (cx.context, cx.item, &cx.world.target);
    let vars = item.vars(target, &context.options.vars, &context.options.run, &cx.token);
    let date = context.events.clock().now().as_second();
    Composed::of(cx, vars, &context.options.run, date, |sent, route| {
        let unsigned = sent.raw().len();
        if let Some(signer) = &route.signer {
            sign(sent, signer)?;
        }
        let signature = &sent.raw()[..sent.raw().len() - unsigned];
        Ok((!signature.is_empty()).then(|| String::from_utf8_lossy(signature).into_owned()))
    })
}

/// Hands the mail to its first server, with every mailbox watched from before.
async fn submit_mail(cx: &AttemptContext<'_>, composed: &Composed) -> Result<Submitted, Unsubmitted> {
    let (log, world, scenario) = (&cx.log, cx.world, &cx.item.scenario);
    let deadline = log.started() + scenario.wait.timeout();
    let since = world.logs.mark(composed.date);
    let sender = &scenario.send.from.value;
    let watches = watches::watch(world, &composed.policy, sender, &composed.wanted, deadline);
    let watches = log.step(StepKind::Watch, watches, |_| Value::Null).await?;
    let mail = mail_events::composed(cx, composed);
    log.emit(|scenario, attempt| Event::MailComposed { scenario, attempt, mail });
    let clock = cx.context.events.clock();
    let began = Moment::now(clock);
    let submission = hand_over(cx, composed, deadline).await?;
    let end = SubmissionEnd::of(&submission, began, Moment::now(clock));
    let told = mail_events::submitted(&submission, &composed.route.server, events::text(end.wall));
    log.emit(|scenario, attempt| Event::MailSubmitted { scenario, attempt, submission: told });
    if submission.may_be_accepted() {
        world.deliveries.sent(cx.item.index, cx.number, &composed.wanted, composed.date, composed.receivers());
    }
    let slow_at = scenario.wait.slow_after().map(|after| log.started() + after);
    let watching = Watching { end, watches, deadline, slow_at, already_arrived: None };
    Ok(Submitted { submission, since, watching })
}

/// Waits until what came decides everything, or time is up.
async fn wait_for_mail(cx: &AttemptContext<'_>, composed: &Composed, submitted: Submitted) -> Waited {
    let Submitted { submission, since, watching } = submitted;
    let (log, world, is_new) = (&cx.log, cx.world, watching.already_arrived.is_none());
    let (end, deadline) = (watching.end, watching.deadline);
    let begun = log.begin(StepKind::Wait);
    let wait::WaitResult { found, searched, mut error } = wait::wait(cx, composed, &submission, watching).await;
    let waited = end.elapsed();
    if is_new {
        let now = Moment::now(cx.context.events.clock());
        error = error.or(world.clock_check.compare(&found, cx.began, now));
    }
    let watched = watches::folder_health(world, &composed.watched);
    let seen = found.iter().map(
        |Found { arrival, .. }| json!({ "account": arrival.account, "folder": arrival.folder, "uid": arrival.uid }),
    );
    let seen = seen.collect();
    log.end(&begun, if error.is_some() { StepStatus::Error } else { StepStatus::Ok }, Value::Array(seen));
    let notes = MailboxFacts { watched, searched, ..MailboxFacts::default() };
    Waited { submission, end, since, deadline, found, waited, notes, error }
}

/// Reads the logs, and verifies what came.
async fn collect(cx: &AttemptContext<'_>, composed: &Composed, waited: Waited) -> Collected {
    let Waited { submission, end, since, deadline, found, waited, notes, error } = waited;
    let (log, world, scenario) = (&cx.log, cx.world, &*cx.item.scenario);
    let query = LogQuery {
        scenario,
        vars: &composed.vars,
        reaches: &composed.route.reaches,
        message_id: &composed.sent.message_id,
        since: &since,
        end: &end,
        deadline,
    };
    let logs = query.gather(world, log).await;
    let begun = log.begin(StepKind::Verify);
    // Signatures are judged as of the moment when the last copy came.
    let since_then = found.iter().map(|f| f.after).max().map_or(Duration::ZERO, |last| waited.saturating_sub(last));
    let now = cx.context.events.clock().now().as_second().saturating_sub_unsigned(since_then.as_secs());
    let mailboxes = MailboxFacts {
        others: world.deliveries.others(&cx.token),
        bye_lines: composed.watched.iter().flat_map(|a| world.mailboxes.bye_lines(a, log.started())).collect(),
        ..notes
    };
    let next_hop = next_hop::tries(world, &composed.sent.message_id, end.plus(Duration::ZERO));
    let (found, unread) = gmail_metadata::look_up(world, scenario, deadline, found).await;
    let sent = composed.sent.clone();
    let observations = Observations { sent, submission, next_hop, found, logs, mailboxes, waited };
    let evidence = evidence_builder::build(world, observations, now).await;
    log.end(&begun, StepStatus::Ok, Value::Null);
    let unverified = unverified(&evidence);
    Collected { evidence, error: error.or(unread), unverified }
}

/// Holds what was seen against what was wanted.
fn judge(cx: &AttemptContext<'_>, composed: &Composed, collected: &Collected) -> Judged {
    let (evidence, target) = (&collected.evidence, &cx.world.target);
    let begun = cx.log.begin(StepKind::Assert);
    let mut checks = judge::check(&cx.item.scenario, target, &composed.vars, evidence);
    let holds = checks.as_ref().is_some_and(|checks| checks.iter().all(|c| c.passed));
    let is_open = !holds || collected.error.is_some() || collected.unverified.is_some();
    let incomplete = incomplete(evidence);
    let is_whole = incomplete.is_none();
    let ours = is_open.then(|| too_many_open_files(cx.files)).flatten().or(incomplete);
    let is_ours = ours.is_some();
    let error = ours.or_else(|| collected.error.clone()).or_else(|| {
        let held = Held::of(holds, cx, evidence);
        let first = in_doubt(cx, composed, &evidence.submission, held);
        first.or_else(|| next_hop::in_doubt(&evidence.next_hop, held))
    });
    let of_checks = checks.as_deref_mut().unwrap_or_default();
    if is_ours {
        of_checks.iter_mut().filter(|c| !c.passed).for_each(|c| c.inconclusive = true);
    }
    // What is missing of a mail has no cause.
    let diagnosis = if is_whole {
        judge::diagnose::explain(evidence, of_checks, target, error.as_ref())
    } else {
        error.as_ref().and_then(judge::diagnose::of_error).into_iter().collect()
    };
    cx.log.end(&begun, if holds { StepStatus::Ok } else { StepStatus::Failed }, Value::Null);
    Judged { checks, diagnosis, error }
}
