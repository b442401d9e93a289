//! What many runs say of a scenario: how often it passed, how long its mail took.

use super::record_file::Record;
use crate::core::RunId;
use crate::outcome::{Event, ObservedKind, ScenarioReport, Status};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A scenario on a target over some runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct History {
    /// The scenario.
    pub(crate) id: String,
    /// The target.
    pub(crate) target: String,
    /// The run of the newest result.
    pub(crate) last_run: String,
    /// How many results there are; skipped and unfinished ones do not count.
    pub(crate) runs: usize,
    /// How many of them are as they should be: passes, and failures that are known.
    pub(crate) passed: usize,
    /// How many of these took more than one attempt.
    pub(crate) flaky: usize,
    /// Half of the deliveries took no longer, in milliseconds.
    pub(crate) p50_ms: Option<u64>,
    /// 95 of 100 deliveries took no longer, in milliseconds.
    pub(crate) p95_ms: Option<u64>,
    /// Every result, the oldest first.
    pub(crate) results: Vec<PastResult>,
}

/// One result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct PastResult {
    /// How it ended.
    pub(crate) status: Status,
    /// When the first copy was seen, from the end of the submission; null when none was.
    pub(crate) delivery_ms: Option<u64>,
}

/// What these runs, the oldest first, say of each scenario, by target and id. Rows of a matrix are scenarios of their own,
/// repetitions (`#2`) are not.
///
/// A run that a later one looked at again is left out: the later one tells all of it.
pub(crate) fn histories(records: impl IntoIterator<Item = Record>) -> Vec<History> {
    let records: Vec<Record> = records.into_iter().collect();
    let started = records.iter().filter_map(|record| match &record.events.first()?.event {
        Event::RunStarted { run, target, resumes, .. } => Some((record, run, target, resumes)),
        _ => None,
    });
    let told_again: BTreeSet<&RunId> = started.clone().filter_map(|(.., resumes)| resumes.as_ref()).collect();
    let mut all: BTreeMap<(String, String), (String, Vec<ScenarioReport>)> = BTreeMap::new();
    for (record, run, target, _) in started {
        if told_again.contains(run) {
            continue;
        }
        for report in Record::reports(&record.events) {
            if !matches!(report.status, Status::Skipped | Status::NotRun) {
                let (last, reports) = all.entry((target.clone(), report.id.once().to_string())).or_default();
                *last = run.to_string();
                reports.push(report.clone());
            }
        }
    }
    all.into_iter().map(|((target, id), (last_run, reports))| history(id, target, last_run, &reports)).collect()
}

fn history(id: String, target: String, last_run: String, reports: &[ScenarioReport]) -> History {
    let results: Vec<PastResult> =
        reports.iter().map(|report| PastResult { status: report.status, delivery_ms: delivery(report) }).collect();
    let mut times: Vec<u64> = results.iter().filter_map(|past| past.delivery_ms).collect();
    times.sort_unstable();
    History {
        id,
        target,
        last_run,
        runs: results.len(),
        passed: results.iter().filter(|past| !past.status.is_broken()).count(),
        flaky: reports.iter().filter(|report| report.flaky).count(),
        p50_ms: percentile(&times, 50),
        p95_ms: percentile(&times, 95),
        results,
    }
}

fn delivery(report: &ScenarioReport) -> Option<u64> {
    let seen = report.attempts.last()?.observed.iter();
    seen.filter(|o| o.kind == ObservedKind::Copy).map(|o| o.after_ms).min()
}

/// The smallest of some sorted numbers that so many of a hundred do not exceed (nearest rank).
fn percentile(sorted: &[u64], of_hundred: usize) -> Option<u64> {
    let rank = (sorted.len() * of_hundred).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

impl History {
    /// A character for each of the newest results: how long the delivery took beside the longest of them, `x` for one that
    /// broke, `-` where nothing was to be delivered.
    pub(crate) fn sparkline(&self, newest: usize) -> String {
        const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let shown = &self.results[self.results.len().saturating_sub(newest)..];
        let longest = shown.iter().filter_map(|past| past.delivery_ms).max().unwrap_or(0).max(1);
        let character = |past: &PastResult| match past.delivery_ms {
            _ if past.status.is_broken() => 'x',
            Some(ms) => {
                let height = ms.saturating_mul(BARS.len() as u64 - 1) / longest;
                usize::try_from(height).ok().and_then(|height| BARS.get(height)).copied().unwrap_or(BARS[0])
            }
            None => '-',
        };
        shown.iter().map(character).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_numbers_that_were_seen() {
        let hundred: Vec<u64> = (1..=100).collect();
        assert_eq!((percentile(&hundred, 50), percentile(&hundred, 95)), (Some(50), Some(95)));
        assert_eq!((percentile(&[7], 50), percentile(&[7], 95)), (Some(7), Some(7)));
        assert_eq!(percentile(&[1, 2, 3, 900], 95), Some(900));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn a_sparkline_shows_the_newest() {
        let past = |status, delivery_ms| PastResult { status, delivery_ms };
        let results = vec![
            past(Status::Passed, Some(99_999)),
            past(Status::Passed, Some(10)),
            past(Status::Failed, Some(400)),
            past(Status::Passed, Some(800)),
            past(Status::Passed, None),
            past(Status::TimedOut, None),
            past(Status::Passed, Some(400)),
        ];
        let history = History {
            id: "a".into(),
            target: "gmail".into(),
            last_run: "R".into(),
            runs: 7,
            passed: 5,
            flaky: 0,
            p50_ms: None,
            p95_ms: None,
            results,
        };
        assert_eq!(history.sparkline(6), "▁x█-x▄");
        assert_eq!(history.sparkline(100).chars().count(), 7);
    }
}
