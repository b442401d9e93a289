//! Mailboxes watched over IMAP: one connection per folder serves every attempt that waits on it.

use crate::{
    evidence::{Arrival, Folder},
    outcome::StageError,
    scenario::target::Account,
};
use std::time::{Duration, Instant};

/// What an attempt looks for: a message with this Message-ID, or one that carries this token in its header or, for a
/// delivery status notification, in what it returns.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// With angle brackets.
    pub message_id: String,
    /// The attempt's token.
    pub token: crate::core::Token,
}

/// Every mailbox of a run. Folders are opened when they are first watched, once each; clones share them.
#[derive(Clone, Default)]
pub struct Mailboxes {}

/// One attempt's view of one folder: the arrivals that it wants, in order. Dropping it ends the interest.
pub struct Watch {}

impl Mailboxes {
    /// `poll` is the longest that a folder is left unasked when the server sends no news.
    pub fn new(poll: Duration) -> Self {
        let _ = poll;
        unimplemented!()
    }

    /// Watches a folder of an account from now on: returns when the folder is selected, so that what arrives
    /// afterwards cannot be missed. `None` when the account has no such folder.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the login.
    pub async fn watch(&self, account: &Account, folder: Folder, wanted: Wanted) -> Result<Option<Watch>, StageError> {
        let _ = (account, folder, wanted);
        unimplemented!()
    }

    /// Moves a message to the bin.
    ///
    /// # Errors
    /// When the connection is gone or the server refuses.
    pub async fn delete(&self, arrival: &Arrival) -> Result<(), StageError> {
        let _ = arrival;
        unimplemented!()
    }

    /// How many IMAP connections were opened so far, and how many of them again after they broke.
    pub fn connections(&self) -> (usize, usize) {
        unimplemented!()
    }

    /// The protocol lines so far, secrets masked.
    pub fn transcript(&self, account: &str) -> String {
        let _ = account;
        unimplemented!()
    }

    /// Logs out everywhere and waits until every thread has ended.
    pub async fn close(&self) {}
}

impl Watch {
    /// The next arrival; `None` when `until` passes first.
    ///
    /// # Errors
    /// When the connection broke and could not be made again.
    pub async fn next(&mut self, until: Instant) -> Result<Option<Arrival>, StageError> {
        let _ = until;
        unimplemented!()
    }
}
