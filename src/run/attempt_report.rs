//! The report of an attempt, made of as much as its steps came to.

use super::{
    artifacts::File,
    evidence_builder,
    resume::look_again,
    step_log::millis,
    steps::{AttemptContext, Collected, Composed, Judged},
};
use crate::{
    core::Token,
    evidence::{Evidence, Stage, Submission},
    judge,
    outcome::{AttemptReport, CheckResult, Checks, HarnessError, HarnessErrorKind, Status},
    probe::submit::Unsubmitted,
};
use std::collections::BTreeMap;

/// An attempt and all that it saw.
pub(super) struct Attempted {
    pub(super) report: AttemptReport,
    pub(super) evidence: Option<Evidence>,
    pub(super) files: Vec<File>,
}

/// An attempt that broke off before there was anything to judge.
pub(super) fn broken(
    cx: &AttemptContext<'_>,
    composed: Option<&Composed>,
    submission: Option<&Submission>,
    Unsubmitted { error, transcript }: Unsubmitted,
) -> Attempted {
    let diagnosis = judge::diagnose::of_error(&error).into_iter().collect();
    let (queue_ids, timings_ms) =
        submission.zip(composed).map(|(s, c)| of_submission(s, &c.route.server)).unwrap_or_default();
    let report = AttemptReport {
        status: Status::Errored,
        queue_ids,
        timings_ms,
        diagnosis,
        summary: errored(&error),
        error: Some(error),
        ..blank(cx, composed)
    };
    Attempted { report, evidence: None, files: files(cx, composed, None, transcript) }
}

/// An attempt that was judged.
pub(super) fn judged(cx: &AttemptContext<'_>, composed: &Composed, collected: Collected, judged: Judged) -> Attempted {
    let (Collected { evidence, unverified, .. }, Judged { checks, diagnosis, error }) = (collected, judged);
    let target = &cx.world.target;
    let (queue_ids, mut timings_ms) = of_submission(&evidence.submission, &composed.route.server);
    let arrivals = evidence.copies.iter().map(|c| c.after).chain(evidence.bounces.iter().map(|b| b.after));
    timings_ms.extend(arrivals.min().map(|first| ("first_seen".to_owned(), millis(first))));
    let status = status(checks.as_ref(), error.is_some(), unverified.is_some());
    let undecided = if status == Status::Errored { unverified.or_else(|| unread(&evidence)) } else { None };
    let error = error.or(undecided);
    let error = error.or_else(|| checks.is_none().then(nothing_asserted));
    let (checks, mut notes) = checks.map(Checks::into_parts).unwrap_or_default();
    notes.extend(judge::notes(&evidence));
    let status = match status {
        Status::TimedOut if cx.item.recorded.is_some() && look_again::is_late(&checks) => Status::Late,
        status => status,
    };
    let report = AttemptReport {
        status,
        queue_ids,
        timings_ms,
        checked: judge::checked(&evidence, &checks, target),
        summary: match &error {
            Some(error) => errored(error),
            None if cx.item.recorded.is_some() => look_again::summary(status, &evidence, target),
            None => judge::summary(&evidence, target),
        },
        observed: judge::observed(&evidence, target),
        diagnosis,
        notes,
        assertions: checks,
        error,
        ..blank(cx, Some(composed))
    };
    let files = files(cx, Some(composed), Some(&evidence), evidence_builder::smtp_log(&evidence));
    Attempted { report, evidence: Some(evidence), files }
}

fn blank(cx: &AttemptContext<'_>, composed: Option<&Composed>) -> AttemptReport {
    AttemptReport {
        message_id: composed.map(|c| c.sent.message_id.clone()).unwrap_or_default(),
        steps: cx.log.steps(),
        duration_ms: cx.log.elapsed_ms(),
        ..nothing_sent(cx.token.clone(), cx.number, Status::Errored)
    }
}

/// The report of an attempt for which nothing was done.
pub(super) fn nothing_sent(token: Token, n: u32, status: Status) -> AttemptReport {
    AttemptReport {
        n,
        status,
        token,
        message_id: String::new(),
        queue_ids: BTreeMap::new(),
        timings_ms: BTreeMap::new(),
        steps: Vec::new(),
        assertions: Vec::new(),
        checked: Vec::new(),
        notes: Vec::new(),
        diagnosis: Vec::new(),
        summary: String::new(),
        error: None,
        observed: Vec::new(),
        artifacts: Vec::new(),
        duration_ms: 0,
    }
}

/// One line about an attempt that ended with an error.
pub(super) fn errored(error: &HarnessError) -> String {
    format!("{} {}: {}", error.kind, error.stage, error.message)
}

fn of_submission(submission: &Submission, server: &str) -> (BTreeMap<String, String>, BTreeMap<String, u64>) {
    let queue_ids = submission.queue_id.iter().map(|id| (server.to_owned(), id.clone())).collect();
    let first =
        submission.replies.iter().find(|r| r.stage == Stage::Connect).map(|r| ("connect".to_owned(), millis(r.at)));
    let last = submission.replies.last().map(|r| ("smtp".to_owned(), millis(r.at)));
    (queue_ids, first.into_iter().chain(last).collect())
}

