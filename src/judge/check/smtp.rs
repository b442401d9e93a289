//! `smtp:`: the reply that decided over the submission.

use super::{
    part::{Finding, Results},
    scenario::Context,
    text::{self, Seen},
};
use crate::{evidence::StageReply, scenario::model::SmtpExpectation};

const NO_REPLY: &str = "no reply";

pub(super) fn check(wanted: &SmtpExpectation, context: Context<'_>, results: &mut Results) {
    let submission = &context.evidence.submission;
    // The reply before is none to the message.
    let reply = submission.deciding().filter(|_| submission.unanswered.is_none());
    let untold = submission.unanswered.is_some() || submission.is_put_off();
    if let Some(code) = &wanted.code {
        let passed = reply.is_some_and(|r| r.reply.code == code.value);
        let actual = match reply {
            Some(r) if passed => r.reply.code.to_string(),
            other => describe(other),
        };
        let finding = Finding::new(passed, code.value.to_string(), actual);
        results.add("smtp.code", &code.at, finding.inconclusive_if(untold));
    }
    if let Some(status) = &wanted.status {
        let texts: Vec<&str> = reply.and_then(|r| r.reply.enhanced_status.as_deref()).into_iter().collect();
        let nothing = reply.map_or_else(|| NO_REPLY.to_owned(), |r| format!("no enhanced status in {}", r.reply));
        let finding = text::test(&status.value, context.vars, Seen::exactly(&texts, &nothing));
        results.add("smtp.status", &status.at, finding.inconclusive_if(untold));
    }
    if let Some(test) = &wanted.text {
        let texts: Vec<&str> = reply.map(|r| r.reply.text.as_str()).into_iter().collect();
        let finding = text::test(&test.value, context.vars, Seen::exactly(&texts, NO_REPLY));
        results.add("smtp.text", &test.at, finding.inconclusive_if(untold));
    }
    if let Some(stage) = &wanted.stage {
        let actual = reply.map_or_else(|| NO_REPLY.to_owned(), |r| r.stage.to_string());
        let finding = Finding::new(actual.eq_ignore_ascii_case(&stage.value), &stage.value, actual);
        results.add("smtp.stage", &stage.at, finding.inconclusive_if(untold));
    }
}

/// `550 5.1.1 no such user (at rcpt)`.
fn describe(reply: Option<&StageReply>) -> String {
    reply.map_or_else(|| NO_REPLY.to_owned(), |r| format!("{} (at {})", r.reply, r.stage))
}
