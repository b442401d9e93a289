//! Many scenarios at a time.

use super::{
    PlannedScenario, RunContext, StopReason, account_permits::AccountPermits, late_arrivals::LateArrival,
    scenario::run_one, scenario_report::blank,
};
use crate::outcome::{Event, ScenarioReport, Status};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};
use tokio::task::{Id, JoinSet};

/// Every scenario's report in the order of the plan, mail that came after they were written, and whether one of them
/// panicked.
pub(super) struct PoolResult {
    pub(super) scenarios: Vec<ScenarioReport>,
    pub(super) late: Vec<LateArrival>,
    pub(super) is_bug: bool,
}

/// Runs scenarios, so many at a time, until all have ended or no new one is to begin.
pub(super) async fn run_all(
    context: &Arc<RunContext>,
    items: Vec<PlannedScenario>,
    jobs: usize,
    mut permits: AccountPermits,
    max_fail: Option<usize>,
) -> PoolResult {
    let mut reports: Vec<ScenarioReport> = items.iter().map(blank).collect();
    let mut waiting: VecDeque<PlannedScenario> = items.into();
    let mut running: JoinSet<(usize, ScenarioReport, Vec<LateArrival>)> = JoinSet::new();
    let mut places: HashMap<Id, usize> = HashMap::new();
    let (mut failures, mut is_bug, mut late) = (0, false, Vec::new());
    loop {
        while running.len() < jobs && context.stop.reason().is_none() {
            let Some(item) = permits.take(&mut waiting) else { break };
            let (context, place) = (Arc::clone(context), item.index);
            let handle = running.spawn(async move {
                let report = run_one(&context, &item).await;
                let late = match item.scenario.skip {
                    None => context.worlds.release(&item.scenario.knobs).await,
                    Some(_) => Vec::new(),
                };
                (place, report, late)
            });
            places.insert(handle.id(), place);
        }
        let (place, report, more) = match running.join_next_with_id().await {
            Some(Ok((_, done))) => done,
            Some(Err(error)) => {
                is_bug = true;
                let place = places.get(&error.id()).copied().unwrap_or_default();
                let mut report = reports[place].clone();
                report.status = Status::Errored;
                report.reason = Some(format!("internal error, please report it: {error}"));
                (place, report, Vec::new())
            }
            None => break,
        };
        permits.give_back(place);
        late.extend(more);
        if report.status.is_broken() {
            failures += 1;
            if max_fail.is_some_and(|most| failures >= most) && !waiting.is_empty() {
                context.stop.stop(StopReason::TooManyFailures);
            }
        }
        finished(context, &report);
        reports[place] = if may_be_late(&report) { report } else { without_attempts(report) };
    }
    for item in waiting {
        let report = &mut reports[item.index];
        report.reason = context.stop.reason().map(|r| r.as_str().to_owned());
        finished(context, report);
    }
    PoolResult { scenarios: reports, late, is_bug }
}

/// Whether mail of the scenario was given up, so that it may come after all.
fn may_be_late(report: &ScenarioReport) -> bool {
    report.attempts.len() > 1 || report.attempts.iter().any(|attempt| attempt.status == Status::TimedOut)
}

/// The report of a scenario without what was seen, for which nobody asks again.
fn without_attempts(report: ScenarioReport) -> ScenarioReport {
    ScenarioReport { attempts: Vec::new(), ..report }
}

/// Corrects what was told of scenarios whose mail came after all.
pub(super) fn amend(context: &RunContext, reports: &mut [ScenarioReport], late: &[LateArrival]) {
    for (place, report) in reports.iter_mut().enumerate() {
        let mut mine = late.iter().filter(|l| l.index == place).peekable();
        if mine.peek().is_none() {
            continue;
        }
        mine.for_each(|late| late.amend(report));
        context.events.emit(Event::ScenarioAmended {
            scenario: report.id.clone(),
            status: report.status,
            report: Box::new(report.clone()),
            source: report.source.to_string(),
        });
    }
}

/// Tells that a scenario has ended.
pub(super) fn finished(context: &RunContext, report: &ScenarioReport) {
    context.events.emit(Event::ScenarioFinished {
        scenario: report.id.clone(),
        status: report.status,
        report: Box::new(report.clone()),
        source: report.source.to_string(),
    });
}
