//! The tables of docs/reliability.md.

use super::{
    cell::{Cell, Times, Wants},
    fault::Fault,
    stage::{Protocol, Stage},
};
use std::collections::BTreeSet;

/// A table: faults down, stages across.
pub(crate) struct Table {
    /// Its mark in the page.
    pub(crate) name: &'static str,
    pub(crate) protocol: Protocol,
    pub(crate) stages: &'static [Stage],
    pub(crate) times: Times,
    pub(crate) wants: Wants,
}

pub(crate) const SMTP: Table =
    Table { name: "smtp", protocol: Protocol::Smtp, stages: &Stage::SMTP, times: Times::Once, wants: Wants::Copy };

pub(crate) const IMAP_ONCE: Table =
    Table { name: "imap once", protocol: Protocol::Imap, stages: &Stage::IMAP, times: Times::Once, wants: Wants::Copy };

pub(crate) const IMAP_ALWAYS: Table = Table { name: "imap always", times: Times::Always, ..IMAP_ONCE };

pub(crate) const CLEANUP: Table =
    Table { name: "cleanup", stages: &Stage::CLEANUP, times: Times::Always, wants: Wants::Cleanup, ..IMAP_ONCE };

pub(crate) const ABSENCE: Table =
    Table { name: "absence", stages: &Stage::WATCHING, times: Times::Always, wants: Wants::Absence, ..IMAP_ONCE };

/// What stands where there is no such fault.
const NONE: &str = "·";

/// What stands between outcomes that are both right.
const OR: &str = " / ";

impl Table {
    fn cell(&self, stage: Stage, fault: Fault) -> Option<Cell> {
        let Self { protocol, times, wants, .. } = *self;
        fault.fits(protocol, stage).then_some(Cell { protocol, stage, fault, times, wants })
    }

    /// The faults of its rows.
    fn faults(&self) -> impl Iterator<Item = Fault> {
        Fault::ALL.into_iter().filter(|fault| self.stages.iter().any(|stage| fault.fits(self.protocol, *stage)))
    }

    /// Whether it is the table of a cell.
    pub(crate) fn has(&self, cell: Cell) -> bool {
        self.cell(cell.stage, cell.fault) == Some(cell) && self.stages.contains(&cell.stage)
    }

    pub(crate) fn cells(&self) -> Vec<Cell> {
        let stages = |fault| self.stages.iter().filter_map(move |stage| self.cell(*stage, fault));
        self.faults().flat_map(stages).collect()
    }

    /// As Markdown, with the outcomes of every cell.
    pub(crate) fn written(&self, outcomes: impl Fn(Cell) -> BTreeSet<String>) -> String {
        let heads: String = self.stages.iter().map(|stage| format!(" {} |", stage.name())).collect();
        let mut out = format!("| |{heads}\n|---|{}\n", "---|".repeat(self.stages.len()));
        for fault in self.faults() {
            out.push_str(&format!("| {} |", fault.name()));
            for stage in self.stages {
                let shown = self
                    .cell(*stage, fault)
                    .map_or_else(|| NONE.to_owned(), |cell| outcomes(cell).into_iter().collect::<Vec<_>>().join(OR));
                out.push_str(&format!(" {shown} |"));
            }
            out.push('\n');
        }
        out
    }

    /// The outcomes of a cell, as the page has them.
    pub(crate) fn read(&self, page: &str, cell: Cell) -> BTreeSet<String> {
        let table = page.split_once(&format!("<!-- table: {} -->\n", self.name)).map_or("", |(_, rest)| rest);
        let table = table.split("<!-- end -->").next().unwrap_or_default();
        let row = table.lines().find(|line| line.starts_with(&format!("| {} |", cell.fault.name())));
        let column = self.stages.iter().position(|stage| *stage == cell.stage);
        let shown = row.zip(column).and_then(|(row, column)| row.split('|').nth(column + 2));
        let outcomes = shown.map(str::trim).filter(|shown| !shown.is_empty());
        outcomes.into_iter().flat_map(|shown| shown.split(OR)).map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_as_it_is_written() {
        let both = || BTreeSet::from(["H04".to_owned(), "PASS".to_owned()]);
        let page = format!("text\n<!-- table: smtp -->\n{}<!-- end -->\n", SMTP.written(|_| both()));
        for cell in SMTP.cells() {
            assert_eq!(SMTP.read(&page, cell), both(), "{cell}");
        }
        assert!(page.contains("\n| half closed | H04 / PASS |"), "{page}");
        assert!(SMTP.read("text\n", SMTP.cells()[0]).is_empty());
        assert_eq!(SMTP.faults().count(), 20);
        assert_eq!((IMAP_ONCE.stages.len(), IMAP_ONCE.faults().count()), (16, 21));
    }
}
