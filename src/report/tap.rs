//! The Test Anything Protocol, version 14: a test point for each scenario.

use super::{FailureSummary, RunSummary, plain};
use crate::outcome::{ScenarioReport, Status};
use std::io::{self, Write};

/// Writes the text for these events.
///
/// # Errors
/// Those of the writer, and when the reports of scenarios cannot be read again.
pub fn render(summary: &RunSummary, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "TAP version 14\n1..{}\n", summary.totals.selected.max(summary.scenarios.len()))?;
    for (n, scenario) in (1..).zip(summary.reports()) {
        out.write_all(point(n, &scenario?).as_bytes())?;
    }
    for (n, id) in (summary.scenarios.len() + 1..).zip(summary.unknown()) {
        writeln!(out, "ok {n} - {} # SKIP not run: the run broke off", escaped(id.as_str()))?;
    }
    if summary.exit_code.is_none() {
        out.write_all(b"Bail out! the run broke off\n")?;
    }
    Ok(())
}

fn point(n: usize, scenario: &ScenarioReport) -> String {
    let reason = |default: &str| escaped(scenario.reason.as_deref().unwrap_or(default));
    let (ok, directive) = match scenario.status {
        Status::Passed => ("ok", String::new()),
        Status::Skipped => ("ok", format!(" # SKIP {}", reason("no reason given"))),
        Status::NotRun => ("ok", format!(" # SKIP not run: {}", reason("the run ended early"))),
        Status::ExpectedFailure => ("not ok", format!(" # TODO {}", reason("known issue"))),
        Status::Failed | Status::TimedOut | Status::Late | Status::Errored | Status::UnexpectedPass => {
            ("not ok", String::new())
        }
    };
    let mut text = format!("{ok} {n} - {}{directive}\n", escaped(scenario.id.as_str()));
    if scenario.status.is_broken() {
        let failure = FailureSummary::of(scenario);
        text.push_str(&format!(
            "  ---\n  status: {}\n  code: {}\n  message: {}\n  at: {}\n  duration_ms: {}\n",
            scenario.status.word(),
            quoted(&failure.code),
            quoted(&failure.title),
            quoted(&format!("{}:{}", scenario.file, scenario.line)),
            scenario.duration_ms
        ));
        let lines = failure.lines();
        if !lines.is_empty() {
            text.push_str("  details:\n");
            text.extend(lines.iter().map(|line| format!("    - {}\n", quoted(line))));
        }
        text.push_str("  ...\n");
    }
    text
}

/// A text as YAML: a JSON string is one.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A text on a test line, where `#` begins a directive.
fn escaped(text: &str) -> String {
    plain(text).replace('\\', "\\\\").replace('#', "\\#")
}
