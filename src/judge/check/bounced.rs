//! `bounced:`: a delivery status notification arrives (RFC 3464).

use super::{
    comparison::Comparison,
    context::{Context, Part, Results},
    text::Actual,
};
use crate::{
    core::Span,
    evidence::Bounce,
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
pub(crate) struct Notification<'a> {
    /// The whole message.
    pub(crate) message: &'a Message,
    /// The report in it.
    pub(crate) dsn: &'a Dsn,
    /// From the end of the submission until it came.
    pub(crate) after: Duration,
}

/// Whether a notification is the one that is wanted: every part holds, for one of the recipients that it reports on.
pub(crate) fn notification_fits(wanted: &BouncedExpectation, vars: &Vars, notification: Notification<'_>) -> bool {
    statuses(notification.dsn)
        .any(|status| parts(wanted, notification, &status, vars).iter().all(|part| part.comparison.passed))
}

/// Of several bounces and of several recipients in one, the one counts of which most parts hold; of equals the first.
pub(super) fn check(wanted: &BouncedExpectation, context: Context<'_>, results: &mut Results) {
    let account = &wanted.to.value;
    let mut best: Option<(&Bounce, Vec<Part<'_>>)> = None;
    for bounce in context.evidence.bounces.iter().filter(|b| b.arrival.account == *account) {
        let notification = Notification { message: &bounce.arrival.message, dsn: &bounce.dsn, after: bounce.after };
        for status in statuses(&bounce.dsn) {
            let parts = parts(wanted, notification, &status, context.vars);
            if best.as_ref().is_none_or(|(_, best)| holding(&parts) > holding(best)) {
                best = Some((bounce, parts));
            }
        }
    }
    let expected = format!("bounce to {account}");
    let (comparison, parts) = match best {
        Some((bounce, parts)) => (Comparison::new(true, expected, phrases::bounce(bounce)), parts),
        None => (Comparison::missing(&expected, "no bounce; ", context.evidence), Vec::new()),
    };
    results.add(CheckPart::Bounced(String::new()), &wanted.to.at, comparison);
    for Part { part, at, comparison } in parts {
        results.add(part, at, comparison);
    }
}

/// What a notification says of each recipient; of nobody when it names none.
fn statuses(dsn: &Dsn) -> impl Iterator<Item = RecipientStatus> {
    let nobody = dsn.recipients.is_empty().then(RecipientStatus::default);
    dsn.recipients.iter().cloned().chain(nobody)
}

fn holding(parts: &[Part<'_>]) -> usize {
    parts.iter().filter(|part| part.comparison.passed).count()
}

fn parts<'w>(
    wanted: &'w BouncedExpectation,
    notification: Notification<'_>,
    status: &RecipientStatus,
    vars: &Vars,
) -> Vec<Part<'w>> {
    let Notification { message, dsn, after } = notification;
    let mut parts = Vec::new();
    if let Some(within) = &wanted.within {
        let comparison = Comparison::within(within.value, after);
        parts.push(Part { part: CheckPart::BouncedWithin, at: &within.at, comparison });
    }
    if let Some(test) = &wanted.from {
        let address = message.first("From").map(|f| address(&f.value()));
        let actual = Actual::address(address.as_deref(), "no From field");
        parts.push(part("from", &test.at, actual.compare(&test.value, vars)));
    }
    let (action, at) = wanted.action();
    let action = action.as_str();
    let actual = status.action.as_deref().unwrap_or("no Action");
    let comparison = Comparison::new(actual.eq_ignore_ascii_case(action), action, actual);
    // What is delayed may still fail, or arrive.
    parts.push(part("action", at, comparison.late_if(actual.eq_ignore_ascii_case("delayed"))));
    if let Some(test) = &wanted.status {
        let actual = Actual::exactly(status.status.as_deref(), "no Status");
        parts.push(part("status", &test.at, actual.compare(&test.value, vars)));
    }
    if let Some(test) = &wanted.diagnostic {
        // A reply of several lines repeats its codes inside the text, so the un-wrapped text is tried too.
        let unwrapped = status.reply.as_ref().map(|r| r.text.as_str());
        let actual =
            Actual::exactly(status.diagnostic_code.as_deref().into_iter().chain(unwrapped), "no Diagnostic-Code");
        parts.push(part("diagnostic", &test.at, actual.compare(&test.value, vars)));
    }
    if let Some(test) = &wanted.final_recipient {
        let actual = Actual::address(status.final_recipient.as_deref(), "no Final-Recipient");
        parts.push(part("final_recipient", &test.at, actual.compare(&test.value, vars)));
    }
    if let Some(returns) = &wanted.returns {
        let (wanted, actual) = (returns.value.as_str(), dsn.returned.to_string());
        parts.push(part("returns", &returns.at, Comparison::new(actual.eq_ignore_ascii_case(wanted), wanted, actual)));
    }
    parts
}

fn part<'w>(name: &str, at: &'w Span, comparison: Comparison) -> Part<'w> {
    Part { part: CheckPart::Bounced(name.to_owned()), at, comparison }
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
