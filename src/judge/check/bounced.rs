//! `bounced:`: a delivery status notification arrives (RFC 3464).

use super::{
    comparison::Comparison,
    context::{Context, Results},
    text::{self, Actual},
};
use crate::{
    core::{Position, duration},
    evidence::{Bounce, Evidence},
    judge::phrases,
    mail::{
        Message,
        dsn::{Dsn, RecipientStatus},
    },
    outcome::CheckPart,
    scenario::{Vars, model::BouncedExpectation},
};
use std::time::Duration;

/// A delivery status notification that came.
#[derive(Clone, Copy)]
pub struct Notification<'a> {
    /// The whole message.
    pub message: &'a Message,
    /// The report in it.
    pub dsn: &'a Dsn,
    /// From the end of the submission until it came.
    pub after: Duration,
}

type Parts<'a> = Vec<(CheckPart, &'a Position, Comparison)>;

/// Whether a notification is the one that is wanted: every part holds, for one of the recipients that it reports on.
pub fn notification_fits(wanted: &BouncedExpectation, vars: &Vars, notification: Notification<'_>) -> bool {
    statuses(notification.dsn)
        .any(|status| parts(wanted, notification, &status, vars).iter().all(|(_, _, comparison)| comparison.passed))
}

/// Of several bounces and of several recipients in one, the one counts of which most parts hold; of equals the first.
pub(super) fn check(wanted: &BouncedExpectation, context: Context<'_>, results: &mut Results) {
    let account = &wanted.to.value;
    let mut best: Option<(&Bounce, Parts<'_>)> = None;
    for bounce in context.evidence.bounces.iter().filter(|b| b.arrival.account == *account) {
        let notification = Notification { message: &bounce.arrival.message, dsn: &bounce.dsn, after: bounce.after };
        for status in statuses(&bounce.dsn) {
            let parts = parts(wanted, notification, &status, context.vars);
            if best.as_ref().is_none_or(|(_, b)| holding(&parts) > holding(b)) {
                best = Some((bounce, parts));
            }
        }
    }
    let expected = format!("bounce to {account}");
    let Some((bounce, parts)) = best else {
        results.add(CheckPart::Bounced(String::new()), &wanted.to.at, missing(&expected, context.evidence));
        return;
    };
    results.add(
        CheckPart::Bounced(String::new()),
        &wanted.to.at,
        Comparison::new(true, expected, phrases::bounce(bounce)),
    );
    for (part, at, comparison) in parts {
        results.add(part, at, comparison);
    }
}

/// What a notification says of each recipient; of nobody when it names none.
fn statuses(dsn: &Dsn) -> impl Iterator<Item = RecipientStatus> {
    let nobody = dsn.recipients.is_empty().then(RecipientStatus::default);
    dsn.recipients.iter().cloned().chain(nobody)
}

fn holding(parts: &Parts<'_>) -> usize {
    parts.iter().filter(|(_, _, comparison)| comparison.passed).count()
}

fn parts<'a>(
    wanted: &'a BouncedExpectation,
    notification: Notification<'_>,
    status: &RecipientStatus,
    vars: &Vars,
) -> Parts<'a> {
    let Notification { message, dsn, after } = notification;
    let mut parts: Parts<'a> = Vec::new();
    if let Some(within) = &wanted.within {
        let expected = format!("within {}", duration::human(within.value));
        let actual = format!("after {}", phrases::seconds(after));
        parts.push((
            CheckPart::BouncedWithin,
            &within.at,
            Comparison::new(after <= within.value, expected, actual).late_if(true),
        ));
    }
    if let Some(from) = &wanted.from {
        let address = message.first("From").map(|f| address(&f.value()));
        let texts: Vec<&str> = address.iter().map(String::as_str).collect();
        parts.push((
            CheckPart::Bounced("from".to_owned()),
            &from.at,
            text::test(&from.value, vars, Actual::address(&texts, "no From field")),
        ));
    }
    let (action, at) = wanted.action();
    let action = action.as_str();
    let actual = status.action.as_deref().unwrap_or("no Action");
    let comparison = Comparison::new(actual.eq_ignore_ascii_case(action), action, actual);
    // What is delayed may still fail, or arrive.
    parts.push((
        CheckPart::Bounced("action".to_owned()),
        at,
        comparison.late_if(actual.eq_ignore_ascii_case("delayed")),
    ));
    if let Some(test) = &wanted.status {
        let texts: Vec<&str> = status.status.as_deref().into_iter().collect();
        parts.push((
            CheckPart::Bounced("status".to_owned()),
            &test.at,
            text::test(&test.value, vars, Actual::exactly(&texts, "no Status")),
        ));
    }
    if let Some(test) = &wanted.diagnostic {
        // A reply of several lines repeats its codes inside the text, so the un-wrapped text is tried too.
        let unwrapped = status.reply.as_ref().map(|r| r.text.as_str());
        let texts: Vec<&str> = status.diagnostic_code.as_deref().into_iter().chain(unwrapped).collect();
        let comparison = text::test(&test.value, vars, Actual::exactly(&texts, "no Diagnostic-Code"));
        parts.push((CheckPart::Bounced("diagnostic".to_owned()), &test.at, comparison));
    }
    if let Some(test) = &wanted.final_recipient {
        let texts: Vec<&str> = status.final_recipient.as_deref().into_iter().collect();
        let comparison = text::test(&test.value, vars, Actual::address(&texts, "no Final-Recipient"));
        parts.push((CheckPart::Bounced("final_recipient".to_owned()), &test.at, comparison));
    }
    if let Some(returns) = &wanted.returns {
        let actual = dsn.returned.to_string();
        let wanted = returns.value.as_str();
        let comparison = Comparison::new(actual.eq_ignore_ascii_case(wanted), wanted, actual);
        parts.push((CheckPart::Bounced("returns".to_owned()), &returns.at, comparison));
    }
    parts
}

/// Only silence is a matter of time: a refusal, a copy or a bounce to somebody else is an answer.
fn missing(expected: &str, evidence: &Evidence) -> Comparison {
    if let Some(refusal) = phrases::refusal(&evidence.submission) {
        return Comparison::failed(expected, refusal).inconclusive_if(evidence.submission.kept_back().is_some());
    }
    let elsewhere = phrases::elsewhere(evidence);
    let silent = elsewhere.is_empty();
    let waited = phrases::seconds(evidence.waited);
    let actual = phrases::list(elsewhere, "; ", &format!("nothing arrived within {waited}"));
    Comparison::failed(expected, format!("no bounce; {actual}")).late_if(silent)
}

/// The address in a From field: `MAILER-DAEMON@corp.example (Mail Delivery System)` and `Name <a@b>` alike.
fn address(value: &str) -> String {
    if let Some((_, rest)) = value.rsplit_once('<')
        && let Some((inside, _)) = rest.split_once('>')
    {
        return inside.trim().to_owned();
    }
    value.split('(').next().unwrap_or(value).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn the_address_is_found_in_both_forms() {
        for from in ["MAILER-DAEMON@corp.example (Mail Delivery System)", "\"A <x>\" <MAILER-DAEMON@corp.example>"] {
            assert_eq!(address(from), "MAILER-DAEMON@corp.example", "{from}");
        }
    }
}
