//! One scenario: its attempts, and what they come to.

use super::{
    ArtifactPolicy, PlannedScenario, RunContext,
    artifacts::File,
    attempt_report::{Attempted, errored, nothing_sent},
    file_limit::too_many_open_files,
    limits,
    pipeline::attempt,
    removal::{Removal, Removed},
    route::route,
    scenario_report::blank,
    step_log::{StepLog, millis},
    world::World,
    worlds::Unbuilt,
};
use crate::{
    core::{Recorded, Token, open_files::Watch},
    evidence::Evidence,
    judge::{
        diagnose,
        snapshot::{SnapshotComparison, Writing, folder, normalise},
    },
    lab::ServerProgram,
    outcome::{AttemptReport, Event, HarnessError, ScenarioReport, SnapshotStatus, Status, StepKind, StepStatus},
    scenario::model::{Cleanup, KnownIssue, RetryOn},
    target::Target,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Runs a scenario to its end, or until the run is cut off.
pub(super) async fn run_one(context: &RunContext, item: &PlannedScenario) -> ScenarioReport {
    let mut report = blank(item);
    let scenario = &item.scenario;
    if let Some(reason) = &scenario.skip {
        report.status = Status::Skipped;
        report.reason = Some(reason.clone());
        return report;
    }
    let started = Instant::now();
    context.events.emit(Event::ScenarioStarted { scenario: item.id.clone(), name: scenario.name.clone() });
    report.max_attempts = match &item.recorded {
        None => 1 + scenario.retries.max,
        Some(recorded) => recorded.max_attempts,
    };
    let left = tokio::select! {
        () = context.stop.cut_off() => {
            cut_off(context, &mut report);
            None
        }
        left = attempts(context, item, &mut report) => left,
    };
    // The verdict stands by now.
    remove(context, left, &mut report).await;
    let paced: u64 = report.attempts.iter().filter_map(|a| a.timings_ms.get(PACED)).sum();
    report.duration_ms = millis(started.elapsed()).saturating_sub(paced);
    report
}

/// The run ends before the scenario does. What an attempt has proved stands; otherwise it counts as not run.
fn cut_off(context: &RunContext, report: &mut ScenarioReport) {
    let reason = context.stop.reason().map(|reason| reason.as_str().to_owned());
    let mut statuses = report.attempts.iter().rev().map(|a| a.status);
    let proved = statuses.find(|status| matches!(status, Status::Failed | Status::TimedOut | Status::Late));
    report.reason = match proved {
        Some(_) => reason.map(|reason| format!("{reason}: it was not tried again")),
        None => reason,
    };
    report.status = proved.unwrap_or(Status::NotRun);
}

/// Puts away what an attempt left in mailboxes.
async fn remove(context: &RunContext, left: Option<Removal>, report: &mut ScenarioReport) {
    if let (Some(left), Some(attempt)) = (left, report.attempts.last_mut()) {
        let Removed { steps, notes } = left.run(&context.stop).await;
        attempt.steps = steps;
        attempt.notes.extend(notes);
    }
}

/// Every attempt; what the last one left in mailboxes, when that is to be put away.
async fn attempts(context: &RunContext, item: &PlannedScenario, report: &mut ScenarioReport) -> Option<Removal> {
    let first = item.recorded.as_ref().map_or(1, |recorded| recorded.attempt);
    report.attempts.extend(item.recorded.iter().flat_map(|recorded| recorded.earlier.clone()));
    for n in first..=report.max_attempts.max(first) {
        let InWorld { attempted, place } = in_world(context, item, n).await;
        let Attempted { report: attempt, evidence, mut files } = attempted;
        let status = attempt.status;
        let target = place.as_ref().map(|(world, _)| world.target.clone());
        let left = match (&evidence, place) {
            (Some(evidence), Some((world, Some(log)))) if item.scenario.cleanup == Cleanup::Delete => {
                Some(Removal::of(evidence, world, log))
            }
            _ => None,
        };
        let known = known_issue(item, target.as_ref());
        // A mail that may have been taken is never sent again.
        let in_doubt = evidence.as_ref().is_some_and(|e| e.submission.unanswered.is_some());
        let again = n < report.max_attempts
            && known.is_none()
            && is_worth_retrying(item, status)
            && !in_doubt
            && item.recorded.is_none();
        let bad = status != Status::Passed;
        report.attempts.push(attempt);
        // What a retry could not tell, an attempt before it may have.
        let told = report.attempts.iter().rev().map(|a| a.status).find(|s| *s != Status::Errored);
        report.status = told.unwrap_or(status);
        if context.options.artifacts == ArtifactPolicy::All
            || (context.options.artifacts == ArtifactPolicy::Failed && bad)
        {
            if bad {
                files.push(File::text("diagnosis.txt", (context.options.diagnosis_text)(report)));
            }
            let kept = context.options.run_dir.keep(&item.id, n, files);
            if let Some(attempt) = report.attempts.last_mut() {
                match kept {
                    Ok(kept) => attempt.artifacts = kept,
                    Err(error) => {
                        attempt.error.get_or_insert(error);
                    }
                }
            }
        }
        if again {
            let duration_ms = report.attempts.last().map_or(0, |a| a.duration_ms);
            let scenario = item.id.clone();
            remove(context, left, report).await;
            context.events.emit(Event::AttemptFinished { scenario, attempt: n, status, duration_ms });
            tokio::time::sleep(item.scenario.retries.delay).await;
            continue;
        }
        snapshot(context, item, evidence.as_ref(), target.as_ref(), report);
        report.flaky = report.status == Status::Passed && n > 1;
        if let Some(known) = known {
            apply_known_issue(context, known, report);
        }
        return left;
    }
    None
}

/// The failure that is known of the scenario, in a world that has it.
fn known_issue<'i>(item: &'i PlannedScenario, target: Option<&Target>) -> Option<&'i KnownIssue> {
    item.scenario.known_issue.as_ref().filter(|known| target.is_none_or(|target| known.is_of(target)))
}

