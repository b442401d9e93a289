//! What servers of others said to the outside sender, for whoever sends over it.

use crate::lab::embedded::smtp_client::Answer;
use std::{collections::BTreeMap, time::Instant};
use tokio::sync::watch;

/// One try to hand a message to a server of somebody else.
#[derive(Debug, Clone)]
pub(crate) struct Handover {
    /// Where the server is: `host:port`.
    pub server: String,
    /// To whom.
    pub recipients: Vec<String>,
    /// Every reply, in order.
    pub replies: Vec<Answer>,
    /// Why it broke off, where it did.
    pub failure: Option<HandoverFailure>,
    /// When it ended.
    pub ended: Instant,
}

/// A try broke off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HandoverFailure {
    /// No connection came about.
    Unreachable(String),
    /// The connection was lost, or what was said is no SMTP.
    BrokenOff(String),
}

/// Every try so far, by the Message-ID of the message, with angle brackets. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Handovers(watch::Sender<BTreeMap<String, Vec<Handover>>>);

impl Handovers {
    /// Adds a try.
    pub(super) fn add(&self, message_id: String, handover: Handover) {
        self.0.send_modify(|all| all.entry(message_id).or_default().push(handover));
    }

    /// Every try to hand on a message, in order.
    pub(crate) fn of(&self, message_id: &str) -> Vec<Handover> {
        self.0.borrow().get(message_id).cloned().unwrap_or_default()
    }

    /// Waits for more tries than `known` to hand on a message; all of them.
    pub(crate) async fn more(&self, message_id: &str, known: usize) -> Vec<Handover> {
        let mut changes = self.0.subscribe();
        // The sender is ours, so that it does not end before.
        let _ = changes.wait_for(|all| all.get(message_id).is_some_and(|of| of.len() > known)).await;
        self.of(message_id)
    }
}
