//! Many scenarios at a time.

use super::{
    ArtifactPolicy, Emitter, Environment, Given, Item, Plan, RunDir, Stop, StopReason, late::Late, limits::Limits,
    preflight::prepare, resume::Resumed, scenario::run_one, scenario_report::blank, turns::Turns, worlds::Worlds,
};
use crate::{
    core::{Redactor, RunId, deadline},
    judge::snapshot::Store,
    outcome::{Event, ExitCode, Redactions, RunInfo, ScenarioReport, SnapshotStatus, Status, Totals},
    scenario::{Vars, YamlError},
    target::Knobs,
};
use std::{
    collections::{HashMap, VecDeque},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::{Id, JoinSet};

/// What a pass after a retry counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlakyPolicy {
    /// A pass.
    Pass,
    /// A pass that is shown.
    Warn,
    /// Not clean (exit 5).
    Fail,
}

/// How to run a plan.
pub struct Options {
    /// The run's id.
    pub run: RunId,
    /// The tool and its version.
    pub tool: String,
    /// The circumstances.
    pub info: RunInfo,
    /// Where worlds come from.
    pub given: Given,
    /// The variables of the command line.
    pub vars: Vars,
    /// How many scenarios at a time.
    pub jobs: usize,
    /// For the whole run.
    pub global_timeout: Option<Duration>,
    /// After how many failures no new scenario is started.
    pub max_fail: Option<usize>,
    /// What a pass after a retry counts as.
    pub flaky: FlakyPolicy,
    /// When files are kept.
    pub artifacts: ArtifactPolicy,
    /// What `diagnosis.txt` says.
    pub diagnosis_text: super::DiagnosisText,
    /// The regression files.
    pub snapshots: Store,
    /// A snapshot without a scenario is not clean (exit 5).
    pub obsolete_is_unclean: bool,
    /// What it means when everything that was selected is skipped.
    pub all_skipped: ExitCode,
    /// The run's directory.
    pub run_dir: RunDir,
    /// Where all runs count what they send to accounts that have a limit; without it this run counts for itself.
    pub sent: Option<PathBuf>,
    /// Every secret.
    pub redactor: Redactor,
}

/// A plan that cannot work: nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub Vec<YamlError>);

