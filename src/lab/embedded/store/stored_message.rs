//! A message as the store keeps it, whatever folders it is in.

use super::header;
use crate::core::Category;
use jiff::Timestamp;
use std::{collections::BTreeSet, sync::Arc};

/// A stored message. Clones share the bytes.
#[derive(Debug, Clone)]
pub struct StoredMessage {
    /// The message as it was received.
    pub raw: Arc<[u8]>,
    /// When it was received.
    pub internal_date: Timestamp,
    /// Flags and keywords, but not `\Deleted`, which belongs to its place in a folder.
    pub flags: BTreeSet<String>,
    /// X-GM-MSGID: its number in the account.
    pub gm_msgid: u64,
    /// X-GM-THRID: the number of its conversation's first message.
    pub gm_thrid: u64,
    /// What the provider takes it for, where it has categories.
    pub category: Option<Category>,
    /// The account's number of changes when the flags changed last.
    pub modseq: u64,
}

impl StoredMessage {
    /// The header section, with the empty line that ends it.
    pub(crate) fn header(&self) -> &[u8] {
        self.raw.get(..header::end(&self.raw)).unwrap_or_default()
    }

    /// The first field of this name, unfolded and trimmed.
    pub fn field(&self, name: &str) -> Option<String> {
        header::field(self.header(), name)
    }
}