/// Why a log that was asked for a line could not be read.
fn unread(evidence: &Evidence) -> Option<HarnessError> {
    let unread = evidence.unread_logs.first()?;
    let stage = format!("read the log of {}", unread.account);
    Some(HarnessError::new(HarnessErrorKind::File, stage, unread.problem.clone(), unread.next.clone()))
}

/// What the plan leaves out.
fn nothing_asserted() -> HarnessError {
    HarnessError::new(HarnessErrorKind::File, "assert", "no expectation applies to the target", "correct the scenario")
}

/// A failure counts before an error, a wrong answer before a missing one. Only what was asserted can pass. `is_unseen`:
/// something could not be seen, so that nobody knows what is missing; `is_unverified`: something that was seen could not be
/// verified.
fn status(checks: Option<&Checks>, is_unseen: bool, is_unverified: bool) -> Status {
    let Some(checks) = checks else { return Status::Errored };
    let is_open = is_unseen || is_unverified || checks.iter().any(|c| !c.passed && c.inconclusive);
    let failed: Vec<&CheckResult> = checks.iter().filter(|c| !c.passed && !c.inconclusive).collect();
    match failed.as_slice() {
        [] if is_open => Status::Errored,
        [] => Status::Passed,
        failed if failed.iter().any(|c| !c.timed_out) => Status::Failed,
        _ if is_unseen => Status::Errored,
        _ => Status::TimedOut,
    }
}

fn files(
    cx: &AttemptContext<'_>,
    composed: Option<&Composed>,
    evidence: Option<&Evidence>,
    smtp_log: String,
) -> Vec<File> {
    let mut files: Vec<File> = composed.iter().map(|c| File::mail("sent.eml".into(), c.sent.raw())).collect();
    if let Some(evidence) = evidence {
        let numbered = |name: &str, n: usize| match n {
            0 => format!("{name}.eml"),
            n => format!("{name}-{}.eml", n + 1),
        };
        let copies = evidence.copies.iter().enumerate();
        files.extend(copies.map(|(n, c)| File::mail(numbered("received", n), c.arrival.raw())));
        let bounces = evidence.bounces.iter().enumerate();
        files.extend(bounces.map(|(n, b)| File::mail(numbered("bounce", n), b.arrival.raw())));
        files.extend(evidence_builder::logs(evidence).into_iter().map(|(name, text)| File::text(name, text)));
    }
    if !smtp_log.is_empty() {
        files.push(File::text("smtp.log", smtp_log));
    }
    let imap: Vec<String> = composed
        .iter()
        .flat_map(|c| &c.watched)
        .map(|a| cx.world.mailboxes.transcript(a))
        .filter(|t| !t.is_empty())
        .collect();
    if !imap.is_empty() {
        files.push(File::text("imap.log", imap.concat()));
    }
    if let Some(zone) = evidence.and_then(evidence_builder::zone) {
        files.push(File::text("dns.zone", zone));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, passed: bool, timed_out: bool, inconclusive: bool) -> CheckResult {
        CheckResult {
            path: format!("expect[0].{path}").as_str().into(),
            passed,
            expected: "pass".into(),
            actual: "something else".into(),
            file: "a.yaml".into(),
            line: 1,
            column: 1,
            len: 0,
            timed_out,
            inconclusive,
            code: None,
        }
    }

    #[test]
    fn a_failure_hides_behind_nothing() {
        let good = || check("delivered", true, false, false);
        let wrong = || check("delivered.auth.arc", false, false, false);
        let late = || check("delivered", false, true, false);
        let unanswered = || check("delivered.arc.verify", false, false, true);
        for (checks, is_unseen, wanted) in [
            (vec![good()], false, Status::Passed),
            (vec![good()], true, Status::Errored),
            (vec![good(), wrong()], false, Status::Failed),
            (vec![good(), wrong()], true, Status::Failed),
            (vec![late()], false, Status::TimedOut),
            (vec![late()], true, Status::Errored),
            (vec![late(), wrong()], true, Status::Failed),
            (vec![unanswered()], false, Status::Errored),
            (vec![unanswered(), wrong()], false, Status::Failed),
            (vec![unanswered(), late()], false, Status::TimedOut),
        ] {
            let checks = Checks::new(checks, Vec::new());
            assert_eq!(status(checks.as_ref(), is_unseen, false), wanted, "{checks:?} {is_unseen}");
        }
        // What could not be verified says nothing of what did not come, and nothing is a pass beside it.
        for (checks, wanted) in [
            (vec![good()], Status::Errored),
            (vec![unanswered()], Status::Errored),
            (vec![good(), late()], Status::TimedOut),
            (vec![good(), wrong()], Status::Failed),
        ] {
            let checks = Checks::new(checks, Vec::new());
            assert_eq!(status(checks.as_ref(), false, true), wanted, "{checks:?}");
        }
    }

    #[test]
    fn what_asserts_nothing_does_not_pass() {
        assert_eq!(Checks::new(Vec::new(), Vec::new()), None);
        assert_eq!(status(None, false, false), Status::Errored);
    }
}
