//! A recorded run, read for what is left to find out: which mails left, what was decided of them, and which are to be looked
//! for again.

use super::{
    recorded_mail::{self, RecordedMail},
    resumed::Resumed,
};
use crate::{
    core::{RunId, ScenarioId, Spanned, digest::sha256, recorded::Recorded},
    outcome::{ComposedMail, Event, RunEvent, RunInfo, ScenarioReport, Status, StepKind, SubmittedMail},
    run::{Plan, PlannedScenario, scenario_report::blank},
    scenario::{Scenario, model::ExpectationKind},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A recorded run.
#[derive(Debug, Clone)]
pub struct RecordedRun {
    /// Its id.
    pub run: RunId,
    /// The target's name.
    pub target: String,
    /// Its circumstances.
    pub info: RunInfo,
    order: Vec<ScenarioId>,
    selection: Vec<ScenarioId>,
    scenarios: BTreeMap<ScenarioId, RecordedScenario>,
}

/// What is known of a scenario of the run.
#[derive(Debug, Clone, Default)]
struct RecordedScenario {
    report: Option<ScenarioReport>,
    attempts: BTreeMap<u32, RecordedAttempt>,
}

/// What is known of an attempt beside its report.
#[derive(Debug, Clone, Default)]
struct RecordedAttempt {
    mail: Option<ComposedMail>,
    submitted: Option<SubmittedMail>,
    /// What had arrived was being deleted.
    is_cleaned_up: bool,
    has_ended: bool,
}

impl RecordedRun {
    /// Reads the events of a run; `None` when they do not begin as one. `folder` is the run's own, from that of another run of
    /// the project; without it the names of its files stay as they are.
    pub fn of(events: Vec<RunEvent>, folder: Option<&str>) -> Option<Self> {
        let mut events = events.into_iter().map(|e| e.event);
        let Some(Event::RunStarted { run, target, info, scenarios, selection, .. }) = events.next() else {
            return None;
        };
        let mut recorded = Self { run, target, info, order: scenarios, selection, scenarios: BTreeMap::new() };
        for event in events {
            recorded.take(event, folder);
        }
        Some(recorded)
    }

    fn attempt(&mut self, scenario: ScenarioId, n: u32) -> &mut RecordedAttempt {
        self.scenarios.entry(scenario).or_default().attempts.entry(n).or_default()
    }

    fn take(&mut self, event: Event, folder: Option<&str>) {
        match event {
            Event::MailComposed { scenario, attempt, mail } => self.attempt(scenario, attempt).mail = Some(mail),
            Event::MailSubmitted { scenario, attempt, submission } => {
                self.attempt(scenario, attempt).submitted = Some(submission);
            }
            Event::Step { scenario, attempt, kind: Recorded::Known(StepKind::Cleanup), .. } => {
                self.attempt(scenario, attempt).is_cleaned_up = true;
            }
            Event::AttemptFinished { scenario, attempt, .. } => self.attempt(scenario, attempt).has_ended = true,
            Event::ScenarioFinished { report, .. } | Event::ScenarioAmended { report, .. } => {
                let mut report = *report;
                for artifact in report.attempts.iter_mut().flat_map(|a| &mut a.artifacts) {
                    if let Some(folder) = folder
                        && !artifact.path.starts_with("../")
                    {
                        artifact.path = format!("{folder}/{}", artifact.path);
                    }
                }
                let id = report.id.clone();
                self.scenarios.entry(id).or_default().report = Some(report);
            }
            _ => {}
        }
    }

    /// What to look at again, of those that `chosen` takes: a mail left, and what became of it was not decided. Everything else
    /// stays as it was. `scenarios` are those of today; beside the plan are the ids of what cannot be looked at because it is
    /// not among them.
    pub fn plan(
        self,
        scenarios: impl IntoIterator<Item = Scenario>,
        chosen: impl Fn(&Scenario) -> bool,
    ) -> (Plan, Vec<ScenarioId>) {
        let today: BTreeMap<ScenarioId, Scenario> = scenarios.into_iter().map(|s| (s.id.clone(), s)).collect();
        let mut plan = Plan { selection: self.selection.clone(), ..Plan::default() };
        let mut resumed = Resumed { run: Some(self.run.clone()), order: self.order.clone(), ..Resumed::default() };
        let (mut missing, mut changed) = (Vec::new(), BTreeSet::new());
        for id in &self.order {
            let known = self.scenarios.get(id);
            let scenario = today.get(&id.once());
            let open = known.and_then(RecordedScenario::open);
            if open.is_some() && scenario.is_none() {
                missing.push(id.clone());
            }
            if open.is_some() {
                resumed.mails.extend(known.into_iter().flat_map(|known| known.mails(id)));
            }
            match (open, scenario) {
                (Some(open), Some(scenario)) if chosen(scenario) => {
                    if sha256(scenario.source.as_bytes()) != open.mail.scenario_sha256 {
                        changed.insert(scenario.file.to_string());
                    }
                    let scenario = Arc::new(in_time(scenario.clone(), &open));
                    let item = PlannedScenario::new(plan.items.len(), id.clone(), scenario);
                    plan.items.push(PlannedScenario { recorded: Some(Arc::new(open)), ..item });
                }
                (_, scenario) => {
                    let report = known.and_then(|known| known.report.clone());
                    let is_cleaned_up = known.is_some_and(RecordedScenario::is_cleaned_up);
                    resumed.kept.extend(report.or_else(|| scenario.map(|s| never_reported(id, s, is_cleaned_up))));
                }
            }
        }
        let run = self.run.short();
        let changed =
            changed.into_iter().map(|file| format!("{file} has changed since run {run}: it is judged as it is now"));
        resumed.notes.extend(changed);
        plan.resumed = Some(resumed);
        (plan, missing)
    }
}

impl RecordedScenario {
    /// The mail that left last, when what became of it is not decided.
    fn open(&self) -> Option<RecordedMail> {
        let report = self.report.as_ref();
        let undecided = [Status::TimedOut, Status::Late, Status::Errored, Status::NotRun];
        if report.is_some_and(|r| !undecided.contains(&r.status)) {
            return None;
        }
        let reports = report.map(|r| r.attempts.as_slice()).unwrap_or_default();
        let of = |n: u32| reports.iter().find(|a| a.n == n);
        let (attempt, mail, tried) = self.attempts.iter().rev().find_map(|(n, tried)| {
            let left = match &tried.submitted {
                Some(told) => recorded_mail::submission(told).may_be_accepted(),
                None => !tried.has_ended && of(*n).is_none(),
            };
            if left { Some((*n, tried.mail.clone()?, tried)) } else { None }
        })?;
        // What was found and deleted cannot be found again.
        let is_gone = match of(attempt) {
            Some(told) => !told.observed.is_empty() && told.steps.iter().any(|s| s.kind == StepKind::Cleanup),
            None => tried.is_cleaned_up,
        };
        let earlier = reports.iter().filter(|a| a.n < attempt).cloned().collect();
        let max_attempts = report.map_or(attempt, |r| r.max_attempts);
        (!is_gone).then(|| RecordedMail { attempt, mail, submitted: tried.submitted.clone(), earlier, max_attempts })
    }

    /// Whether the run broke off after it had begun to delete what arrived.
    fn is_cleaned_up(&self) -> bool {
        self.attempts.values().any(|tried| tried.is_cleaned_up)
    }

    /// What was told of its mails.
    fn mails(&self, id: &ScenarioId) -> Vec<Event> {
        let mut events = Vec::new();
        for (attempt, RecordedAttempt { mail, submitted, .. }) in &self.attempts {
            let (scenario, attempt) = (id.clone(), *attempt);
            events.extend(mail.clone().map(|mail| Event::MailComposed { scenario, attempt, mail }));
            let scenario = id.clone();
            events.extend(submitted.clone().map(|submission| Event::MailSubmitted { scenario, attempt, submission }));
        }
        events
    }
}

/// The report of a scenario that the run selected and never came to tell of.
fn never_reported(id: &ScenarioId, scenario: &Scenario, is_cleaned_up: bool) -> ScenarioReport {
    let mut report = blank(&PlannedScenario::new(0, id.clone(), Arc::new(scenario.clone())));
    let cleaned_up = "the run broke off while it deleted what had arrived, which cannot be looked for again";
    report.reason = Some(if is_cleaned_up { cleaned_up } else { "the run broke off" }.to_owned());
    report
}

/// The scenario with the attempt's time written to every expectation that has none of its own: what was not there in time is
/// late when it is there now.
fn in_time(mut scenario: Scenario, open: &RecordedMail) -> Scenario {
    for expectation in &mut scenario.expect {
        let (within, at) = match &mut expectation.kind {
            ExpectationKind::Delivered(d) => (&mut d.within, &d.to.at),
            ExpectationKind::Bounced(b) => (&mut b.within, &b.to.at),
            _ => continue,
        };
        within.get_or_insert_with(|| Spanned::new(open.allowed(), at.clone()));
    }
    scenario
}
