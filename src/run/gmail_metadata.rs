//! What only Gmail's search and labels can tell of a copy, asked after it arrived where an expectation is about it.

use super::{arrival::Found, world::World};
use crate::{
    core::deadline::scaled,
    evidence::{Filed, Folder},
    outcome::{HarnessError, HarnessErrorKind},
    scenario::{Scenario, model::ExpectationKind},
    target::Account,
};
use std::time::{Duration, Instant};

/// How long Gmail's search may take to know a mail that is in the inbox already.
const INDEXING: Duration = Duration::from_secs(10);

/// How long between two questions.
const AGAIN: Duration = Duration::from_secs(1);

/// What every copy is filed under, and the first thing that could not be found out.
pub(super) async fn look_up(
    world: &World,
    scenario: &Scenario,
    deadline: Instant,
    found: Vec<Found>,
) -> (Vec<(Found, Filed)>, Option<HarnessError>) {
    let mut all = Vec::with_capacity(found.len());
    let mut error = None;
    for one in found {
        let filed = match about(world, scenario, deadline, &one).await {
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

async fn about(world: &World, scenario: &Scenario, deadline: Instant, found: &Found) -> Result<Filed, HarnessError> {
    let arrival = &found.arrival;
    let wanted = scenario.expected_on(world.target.kind).filter_map(|e| match &e.kind {
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
        return Err(HarnessError::new(
            HarnessErrorKind::Protocol,
            format!("labels of {}", arrival.account),
            message,
            next,
        ));
    }
    match world.target.accounts.get(&arrival.account) {
        Some(account) if category => {
            // Spam is under no tab.
            if arrival.folder == Folder::Inbox {
                category_of(world, account, found, deadline).await
            } else {
                Ok(Filed::Nowhere)
            }
        }
        _ => Ok(Filed::Unknown),
    }
}

/// Asks until Gmail's search knows the mail.
async fn category_of(
    world: &World,
    account: &Account,
    found: &Found,
    deadline: Instant,
) -> Result<Filed, HarnessError> {
    let until = deadline.min(Instant::now() + scaled(INDEXING));
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
