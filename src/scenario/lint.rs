//! What is odd about a scenario that can be read: it will run, but perhaps not say what its author thinks.

use super::{
    YamlError,
    model::{ArcPolicy, DeliveredExpectation, ExpectationKind, Scenario, SealIndex},
};
use crate::{
    catalogue::Cause,
    core::{Span, duration::human},
    target::TargetKind,
};
use std::{fmt, sync::Arc, time::Duration};

/// Something odd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// `W02` and so on; W01 is an error of the project file.
    pub code: Cause,
    /// What, where, and what to do.
    pub what: YamlError,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "warning[{}]: {}", self.code, self.what)
    }
}

/// How long Gmail may take to show a mail that must not be there.
const PATIENCE_AT_GMAIL: Duration = Duration::from_secs(5);

/// Everything odd about some scenarios, once for all rows of a matrix.
pub fn lint(scenarios: &[Scenario]) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = Vec::new();
    for scenario in scenarios {
        let mut linter = Linter { scenario, warnings: Vec::new() };
        linter.variables();
        linter.proof();
        for expectation in &scenario.expect {
            linter.expectation(&expectation.kind);
        }
        for warning in linter.warnings {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
    }
    warnings
}

/// Whether an expectation looks into a mailbox, or wants a refusal, after which there is nothing to look for.
fn proves(kind: &ExpectationKind) -> bool {
    match kind {
        ExpectationKind::Smtp(smtp) => smtp.code.as_ref().is_some_and(|code| code.value >= 400),
        ExpectationKind::Log(_) => false,
        _ => true,
    }
}

/// Whether a variable stands in a text.
fn uses(text: &str, name: &str) -> bool {
    text.contains(&format!("${{{name}}}"))
        || text.match_indices(&format!("${name}")).any(|(at, written)| {
            let next = text[at + written.len()..].chars().next();
            !next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
        })
}

/// ` on target embedded`, ` on targets embedded, gmail`.
fn on(kinds: &[TargetKind]) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    format!(" on target{} {}", if kinds.len() == 1 { "" } else { "s" }, names.join(", "))
}

struct Linter<'a> {
    scenario: &'a Scenario,
    warnings: Vec<Warning>,
}

impl Linter<'_> {
    fn warn(&mut self, code: Cause, at: &Span, message: String, help: &str) {
        let what = self.scenario.wrong(at, message).with_help(help);
        self.warnings.push(Warning { code, what });
    }

    /// Variables and matrix names that no text uses. The files are searched, since a row is filled in before reading.
    fn variables(&mut self) {
        let texts: Vec<Arc<str>> = [Arc::clone(&self.scenario.source)]
            .into_iter()
            .chain(self.scenario.base.as_ref().map(|(_, text)| Arc::clone(text)))
            .collect();
        let names: Vec<String> = self.scenario.vars.iter().map(|(name, _)| name.to_owned()).collect();
        let empty: Vec<String> =
            self.scenario.vars.iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| name.to_owned()).collect();
        for name in empty {
            let at = self.defined(&name);
            self.warn(Cause::W09, &at, format!("variable `{name}` is empty"), "give it a value, or leave it out");
        }
        for name in names {
            if !texts.iter().any(|text| uses(text, &name)) {
                let at = self.defined(&name);
                self.warn(
                    Cause::W02,
                    &at,
                    format!("variable `{name}` is never used"),
                    "use it in a text or leave it out",
                );
            }
        }
    }

    fn defined(&self, name: &str) -> Span {
        let key = format!("{name}:");
        let found = self.scenario.source.lines().enumerate().find_map(|(n, line)| {
            let at = line.find(&key)?;
            let before = line[..at].chars().next_back();
            before.is_none_or(|c| c == ' ' || c == '{' || c == ',').then(|| (n + 1, line[..at].chars().count() + 1))
        });
        let (line, column) = found.unwrap_or((0, 0));
        let [line, column, len] = [line, column, name.chars().count()].map(|n| u32::try_from(n).unwrap_or(0));
        Span { file: Arc::clone(&self.scenario.file), line, column, len }
    }

    /// A scenario that looks into no mailbox proves little, on every target on its own.
    fn proof(&mut self) {
        let Some(first) = self.scenario.expect.first() else { return };
        let at = first.at.clone();
        let (mut unproven, mut skipped) = (Vec::new(), Vec::new());
        for &kind in &self.scenario.targets {
            let mut here = self.scenario.expected_on(kind).peekable();
            if here.peek().is_none() {
                skipped.push(kind);
            } else if !here.any(|e| proves(&e.kind)) {
                unproven.push(kind);
            }
        }
        if !unproven.is_empty() {
            let place = if unproven.len() == self.scenario.targets.len() { String::new() } else { on(&unproven) };
            let message = format!("no expectation looks into a mailbox{place}");
            self.warn(Cause::W03, &at, message, "add `delivered`, `bounced` or `absent`");
        }
        if !skipped.is_empty() {
            let message = format!("no expectation applies{}, so the scenario is skipped there", on(&skipped));
            self.warn(
                Cause::W03,
                &at,
                message,
                "leave it out of the scenario's `targets`, or add an expectation for it",
            );
        }
    }

    fn expectation(&mut self, kind: &ExpectationKind) {
        let timeout = self.scenario.wait.timeout();
        if let Some(within) = kind.within().filter(|w| w.value > timeout) {
            let message = format!("`within` is more than the timeout of {}", human(timeout));
            self.warn(Cause::W04, &within.at, message, "raise `wait.timeout`, or lower `within`");
        }
        if let Some((settle, at)) = kind.settle()
            && settle < PATIENCE_AT_GMAIL
            && self.scenario.targets.contains(&TargetKind::Gmail)
        {
            let message = format!("`settle` of {} is too short for target gmail", human(settle));
            self.warn(Cause::W05, at, message, "a mail can show later than that; write at least 5s");
        }
        if let ExpectationKind::Delivered(delivered) = kind {
            self.delivered(delivered);
        }
    }

    fn delivered(&mut self, delivered: &DeliveredExpectation) {
        for seal in &delivered.arc.seals {
            let value = &seal.value;
            if matches!(value.i, SealIndex::Number(n) if n > 1) && value.by.is_none() && !value.absent {
                let help = "a sender that seals shifts every number by one; add `by`, or write `i: last`";
                self.warn(Cause::W06, &seal.at, "a seal is told by its number alone".to_owned(), help);
            }
        }
        let policy = self.scenario.arc;
        let arc = &delivered.arc;
        let mut without_effect = Vec::new();
        if policy != ArcPolicy::Required {
            let methods = delivered.auth.methods.iter().filter(|(name, _)| name == "arc");
            without_effect.extend(methods.map(|(_, method)| ("arc", &method.at)));
            without_effect.extend(arc.carries.iter().map(|carries| ("carries", &carries.at)));
        }
        if policy == ArcPolicy::Off {
            without_effect.extend(arc.seals.first().map(|seal| ("seals", &seal.at)));
            without_effect.extend(arc.verify.iter().map(|verify| ("verify", &verify.at)));
        }
        for (key, at) in without_effect {
            let message = format!("`{key}` is not asserted, since the scenario says `arc: {policy}`");
            self.warn(Cause::W07, at, message, "leave one of the two out");
        }
    }
}