/// Runs a plan to its end, or until it is stopped. Every scenario of the plan is counted, run or not.
///
/// # Errors
/// When a scenario asks for what the target does not have.
pub async fn run(
    mut plan: Plan,
    options: Options,
    emitter: Emitter,
    stop: Stop,
) -> Result<(Totals, ExitCode), Refused> {
    let started = Instant::now();
    let problems = options.given.outline().map_or_else(Vec::new, |target| {
        prepare(&mut plan, &target, &options.vars, &options.run, emitter.clock().now().as_second())
    });
    if !problems.is_empty() {
        return Err(Refused(problems));
    }
    let limits = Limits::new(options.sent.clone(), emitter.clone());
    let outline = options.given.outline();
    let (problems, trouble) = match &outline {
        Some(target) if plan.resumed.is_none() => limits.refuse(&plan, target, options.global_timeout).await,
        _ => Default::default(),
    };
    if !problems.is_empty() {
        return Err(Refused(problems));
    }
    let jobs = options.jobs.clamp(1, plan.items.len().max(1));
    let target = options.given.kind().to_string();
    let is_again = plan.resumed.is_some();
    let Resumed { run: resumes, order, kept, mails, notes } = plan
        .resumed
        .take()
        .unwrap_or_else(|| Resumed { order: plan.items.iter().map(|i| i.id.clone()).collect(), ..Resumed::default() });
    let poll = plan.items.iter().map(|i| i.scenario.wait.poll).min().unwrap_or(Duration::from_secs(15));
    let needs: Vec<Knobs> =
        plan.items.iter().filter(|i| i.scenario.skip.is_none()).map(|i| i.scenario.knobs.clone()).collect();
    let (given, redactor) = (options.given.clone(), options.redactor.clone());
    let worlds = Worlds::new(given, poll, redactor, emitter.clone(), stop.clone(), &needs);
    emitter.emit(Event::RunStarted {
        run: options.run.clone(),
        target: target.clone(),
        selected: order.len(),
        jobs,
        tool: options.tool.clone(),
        info: options.info.clone(),
        scenarios: order.clone(),
        selection: plan.selection.clone(),
        resumes,
    });
    limits.say(trouble);
    let shortened =
        deadline::factor().map(|f| format!("for a test, every limit of a connection is {f} of the usual one"));
    shortened.into_iter().for_each(|text| emitter.emit(Event::Note { text }));
    notes.into_iter().for_each(|text| emitter.emit(Event::Note { text }));
    mails.into_iter().for_each(|event| emitter.emit(event));
    let environment = Arc::new(Environment {
        worlds,
        run: options.run.clone(),
        emitter: emitter.clone(),
        limits,
        run_dir: options.run_dir.clone(),
        stop: stop.clone(),
        artifacts: options.artifacts,
        diagnosis_text: options.diagnosis_text,
        snapshots: options.snapshots,
        vars: options.vars,
    });
    let watchdog = options.global_timeout.map(|limit| {
        let stop = stop.clone();
        tokio::spawn(async move {
            tokio::time::sleep(limit).await;
            stop.stop(StopReason::GlobalTimeout);
        })
    });
    let turns = Turns::of(&plan.items, outline.as_ref());
    kept.iter().for_each(|report| finished(&environment, report));
    let Finished { mut scenarios, mut late, bug } = all(&environment, plan.items, jobs, turns, options.max_fail).await;
    if let Some(watchdog) = watchdog {
        watchdog.abort();
    }
    late.extend(environment.worlds.close().await);
    amend(&environment, &mut scenarios, &late);
    if is_again {
        scenarios.extend(kept);
        let places: HashMap<_, _> = order.iter().enumerate().map(|(n, id)| (id, n)).collect();
        scenarios.sort_by_key(|s| places.get(&s.id).copied());
    }

    let leaks_found = options.run_dir.sweep().map(|leaks| leaks.len());
    let mut totals = Totals::of(&scenarios);
    // Of what a run before this one never told, nothing is known.
    totals.not_run += order.len().saturating_sub(totals.selected);
    totals.selected = order.len();
    let mut exit = exit(&scenarios, &totals, options.flaky, stop.reason());
    if plan.selection.is_empty() {
        exit = exit.max(ExitCode::NothingSelected);
    }
    if totals.is_all_skipped() {
        exit = exit.max(options.all_skipped);
    }
    if options.obsolete_is_unclean && !plan.obsolete_snapshots.is_empty() {
        exit = exit.max(ExitCode::NotClean);
    }
    // Nobody who looks again may take what was never sent for good.
    if is_again && totals.not_run > 0 {
        exit = exit.max(ExitCode::Inconclusive);
    }
    if bug {
        exit = exit.max(ExitCode::Internal);
    }
    if !matches!(leaks_found, Ok(0)) {
        exit = exit.max(ExitCode::Report);
    }
    let complete = totals.not_run == 0;
    let (secrets, replaced) = options.redactor.counts();
    let duration_ms = super::log::millis(started.elapsed());
    emitter.emit(Event::RunFinished {
        run: options.run.clone(),
        complete,
        exit_code: exit,
        totals,
        duration_ms,
        stopped: stop.reason().map(|r| r.as_str().to_owned()),
        obsolete_snapshots: plan.obsolete_snapshots.clone(),
        redactions: Redactions { secrets, replaced, leaks_found: leaks_found.unwrap_or(0) },
        imap: environment.worlds.connections(),
    });
    Ok((totals, exit))
}

/// Every scenario's report in the order of the plan, mail that came after they were written, and whether one of them
/// panicked.
struct Finished {
    scenarios: Vec<ScenarioReport>,
    late: Vec<Late>,
    bug: bool,
}

