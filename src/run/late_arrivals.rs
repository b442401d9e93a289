//! Mail that comes after its attempt was given up: it tells a slow way from a lost mail. Asked when a world ends, because
//! until then nothing more is sent and everything that came can be seen.

use super::{deliveries::Delivery, search::Search, step_log::millis, world::World};
use crate::{
    core::deadline,
    evidence::Folder,
    outcome::{ScenarioReport, Status},
};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// How long all mailboxes of a world may take to tell.
const LOOK: Duration = Duration::from_secs(15);

/// A copy that came when nobody waited for it any more.
#[derive(Debug, Clone)]
pub(super) struct LateArrival {
    /// The scenario's place in the plan.
    pub(super) index: usize,
    attempt: u32,
    account: String,
    folder: Folder,
    /// From the end of its submission, and from the moment when it was given up; `None` when it was only found.
    took: Option<(Duration, Duration)>,
}

/// Every mail of a world that was given up and has come since. What the servers do not tell in time is not known.
pub(super) async fn look(world: &World) -> Vec<LateArrival> {
    let mut late = Vec::new();
    let looking = async {
        for (mail, given_up) in world.deliveries.given_up() {
            late.extend(copy(world, &mail, given_up).await);
        }
    };
    tokio::time::timeout(deadline::scaled(LOOK), looking).await.ok();
    late
}

/// What the connection saw that watches the folder tells when a copy came; a search only that it is there.
async fn copy(world: &World, mail: &Delivery, given_up: Instant) -> Option<LateArrival> {
    let account = world.target.accounts.get(&mail.account)?;
    let late = |folder, took| {
        let Delivery { index, attempt, account, .. } = mail.clone();
        LateArrival { index, attempt, account, folder, took }
    };
    let folders = [Folder::Inbox, Folder::Spam];
    for folder in folders {
        let Ok(Some(mut watch)) = world.mailboxes.watch(account, folder, mail.wanted.clone()).await else { continue };
        while let Ok(Some(arrival)) = watch.next(Instant::now()).await {
            if arrival.dsn.is_none() {
                let [sent, given_up] = [mail.sent, given_up].map(|at| arrival.seen.saturating_duration_since(at));
                return Some(late(folder, Some((sent, given_up))));
            }
        }
    }
    let (wanted, accounts) = (&mail.wanted, BTreeSet::from([account.name.clone()]));
    // In All Mail alone there is what was sent, too.
    let search = Search { wanted, since: mail.date, accounts, sender: None, mail_from: &account.address };
    // A folder that cannot be searched says nothing of the mail.
    let there = search.run(world).await.arrivals.into_iter().filter(|arrival| arrival.dsn.is_none());
    there.min_by_key(|arrival| arrival.folder).map(|arrival| late(arrival.folder, None))
}

impl LateArrival {
    /// Writes it into the scenario's report.
    pub(super) fn amend(&self, report: &mut ScenarioReport) {
        let Some(attempt) = report.attempts.iter_mut().find(|a| a.n == self.attempt) else { return };
        let (folder, account) = (self.folder, &self.account);
        attempt.status = Status::Late;
        attempt.summary = match self.took {
            Some((after, late)) => {
                attempt.timings_ms.extend([("came".into(), millis(after)), ("late".into(), millis(late))]);
                let (after, late) = (after.as_secs_f64(), late.as_secs_f64());
                format!("came late: in the {folder} of {account} after {after:.2}s, {late:.2}s after it was given up")
            }
            None => format!("came late: it is in the {folder} of {account} now"),
        };
        if report.status == Status::TimedOut {
            report.status = Status::Late;
        }
    }
}
