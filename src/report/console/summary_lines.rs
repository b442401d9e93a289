//! The last lines.

use super::{
    line,
    style::{Palette, Tone},
};
use crate::{
    core::visible::plain,
    report::{page_header, run_summary::RunSummary},
};
use std::io;

/// The Summary line, what was left undone, and the scenarios that broke once more.
///
/// # Errors
/// When the reports of scenarios cannot be read again.
pub(super) fn lines(palette: Palette, summary: &RunSummary, slow: usize) -> io::Result<Vec<String>> {
    let totals = &summary.totals;
    let ran = totals.selected.saturating_sub(totals.skipped + totals.not_run);
    let mut remarks = Vec::new();
    for (count, word) in [(slow, "slow"), (totals.flaky, "flaky")] {
        if count > 0 {
            remarks.push(format!("{count} {word}"));
        }
    }
    let passed = match remarks.is_empty() {
        true => format!("{} passed", totals.passed),
        false => format!("{} passed ({})", totals.passed, remarks.join(", ")),
    };
    let mut counts = vec![palette.paint(Tone::Good, &passed)];
    for (count, word, tone) in page_header::not_passed(totals) {
        if count > 0 {
            counts.push(palette.paint(tone, &format!("{count} {word}")));
        }
    }
    let mut text = format!("{ran} run: {}", counts.join(", "));
    let snapshots = summary.snapshots();
    let parts: Vec<_> = [
        (snapshots.matched, "ok"),
        (snapshots.changed, "changed"),
        (snapshots.missing, "missing"),
        (snapshots.written, "written"),
        (snapshots.obsolete.len(), "obsolete"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    if !parts.is_empty() {
        text.push_str(&format!(" · snapshots {}", parts.join(", ")));
    }
    let tone = if summary.broken() > 0 { Tone::Bad } else { Tone::Good };
    let word = line::pad(palette, tone, "Summary");
    let mut out = vec!["-".repeat(line::WORD), format!("{word} [{:>6.2}s] {text}", line::seconds(summary.duration_ms))];
    if summary.scenarios.len() > 1 {
        for scenario in summary.reports_of(true) {
            out.push(line::finished(palette, &scenario?));
        }
    }
    if !snapshots.pending.is_empty() {
        out.push(note(palette, &format!("{} to review: sealcheck snapshots review", snapshots.pending.len())));
    }
    let unwritten = snapshots.missing.saturating_sub(snapshots.pending.len());
    if unwritten > 0 {
        let text = format!(
            "{unwritten} not accepted yet: sealcheck run --update new accepts what is seen; then commit snapshots/"
        );
        out.push(note(palette, &text));
    }
    out.extend(snapshots.obsolete.iter().map(|file| note(palette, &format!("obsolete snapshot {file}"))));
    if let Some(stopped) = &summary.stopped {
        out.push(note(palette, &format!("{stopped}: {} not run", totals.not_run)));
    }
    if summary.redactions.leaks_found > 0 {
        out.push(note(palette, &format!("{} files held a secret and were removed", summary.redactions.leaks_found)));
    }
    Ok(out)
}

fn note(palette: Palette, text: &str) -> String {
    format!("{} {}", line::pad(palette, Tone::Doubtful, "note"), plain(text))
}
