//! Every mailbox of a run, by account and folder.

use super::{
    account_access::{AccountAccess, Counters},
    cutter::Cutter,
    errands::{self, Errands},
    error,
    hub::{Hub, Link},
    keys::Wanted,
    leftovers::Leftover,
    search_queue::{FolderSearch, Queue},
    time_limits::Limits,
    watch::Watch,
    watcher::Watcher,
};
use crate::{
    core::Category,
    evidence::{Arrival, Folder},
    outcome::{HarnessError, HarnessErrorKind},
    probe::token::Tokens,
    target::{Account, ImapAccess},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// How long [`Mailboxes::close`] waits for a thread that hangs in name resolution or a TCP connect.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// Every mailbox of one world, by the names of its accounts. Folders are opened when they are first watched, once each;
/// clones share them. When the last clone is dropped, every connection ends.
#[derive(Clone)]
pub struct Mailboxes(Arc<Shared>);

struct Shared {
    poll: Duration,
    limits: Limits,
    counters: Arc<Counters>,
    tokens: Tokens,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    closed: bool,
    folders: HashMap<(String, Folder), OpenFolder>,
    accounts: HashMap<String, OpenAccount>,
}

struct OpenFolder {
    hub: Arc<Hub>,
    cutter: Arc<Cutter>,
    ended: Option<oneshot::Receiver<()>>,
}

struct OpenAccount {
    access: Arc<AccountAccess>,
    errands: Arc<Mutex<Errands>>,
    searches: Queue,
    cutter: Arc<Cutter>,
}

/// How it stands with a folder.
#[derive(Debug, Clone)]
pub struct Standing {
    /// When its server last said what is in it.
    pub asked: Option<Instant>,
    /// Why it cannot be seen into at this moment.
    pub problem: Option<HarnessError>,
}

impl Default for Mailboxes {
    fn default() -> Self {
        Self::new(Duration::from_secs(15))
    }
}

impl Mailboxes {
    /// `poll` is the longest that a folder is left unasked when the server sends no news.
    pub fn new(poll: Duration) -> Self {
        Self::with_limits(poll, Limits::default())
    }

    /// With other time limits than the usual ones.
    pub fn with_limits(poll: Duration, limits: Limits) -> Self {
        Self::with_tokens(poll, limits, Tokens::default())
    }

    /// With access tokens that others use too.
    pub fn with_tokens(poll: Duration, limits: Limits, tokens: Tokens) -> Self {
        Self(Arc::new(Shared { poll, limits, counters: Arc::default(), tokens, state: Mutex::default() }))
    }

    /// Watches a folder of an account from now on: returns when the folder is selected, so that what arrives
    /// afterwards cannot be missed. What arrived since the folder was first watched is not missed either. `None` when
    /// the account has no such folder.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the login. A refused login is remembered and not tried again.
    pub async fn watch(
        &self,
        account: &Account,
        folder: Folder,
        wanted: Wanted,
    ) -> Result<Option<Watch>, HarnessError> {
        let hub = self.0.hub(account, folder)?;
        let mut watch = Watch::new(hub, wanted);
        Ok(if watch.opened().await? { Some(watch) } else { None })
    }

    /// Why a folder is not open: the account has none such, is at a limit, or has not answered yet.
    pub fn why_closed(&self, account: &str, folder: Folder) -> HarnessError {
        let state = self.0.state();
        let open = state.folders.get(&(account.to_owned(), folder));
        let link = open.map(|open| open.hub.link().borrow().clone());
        match link {
            Some(Link::Absent(e) | Link::Waiting(e) | Link::Broken(e) | Link::Failed(e)) => e,
            Some(Link::Opening | Link::Open) | None => {
                error::lost(format!("{folder} of {account}"), "the server did not answer in time")
            }
        }
    }

    /// How it stands with a folder that is watched; `None` when nobody watches it, or the account has none such.
    pub fn standing(&self, account: &str, folder: Folder) -> Option<Standing> {
        let hub = Arc::clone(&self.0.state().folders.get(&(account.to_owned(), folder))?.hub);
        let asked = hub.asked();
        let link = hub.link().borrow().clone();
        match link {
            Link::Absent(_) => None,
            Link::Open => Some(Standing { asked, problem: None }),
            Link::Opening => Some(Standing { asked, problem: Some(self.why_closed(account, folder)) }),
            Link::Waiting(e) | Link::Broken(e) | Link::Failed(e) => Some(Standing { asked, problem: Some(e) }),
        }
    }

    /// Searches folders of an account for what an attempt wants, copies and reports, among the messages that came since the
    /// day before a moment in seconds since 1970. Every folder is opened anew, on a connection of its own that has just
    /// answered: what is not found was not there when the server was asked. The time limit ([`Limits::errand`] a folder)
    /// counts from when that connection is free; attempts that wait for it are served together.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses the login, or does not answer in time; then nobody knows what is there.
    pub async fn search(
        &self,
        account: &Account,
        folders: &[Folder],
        wanted: &Wanted,
        since: i64,
    ) -> Result<Vec<FolderSearch>, HarnessError> {
        let (errands, queue) = self.0.errands(account)?;
        let answer = queue.add(folders, wanted.keys(), since);
        run(errands, move |errands| {
            queue.serve(errands);
            Ok(())
        })
        .await?;
        answer.await.unwrap_or_else(|_| Err(error::panicked(format!("search {}", account.name))))
    }

    /// What Gmail takes an arrival for, asked on a connection of its own; `None` when it is in no category.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses the login, or does not answer.
    pub async fn category(&self, account: &Account, arrival: &Arrival) -> Result<Option<Category>, HarnessError> {
        let Some(message_id) = arrival.message.message_id() else { return Ok(None) };
        errands::check_message_id(&message_id)?;
        let (errands, _) = self.0.errands(account)?;
        let (folder, uid) = (arrival.folder, arrival.uid);
        run(errands, move |errands| errands.category(folder, uid, &message_id)).await
    }

    /// Moves a message to the bin; deletes it where the account has none. Given up at a moment, whatever the server does.
    ///
    /// # Errors
    /// When the connection is gone, the server refuses or does not answer in time, or the message is not there any more.
    pub async fn delete(&self, arrival: &Arrival, by: Instant) -> Result<(), HarnessError> {
        let errands = self.0.state().accounts.get(&arrival.account).map(|a| Arc::clone(&a.errands));
        let Some(errands) = errands else {
            let stage = format!("delete message {}", arrival.uid);
            return Err(error::lost(stage, &format!("no mailbox of account `{}` was opened", arrival.account)));
        };
        let (folder, uid) = (arrival.folder, arrival.uid);
        let message_id = arrival.message.message_id();
        let delete = run(errands, move |errands| errands.delete(folder, uid, message_id.as_deref(), by));
        tokio::time::timeout_at(by.into(), delete).await.unwrap_or_else(|_| {
            Err(error::lost(format!("delete message {uid} of {}", arrival.account), "there was no time left for it"))
        })
    }

    /// What runs have left in the inbox (of Gmail: in all mail) and the spam folder, and came by a moment in seconds
    /// since 1970: messages with the probe header, and bounces that return it. With `remove` they are moved to the bin, or
    /// deleted where the account has none.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses the login, or does not do what it is asked.
    pub async fn leftovers(&self, account: &Account, by: i64, remove: bool) -> Result<Vec<Leftover>, HarnessError> {
        let (errands, _) = self.0.errands(account)?;
        run(errands, move |errands| errands.leftovers(by, remove)).await
    }

    /// How many IMAP connections were opened so far, and how many of them again after they broke.
    pub fn connections(&self) -> (usize, usize) {
        self.0.counters.get()
    }

    /// The protocol lines so far, secrets masked; empty for an account whose mailboxes were never opened.
    pub fn transcript(&self, account: &str) -> String {
        self.0.state().accounts.get(account).map_or_else(String::new, |a| a.access.transcript.text())
    }

    /// The lines by which servers ended sessions of an account since then, each with its place in the transcript.
    pub fn bye_lines(&self, account: &str, since: Instant) -> Vec<String> {
        self.0.state().accounts.get(account).map_or_else(Vec::new, |a| a.access.transcript.bye_lines(since))
    }

    /// Cuts every connection and waits until every thread has ended. Nothing can be watched afterwards.
    pub async fn close(&self) {
        self.0.stop();
        let ended: Vec<_> = self.0.state().folders.values_mut().filter_map(|f| f.ended.take()).collect();
        let all = async {
            for thread in ended {
                // The sender is dropped when the thread ends, whichever way.
                thread.await.ok();
            }
        };
        tokio::time::timeout(LAST_WAIT, all).await.ok();
    }
}

/// Does an errand when the connection is free; not at all when nobody waits for it any more.
async fn run<T: Send + 'static>(
    errands: Arc<Mutex<Errands>>,
    errand: impl FnOnce(&mut Errands) -> Result<T, HarnessError> + Send + 'static,
) -> Result<T, HarnessError> {
    let (to, result) = oneshot::channel();
    tokio::task::spawn_blocking(move || {
        let mut errands = errands.lock().unwrap_or_else(PoisonError::into_inner);
        if !to.is_closed() {
            to.send(errand(&mut errands)).ok();
        }
    });
    result.await.unwrap_or_else(|_| Err(error::panicked("errand".to_owned())))
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        let mut state = self.state();
        state.closed = true;
        state.folders.values().for_each(|f| f.cutter.stop());
        state.accounts.values().for_each(|a| a.cutter.stop());
    }

    /// The folder's hub; its thread is started when there is none, or when the last one could not open the folder.
    fn hub(&self, account: &Account, folder: Folder) -> Result<Arc<Hub>, HarnessError> {
        let imap = access(account)?;
        let mut state = self.state();
        if state.closed {
            return Err(error::lost(format!("{folder} of {}", account.name), "the run is over"));
        }
        let key = (account.name.clone(), folder);
        if let Some(open) = state.folders.get(&key) {
            let again = matches!(&*open.hub.link().borrow(), Link::Failed(e) if !error::is_final(e));
            if !again {
                return Ok(Arc::clone(&open.hub));
            }
        }
        let access = Arc::clone(&self.account(&mut state, account, &imap).access);
        let (hub, cutter) = (Arc::new(Hub::new()), Arc::new(Cutter::default()));
        let watcher = Watcher { access, folder, poll: self.poll, hub: Arc::clone(&hub), cutter: Arc::clone(&cutter) };
        let (end, ended) = oneshot::channel();
        let thread = std::thread::Builder::new().name(format!("{}/{folder}", account.name)).spawn(move || {
            let _end: oneshot::Sender<()> = end;
            watcher.run();
        });
        thread.map_err(|e| {
            let stage = format!("{folder} of {}", account.name);
            HarnessError::new(
                HarnessErrorKind::Connection,
                stage,
                format!("no thread can be started: {e}"),
                "run fewer programs at once",
            )
        })?;
        state.folders.insert(key, OpenFolder { hub: Arc::clone(&hub), cutter, ended: Some(ended) });
        Ok(hub)
    }

    fn errands(&self, account: &Account) -> Result<(Arc<Mutex<Errands>>, Queue), HarnessError> {
        let access = access(account)?;
        let mut state = self.state();
        if state.closed {
            return Err(error::lost(format!("errand for {}", account.name), "the run is over"));
        }
        let open = self.account(&mut state, account, &access);
        Ok((Arc::clone(&open.errands), open.searches.clone()))
    }

    fn account<'a>(&self, state: &'a mut State, account: &Account, imap: &ImapAccess) -> &'a OpenAccount {
        state.accounts.entry(account.name.clone()).or_insert_with(|| {
            let (tokens, counters) = (self.tokens.clone(), Arc::clone(&self.counters));
            let access = Arc::new(AccountAccess::new(&account.name, imap.clone(), self.limits, tokens, counters));
            let cutter = Arc::new(Cutter::default());
            let errands = Arc::new(Mutex::new(Errands::new(Arc::clone(&access), Arc::clone(&cutter))));
            OpenAccount { access, errands, searches: Queue::default(), cutter }
        })
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.stop();
    }
}

fn access(account: &Account) -> Result<ImapAccess, HarnessError> {
    account.imap.clone().ok_or_else(|| {
        HarnessError::new(
            HarnessErrorKind::Connection,
            format!("mailbox of {}", account.name),
            format!("account `{}` has no IMAP server", account.name),
            "add `imap:` to the account in the configuration",
        )
    })
}
