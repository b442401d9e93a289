//! One world.

use super::{clock_check::ClockCheck, deliveries::Deliveries};
use crate::{
    lab::Lab,
    probe::{logs::Logs, mailbox::Mailboxes, token::Tokens},
    target::Target,
    verify::Dns,
};

/// A world that scenarios run in, with what is shared by all of them.
pub(super) struct World {
    pub(super) target: Target,
    pub(super) mailboxes: Mailboxes,
    pub(super) tokens: Tokens,
    pub(super) logs: Logs,
    pub(super) dns: Dns,
    /// What was sent here.
    pub(super) deliveries: Deliveries,
    /// Whose clock is wrong.
    pub(super) clock_check: ClockCheck,
    /// Servers of our own, which stop when this is dropped.
    pub(super) lab: Option<Lab>,
}
