//! One line per finished scenario.

use super::style::{Palette, Tone};
use crate::{
    core::Recorded,
    outcome::{ScenarioReport, StepKind},
    report::{plain, said, tone, word},
};

/// The columns of the status word.
pub(super) const WORD: usize = 12;
/// The columns of a scenario's id; longer ones push the rest to the right.
const ID: usize = 30;

/// `        PASS [  0.63s] forward-arc                   inbox  0.58s  arc=pass  i=2 cv=pass`
pub(super) fn finished(palette: Palette, scenario: &ScenarioReport) -> String {
    let mut word = word(scenario).to_owned();
    if scenario.flaky {
        word.push_str(&format!(" {}/{}", scenario.attempts.len(), scenario.max_attempts));
    }
    timed(palette, tone(scenario), &word, scenario.duration_ms, scenario.id.as_str(), said(scenario))
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

/// What a scenario does, by the step that was told last: its kind, and what it is about where it says so at its beginning.
pub(super) fn stage(kind: &Recorded<StepKind>, is_begun: bool, detail: &str) -> String {
    if is_begun && !detail.is_empty() { plain(&format!("{kind}: {detail}")) } else { kind.to_string() }
}
