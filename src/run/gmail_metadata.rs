//! What only Gmail's search and labels can tell of a copy, asked after it arrived where an expectation is about it.

use super::{arrival::Found, world::World};
use crate::{
    core::deadline::scaled,
    evidence::{CategoryLookup, Folder},
    outcome::{HarnessError, HarnessErrorKind},
    scenario::{Scenario, model::ExpectationKind},
    target::Account,
};
use std::time::{Duration, Instant};

/// How long Gmail's search may take to know a mail that is in the inbox already.
const INDEXING: Duration = Duration::from_secs(10);

/// How long between two questions.
const AGAIN: Duration = Duration::from_secs(1);

/// The category of every copy, and the first thing that could not be found out.
pub(super) async fn look_up(
    world: &World,
    scenario: &Scenario,
    deadline: Instant,
    found: Vec<Found>,
) -> (Vec<(Found, CategoryLookup)>, Option<HarnessError>) {
    let mut all = Vec::with_capacity(found.len());
    let mut error = None;
    for one in found {
        let category = match category_lookup(world, scenario, deadline, &one).await {
            Ok(category) => category,
            Err(e) => {
                error.get_or_insert(e);
                CategoryLookup::Unknown
            }
        };
        all.push((one, category));
    }
    (all, error)
}

async fn category_lookup(
    world: &World,
    scenario: &Scenario,
    deadline: Instant,
    found: &Found,
) -> Result<CategoryLookup, HarnessError> {
    let arrival = &found.arrival;
    let wanted = scenario.expected_on(world.target.kind).filter_map(|e| match &e.kind {
        ExpectationKind::Delivered(d) => Some(d),
        _ => None,
    });
    let wanted = wanted.filter(|d| found.arrival.dsn.is_none() && d.to.value == arrival.account);
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
                Ok(CategoryLookup::NoCategory)
            }
        }
        _ => Ok(CategoryLookup::Unknown),
    }
}

/// Asks until Gmail's search knows the mail.
async fn category_of(
    world: &World,
    account: &Account,
    found: &Found,
    deadline: Instant,
) -> Result<CategoryLookup, HarnessError> {
    let until = deadline.min(Instant::now() + scaled(INDEXING));
    loop {
        if let Some(category) = world.mailboxes.category(account, &found.arrival).await? {
            return Ok(CategoryLookup::In(category));
        }
        if Instant::now() + AGAIN > until {
            return Ok(CategoryLookup::NoCategory);
        }
        tokio::time::sleep(AGAIN).await;
    }
}