/// An attempt, with its world where there is one, and the log of its steps where it began.
struct InWorld {
    attempted: Attempted,
    place: Option<(Arc<World>, Option<StepLog>)>,
}

/// One attempt, in its world, as soon as the limits let it.
async fn in_world(context: &RunContext, item: &PlannedScenario, n: u32) -> InWorld {
    let token = || item.token(&context.options.run, n);
    let files = Watch::begin();
    let world = match context.worlds.world(&item.scenario.knobs).await {
        Ok(world) => world,
        Err(Unbuilt::Harness(error)) => {
            return InWorld {
                attempted: not_begun(token(), n, too_many_open_files(files).unwrap_or(error)),
                place: None,
            };
        }
        Err(Unbuilt::Configuration { program, said }) => {
            return InWorld { attempted: misconfigured(token(), n, program, said), place: None };
        }
    };
    let paced = match pace(context, item, &world.target, n).await {
        Ok(paced) => paced,
        Err(error) => return InWorld { attempted: not_begun(token(), n, error), place: Some((world, None)) },
    };
    let (mut attempted, log) = attempt(context, item, &world, n).await;
    if !paced.is_zero() {
        attempted.report.timings_ms.insert(PACED.into(), millis(paced));
    }
    InWorld { attempted, place: Some((world, Some(log))) }
}

/// The time that an attempt had to wait for its turn; it is nobody's fault and no part of the scenario's time.
const PACED: &str = "paced";

/// Waits for the limits of the accounts; how long, when it was to be told.
async fn pace(context: &RunContext, item: &PlannedScenario, target: &Target, n: u32) -> Result<Duration, HarnessError> {
    // What was sent before was counted then.
    if item.recorded.is_some() {
        return Ok(Duration::ZERO);
    }
    let tell = |status: StepStatus, ms: u64, detail: String| {
        context.events.emit(Event::Step {
            scenario: item.id.clone(),
            attempt: n,
            kind: Recorded::Known(StepKind::Pace),
            status: Recorded::Known(status),
            ms,
            detail,
        });
    };
    let mut waits = false;
    let accounts = limits::accounts(item, target);
    let admitted = context.limits.admit(&accounts, |why| {
        waits = true;
        tell(StepStatus::Begun, 0, why);
    });
    let paced = admitted.await?;
    if waits {
        tell(StepStatus::Ok, millis(paced), String::new());
    }
    Ok(if waits { paced } else { Duration::ZERO })
}

