//! `smtp:`: the reply that decided over the submission.

use super::{
    comparison::Comparison,
    context::{Context, Part, Results},
    text::Actual,
};
use crate::{
    core::Span,
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
    for Part { part, at, comparison } in parts(wanted, context.vars, &context.evidence.submission) {
        results.add(part, at, comparison);
    }
}

/// Whether the scenario asks for the refusal that the first server gave.
pub(crate) fn asks_for_refusal(scenario: &Scenario, target: &Target, vars: &Vars, submission: &Submission) -> bool {
    let is_refused = submission.deciding().is_some_and(|r| !r.reply.is_positive());
    is_refused
        && scenario.expected_on(target.kind).any(|e| match &e.kind {
            ExpectationKind::Smtp(wanted) => parts(wanted, vars, submission).iter().all(|part| part.comparison.passed),
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

/// Whether it is not known what the server says of the mail. Another refusal than the one that is asked for is an answer,
/// unless the server only had no time.
fn is_untold(wanted: &SmtpExpectation, submission: &Submission) -> bool {
    let kept_back = submission.kept_back();
    submission.unanswered.is_some() || kept_back.is_some_and(|r| !is_refusal(wanted) || refusal::is_limit(&r.reply))
}

fn parts<'w>(wanted: &'w SmtpExpectation, vars: &Vars, submission: &Submission) -> Vec<Part<'w>> {
    // The reply before is none to the message.
    let reply = if submission.unanswered.is_none() { submission.deciding() } else { None };
    let mut parts = Vec::new();
    if let Some(code) = &wanted.code {
        let passed = reply.is_some_and(|r| r.reply.code == code.value);
        let actual = match reply {
            Some(r) if passed => r.reply.code.to_string(),
            other => describe(other),
        };
        parts.push(part("code", &code.at, Comparison::new(passed, code.value.to_string(), actual)));
    }
    if let Some(test) = &wanted.status {
        let nothing = reply.map_or_else(|| NO_REPLY.to_owned(), |r| format!("no enhanced status in {}", r.reply));
        let actual = Actual::exactly(reply.and_then(|r| r.reply.enhanced_status.as_deref()), &nothing);
        parts.push(part("status", &test.at, actual.compare(&test.value, vars)));
    }
    if let Some(test) = &wanted.text {
        let actual = Actual::exactly(reply.map(|r| r.reply.text.as_str()), NO_REPLY);
        parts.push(part("text", &test.at, actual.compare(&test.value, vars)));
    }
    if let Some(stage) = &wanted.stage {
        let actual = reply.map_or_else(|| NO_REPLY.to_owned(), |r| r.stage.to_string());
        let wanted = stage.value.as_str();
        parts.push(part("stage", &stage.at, Comparison::new(actual.eq_ignore_ascii_case(wanted), wanted, actual)));
    }
    let untold = is_untold(wanted, submission);
    parts.into_iter().map(|p| Part { comparison: p.comparison.inconclusive_if(untold), ..p }).collect()
}

fn part<'w>(name: &str, at: &'w Span, comparison: Comparison) -> Part<'w> {
    Part { part: CheckPart::Smtp(name.to_owned()), at, comparison }
}

/// `550 5.1.1 no such user (at rcpt)`.
fn describe(reply: Option<&StageReply>) -> String {
    reply.map_or_else(|| NO_REPLY.to_owned(), |r| format!("{} (at {})", r.reply, r.stage))
}
