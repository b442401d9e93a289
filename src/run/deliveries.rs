//! What the attempts in a world know of each other's mail: what was sent to a mailbox, what came, what was given up.

use crate::{core::Token, core::UnixTime, evidence::OtherDeliveries, probe::mailbox::MailIdentity};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// Every mail that was sent in a world, once for each mailbox where a copy of it is wanted.
#[derive(Debug, Default)]
pub(super) struct Deliveries(Mutex<Vec<Delivery>>);

/// A mail on its way to a mailbox.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    /// The scenario's place in the plan.
    pub(super) index: usize,
    /// The attempt, from 1.
    pub(super) attempt: u32,
    /// Where a copy is wanted.
    pub(super) account: String,
    /// What the copy is known by.
    pub(super) wanted: MailIdentity,
    /// The end of its submission.
    pub(super) sent: Instant,
    /// Its Date, in seconds since 1970.
    pub(super) date: UnixTime,
    came: Option<Instant>,
    given_up: Option<Instant>,
}

impl Deliveries {
    fn all(&self) -> MutexGuard<'_, Vec<Delivery>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A mail of this Date was sent a moment ago, of which these accounts are to get copies. `index` is the scenario's place in the plan.
    pub(super) fn sent(
        &self,
        index: usize,
        attempt: u32,
        wanted: &MailIdentity,
        date: UnixTime,
        accounts: impl IntoIterator<Item = String>,
    ) {
        let sent = Instant::now();
        self.all().extend(accounts.into_iter().map(|account| Delivery {
            index,
            attempt,
            account,
            wanted: wanted.clone(),
            sent,
            date,
            came: None,
            given_up: None,
        }));
    }

    /// A copy was seen.
    pub(super) fn came(&self, token: &Token, account: &str, at: Instant) {
        for mail in self.all().iter_mut().filter(|m| m.wanted.token == *token && m.account == account) {
            mail.came.get_or_insert(at);
        }
    }

    /// Nobody waits any more for what of this mail has not come.
    pub(super) fn give_up(&self, token: &Token) {
        let now = Instant::now();
        for mail in self.all().iter_mut().filter(|m| m.wanted.token == *token && m.came.is_none()) {
            mail.given_up = Some(now);
        }
    }

    /// What was given up, and when.
    pub(super) fn given_up(&self) -> Vec<(Delivery, Instant)> {
        self.all().iter().filter_map(|m| Some((m.clone(), m.given_up?))).collect()
    }

    /// What became of the other mails, for each account where a copy of this one is wanted and has not come.
    pub(super) fn others(&self, token: &Token) -> Vec<OtherDeliveries> {
        let all = self.all();
        let missing = all.iter().filter(|m| m.wanted.token == *token && m.came.is_none());
        missing.map(|mine| others(mine, &all)).collect()
    }
}

fn others(mine: &Delivery, all: &[Delivery]) -> OtherDeliveries {
    let mut others = OtherDeliveries { account: mine.account.clone(), ..OtherDeliveries::default() };
    for other in all.iter().filter(|m| m.account == mine.account && m.wanted.token != mine.wanted.token) {
        others.sent += 1;
        let Some(came) = other.came else { continue };
        others.came += 1;
        if came >= mine.sent {
            others.meanwhile += 1;
            others.slowest = others.slowest.max(Some(came.saturating_duration_since(other.sent)));
        }
    }
    others
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn mail(n: u32, account: &str, sent: Instant, came: Option<u64>) -> Delivery {
        let token = Token::new(format!("t-{n}"));
        let wanted = MailIdentity { message_id: format!("<{n}@x>"), token };
        let came = came.map(|seconds| sent + Duration::from_secs(seconds));
        Delivery { index: 0, attempt: 1, account: account.into(), wanted, sent, date: 0, came, given_up: None }
    }

    #[test]
    fn others_are_counted_by_account_and_time() {
        let start = Instant::now();
        let second = |n| start + Duration::from_secs(n);
        let deliveries = Deliveries(Mutex::new(vec![
            mail(1, "gmail", second(0), Some(1)),
            mail(2, "gmail", second(0), Some(30)),
            mail(3, "gmail", second(10), None),
            mail(4, "gmail", second(20), Some(3)),
            mail(5, "external", second(20), Some(1)),
            mail(6, "gmail", second(21), None),
        ]));
        let gmail = OtherDeliveries {
            account: "gmail".into(),
            sent: 4,
            came: 3,
            meanwhile: 2,
            slowest: Some(Duration::from_secs(30)),
        };
        assert_eq!(deliveries.others(&Token::new("t-3")), [gmail]);
        assert_eq!(deliveries.others(&Token::new("t-5")), [], "it came");
    }

    #[test]
    fn what_came_is_not_given_up() {
        let deliveries =
            Deliveries(Mutex::new(vec![mail(1, "a", Instant::now(), None), mail(2, "a", Instant::now(), None)]));
        deliveries.came(&Token::new("t-1"), "a", Instant::now());
        deliveries.give_up(&Token::new("t-1"));
        assert!(deliveries.given_up().is_empty());
        deliveries.came(&Token::new("t-2"), "b", Instant::now());
        deliveries.give_up(&Token::new("t-2"));
        assert_eq!(deliveries.given_up().len(), 1);
    }
}