/// Compares what a pass saw with the snapshot; one that has changed is a failure. What our own verification could not
/// tell is neither compared nor written.
fn snapshot(
    context: &RunContext,
    item: &PlannedScenario,
    evidence: Option<&Evidence>,
    target: Option<&Target>,
    report: &mut ScenarioReport,
) {
    let (Some(evidence), Some(target)) = (evidence, target) else { return };
    let Some(text) = normalise(evidence, &item.scenario, target, item.scenario.snapshot) else { return };
    let is_straight = route(&item.scenario.send, target).is_ok_and(|route| route.is_straight);
    let (store, name) = (&context.options.snapshots, &folder(target.kind, is_straight));
    let known = known_issue(item, Some(target)).is_some();
    if report.status != Status::Passed || known || evidence.copies.iter().any(|c| c.verification.has_temperror()) {
        report.snapshot = Some(store.skipped(name, &item.scenario.id));
        return;
    }
    let writing = match (report.attempts.len() > 1, is_straight) {
        (true, _) => Writing::Withheld,
        (false, true) => Writing::Optional,
        (false, false) => Writing::Allowed,
    };
    let error = match store.compare(&item.scenario, name, &text, writing) {
        Ok(SnapshotComparison { outcome, unwritten }) => {
            report.status = match outcome.status {
                SnapshotStatus::Changed => Status::Failed,
                _ if unwritten.is_some() => Status::Errored,
                _ => report.status,
            };
            report.snapshot = Some(outcome);
            unwritten
        }
        Err(error) => {
            report.status = Status::Errored;
            Some(error)
        }
    };
    if let (Some(error), Some(last)) = (error, report.attempts.last_mut()) {
        if report.status == Status::Errored {
            last.status = Status::Errored;
        }
        last.error.get_or_insert(error);
    }
}

fn is_worth_retrying(item: &PlannedScenario, status: Status) -> bool {
    let on = |what| item.scenario.retries.on.contains(&what);
    match status {
        Status::Errored => on(RetryOn::Error),
        Status::TimedOut | Status::Late => on(RetryOn::Timeout),
        Status::Failed => on(RetryOn::Fail),
        Status::Passed | Status::Skipped | Status::ExpectedFailure | Status::UnexpectedPass | Status::NotRun => false,
    }
}

/// A known failure is expected until its day; passing is then the failure. What could not be told stays so.
fn apply_known_issue(context: &RunContext, known: &KnownIssue, report: &mut ScenarioReport) {
    let tracked = known.issue.as_ref().map(|issue| format!(" ({issue})")).unwrap_or_default();
    let reason = format!("{}{tracked}", known.reason);
    let today = context.events.clock().now().strftime("%Y-%m-%d").to_string();
    let expired = known.until.as_ref().filter(|until| until.as_str() < today.as_str());
    (report.status, report.reason) = match (report.status, expired) {
        (Status::Failed | Status::TimedOut | Status::Late, None) => (Status::ExpectedFailure, Some(reason)),
        (Status::Failed | Status::TimedOut | Status::Late, Some(until)) => {
            (report.status, Some(format!("{reason}; known only until {until}")))
        }
        (Status::Passed, _) => (Status::UnexpectedPass, Some(reason)),
        (status, _) => (status, report.reason.take()),
    };
}

/// An attempt that never began: there was no world for it, or no mail left.
fn not_begun(token: Token, n: u32, error: HarnessError) -> Attempted {
    let summary = errored(&error);
    let report = AttemptReport { error: Some(error), summary, ..nothing_sent(token, n, Status::Errored) };
    Attempted { report, evidence: None, files: Vec::new() }
}

/// An attempt for which nothing was sent, as the company's server does not start with its configuration.
fn misconfigured(token: Token, n: u32, program: ServerProgram, said: String) -> Attempted {
    let diagnosis = diagnose::of_configuration(program.log(), program.check(), &said);
    let summary = format!("{} {}", diagnosis.code, diagnosis.title);
    let report = AttemptReport { diagnosis: vec![diagnosis], summary, ..nothing_sent(token, n, Status::Failed) };
    Attempted { report, evidence: None, files: vec![File::text(program.log(), said)] }
}
