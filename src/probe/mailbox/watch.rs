//! One attempt's view of one folder.

use super::{
    hub::{Hub, Link},
    keys::Wanted,
};
use crate::{evidence::Arrival, outcome::HarnessError};
use std::{sync::Arc, time::Instant};
use tokio::sync::{mpsc, watch};

/// One attempt's view of one folder: the arrivals that it wants, in order. Dropping it ends the interest.
#[derive(Debug)]
pub struct Watch {
    id: u64,
    wanted: Wanted,
    hub: Arc<Hub>,
    link: watch::Receiver<Link>,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
}

impl Watch {
    pub(super) fn new(hub: Arc<Hub>, wanted: Wanted) -> Self {
        let (id, arrivals) = hub.join(&wanted);
        Self { id, wanted, link: hub.link(), hub, arrivals }
    }

    /// Waits until the folder is open; `false` when there is none.
    pub(super) async fn opened(&mut self) -> Result<bool, HarnessError> {
        let settled = self.link.wait_for(|link| !matches!(link, Link::Opening | Link::Waiting(_))).await;
        match settled.as_deref() {
            Ok(Link::Absent(_)) => Ok(false),
            Ok(Link::Failed(error)) => Err(error.clone()),
            // A broken link was open before: what arrives now is seen when it is made again.
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
            if let Link::Failed(error) = &*self.link.borrow_and_update() {
                return Err(error.clone());
            }
            tokio::select! {
                biased;
                arrival = self.arrivals.recv() => return Ok(arrival),
                changed = self.link.changed() => if changed.is_err() { return Ok(None) },
                () = tokio::time::sleep_until(until) => {
                    return match &*self.link.borrow() {
                        Link::Broken(error) => Err(error.clone()),
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
        let (_, before) = self.hub.behind();
        let hub = Arc::clone(&self.hub);
        let has_caught_up = || {
            let (is_behind, catch_ups) = hub.behind();
            !is_behind || catch_ups > before
        };
        let is_settled = |link: &Link| matches!(link, Link::Failed(_)) || has_caught_up();
        tokio::time::timeout_at(until.into(), self.link.wait_for(is_settled)).await.map(drop).ok();
        let error = match &*self.link.borrow() {
            Link::Failed(error) => Err(error.clone()),
            Link::Broken(error) if !has_caught_up() => Err(error.clone()),
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
        self.hub.leave(self.id, &self.wanted);
    }
}
