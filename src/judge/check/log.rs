//! `log:`: a line stands in a server's log.

use super::{
    comparison::Comparison,
    context::{Context, Results},
    text::Matcher,
};
use crate::{
    evidence::LogLine,
    judge::phrases,
    outcome::CheckPart,
    scenario::{
        Scenario, Vars,
        model::{ExpectationKind, LogExpectation},
    },
    target::Target,
};

pub(super) fn check(wanted: &LogExpectation, context: Context<'_>, results: &mut Results) {
    let Some(line) = wanted.line() else { return };
    let comparison = Matcher::new(&line.value, context.vars, false)
        .map_or_else(|comparison| comparison, |matcher| find(&matcher, &wanted.of.value, context));
    results.add(CheckPart::Log, &line.at, comparison);
}

fn find(matcher: &Matcher, account: &str, context: Context<'_>) -> Comparison {
    let lines: Vec<_> = context.evidence.logs.iter().filter(|l| l.account == account).collect();
    let unread = context.evidence.unread_logs.iter().find(|l| l.account == account);
    let expected = format!("line of {account} {}", matcher.words);
    match (lines.iter().find(|l| matcher.fits(&l.text)), unread) {
        (Some(line), _) => Comparison::new(true, expected, phrases::cut(&line.text, 160)),
        (None, Some(unread)) => Comparison::failed(expected, unread.problem.clone()).inconclusive_if(true),
        (None, None) => {
            let actual = match lines.len() {
                0 => format!("no line of {account} about this message"),
                n => format!("not among the {n} lines of {account} about this message"),
            };
            Comparison::failed(expected, actual).late_if(true)
        }
    }
}

/// Whether every line that the scenario wants of logs is there.
pub(crate) fn logs_hold(scenario: &Scenario, target: &Target, vars: &Vars, lines: &[LogLine]) -> bool {
    let here = scenario.expected_on(target.kind);
    here.filter_map(|e| if let ExpectationKind::Log(log) = &e.kind { Some(log) } else { None }).all(|wanted| {
        // What cannot be tested fails, however long one waits.
        wanted
            .line()
            .and_then(|line| Matcher::new(&line.value, vars, false).ok())
            .is_some_and(|m| lines.iter().any(|l| l.account == wanted.of.value && m.fits(&l.text)))
    })
}
