//! What only Gmail's search and labels can tell of a copy, asked after it arrived where an expectation is about it.

use super::{arrival::Found, world::World};
use crate::{
    core::deadline,
    evidence::{Filed, Folder},
    outcome::{HarnessCode, StageError},
    scenario::{Scenario, model::ExpectationKind},
    target::Account,
};
use std::time::{Duration, Instant};

/// How long Gmail's search may take to know a mail that is in the inbox already.
const INDEXING: Duration = Duration::from_secs(10);

/// How long between two questions.
const AGAIN: Duration = Duration::from_secs(1);

/// What the answers are for.
pub(super) struct Asked<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) deadline: Instant,
}

impl Asked<'_> {
    /// What every copy is filed under, and the first thing that could not be found out.
    pub(super) async fn look_up(&self, world: &World, found: Vec<Found>) -> (Vec<(Found, Filed)>, Option<StageError>) {
        let mut all = Vec::with_capacity(found.len());
        let mut error = None;
        for one in found {
            let filed = match self.about(world, &one).await {
                Ok(filed) => filed,
                Err(e) => {
                    error.get_or_insert(e);
                    Filed::Unknown
                }
            };
            all.push((one, filed));
        }
        (all, error)
    }

    async fn about(&self, world: &World, found: &Found) -> Result<Filed, StageError> {
        let arrival = &found.arrival;
        let wanted = self.scenario.expected_on(world.target.kind).filter_map(|e| match &e.kind {
            ExpectationKind::Delivered(d) => Some(d),
            _ => None,
        });
        let wanted = wanted.filter(|d| found.dsn.is_none() && d.to.value == arrival.account);
        let (mut labels, mut category) = (false, false);
        for delivered in wanted {
            labels |= !delivered.labels.is_empty();
            category |= delivered.category.is_some();
        }
        if labels && arrival.labels.is_none() {
            let message = "X-GM-LABELS did not come, or cannot be read";
            let next = "read imap.log of the attempt; a label with line breaks or quotes in its name can be the cause";
            return Err(StageError::new(HarnessCode::H07, format!("labels of {}", arrival.account), message, next));
        }
        let account = world.target.accounts.get(&arrival.account);
        match account.filter(|_| category) {
            None => Ok(Filed::Unknown),
            // Spam is under no tab.
            Some(_) if arrival.folder != Folder::Inbox => Ok(Filed::Nowhere),
            Some(account) => self.category(world, account, found).await,
        }
    }

    /// Asks until Gmail's search knows the mail.
    async fn category(&self, world: &World, account: &Account, found: &Found) -> Result<Filed, StageError> {
        let until = self.deadline.min(Instant::now() + deadline::scaled(INDEXING));
        loop {
            if let Some(category) = world.mailboxes.category(account, &found.arrival).await? {
                return Ok(Filed::Under(category));
            }
            if Instant::now() + AGAIN > until {
                return Ok(Filed::Nowhere);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}
