//! `bounced:`: a delivery status notification arrives (RFC 3464).

use super::{
    part::{Finding, Results},
    scenario::Context,
    text::{self, Seen},
};
use crate::{
    core::{Position, duration},
    evidence::{Bounce, Evidence},
    judge::words,
    mail::dsn::RecipientStatus,
    scenario::model::BouncedExpectation,
};

type Parts<'a> = Vec<(&'static str, &'a Position, Finding)>;

/// Of several bounces and of several recipients in one, the one counts of which most parts hold; of equals the first.
pub(super) fn check(wanted: &BouncedExpectation, context: Context<'_>, results: &mut Results) {
    let account = &wanted.to.value;
    let mut best: Option<(&Bounce, Parts<'_>)> = None;
    for bounce in context.evidence.bounces.iter().filter(|b| b.arrival.account == *account) {
        let nobody = RecipientStatus::default();
        let named = &bounce.dsn.recipients;
        for status in named.iter().chain(named.is_empty().then_some(&nobody)) {
            let parts = parts(wanted, bounce, status, context);
            if best.as_ref().is_none_or(|(_, b)| holding(&parts) > holding(b)) {
                best = Some((bounce, parts));
            }
        }
    }
    let expected = format!("bounce to {account}");
    let Some((bounce, parts)) = best else {
        results.add("bounced", &wanted.to.at, missing(&expected, context.evidence));
        return;
    };
    results.add("bounced", &wanted.to.at, Finding::new(true, expected, words::bounce(bounce)));
    for (name, at, finding) in parts {
        results.add(&format!("bounced.{name}"), at, finding);
    }
}

fn holding(parts: &Parts<'_>) -> usize {
    parts.iter().filter(|(_, _, finding)| finding.passed).count()
}

fn parts<'a>(
    wanted: &'a BouncedExpectation,
    bounce: &Bounce,
    status: &RecipientStatus,
    context: Context<'_>,
) -> Parts<'a> {
    let vars = context.vars;
    let mut parts: Parts<'a> = Vec::new();
    if let Some(within) = &wanted.within {
        let expected = format!("within {}", duration::human(within.value));
        let actual = format!("after {}", words::seconds(bounce.after));
        parts.push(("within", &within.at, Finding::new(bounce.after <= within.value, expected, actual).late_if(true)));
    }
    if let Some(from) = &wanted.from {
        let address = bounce.message.first("From").map(|f| address(&f.value()));
        let texts: Vec<&str> = address.iter().map(String::as_str).collect();
        parts.push(("from", &from.at, text::test(&from.value, vars, Seen::address(&texts, "no From field"))));
    }
    let action = &wanted.action;
    let actual = status.action.as_deref().unwrap_or("no Action");
    let finding = Finding::new(actual.eq_ignore_ascii_case(&action.value), &action.value, actual);
    parts.push(("action", &action.at, finding));
    if let Some(test) = &wanted.status {
        let texts: Vec<&str> = status.status.as_deref().into_iter().collect();
        parts.push(("status", &test.at, text::test(&test.value, vars, Seen::exactly(&texts, "no Status"))));
    }
    if let Some(test) = &wanted.diagnostic {
        // A reply of several lines repeats its codes inside the text, so the un-wrapped text is tried too.
        let unwrapped = status.reply.as_ref().map(|r| r.text.as_str());
        let texts: Vec<&str> = status.diagnostic_code.as_deref().into_iter().chain(unwrapped).collect();
        let finding = text::test(&test.value, vars, Seen::exactly(&texts, "no Diagnostic-Code"));
        parts.push(("diagnostic", &test.at, finding));
    }
    if let Some(test) = &wanted.final_recipient {
        let texts: Vec<&str> = status.final_recipient.as_deref().into_iter().collect();
        let finding = text::test(&test.value, vars, Seen::address(&texts, "no Final-Recipient"));
        parts.push(("final_recipient", &test.at, finding));
    }
    if let Some(returns) = &wanted.returns {
        let actual = bounce.dsn.returned.to_string();
        let finding = Finding::new(actual.eq_ignore_ascii_case(&returns.value), &returns.value, actual);
        parts.push(("returns", &returns.at, finding));
    }
    parts
}

/// Only silence is a matter of time: a refusal, a copy or a bounce to somebody else is an answer.
fn missing(expected: &str, evidence: &Evidence) -> Finding {
    if let Some(refusal) = words::refusal(&evidence.submission) {
        return Finding::failed(expected, refusal).inconclusive_if(evidence.submission.is_put_off());
    }
    let elsewhere = words::elsewhere(evidence);
    let silent = elsewhere.is_empty();
    let waited = words::seconds(evidence.waited);
    let actual = words::list(elsewhere, "; ", &format!("nothing arrived within {waited}"));
    Finding::failed(expected, format!("no bounce; {actual}")).late_if(silent)
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
