//! One line per finished scenario.

use super::style::{Palette, Tone};
use crate::{
    core::{Recorded, visible::plain},
    outcome::{ScenarioReport, Status, StepKind},
};

/// The columns of the status word.
pub(super) const WORD: usize = 12;
/// The columns of a scenario's id; longer ones push the rest to the right.
const ID: usize = 30;

/// `        PASS [  0.63s] forward-arc                   inbox  0.58s  arc=pass  i=2 cv=pass`
pub(super) fn finished(palette: Palette, scenario: &ScenarioReport) -> String {
    let (word, tone) = word(scenario);
    let rest = match scenario.status {
        Status::Skipped | Status::NotRun => scenario.reason.as_deref().unwrap_or_default(),
        Status::ExpectedFailure => scenario.reason.as_deref().unwrap_or("known issue"),
        _ => scenario.attempts.last().map_or("", |a| a.summary.as_str()),
    };
    timed(palette, tone, &word, scenario.duration_ms, scenario.id.as_str(), rest)
}

/// A line of this look with any word.
pub(super) fn timed(palette: Palette, tone: Tone, word: &str, ms: u64, id: &str, rest: &str) -> String {
    let line = format!("{} [{:>6.2}s] {:<ID$}{}", pad(palette, tone, word), seconds(ms), plain(id), plain(rest));
    line.trim_end().to_owned()
}

/// A word right-aligned in its columns.
pub(super) fn pad(palette: Palette, tone: Tone, word: &str) -> String {
    let gap = WORD.saturating_sub(word.chars().count());
    format!("{:gap$}{}", "", palette.paint(tone, word))
}

/// Milliseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
pub(in crate::report) fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

fn word(scenario: &ScenarioReport) -> (String, Tone) {
    let word = scenario.status.word().to_owned();
    match scenario.status {
        Status::Passed if scenario.flaky => {
            (format!("FLKY {}/{}", scenario.attempts.len(), scenario.max_attempts), Tone::Doubtful)
        }
        Status::Passed => (word, Tone::Good),
        Status::Failed | Status::TimedOut | Status::Late | Status::UnexpectedPass | Status::Errored => {
            (word, Tone::Bad)
        }
        Status::Skipped | Status::ExpectedFailure | Status::NotRun => (word, Tone::Doubtful),
    }
}

/// What a scenario does, by the step that was told last: its kind, and what it is about where it says so at its beginning.
pub(super) fn stage(kind: &Recorded<StepKind>, is_begun: bool, detail: &str) -> String {
    if is_begun && !detail.is_empty() { plain(&format!("{kind}: {detail}")) } else { kind.to_string() }
}
