//! What is wrong with one scenario, in the manner of a compiler.

use super::{
    excerpt::{Mark, excerpt},
    path_drawing::path_drawing,
    style::{Palette, Tone},
    wrap::wrap,
};
use crate::{
    core::visible::plain,
    outcome::{AttemptReport, CheckResult, Observed, ObservedKind, ScenarioReport},
    report::{
        claim_lines,
        failure_summary::{self, FailureSummary},
        survival_lines,
    },
};

/// The columns before the text of a note, beside the line numbers.
const NOTE: usize = 10;
/// The fewest columns that a text is broken into.
const NARROWEST: usize = 40;

/// What the console says of a scenario that failed, without colour and without files, and all that is known of the causes
/// that it only names.
pub fn diagnosis_text(scenario: &ScenarioReport) -> String {
    let mut out = block(Palette { color: false }, None, "", scenario).trim_start().to_owned();
    let others = scenario.attempts.last().into_iter().flat_map(|a| a.diagnosis.iter().skip(1));
    for other in others {
        out.push_str(&format!("\nalso[{}]: {}\n", other.code, plain(&other.title)));
        for (name, text) in failure_summary::reasons(other) {
            out.push_str(&format!("  = {name}: {text}\n"));
        }
    }
    out
}

/// `error[…]: …`, the lines of the scenario that do not hold, and what was seen.
pub(super) fn block(palette: Palette, columns: Option<usize>, run_dir: &str, scenario: &ScenarioReport) -> String {
    let failure = FailureSummary::of(scenario);
    let first = failure.checks.first();
    let (line, column) = first.map_or((scenario.line, 0), |c| (c.line, c.column));
    // A check can stand in the file that the scenario extends; of that there is no text here.
    let (here, elsewhere): (Vec<&CheckResult>, Vec<&CheckResult>) =
        failure.checks.iter().copied().partition(|c| c.file == scenario.file);
    let marks: Vec<_> = here
        .iter()
        .map(|c| Mark { line: c.line, column: c.column, len: c.len, label: label(&c.expected, &c.actual) })
        .collect();
    let (lines, gutter) = excerpt(palette, &scenario.source, &marks);
    let pad = " ".repeat(gutter);

    let head = palette.paint(Tone::Bad, &format!("error[{}]", failure.code));
    let mut out = vec![String::new(), format!("{head}: {}", palette.paint(Tone::Name, &failure.title))];
    let place = if column == 0 { String::new() } else { format!(":{column}") };
    out.push(format!("{pad}{} {}:{line}{place}", palette.paint(Tone::Name, "-->"), plain(&scenario.file)));
    let bar = format!("{pad} {}", palette.paint(Tone::Name, "|"));
    if !lines.is_empty() {
        out.push(bar.clone());
        out.extend(lines);
    }
    for check in elsewhere {
        let said = label(&check.expected, &check.actual);
        out.push(format!("{pad} ::: {}:{}:{}: {said}", plain(&check.file), check.line, check.column));
    }
    let mut notes: Vec<(&str, Vec<String>)> = Vec::new();
    if let Some(attempt) = scenario.attempts.last() {
        notes.extend(attempt.observed.iter().map(|o| ("seen", vec![seen(o)])));
        if let Some(copy) = attempt.observed.iter().find(|o| o.kind == ObservedKind::Copy) {
            notes.push(("path", path_drawing(copy, columns.map(|columns| columns.saturating_sub(gutter + NOTE)))));
            notes.push(("trust", claim_lines::disagreements(&copy.claims)));
            notes.push(("diff", survival_lines::broken_lines(&copy.survival)));
        }
    }
    for (name, text) in &failure.notes {
        match notes.last_mut() {
            Some((last, lines)) if last == name => lines.push(text.clone()),
            _ => notes.push((name, vec![text.clone()])),
        }
    }
    if let Some(attempt) = scenario.attempts.last() {
        notes.push(("files", files(run_dir, attempt)));
    }
    notes.retain(|(_, lines)| !lines.is_empty());
    if !notes.is_empty() {
        out.push(bar);
    }
    for (name, lines) in notes {
        for (n, text) in lines.iter().enumerate() {
            let lead = if n == 0 { format!("= {name}:") } else { String::new() };
            // Commands and names of files are kept whole, for copying; a drawing is as it is.
            let used = gutter + NOTE.max(lead.len() + 2);
            let fits = |columns: usize| wrap(text, columns.saturating_sub(used).max(NARROWEST));
            let text = match columns.filter(|_| !["next", "files", "path"].contains(&name)) {
                Some(columns) => fits(columns).replace('\n', &format!("\n{:1$}", "", gutter + NOTE)),
                None => text.clone(),
            };
            out.push(format!("{pad} {lead:<8} {text}"));
        }
    }
    out.push(String::new());
    out.join("\n")
}

/// The caret's label: what was seen, and what was wanted where the excerpt does not say it already.
fn label(expected: &str, actual: &str) -> String {
    format!("wanted {}, saw {}", plain(expected), plain(actual))
}

/// One line about a message or bounce.
fn seen(observed: &Observed) -> String {
    let mut words = vec![format!(
        "{} in {} of {} after {:.2}s",
        observed.kind,
        observed.folder,
        observed.account,
        super::line::seconds(observed.after_ms)
    )];
    if let Some(auth) = &observed.authentication_results {
        words.extend(auth.results.iter().map(|r| format!("{}={}", r.method, r.result)));
    }
    words.extend(observed.arc.iter().map(|seal| {
        let text = |o: &Option<String>| o.clone().unwrap_or_else(|| "?".into());
        format!("[i={} {} cv={}]", seal.i, text(&seal.by), text(&seal.cv))
    }));
    if let Some(dsn) = &observed.dsn {
        for recipient in &dsn.recipients {
            let diagnostic = recipient.diagnostic_code.as_deref().unwrap_or("no diagnostic");
            words.push(format!("{}: {diagnostic}", recipient.status.as_deref().unwrap_or("no status")));
        }
    }
    plain(&words.join(" "))
}

/// `.sealcheck/runs/01JD8Q6V…/artifacts/forward-arc/1/{received.eml,smtp.log}`
fn files(run_dir: &str, attempt: &AttemptReport) -> Vec<String> {
    let names: Vec<_> = attempt.artifacts.iter().map(|a| a.name.as_str()).collect();
    let Some(first) = attempt.artifacts.first() else { return Vec::new() };
    let dir = first.path.strip_suffix(first.name.as_str()).unwrap_or(&first.path);
    let slash = if run_dir.is_empty() { "" } else { "/" };
    vec![plain(&match names.as_slice() {
        [one] => format!("{run_dir}{slash}{dir}{one}"),
        many => format!("{run_dir}{slash}{dir}{{{}}}", many.join(",")),
    })]
}
