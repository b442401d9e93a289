//! What a search looks at: one message, and how its dates stand to others.

use crate::lab::embedded::{imap_server::folder_view::Row, store::FolderKind};
use jiff::civil::Date;

/// How a date stands to another.
#[derive(Debug, Clone, Copy)]
pub(super) enum DateOrder {
    Before,
    On,
    Since,
}

impl DateOrder {
    pub(super) fn holds(self, date: Date, wanted: Date) -> bool {
        match self {
            Self::Before => date < wanted,
            Self::On => date == wanted,
            Self::Since => date >= wanted,
        }
    }
}

/// A message with what a key may ask about it.
pub(super) struct Candidate<'a> {
    pub(super) row: &'a Row,
    /// The folders that hold it; filled in when a key asks for it.
    pub(super) held: &'a [FolderKind],
    pub(super) greatest: u32,
    pub(super) greatest_uid: u32,
}
