//! Lines of a scenario file with a caret under what is meant.

use super::style::{Palette, Tone};
use crate::report::plain;

/// A place in a source text and what to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// From 1.
    pub(super) line: u32,
    /// From 1, in characters.
    pub(super) column: u32,
    /// In characters; 0 for one.
    pub(super) len: u32,
    /// Stands behind the carets.
    pub(super) label: String,
}

/// The lines between the two bars, as rustc prints them; and the width of the line numbers.
pub(super) fn excerpt(palette: Palette, source: &str, marks: &[Mark]) -> (Vec<String>, usize) {
    let mut marks: Vec<&Mark> = marks.iter().collect();
    marks.sort_by_key(|m| (m.line, m.column));
    let gutter = marks.last().map_or(1, |m| m.line.to_string().len());
    let lines: Vec<&str> = source.lines().collect();
    let mut out = Vec::new();
    let mut shown: Option<u32> = None;
    for mark in marks {
        let Some(text) = usize::try_from(mark.line).ok().and_then(|n| lines.get(n.checked_sub(1)?)) else { continue };
        if shown != Some(mark.line) {
            if shown.is_some_and(|s| s + 1 < mark.line) {
                out.push("...".to_owned());
            }
            let number = palette.paint(Tone::Name, &format!("{:>gutter$} |", mark.line));
            out.push(format!("{number} {}", plain(text)));
            shown = Some(mark.line);
        }
        let start = usize::try_from(mark.column.saturating_sub(1)).unwrap_or(0);
        let left = text.chars().count().saturating_sub(start);
        let len = usize::try_from(mark.len.max(1)).unwrap_or(1).min(left.max(1));
        let bar = palette.paint(Tone::Name, &format!("{:gutter$} |", ""));
        let carets = palette.paint(Tone::Bad, &"^".repeat(len));
        out.push(format!("{bar} {:start$}{carets} {}", "", mark.label).trim_end().to_owned());
    }
    (out, gutter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_what_is_meant() {
        let source = "a: 1\n  ärc: pass\nb\nc: d\n";
        let mark = |line, column, len, label: &str| Mark { line, column, len, label: label.into() };
        let (lines, gutter) = excerpt(
            Palette { color: false },
            source,
            &[mark(4, 4, 1, "saw x"), mark(2, 8, 4, "saw none"), mark(9, 1, 1, "not there")],
        );
        assert_eq!(gutter, 1);
        assert_eq!(lines, ["2 |   ärc: pass", "  |        ^^^^ saw none", "...", "4 | c: d", "  |    ^ saw x"]);
    }
}
