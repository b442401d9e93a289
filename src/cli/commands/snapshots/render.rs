//! How snapshots and their differences look.

use crate::{
    core::visible::{lines, plain},
    judge::snapshot::{Entry, Proposal, SnapshotFileError},
};
use console::Style;

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct SnapshotStyle {
    /// Whether colours are wanted.
    pub(super) color: bool,
}

impl SnapshotStyle {
    fn paint(self, style: Style, text: &str) -> String {
        style.force_styling(self.color).apply_to(lines(text)).to_string()
    }

    /// `gmail/forward-arc`, bold.
    pub(super) fn title(self, entry: &Entry) -> String {
        self.paint(Style::new().bold(), &name(entry))
    }

    /// The words, one line each, then the lines of the diff.
    pub(super) fn difference(self, proposal: &Proposal) -> String {
        let mut out = String::new();
        for word in &proposal.words {
            out.push_str(&format!("  {}\n", self.paint(Style::new().yellow(), word)));
        }
        // The first two lines only name the sides.
        for line in proposal.diff.lines().skip(2) {
            let style = match line.chars().next() {
                Some('+') => Style::new().green(),
                Some('-') => Style::new().red(),
                Some('@') => Style::new().cyan(),
                _ => Style::new(),
            };
            out.push_str(&format!("    {}\n", self.paint(style, line)));
        }
        out
    }

    /// Why a snapshot cannot be shown.
    pub(super) fn problem(self, error: &SnapshotFileError) -> String {
        self.paint(Style::new().red(), &format!("{}; {}", error.problem, error.next))
    }
}

/// `gmail/forward-arc`.
pub(super) fn name(entry: &Entry) -> String {
    plain(&format!("{}/{}", entry.target, entry.id))
}
