//! The folders of a mailbox that mail comes into.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A folder of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Folder {
    /// INBOX.
    Inbox,
    /// The folder with `\Junk`.
    Spam,
    /// The folder with `\All`.
    All,
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Inbox => "inbox",
            Self::Spam => "spam",
            Self::All => "all",
        })
    }
}
