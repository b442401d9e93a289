//! How many mails a minute an account may get.

use crate::scenario::Target;
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};

const MINUTE: Duration = Duration::from_secs(60);

/// Remembers when mails were sent to accounts that have a limit.
#[derive(Debug, Default)]
pub(super) struct Limits(Mutex<BTreeMap<String, VecDeque<Instant>>>);

impl Limits {
    /// Waits until one more mail may be sent to each of these accounts, and counts it.
    pub(super) async fn admit(&self, target: &Target, accounts: &[String]) {
        let limited: Vec<_> = accounts
            .iter()
            .filter_map(|name| {
                target.accounts.get(name).and_then(|a| a.per_minute).filter(|n| *n > 0).map(|n| (name, n))
            })
            .collect();
        if limited.is_empty() {
            return;
        }
        loop {
            let free = {
                let mut sent = self.0.lock().await;
                let now = Instant::now();
                let free = limited
                    .iter()
                    .filter_map(|(name, most)| free_at(sent.entry((*name).clone()).or_default(), *most, now))
                    .max();
                if free.is_none() {
                    for (name, _) in &limited {
                        sent.entry((*name).clone()).or_default().push_back(now);
                    }
                }
                free
            };
            match free {
                Some(at) => sleep_until(at).await,
                None => return,
            }
        }
    }
}

/// When the next mail may be sent; `None` for now.
fn free_at(sent: &mut VecDeque<Instant>, most: u32, now: Instant) -> Option<Instant> {
    while sent.front().is_some_and(|at| *at + MINUTE <= now) {
        sent.pop_front();
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    if sent.len() < most { None } else { sent.get(sent.len() - most).map(|at| *at + MINUTE) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Account, TargetKind};

    fn target(per_minute: u32) -> Target {
        let account = Account { per_minute: Some(per_minute), ..Account::new("gmail", "probe.inbox@gmail.com") };
        Target { kind: TargetKind::Gmail, accounts: [("gmail".to_owned(), account)].into(), dns: None, rspamd: None }
    }

    #[tokio::test(start_paused = true)]
    async fn the_third_mail_of_two_a_minute_waits() {
        let (limits, target, to) = (Limits::default(), target(2), ["gmail".to_owned(), "company".to_owned()]);
        let started = Instant::now();
        limits.admit(&target, &to).await;
        tokio::time::advance(Duration::from_secs(20)).await;
        limits.admit(&target, &to).await;
        assert_eq!(started.elapsed(), Duration::from_secs(20));
        limits.admit(&target, &to).await;
        assert!(started.elapsed() >= MINUTE && started.elapsed() < MINUTE + Duration::from_secs(1));
        limits.admit(&target, &to).await;
        assert!(started.elapsed() >= Duration::from_secs(80));
    }
}
