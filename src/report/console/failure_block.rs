//! What is wrong with one scenario, in the manner of a compiler.

use super::{
    excerpt::{Mark, excerpt},
    path_drawing::path_drawing,
    style::{Palette, Tone},
    wrap::wrap,
};
use crate::{
    outcome::{AttemptReport, CheckResult, Observed, ObservedKind, ScenarioReport},
    report::{
        FailureSummary, claim_lines,
        failure_summary::{self, NoteKind},
        or_unknown, plain, survival_lines,
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
        for (kind, text) in failure_summary::reasons(other) {
            out.push_str(&format!("  = {kind}: {text}\n"));
        }
    }
    out
}

/// `error[…]: …`, the lines of the scenario that do not hold, and what was seen.
pub(super) fn block(palette: Palette, columns: Option<usize>, run_dir: &str, scenario: &ScenarioReport) -> String {
    let failure = FailureSummary::of(scenario);
    let head = palette.paint(Tone::Bad, &format!("error[{}]", failure.code));
    let mut out = vec![String::new(), format!("{head}: {}", palette.paint(Tone::Name, &failure.title))];
    let gutter = checks(palette, scenario, &failure, &mut out);
    let notes = notes(scenario, &failure, run_dir, columns.map(|columns| columns.saturating_sub(gutter + NOTE)));
    if !notes.is_empty() {
        out.push(bar(palette, gutter));
    }
    for (kind, lines) in notes {
        for (n, text) in lines.into_iter().enumerate() {
            let lead = if n == 0 { format!("= {kind}:") } else { String::new() };
            let text = match (kind, columns) {
                // Commands and names of files are kept whole, for copying; a drawing is as it is.
                (NoteKind::Next | NoteKind::Files | NoteKind::Path, _) | (_, None) => text,
                (_, Some(columns)) => {
                    let used = gutter + NOTE.max(lead.len() + 2);
                    let text = wrap(&text, columns.saturating_sub(used).max(NARROWEST));
                    text.replace('\n', &format!("\n{:1$}", "", gutter + NOTE))
                }
            };
            out.push(format!("{:gutter$} {lead:<8} {text}", ""));
        }
    }
    out.push(String::new());
    out.join("\n")
}

/// The line between two blocks.
fn bar(palette: Palette, gutter: usize) -> String {
    format!("{:gutter$} {}", "", palette.paint(Tone::Name, "|"))
}

/// Adds the lines of the checks that failed, with what was seen; the columns of the line numbers.
fn checks(palette: Palette, scenario: &ScenarioReport, failure: &FailureSummary<'_>, out: &mut Vec<String>) -> usize {
    // A check can stand in the file that the scenario extends; of that there is no text here.
    let (here, elsewhere): (Vec<&CheckResult>, Vec<&CheckResult>) =
        failure.checks.iter().copied().partition(|c| c.file == scenario.file);
    let marks: Vec<_> =
        here.iter().map(|c| Mark { line: c.line, column: c.column, len: c.len, label: label(c) }).collect();
    let (lines, gutter) = excerpt(palette, &scenario.source, &marks);
    let (line, column) = failure.checks.first().map_or((scenario.line, 0), |c| (c.line, c.column));
    let column = if column == 0 { String::new() } else { format!(":{column}") };
    let (arrow, file) = (palette.paint(Tone::Name, "-->"), plain(&scenario.file));
    out.push(format!("{:gutter$}{arrow} {file}:{line}{column}", ""));
    if !lines.is_empty() {
        out.push(bar(palette, gutter));
        out.extend(lines);
    }
    out.extend(elsewhere.iter().map(|c| {
        let (file, label) = (plain(&c.file), label(c));
        format!("{:gutter$} ::: {file}:{}:{}: {label}", "", c.line, c.column)
    }));
    gutter
}

/// What was seen, and what is known of why; what is of one kind stands together.
fn notes(
    scenario: &ScenarioReport,
    failure: &FailureSummary<'_>,
    run_dir: &str,
    columns: Option<usize>,
) -> Vec<(NoteKind, Vec<String>)> {
    let mut notes: Vec<(NoteKind, Vec<String>)> = Vec::new();
    let attempt = scenario.attempts.last();
    if let Some(attempt) = attempt {
        notes.extend(attempt.observed.iter().map(|o| (NoteKind::Seen, vec![seen(o)])));
        if let Some(copy) = attempt.observed.iter().find(|o| o.kind == ObservedKind::Copy) {
            notes.push((NoteKind::Path, path_drawing(copy, columns)));
            notes.push((NoteKind::Trust, claim_lines::disagreements(&copy.claims)));
            notes.push((NoteKind::Diff, survival_lines::broken_lines(&copy.survival)));
        }
    }
    for (kind, text) in &failure.notes {
        match notes.last_mut() {
            Some((last, lines)) if last == kind => lines.push(text.clone()),
            _ => notes.push((*kind, vec![text.clone()])),
        }
    }
    notes.extend(attempt.map(|attempt| (NoteKind::Files, files(run_dir, attempt))));
    notes.retain(|(_, lines)| !lines.is_empty());
    notes
}

/// The caret's label: what was seen, and what was wanted where the excerpt does not say it already.
fn label(check: &CheckResult) -> String {
    format!("wanted {}, saw {}", plain(&check.expected), plain(&check.actual))
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
    words.extend(
        observed.arc.iter().map(|seal| format!("[i={} {} cv={}]", seal.i, or_unknown(&seal.by), or_unknown(&seal.cv))),
    );
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
