//! The last lines.

use super::{
    line,
    style::{Palette, Tone},
};
use crate::{
    outcome::Totals,
    report::{RunSummary, page_header, plain, run_summary::SnapshotCounts},
};
use std::{io, iter};

/// The Summary line, the scenarios that broke once more, and what was left undone.
///
/// # Errors
/// When the reports of scenarios cannot be read again.
pub(super) fn lines(palette: Palette, summary: &RunSummary, slow: usize) -> io::Result<Vec<String>> {
    let snapshots = summary.snapshots();
    let tone = if summary.broken() > 0 { Tone::Bad } else { Tone::Good };
    let word = line::pad(palette, tone, "Summary");
    let (took, totals) = (line::seconds(summary.duration_ms), &summary.totals);
    let text = counts(palette, totals, slow) + &compared(&snapshots);
    let mut out = vec!["-".repeat(line::WORD), format!("{word} [{took:>6.2}s] {text}")];
    if summary.scenarios.len() > 1 {
        for scenario in summary.reports_of(true) {
            out.push(line::finished(palette, &scenario?));
        }
    }
    let word = line::pad(palette, Tone::Doubtful, "note");
    out.extend(notes(summary, &snapshots).iter().map(|note| format!("{word} {}", plain(note))));
    Ok(out)
}

/// `3 run: 2 passed (1 flaky), 1 failed`.
fn counts(palette: Palette, totals: &Totals, slow: usize) -> String {
    let ran = totals.selected.saturating_sub(totals.skipped + totals.not_run);
    let remarks = listed(&[(slow, "slow"), (totals.flaky, "flaky")]);
    let remarks = if remarks.is_empty() { remarks } else { format!(" ({remarks})") };
    let passed = palette.paint(Tone::Good, &format!("{} passed{remarks}", totals.passed));
    let others = page_header::not_passed(totals).into_iter().filter(|(count, ..)| *count > 0);
    let others = others.map(|(count, word, tone)| palette.paint(tone, &format!("{count} {word}")));
    let counts: Vec<String> = iter::once(passed).chain(others).collect();
    format!("{ran} run: {}", counts.join(", "))
}

/// ` · snapshots 2 ok, 1 changed`; empty where there are none.
fn compared(snapshots: &SnapshotCounts) -> String {
    let counts = listed(&[
        (snapshots.matched, "ok"),
        (snapshots.changed, "changed"),
        (snapshots.missing, "missing"),
        (snapshots.written, "written"),
        (snapshots.obsolete.len(), "obsolete"),
    ]);
    if counts.is_empty() { counts } else { format!(" · snapshots {counts}") }
}

/// The counts that are not 0.
fn listed(counts: &[(usize, &str)]) -> String {
    let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    counts.collect::<Vec<_>>().join(", ")
}

/// What is left to do, and what was not done.
fn notes(summary: &RunSummary, snapshots: &SnapshotCounts) -> Vec<String> {
    let mut notes = Vec::new();
    let pending = snapshots.pending.len();
    if pending > 0 {
        notes.push(format!("{pending} to review: sealcheck snapshots review"));
    }
    let unwritten = snapshots.missing.saturating_sub(pending);
    if unwritten > 0 {
        notes.push(format!(
            "{unwritten} not accepted yet: sealcheck run --update new accepts what is seen; then commit snapshots/"
        ));
    }
    notes.extend(snapshots.obsolete.iter().map(|file| format!("obsolete snapshot {file}")));
    notes.extend(summary.stopped.iter().map(|why| format!("{why}: {} not run", summary.totals.not_run)));
    if summary.redactions.leaks_found > 0 {
        notes.push(format!("{} files held a secret and were removed", summary.redactions.leaks_found));
    }
    notes
}
