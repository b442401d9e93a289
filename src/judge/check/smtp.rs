//! `smtp:`: the reply that decided over the submission.

use super::{
    comparison::Comparison,
    context::{Context, Results},
    text::{self, Actual},
};
use crate::{
    core::Position,
    evidence::{StageReply, Submission},
    judge::refusal,
    outcome::CheckPart,
    scenario::{
        Scenario, Vars,
        model::{ExpectationKind, SmtpExpectation, SmtpStage},
    },
    target::Target,
};

const NO_REPLY: &str = "no reply";

pub(super) fn check(wanted: &SmtpExpectation, context: Context<'_>, results: &mut Results) {
    for (name, at, comparison) in comparisons(wanted, context.vars, &context.evidence.submission) {
        results.add(CheckPart::Smtp(name.to_owned()), at, comparison);
    }
}

/// Whether the scenario asks for the refusal that the first server gave.
pub fn asks_for_refusal(scenario: &Scenario, target: &Target, vars: &Vars, submission: &Submission) -> bool {
    let is_refused = submission.deciding().is_some_and(|r| !r.reply.is_positive());
    let holds = |wanted| comparisons(wanted, vars, submission).iter().all(|(.., comparison)| comparison.passed);
    is_refused
        && scenario.expected_on(target.kind).any(|e| match &e.kind {
            ExpectationKind::Smtp(wanted) => holds(wanted),
            _ => false,
        })
}

/// Whether a server is expected to refuse. Without a code or a stage that says so, to take the mail.
fn is_refusal(wanted: &SmtpExpectation) -> bool {
    match (&wanted.code, &wanted.stage) {
        (Some(code), _) => code.value >= 400,
        (None, Some(stage)) => stage.value != SmtpStage::Message,
        (None, None) => false,
    }
}

/// Each part, with its place.
fn comparisons<'w>(
    wanted: &'w SmtpExpectation,
    vars: &Vars,
    submission: &Submission,
) -> Vec<(&'static str, &'w Position, Comparison)> {
    // The reply before is none to the message.
    let reply = if submission.unanswered.is_none() { submission.deciding() } else { None };
    // Another refusal than the one that is asked for is an answer, unless the server only had no time.
    let is_answer = |r: &StageReply| is_refusal(wanted) && !refusal::is_limit(&r.reply);
    let untold = submission.unanswered.is_some() || submission.kept_back().is_some_and(|r| !is_answer(r));
    let mut parts = Vec::new();
    let mut part = |name, at, comparison: Comparison| parts.push((name, at, comparison.inconclusive_if(untold)));
    if let Some(code) = &wanted.code {
        let passed = reply.is_some_and(|r| r.reply.code == code.value);
        let actual = match reply {
            Some(r) if passed => r.reply.code.to_string(),
            other => describe(other),
        };
        part("code", &code.at, Comparison::new(passed, code.value.to_string(), actual));
    }
    if let Some(status) = &wanted.status {
        let texts: Vec<&str> = reply.and_then(|r| r.reply.enhanced_status.as_deref()).into_iter().collect();
        let nothing = reply.map_or_else(|| NO_REPLY.to_owned(), |r| format!("no enhanced status in {}", r.reply));
        part("status", &status.at, text::test(&status.value, vars, Actual::exactly(&texts, &nothing)));
    }
    if let Some(test) = &wanted.text {
        let texts: Vec<&str> = reply.map(|r| r.reply.text.as_str()).into_iter().collect();
        part("text", &test.at, text::test(&test.value, vars, Actual::exactly(&texts, NO_REPLY)));
    }
    if let Some(stage) = &wanted.stage {
        let actual = reply.map_or_else(|| NO_REPLY.to_owned(), |r| r.stage.to_string());
        let wanted = stage.value.as_str();
        part("stage", &stage.at, Comparison::new(actual.eq_ignore_ascii_case(wanted), wanted, actual));
    }
    parts
}

/// `550 5.1.1 no such user (at rcpt)`.
fn describe(reply: Option<&StageReply>) -> String {
    reply.map_or_else(|| NO_REPLY.to_owned(), |r| format!("{} (at {})", r.reply, r.stage))
}
