//! OpenMetrics 1.0 text, which Prometheus and its node exporter's textfile collector read as well.

use super::{RunSummary, plain};
use crate::{
    core::ScenarioId,
    outcome::{Observed, ObservedKind, ScenarioReport, Status},
};
use std::{
    collections::BTreeMap,
    io::{self, Write},
};

/// Every status, with its word.
const STATUSES: [(Status, &str); 9] = [
    (Status::Passed, "passed"),
    (Status::Failed, "failed"),
    (Status::TimedOut, "timed_out"),
    (Status::Late, "late"),
    (Status::Errored, "errored"),
    (Status::Skipped, "skipped"),
    (Status::ExpectedFailure, "expected_failure"),
    (Status::UnexpectedPass, "unexpected_pass"),
    (Status::NotRun, "not_run"),
];

/// What a scenario has series of.
struct Series {
    id: ScenarioId,
    status: Status,
    attempts: usize,
    duration_ms: u64,
    deliveries: BTreeMap<(String, String), u64>,
}

/// Writes the text for these events. Scenarios that were not run have a status and nothing else.
///
/// # Errors
/// Those of the writer, and when the reports of scenarios cannot be read again.
pub fn render(summary: &RunSummary, out: &mut dyn Write) -> io::Result<()> {
    let mut page = MetricsPage { out, target: &summary.target };
    let all = summary.reports().map(|report| report.map(Series::of)).collect::<io::Result<Vec<_>>>()?;
    let ran: Vec<&Series> = all.iter().filter(|s| s.attempts > 0).collect();
    page.family("scenario_success", "Whether the last run of the scenario passed.")?;
    for scenario in &ran {
        page.of(scenario, "scenario_success", u8::from(scenario.status == Status::Passed))?;
    }
    page.family("scenario_status", "Last status of the scenario, one series per status.")?;
    for scenario in &all {
        for (status, word) in STATUSES {
            let labels = [("scenario", scenario.id.as_str()), ("status", word)];
            page.sample("scenario_status", &labels, u8::from(scenario.status == status))?;
        }
    }
    page.family("scenario_attempts", "Attempts of the last run of the scenario.")?;
    for scenario in &ran {
        page.of(scenario, "scenario_attempts", scenario.attempts)?;
    }
    page.family("scenario_duration_seconds", "Time of all attempts and pauses.")?;
    for scenario in &ran {
        page.of(scenario, "scenario_duration_seconds", seconds(scenario.duration_ms))?;
    }
    page.family("delivery_seconds", "Time from SMTP acceptance to first sight in the mailbox.")?;
    for scenario in &ran {
        for ((account, folder), ms) in &scenario.deliveries {
            let labels = [("scenario", scenario.id.as_str()), ("account", account), ("folder", folder)];
            page.sample("delivery_seconds", &labels, seconds(*ms))?;
        }
    }
    let finished = summary.finished_at.parse::<jiff::Timestamp>().map_or(0, |t| t.as_millisecond());
    page.family("last_run_timestamp_seconds", "End of the last run.")?;
    page.sample("last_run_timestamp_seconds", &[], seconds(u64::try_from(finished).unwrap_or(0)))?;
    page.family("last_run_duration_seconds", "Time of the last run.")?;
    page.sample("last_run_duration_seconds", &[], seconds(summary.duration_ms))?;
    page.family("last_run_complete", "Whether every selected scenario was run to its end.")?;
    page.sample("last_run_complete", &[], u8::from(summary.complete))?;
    if let Some(code) = summary.exit_code {
        page.family("last_run_exit_code", "What the last run ended with.")?;
        page.sample("last_run_exit_code", &[], code)?;
    }
    page.out.write_all(b"# EOF\n")
}

struct MetricsPage<'a> {
    out: &'a mut dyn Write,
    target: &'a str,
}

impl MetricsPage<'_> {
    fn family(&mut self, name: &str, help: &str) -> io::Result<()> {
        write!(self.out, "# HELP sealcheck_{name} {help}\n# TYPE sealcheck_{name} gauge\n")
    }

    fn of(&mut self, scenario: &Series, name: &str, value: impl std::fmt::Display) -> io::Result<()> {
        self.sample(name, &[("scenario", scenario.id.as_str())], value)
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) -> io::Result<()> {
        let target = ("target", self.target);
        let labels = labels.iter().chain([&target]);
        let labels: Vec<String> = labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        writeln!(self.out, "sealcheck_{name}{{{}}} {value}", labels.join(","))
    }
}

impl Series {
    fn of(report: ScenarioReport) -> Self {
        let deliveries = deliveries(&report);
        let ScenarioReport { id, status, attempts, duration_ms, .. } = report;
        Self { id, status, attempts: attempts.len(), duration_ms, deliveries }
    }
}

/// The first copy in each mailbox and folder: two series may not have the same labels.
fn deliveries(scenario: &ScenarioReport) -> BTreeMap<(String, String), u64> {
    let mut first = BTreeMap::new();
    let seen = scenario.attempts.last().into_iter().flat_map(|a| &a.observed);
    for Observed { account, folder, after_ms, .. } in seen.filter(|o| o.kind == ObservedKind::Copy) {
        first.entry((account.clone(), folder.to_string())).or_insert(*after_ms);
    }
    first
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

fn escaped(text: &str) -> String {
    plain(text).replace('\\', "\\\\").replace('"', "\\\"")
}
