//! The folders of an attempt, watched.

use super::{wait_policy::WaitPolicy, world::World};
use crate::{
    evidence::{Arrival, Folder, WatchedFolder},
    outcome::{HarnessError, HarnessErrorKind},
    probe::mailbox::{MailIdentity, Watch},
    target::{Account, Provider},
};
use std::time::{Duration, Instant};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Longer than anybody waits.
const FOR_EVER: Duration = Duration::from_secs(365 * 86_400);

/// The folders of one attempt, watched, each with whether a condition needs it.
pub(super) struct Watches(Vec<(Watch, bool)>);

/// What the watches see, one after the other.
pub(super) struct ArrivalStream {
    from: mpsc::UnboundedReceiver<Result<Arrival, HarnessError>>,
    _over: DropGuard,
}

/// Watches every folder that the conditions need and, where it can be, the sender's inbox, where bounces arrive.
/// Returns when all of them are watched.
pub(super) async fn watch(
    world: &World,
    policy: &WaitPolicy,
    sender: &str,
    wanted: &MailIdentity,
    deadline: Instant,
) -> Result<Watches, HarnessError> {
    let mut tasks = JoinSet::new();
    for (account, folder, needed) in folders(world, policy, sender) {
        let (account, mailboxes, wanted) = (account.clone(), world.mailboxes.clone(), wanted.clone());
        tasks.spawn(async move {
            let watch = mailboxes.watch(&account, folder, wanted);
            let opened = tokio::time::timeout_at(deadline.into(), watch).await;
            let opened = opened.unwrap_or_else(|_| Err(mailboxes.why_closed(&account.name, folder)));
            (account, folder, opened, needed)
        });
    }
    let mut watches = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (account, folder, watch, needed) = done.map_err(|e| internal_error(&e))?;
        let is_gmail = account.imap.is_some_and(|imap| imap.provider == Provider::Gmail);
        match watch {
            Ok(Some(watch)) => watches.push((watch, needed)),
            // Elsewhere mail cannot be in a folder that is not there.
            Ok(None) if needed && (is_gmail || policy.is_named(&account.name, folder)) => {
                return Err(world.mailboxes.why_closed(&account.name, folder));
            }
            Ok(None) => {}
            Err(error) if needed => return Err(error),
            Err(_) => {}
        }
    }
    Ok(Watches(watches))
}

/// The folders of an attempt, and whether a condition needs them.
fn folders<'w>(world: &'w World, policy: &WaitPolicy, sender: &str) -> Vec<(&'w Account, Folder, bool)> {
    let needed = policy.folders();
    let bounces = (sender.to_owned(), Folder::Inbox);
    // Without a condition nothing is waited for, and a bounce would come too late to be seen.
    let also = (!needed.is_empty() && !needed.contains(&bounces)).then_some((bounces, false));
    let all = needed.into_iter().map(|folder| (folder, true)).chain(also);
    let with_account = all.filter_map(|((name, folder), needed)| {
        let account = world.target.accounts.get(&name).filter(|a| a.imap.is_some())?;
        Some((account, folder, needed))
    });
    with_account.collect()
}

impl Watches {
    /// One task a watch, all of them into one stream. Errors of folders that nobody needs are left out.
    pub(super) fn listen(self) -> ArrivalStream {
        let (to, from) = mpsc::unbounded_channel();
        let over = CancellationToken::new();
        let for_ever = Instant::now() + FOR_EVER;
        for (mut watch, needed) in self.0 {
            let (to, over) = (to.clone(), over.clone());
            tokio::spawn(async move {
                loop {
                    let next = tokio::select! {
                        next = watch.next(for_ever) => next,
                        () = over.cancelled() => return,
                    };
                    match next {
                        Ok(Some(arrival)) => {
                            let _ = to.send(Ok(arrival));
                        }
                        Ok(None) => return,
                        Err(error) => {
                            if needed {
                                let _ = to.send(Err(error));
                            }
                            return;
                        }
                    }
                }
            });
        }
        ArrivalStream { from, _over: over.drop_guard() }
    }
}

impl ArrivalStream {
    /// The next arrival, or why a folder that is needed is no longer watched; never when no folder is. It can be dropped and
    /// called again without losing any.
    pub(super) async fn next(&mut self) -> Result<Arrival, HarnessError> {
        match self.from.recv().await {
            Some(next) => next,
            None => std::future::pending().await,
        }
    }

    /// The next that is there already.
    pub(super) fn already_there(&mut self) -> Option<Result<Arrival, HarnessError>> {
        self.from.try_recv().ok()
    }
}

/// How it stands with every folder of these accounts that is watched.
pub(super) fn folder_health(world: &World, accounts: &[String]) -> Vec<WatchedFolder> {
    let folders = accounts.iter().flat_map(|account| [Folder::Inbox, Folder::Spam].map(|folder| (account, folder)));
    let health = folders.filter_map(|(account, folder)| {
        let it = world.mailboxes.folder_health(account, folder)?;
        let (asked, problem) = (it.asked.map(|at| at.elapsed()), it.problem.map(|e| e.message));
        Some(WatchedFolder { account: account.clone(), folder, asked, problem })
    });
    health.collect()
}

fn internal_error(error: &tokio::task::JoinError) -> HarnessError {
    HarnessError::new(HarnessErrorKind::Protocol, "watch a mailbox", error.to_string(), "report this as a bug")
}
