//! What was measured, in numbers.

use super::cell::{Cell, Outcome};
use std::collections::BTreeMap;

/// A table of how cells ended and how long they took.
pub(super) fn of(outcomes: &[(Cell, Outcome)]) -> String {
    let mut by_outcome: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (_, outcome) in outcomes {
        by_outcome.entry(outcome.shown()).or_default().push(outcome.took.as_secs_f64());
    }
    let mut out = String::from("| outcome | cells | median | longest |\n|---|---|---|---|\n");
    let all: Vec<f64> = by_outcome.values().flatten().copied().collect();
    for (shown, mut took) in by_outcome.into_iter().chain([("all".to_owned(), all)]) {
        took.sort_by(f64::total_cmp);
        let (median, longest) = (took.get(took.len() / 2), took.last());
        let [median, longest] = [median, longest].map(|s| s.copied().unwrap_or_default());
        out.push_str(&format!("| {shown} | {} | {median:.1} s | {longest:.1} s |\n", took.len()));
    }
    out
}
