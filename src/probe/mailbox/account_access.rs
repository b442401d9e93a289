//! How the connections of one account are made, and what they share.

use super::{time_limits::Limits, transcript::Transcript};
use crate::{probe::token::Tokens, target::ImapAccess};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// The least wait after a server said that an account is at a limit.
pub(super) const TOO_MANY_CONNECTIONS_PAUSE: Duration = Duration::from_millis(500);

/// What every connection of an account is made with.
pub(super) struct AccountAccess {
    /// The account's name.
    pub(super) name: String,
    pub(super) imap: ImapAccess,
    pub(super) limits: Limits,
    /// What logs it in.
    pub(super) tokens: Tokens,
    /// The protocol lines of all of them.
    pub(super) transcript: Arc<Transcript>,
    /// Those of every account.
    pub(super) counters: Arc<Counters>,
    /// The account was at a limit.
    pub(super) is_at_limit: AtomicBool,
}

/// How many connections were made.
#[derive(Debug, Default)]
pub(super) struct Counters {
    opened: AtomicUsize,
    reopened: AtomicUsize,
}

impl AccountAccess {
    /// Without any connection so far.
    pub(super) fn new(name: &str, imap: ImapAccess, limits: Limits, tokens: Tokens, counters: Arc<Counters>) -> Self {
        let (transcript, is_at_limit) = (Arc::new(Transcript::new()), AtomicBool::new(false));
        Self { name: name.to_owned(), imap, limits, tokens, transcript, counters, is_at_limit }
    }
}

impl Counters {
    /// One more; `is_again` when an earlier one broke.
    pub(super) fn count(&self, is_again: bool) {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.reopened.fetch_add(usize::from(is_again), Ordering::Relaxed);
    }

    /// All, and those of them that were made after an earlier one broke.
    pub(super) fn get(&self) -> (usize, usize) {
        (self.opened.load(Ordering::Relaxed), self.reopened.load(Ordering::Relaxed))
    }
}
