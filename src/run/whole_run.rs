//! A plan from its beginning to its end: what is wrong with it is found before anything is sent, and the last event says what
//! it came to.

use super::{
    EventSender, Options, Plan, PlanErrors, RunContext, Stop, StopReason,
    account_permits::AccountPermits,
    exit_code::Ending,
    limits::Limits,
    pool::{PoolResult, amend, finished, run_all},
    preflight::prepare,
    resume::Resumed,
    step_log::millis,
    worlds::Worlds,
};
use crate::{
    core::{ScenarioId, deadline},
    outcome::{Event, ExitCode, Redactions, ScenarioReport, Totals},
    target::{Knobs, Target},
};
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

/// Runs a plan to its end, or until it is stopped. Every scenario of the plan is counted, run or not.
///
/// # Errors
/// When a scenario asks for what the target does not have.
pub async fn run(
    plan: Plan,
    options: Options,
    events: EventSender,
    stop: Stop,
) -> Result<(Totals, ExitCode), PlanErrors> {
    let began = Instant::now();
    let outline = options.worlds.outline();
    let limits = Limits::new(options.sent.clone(), events.clone());
    let (plan, ledger_problem) = checked(plan, &options, outline.as_ref(), &limits, &events).await?;
    let context = Arc::new(context(&plan, options, limits, events, stop));
    let options = &context.options;
    let Plan { items, selection, obsolete_snapshots, resumed } = plan;
    let is_resumed = resumed.is_some();
    let resumed = resumed
        .unwrap_or_else(|| Resumed { order: items.iter().map(|i| i.id.clone()).collect(), ..Resumed::default() });
    let jobs = options.jobs.clamp(1, items.len().max(1));
    emit_beginning(&context, jobs, &selection, &resumed, ledger_problem);
    let permits = AccountPermits::of(&items, outline.as_ref());
    let watchdog = options.global_timeout.map(|limit| stop_after(limit, context.stop.clone()));
    let PoolResult { mut scenarios, mut late, is_bug } =
        run_all(&context, items, jobs, permits, options.max_fail).await;
    if let Some(watchdog) = watchdog {
        watchdog.abort();
    }
    late.extend(context.worlds.close().await);
    amend(&context, &mut scenarios, &late);
    let scenarios = with_kept(scenarios, &resumed);
    let leaks_found = options.run_dir.sweep().map(|leaks| leaks.len());
    let mut totals = Totals::of(&scenarios);
    // Of what a run before this one never told, nothing is known.
    totals.not_run += resumed.order.len().saturating_sub(totals.selected);
    totals.selected = resumed.order.len();
    let stopped = context.stop.reason();
    let ending = Ending {
        options,
        scenarios: &scenarios,
        totals: &totals,
        stopped,
        is_nothing_selected: selection.is_empty(),
        has_obsolete: !obsolete_snapshots.is_empty(),
        is_resumed,
        is_bug,
        is_swept: matches!(leaks_found, Ok(0)),
    };
    let exit_code = ending.exit_code();
    let (secrets, replaced) = options.redactor.counts();
    context.events.emit(Event::RunFinished {
        run: options.run.clone(),
        complete: totals.not_run == 0,
        exit_code,
        totals,
        duration_ms: millis(began.elapsed()),
        stopped: stopped.map(|reason| reason.as_str().to_owned()),
        obsolete_snapshots,
        redactions: Redactions { secrets, replaced, leaks_found: leaks_found.unwrap_or(0) },
        imap: context.worlds.connections(),
    });
    Ok((totals, exit_code))
}

/// The plan with what its scenarios leave to the target, when it can work there, and what is wrong with the file where sent mail
/// is counted.
async fn checked(
    plan: Plan,
    options: &Options,
    outline: Option<&Target>,
    limits: &Limits,
    events: &EventSender,
) -> Result<(Plan, Option<String>), PlanErrors> {
    let Some(target) = outline else { return Ok((plan, None)) };
    let now = events.clock().now().as_second();
    let plan = prepare(plan, target, &options.vars, &options.run, now)?;
    // What was sent before was counted then.
    let ledger_problem =
        if plan.resumed.is_some() { None } else { limits.check(&plan, target, options.global_timeout).await? };
    Ok((plan, ledger_problem))
}

fn context(plan: &Plan, options: Options, limits: Limits, events: EventSender, stop: Stop) -> RunContext {
    let poll = plan.items.iter().map(|i| i.scenario.wait.poll()).min().unwrap_or(Duration::from_secs(15));
    let needs: Vec<Knobs> =
        plan.items.iter().filter(|i| i.scenario.skip.is_none()).map(|i| i.scenario.knobs.clone()).collect();
    let (source, redactor) = (options.worlds.clone(), options.redactor.clone());
    let worlds = Worlds::new(source, poll, redactor, events.clone(), stop.clone(), &needs);
    RunContext { options, events, worlds, limits, stop }
}

/// What a run says before its first scenario.
fn emit_beginning(
    context: &RunContext,
    jobs: usize,
    selection: &[ScenarioId],
    resumed: &Resumed,
    ledger_problem: Option<String>,
) {
    let RunContext { options, events, .. } = context;
    events.emit(Event::RunStarted {
        run: options.run.clone(),
        target: options.worlds.kind().to_string(),
        selected: resumed.order.len(),
        jobs,
        tool: options.tool.clone(),
        info: options.info.clone(),
        scenarios: resumed.order.clone(),
        selection: selection.to_vec(),
        resumes: resumed.run.clone(),
    });
    context.limits.say(ledger_problem);
    if let Some(factor) = deadline::factor() {
        let text = format!("for a test, every limit of a connection is {factor} of the usual one");
        events.emit(Event::Note { text });
    }
    resumed.notes.iter().for_each(|text| events.emit(Event::Note { text: text.clone() }));
    resumed.mails.iter().for_each(|event| events.emit(event.clone()));
    resumed.kept.iter().for_each(|report| finished(context, report));
}

/// Cuts the run off when its time is over.
fn stop_after(limit: Duration, stop: Stop) -> JoinHandle<()> {
    tokio::spawn(async move {
        tokio::time::sleep(limit).await;
        stop.stop(StopReason::GlobalTimeout);
    })
}

/// The scenarios that were run and those that stay as an earlier run left them, in that run's order.
fn with_kept(mut scenarios: Vec<ScenarioReport>, resumed: &Resumed) -> Vec<ScenarioReport> {
    if resumed.run.is_some() {
        scenarios.extend(resumed.kept.iter().cloned());
        let places: HashMap<_, _> = resumed.order.iter().enumerate().map(|(n, id)| (id, n)).collect();
        scenarios.sort_by_key(|s| places.get(&s.id).copied());
    }
    scenarios
}
