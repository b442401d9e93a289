//! JUnit XML: one suite per target, one test case per scenario and matrix row. Every text is made [plain](plain()) first: the
//! writer of XML would drop escape sequences and control characters without a trace.

use super::{FailureSummary, RunSummary, plain};
use crate::outcome::{ScenarioReport, Status};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};
use std::{
    io::{self, Write},
    time::Duration,
};

/// Writes the XML for these events.
///
/// # Errors
/// When the writer of XML refuses, and when the reports of scenarios cannot be read again.
pub fn render(summary: &RunSummary, out: &mut dyn Write) -> io::Result<()> {
    let mut report = Report::new("sealcheck");
    report.set_time(Duration::from_millis(summary.duration_ms));
    let mut suite = TestSuite::new(plain(&summary.target));
    suite.set_time(Duration::from_millis(summary.duration_ms));
    suite.extra.insert("timestamp".into(), summary.started_at.as_str().into());
    if let Some(run) = &summary.run {
        suite.add_property(("run", plain(run.as_str()).as_str()));
    }
    for scenario in summary.reports() {
        suite.add_test_case(test_case(&summary.target, &scenario?));
    }
    for id in summary.unknown() {
        let mut status = TestCaseStatus::skipped();
        status.set_message("not run: the run broke off");
        let mut case = TestCase::new(plain(id.as_str()), status);
        case.set_classname(plain(&summary.target));
        suite.add_test_case(case);
    }
    report.add_test_suite(suite);
    report.serialize(out).map_err(io::Error::other)
}

fn test_case(target: &str, scenario: &ScenarioReport) -> TestCase {
    let mut case = TestCase::new(plain(scenario.id.as_str()), status(scenario));
    case.set_classname(plain(target));
    case.set_time(Duration::from_millis(scenario.duration_ms));
    if let Some(last) = scenario.attempts.last() {
        case.set_assertions(last.assertions.len());
        if !last.summary.is_empty() {
            case.set_system_out(plain(&last.summary));
        }
    }
    case.extra.insert("file".into(), plain(&scenario.file).into());
    let failed = scenario.attempts.last().and_then(|a| a.assertions.iter().find(|c| !c.passed));
    let line = failed.map_or(scenario.line, |check| check.line);
    case.extra.insert("line".into(), line.to_string().into());
    case
}

fn status(scenario: &ScenarioReport) -> TestCaseStatus {
    let kind = match scenario.status {
        Status::Passed => {
            let mut status = TestCaseStatus::success();
            status.add_reruns(earlier(scenario));
            return status;
        }
        Status::Skipped | Status::ExpectedFailure | Status::NotRun => {
            let reason = scenario.reason.as_deref();
            let mut status = TestCaseStatus::skipped();
            status.set_message(plain(&match scenario.status {
                Status::NotRun => format!("not run: {}", reason.unwrap_or("the run ended early")),
                Status::ExpectedFailure => format!("known issue: {}", reason.unwrap_or("no reason given")),
                _ => reason.unwrap_or_default().to_owned(),
            }));
            return status;
        }
        Status::Errored => NonSuccessKind::Error,
        Status::Failed | Status::TimedOut | Status::Late | Status::UnexpectedPass => NonSuccessKind::Failure,
    };
    let failure = FailureSummary::of(scenario);
    let mut status = TestCaseStatus::non_success(kind);
    status.set_description(failure.lines().join("\n"));
    status.set_type(failure.code).set_message(failure.title);
    status.add_reruns(earlier(scenario));
    status
}

/// The attempts before the last one.
fn earlier(scenario: &ScenarioReport) -> Vec<TestRerun> {
    let before = scenario.attempts.len().saturating_sub(1);
    scenario.attempts[..before]
        .iter()
        .map(|attempt| {
            let failure = FailureSummary::in_attempt(attempt);
            let mut rerun = TestRerun::new(match attempt.status {
                Status::Errored => NonSuccessKind::Error,
                _ => NonSuccessKind::Failure,
            });
            rerun.set_description(failure.lines().join("\n"));
            rerun.set_type(failure.code).set_message(failure.title);
            rerun.set_time(Duration::from_millis(attempt.duration_ms));
            rerun
        })
        .collect()
}