async fn all(
    environment: &Arc<Environment>,
    items: Vec<Item>,
    jobs: usize,
    mut turns: Turns,
    max_fail: Option<usize>,
) -> Finished {
    let mut reports: Vec<ScenarioReport> = items.iter().map(blank).collect();
    let mut waiting: VecDeque<Item> = items.into();
    let mut running: JoinSet<(usize, ScenarioReport, Vec<Late>)> = JoinSet::new();
    let mut places: HashMap<Id, usize> = HashMap::new();
    let (mut failures, mut bug, mut late) = (0, false, Vec::new());
    loop {
        while running.len() < jobs && environment.stop.reason().is_none() {
            let Some(item) = turns.take(&mut waiting) else { break };
            let (environment, place) = (Arc::clone(environment), item.index);
            let handle = running.spawn(async move {
                let report = run_one(&environment, &item).await;
                let late = match item.scenario.skip {
                    None => environment.worlds.release(&item.scenario.knobs).await,
                    Some(_) => Vec::new(),
                };
                (place, report, late)
            });
            places.insert(handle.id(), place);
        }
        let (place, report, more) = match running.join_next_with_id().await {
            Some(Ok((_, done))) => done,
            Some(Err(error)) => {
                bug = true;
                let place = places.get(&error.id()).copied().unwrap_or_default();
                let mut report = reports[place].clone();
                report.status = Status::Errored;
                report.reason = Some(format!("internal error, please report it: {error}"));
                (place, report, Vec::new())
            }
            None => break,
        };
        turns.give_back(place);
        late.extend(more);
        if report.status.is_broken() {
            failures += 1;
            if max_fail.is_some_and(|most| failures >= most) && !waiting.is_empty() {
                environment.stop.stop(StopReason::TooManyFailures);
            }
        }
        finished(environment, &report);
        reports[place] = if may_be_late(&report) { report } else { told(report) };
    }
    for item in waiting {
        let report = &mut reports[item.index];
        report.reason = environment.stop.reason().map(|r| r.as_str().to_owned());
        finished(environment, report);
    }
    Finished { scenarios: reports, late, bug }
}

/// Whether mail of the scenario was given up, so that it may come after all.
fn may_be_late(report: &ScenarioReport) -> bool {
    report.attempts.len() > 1 || report.attempts.iter().any(|attempt| attempt.status == Status::TimedOut)
}

/// The report of a scenario without what was seen, for which nobody asks again.
fn told(report: ScenarioReport) -> ScenarioReport {
    ScenarioReport { attempts: Vec::new(), ..report }
}

/// Corrects what was told of scenarios whose mail came after all.
fn amend(environment: &Environment, reports: &mut [ScenarioReport], late: &[Late]) {
    for (place, report) in reports.iter_mut().enumerate() {
        let mut mine = late.iter().filter(|l| l.index == place).peekable();
        if mine.peek().is_none() {
            continue;
        }
        mine.for_each(|late| late.amend(report));
        environment.emitter.emit(Event::ScenarioAmended {
            scenario: report.id.clone(),
            status: report.status,
            report: Box::new(report.clone()),
            source: report.source.to_string(),
        });
    }
}

fn finished(environment: &Environment, report: &ScenarioReport) {
    environment.emitter.emit(Event::ScenarioFinished {
        scenario: report.id.clone(),
        status: report.status,
        report: Box::new(report.clone()),
        source: report.source.to_string(),
    });
}

/// The heaviest of everything that there is to say.
fn exit(scenarios: &[ScenarioReport], totals: &Totals, flaky: FlakyPolicy, stopped: Option<StopReason>) -> ExitCode {
    let mut exit = ExitCode::Success;
    let mut raise = |condition: bool, code: ExitCode| {
        if condition {
            exit = exit.max(code);
        }
    };
    raise(totals.broken() > 0, ExitCode::Failed);
    raise(totals.errored > 0 || stopped == Some(StopReason::GlobalTimeout), ExitCode::Inconclusive);
    let missing = |s: &ScenarioReport| s.snapshot.as_ref().is_some_and(|s| s.status == SnapshotStatus::Missing);
    raise(scenarios.iter().any(missing), ExitCode::NotClean);
    raise(totals.flaky > 0 && flaky == FlakyPolicy::Fail, ExitCode::NotClean);
    raise(stopped == Some(StopReason::Interrupted), ExitCode::Interrupted);
    raise(stopped == Some(StopReason::Terminated), ExitCode::Terminated);
    exit
}
