//! Whose turn it is: how many scenarios at a time may use an account.

use super::{PlannedScenario, limits};
use crate::target::Target;
use std::collections::{BTreeMap, VecDeque};

/// Whose scenarios may run beside others: `limits: { gmail: { jobs: 1 } }`.
#[derive(Debug, Default)]
pub(super) struct AccountPermits {
    /// How many more may run, by account.
    free: BTreeMap<String, u32>,
    /// The accounts with such a limit that each scenario of the plan uses.
    used: Vec<Vec<String>>,
}

impl AccountPermits {
    pub(super) fn of(items: &[PlannedScenario], target: Option<&Target>) -> Self {
        let mut permits = Self::default();
        for item in items {
            let accounts = target.map_or_else(Vec::new, |target| limits::accounts(item, target));
            let limited = accounts.into_iter().filter_map(|a| Some((a.name.clone(), a.limit.jobs.as_ref()?.value)));
            let limited: Vec<_> = limited.collect();
            permits.used.push(limited.iter().map(|(name, _)| name.clone()).collect());
            permits.free.extend(limited);
        }
        permits
    }

    /// Takes the first that may run now; `None` while all wait for others to end.
    pub(super) fn take(&mut self, waiting: &mut VecDeque<PlannedScenario>) -> Option<PlannedScenario> {
        let free = &self.free;
        let may =
            |item: &PlannedScenario| self.used[item.index].iter().all(|name| free.get(name).is_none_or(|n| *n > 0));
        let place = waiting.iter().position(may)?;
        let item = waiting.remove(place)?;
        self.change(item.index, |n| n.saturating_sub(1));
        Some(item)
    }

    pub(super) fn give_back(&mut self, index: usize) {
        self.change(index, |n| n.saturating_add(1));
    }

    fn change(&mut self, index: usize, by: impl Fn(u32) -> u32) {
        for name in &self.used[index] {
            if let Some(n) = self.free.get_mut(name) {
                *n = by(*n);
            }
        }
    }
}
