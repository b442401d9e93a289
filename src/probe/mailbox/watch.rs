//! One attempt's view of one folder.

use super::{
    arrival_broker::{ArrivalBroker, FolderState},
    message_key::MailIdentity,
};
use crate::{evidence::Arrival, outcome::HarnessError};
use std::{sync::Arc, time::Instant};
use tokio::sync::{mpsc, watch};

/// One attempt's view of one folder: the arrivals that it wants, in order. Dropping it ends the interest.
#[derive(Debug)]
pub struct Watch {
    id: u64,
    wanted: MailIdentity,
    broker: Arc<ArrivalBroker>,
    folder_state: watch::Receiver<FolderState>,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
}

impl Watch {
    pub(super) fn new(broker: Arc<ArrivalBroker>, wanted: MailIdentity) -> Self {
        let (id, arrivals) = broker.join(&wanted);
        Self { id, wanted, folder_state: broker.folder_state(), broker, arrivals }
    }

    /// Waits until the folder is open; `false` when there is none.
    pub(super) async fn opened(&mut self) -> Result<bool, HarnessError> {
        let settled =
            self.folder_state.wait_for(|state| !matches!(state, FolderState::Opening | FolderState::Waiting(_))).await;
        match settled.as_deref() {
            Ok(FolderState::Absent(_)) => Ok(false),
            Ok(FolderState::Failed(error)) => Err(error.clone()),
            // A connection that is broken now was open before: what arrives meanwhile is seen when it is made again.
            _ => Ok(true),
        }
    }

    /// The next arrival; `None` when `until` passes first. It can be dropped and called again without losing any.
    ///
    /// # Errors
    /// When the connection is broken at `until`, or cannot be made again because the login is refused.
    pub async fn next(&mut self, until: Instant) -> Result<Option<Arrival>, HarnessError> {
        let until = tokio::time::Instant::from_std(until);
        loop {
            if let Ok(arrival) = self.arrivals.try_recv() {
                return Ok(Some(arrival));
            }
            if let FolderState::Failed(error) = &*self.folder_state.borrow_and_update() {
                return Err(error.clone());
            }
            tokio::select! {
                biased;
                arrival = self.arrivals.recv() => return Ok(arrival),
                changed = self.folder_state.changed() => if changed.is_err() { return Ok(None) },
                () = tokio::time::sleep_until(until) => {
                    return match &*self.folder_state.borrow() {
                        FolderState::Broken(error) => Err(error.clone()),
                        _ => Ok(None),
                    };
                }
            }
        }
    }

    /// What is left when nothing more is waited for. A broken connection may be made again until then, so that the folder is
    /// looked at once more: servers end sessions whenever an access token ends, and that is no reason to give up.
    ///
    /// # Errors
    /// When the connection is still broken at `until`, or cannot be made again; what came before is in the first part.
    pub async fn rest(&mut self, until: Instant) -> (Vec<Arrival>, Result<(), HarnessError>) {
        let (_, before) = self.broker.behind();
        let broker = Arc::clone(&self.broker);
        let has_caught_up = || {
            let (is_behind, catch_ups) = broker.behind();
            !is_behind || catch_ups > before
        };
        let settled = self.folder_state.wait_for(|state| matches!(state, FolderState::Failed(_)) || has_caught_up());
        let _ = tokio::time::timeout_at(until.into(), settled).await;
        let error = match &*self.folder_state.borrow() {
            FolderState::Failed(error) => Err(error.clone()),
            FolderState::Broken(error) if !has_caught_up() => Err(error.clone()),
            _ => Ok(()),
        };
        let mut arrivals = Vec::new();
        while let Ok(arrival) = self.arrivals.try_recv() {
            arrivals.push(arrival);
        }
        (arrivals, error)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.broker.leave(self.id, &self.wanted);
    }
}
