//! Many shards as one run.

use super::{record_file::Record, run_summary::milliseconds};
use crate::{
    core::{RunId, ScenarioId},
    outcome::{
        Connections, Event, ExitCode, Redactions, RunEvent, RunInfo, ScenarioReport, ShardInfo, Totals, event::VERSION,
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// The run that shards come to.
#[derive(Debug, Clone)]
pub struct Merged {
    /// Its events: those that one run of the whole selection would have told. None when there is no shard at all.
    pub events: Vec<RunEvent>,
    /// What is wrong with the shards: missing, duplicated, foreign, broken off.
    pub problems: Vec<String>,
    /// The heaviest of what the shards ended with and [`ExitCode::Shard`] when anything is wrong with them.
    pub exit: ExitCode,
}

/// Puts the recorded shards of one selection together. `run` names the result.
pub fn merge(records: Vec<Record>, expected: usize, run: RunId) -> Merged {
    let mut shards: BTreeMap<usize, Shard> = BTreeMap::new();
    let mut problems = Vec::new();
    let mut first: Option<usize> = None;
    for record in records {
        let reference = first.and_then(|first| shards.get(&first));
        match Shard::of(record, expected).and_then(|shard| shard.beside(reference)) {
            Err(problem) => problems.push(problem),
            Ok(shard) => match shards.get(&shard.index) {
                Some(other) => problems.push(format!(
                    "shard {}/{expected} is there twice: {} and {}; the first one counts",
                    shard.index, other.name, shard.name
                )),
                None => {
                    first.get_or_insert(shard.index);
                    shards.insert(shard.index, shard);
                }
            },
        }
    }
    problems
        .extend((1..=expected).filter(|n| !shards.contains_key(n)).map(|n| format!("shard {n}/{expected} is missing")));
    for shard in shards.values().filter(|s| s.end.is_none()) {
        let (ended, of) = (shard.reports().count(), shard.scenarios.len());
        let (name, index) = (&shard.name, shard.index);
        problems.push(format!("shard {index}/{expected} broke off after {ended} of {of} scenarios: {name}"));
    }
    if problems.is_empty() {
        problems.extend(dealt_wrongly(&shards));
    }
    let of_problems = if problems.is_empty() { ExitCode::Success } else { ExitCode::Shard };
    let is_all_skipped = Totals::of(shards.values().flat_map(Shard::reports)).is_all_skipped();
    let nothing_run = if is_all_skipped { ExitCode::NothingSelected } else { ExitCode::Success };
    let exit = shards.values().map(Shard::exit).fold(of_problems.max(nothing_run), ExitCode::max);
    Merged { events: events(shards.into_values().collect(), run, exit, &problems), problems, exit }
}

/// A scenario that not exactly one of all shards tells of: they were dealt out in different ways.
fn dealt_wrongly(shards: &BTreeMap<usize, Shard>) -> Option<String> {
    let selected = shards.values().flat_map(|shard| &shard.selection);
    let mut told: BTreeMap<&ScenarioId, usize> = selected.map(|id| (id, 0)).collect();
    for shard in shards.values() {
        shard.reports().for_each(|report| *told.entry(&report.id).or_default() += 1);
    }
    let (id, times) = told.into_iter().find(|(_, times)| *times != 1)?;
    Some(format!("{times} shards tell of {id}, where one should: they were not divided in the same way"))
}

/// One recorded shard.
struct Shard {
    name: String,
    /// From 1.
    index: usize,
    target: String,
    tool: String,
    jobs: usize,
    info: RunInfo,
    scenarios: Vec<ScenarioId>,
    selection: Vec<ScenarioId>,
    started_at: String,
    /// What happened between beginning and end.
    events: Vec<RunEvent>,
    finished_at: String,
    end: Option<End>,
}

/// How a shard ended.
struct End {
    exit: ExitCode,
    complete: bool,
    stopped: Option<String>,
    obsolete_snapshots: Vec<String>,
    redactions: Redactions,
    imap: Connections,
}

impl Shard {
    /// Reads a record as a shard; a run that was not divided is the only shard of one.
    fn of(record: Record, expected: usize) -> Result<Self, String> {
        let Record { name, events } = record;
        let finished_at = events.last().map(|last| last.t.clone()).unwrap_or_default();
        let mut events = events.into_iter();
        let started = events.next().map(|first| (first.t, first.event));
        let Some((started_at, Event::RunStarted { target, jobs, tool, info, scenarios, selection, .. })) = started
        else {
            return Err(format!("{name} tells of no run"));
        };
        let mut events: Vec<RunEvent> = events.collect();
        let end = match events.last().map(|last| last.event.clone()) {
            Some(Event::RunFinished { complete, exit_code, stopped, obsolete_snapshots, redactions, imap, .. }) => {
                events.pop();
                Some(End { exit: exit_code, complete, stopped, obsolete_snapshots, redactions, imap })
            }
            _ => None,
        };
        let ShardInfo { index, total } = info.shard.unwrap_or(ShardInfo { index: 1, total: 1 });
        if total != expected {
            return Err(match info.shard {
                Some(_) => format!("{name} is shard {index}/{total}, not one of {expected}"),
                None => format!("{name} is no shard: it was run without --shard"),
            });
        }
        if !(1..=total).contains(&index) {
            return Err(format!("{name} calls itself shard {index}/{total}"));
        }
        Ok(Self { name, index, target, tool, jobs, info, scenarios, selection, started_at, events, finished_at, end })
    }

    /// The shard, when it is one of the same run as another.
    fn beside(self, other: Option<&Self>) -> Result<Self, String> {
        let Some(other) = other else { return Ok(self) };
        for ((what, mine), (_, theirs)) in self.circumstances().into_iter().zip(other.circumstances()) {
            if mine != theirs {
                return Err(format!(
                    "{} is a shard of another run: its {what} is {mine}, that of {} is {theirs}",
                    self.name, other.name
                ));
            }
        }
        if self.selection != other.selection {
            let (mine, theirs): (BTreeSet<_>, BTreeSet<_>) =
                (self.selection.iter().collect(), other.selection.iter().collect());
            let differs = match mine.symmetric_difference(&theirs).next() {
                Some(id) if mine.contains(id) => format!("{} has not selected {id}", other.name),
                Some(id) => format!("it has not selected {id}"),
                None => "they are in another order".to_owned(),
            };
            return Err(format!("{} is a shard of other scenarios than {}: {differs}", self.name, other.name));
        }
        Ok(self)
    }

    /// What every shard of a run has in common.
    fn circumstances(&self) -> [(&'static str, &str); 4] {
        let commit = self.info.git.as_ref().map(|git| git.commit.as_str());
        [
            ("target", &self.target),
            ("version", &self.tool),
            ("profile", self.info.profile.as_deref().unwrap_or("none")),
            ("commit", commit.unwrap_or("none")),
        ]
    }

    /// What happened between beginning and end, where no time lies before that of the event before it: a clock may be set
    /// back in the middle of a run.
    fn in_time(mut self) -> Vec<RunEvent> {
        let mut latest = self.started_at;
        for event in &mut self.events {
            latest = latest.max(event.t.clone());
            event.t.clone_from(&latest);
        }
        self.events
    }

    /// What it ended with; of a shard that broke off, what it would have for what is known.
    fn exit(&self) -> ExitCode {
        let totals = Totals::of(self.reports());
        match &self.end {
            Some(end) => end.exit,
            None if totals.broken() > 0 => ExitCode::Failed,
            None if totals.errored > 0 => ExitCode::Inconclusive,
            None => ExitCode::Success,
        }
    }

    fn reports(&self) -> impl Iterator<Item = &ScenarioReport> {
        Record::reports(&self.events).into_iter()
    }
}

/// The events of one run of the whole selection, ordered by time.
fn events(shards: Vec<Shard>, run: RunId, exit: ExitCode, problems: &[String]) -> Vec<RunEvent> {
    let Some(first) = shards.first() else { return Vec::new() };
    let started_at = shards.iter().map(|s| s.started_at.clone()).min().unwrap_or_default();
    let finished_at = shards.iter().map(|s| s.finished_at.clone()).max().unwrap_or_default();
    let selected = first.selection.len();
    let host = first.info.host.clone().filter(|host| shards.iter().all(|s| s.info.host.as_ref() == Some(host)));
    let started = Event::RunStarted {
        run: run.clone(),
        target: first.target.clone(),
        selected,
        jobs: shards.iter().map(|s| s.jobs).sum(),
        tool: first.tool.clone(),
        info: RunInfo { shard: None, host, ..first.info.clone() },
        scenarios: first.selection.clone(),
        selection: first.selection.clone(),
        resumes: None,
    };
    let mut totals = Totals::default();
    let (mut redactions, mut imap) = (Redactions::default(), Connections::default());
    let (mut stopped, mut obsolete) = (BTreeSet::new(), BTreeSet::new());
    let mut complete = problems.is_empty();
    for shard in &shards {
        totals.add(Totals::of(shard.reports()));
        let Some(end) = &shard.end else { continue };
        complete &= end.complete;
        stopped.extend(end.stopped.clone());
        obsolete.extend(end.obsolete_snapshots.clone());
        // Every shard may know the same ones.
        redactions.secrets = redactions.secrets.max(end.redactions.secrets);
        redactions.replaced += end.redactions.replaced;
        redactions.leaks_found += end.redactions.leaks_found;
        imap.opened += end.imap.opened;
        imap.reopened += end.imap.reopened;
    }
    stopped.extend(problems.iter().cloned());
    totals.not_run += selected.saturating_sub(totals.selected);
    totals.selected = selected;
    let finished = Event::RunFinished {
        run,
        complete,
        exit_code: exit,
        totals,
        duration_ms: milliseconds(&started_at, &finished_at),
        stopped: (!stopped.is_empty()).then(|| stopped.into_iter().collect::<Vec<_>>().join("; ")),
        obsolete_snapshots: obsolete.into_iter().collect(),
        redactions,
        imap,
    };
    let mut notes = BTreeSet::new();
    let mut between: Vec<RunEvent> = shards.into_iter().flat_map(Shard::in_time).collect();
    between.retain(|e| match &e.event {
        Event::Note { text } => notes.insert(text.clone()),
        _ => true,
    });
    // Stable: what happened at the same time stays in the order of its shard.
    between.sort_by(|a, b| a.t.cmp(&b.t));
    let told = between.into_iter().map(|e| (e.t, e.event));
    let all = [(started_at, started)].into_iter().chain(told).chain([(finished_at, finished)]);
    all.zip(0..).map(|((t, event), seq)| RunEvent { v: VERSION, t, seq, event }).collect()
}
