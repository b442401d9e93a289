//! A cause, with what it rests on and what to do.

use super::{Line, TextStyle};
use crate::{
    catalogue::{Cause, Lang},
    core::visible::plain,
    outcome::{Confidence, Diagnosis},
    report::console::Tone,
};

/// A line for the cause, and a line for everything that it rests on.
pub(super) fn lines(style: TextStyle, d: &Diagnosis) -> Vec<Line> {
    let ja = style.lang == Lang::Ja;
    let (word, tone) = match (d.confidence, ja) {
        (Confidence::Certain, false) => ("certain", Tone::Bad),
        (Confidence::Certain, true) => ("確実", Tone::Bad),
        (Confidence::High, false) => ("likely", Tone::Bad),
        (Confidence::High, true) => ("おそらく", Tone::Bad),
        (Confidence::Low, false) => ("perhaps", Tone::Doubtful),
        (Confidence::Low, true) => ("可能性あり", Tone::Doubtful),
    };
    let [why, not, fix, next] =
        if ja { ["根拠:", "除外:", "対処:", "次に:"] } else { ["why: ", "not: ", "fix: ", "next:"] };
    let row = d.code.known().map(Cause::row);
    let title = row.map_or_else(|| plain(&d.title), |row| row.title.in_lang(style.lang).to_owned());
    let head = format!("{} {title} ({word})", style.palette.paint(tone, &d.code.to_string()));
    let seen = d.evidence.iter().map(|e| match e.line {
        0 => format!("  {why} {}", plain(&e.text)),
        line => format!("  {why} {}:{line}: {}", plain(&e.artifact), plain(&e.text)),
    });
    let excluded = d.ruled_out.iter().map(|r| format!("  {not} {}", plain(r)));
    let remedy = row.map(|row| format!("  {fix} {}", row.fix.in_lang(style.lang)));
    let next = d.next.iter().map(|n| Line { text: format!("  {next} {}", plain(n)), is_command: true });
    let reasons = std::iter::once(head).chain(seen).chain(excluded).chain(remedy);
    reasons.map(Line::from).chain(next).collect()
}
