//! `log:`: a line stands in a server's log.

use super::{
    part::{Finding, Results},
    scenario::Context,
    text::Matcher,
};
use crate::{judge::words, scenario::model::LogExpectation};

pub(super) fn check(wanted: &LogExpectation, context: Context<'_>, results: &mut Results) {
    let finding = Matcher::new(&wanted.line.value, context.vars, false)
        .map_or_else(|finding| finding, |matcher| find(&matcher, &wanted.of.value, context));
    results.add("log", &wanted.line.at, finding);
}

fn find(matcher: &Matcher, account: &str, context: Context<'_>) -> Finding {
    let lines: Vec<_> = context.evidence.logs.iter().filter(|l| l.account == account).collect();
    let expected = format!("line of {account} {}", matcher.words);
    match lines.iter().find(|l| matcher.fits(&l.text)) {
        Some(line) => Finding::new(true, expected, words::cut(&line.text, 160)),
        None => {
            let actual = match lines.len() {
                0 => format!("no line of {account} about this message"),
                n => format!("not among the {n} lines of {account} about this message"),
            };
            Finding::failed(expected, actual).late_if(true)
        }
    }
}
