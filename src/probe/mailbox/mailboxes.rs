//! Every mailbox of a run, by account and folder.

use super::{
    account_access::{AccountAccess, Counters},
    arrival_broker::{ArrivalBroker, FolderState},
    command_connection::{self, CommandConnection},
    connection_canceller::ConnectionCanceller,
    error,
    message_key::MailIdentity,
    search_queue::{FolderSearch, Queue},
    test_mail::TestMail,
    time_limits::Limits,
    watch::Watch,
    watcher::Watcher,
};
use crate::{
    core::{Category, UnixTime},
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
    broker: Arc<ArrivalBroker>,
    canceller: Arc<ConnectionCanceller>,
    ended: Option<oneshot::Receiver<()>>,
}

struct OpenAccount {
    access: Arc<AccountAccess>,
    commands: Arc<Mutex<CommandConnection>>,
    searches: Queue,
    canceller: Arc<ConnectionCanceller>,
}

/// How it stands with a folder.
#[derive(Debug, Clone)]
pub struct FolderHealth {
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
    pub(crate) fn with_tokens(poll: Duration, limits: Limits, tokens: Tokens) -> Self {
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
        wanted: MailIdentity,
    ) -> Result<Option<Watch>, HarnessError> {
        let broker = self.0.broker(account, folder)?;
        let mut watch = Watch::new(broker, wanted);
        Ok(if watch.opened().await? { Some(watch) } else { None })
    }

    /// Why a folder is not open: the account has none such, is at a limit, or has not answered yet.
    pub(crate) fn why_closed(&self, account: &str, folder: Folder) -> HarnessError {
        let state = self.0.state();
        let open = state.folders.get(&(account.to_owned(), folder));
        let folder_state = open.map(|open| open.broker.folder_state().borrow().clone());
        match folder_state {
            Some(
                FolderState::Absent(e) | FolderState::Waiting(e) | FolderState::Broken(e) | FolderState::Failed(e),
            ) => e,
            Some(FolderState::Opening | FolderState::Open) | None => {
                error::lost(format!("{folder} of {account}"), "the server did not answer in time")
            }
        }
    }

    /// How it stands with a folder that is watched; `None` when nobody watches it, or the account has none such.
    pub fn folder_health(&self, account: &str, folder: Folder) -> Option<FolderHealth> {
        let broker = Arc::clone(&self.0.state().folders.get(&(account.to_owned(), folder))?.broker);
        let asked = broker.asked();
        let folder_state = broker.folder_state().borrow().clone();
        match folder_state {
            FolderState::Absent(_) => None,
            FolderState::Open => Some(FolderHealth { asked, problem: None }),
            FolderState::Opening => Some(FolderHealth { asked, problem: Some(self.why_closed(account, folder)) }),
            FolderState::Waiting(e) | FolderState::Broken(e) | FolderState::Failed(e) => {
                Some(FolderHealth { asked, problem: Some(e) })
            }
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
        wanted: &MailIdentity,
        since: UnixTime,
    ) -> Result<Vec<FolderSearch>, HarnessError> {
        let (commands, queue) = self.0.commands(account)?;
        let answer = queue.add(folders, wanted.keys(), since);
        run(commands, move |commands| {
            queue.serve(commands);
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
        command_connection::check_message_id(&message_id)?;
        let (commands, _) = self.0.commands(account)?;
        let (folder, uid) = (arrival.folder, arrival.uid);
        run(commands, move |commands| commands.category(folder, uid, &message_id)).await
    }

    /// Moves a message to the bin; deletes it where the account has none. Given up at a moment, whatever the server does.
    ///
    /// # Errors
    /// When the connection is gone, the server refuses or does not answer in time, or the message is not there any more.
    pub async fn delete(&self, arrival: &Arrival, by: Instant) -> Result<(), HarnessError> {
        let commands = self.0.state().accounts.get(&arrival.account).map(|a| Arc::clone(&a.commands));
        let Some(commands) = commands else {
            let stage = format!("delete message {}", arrival.uid);
            return Err(error::lost(stage, &format!("no mailbox of account `{}` was opened", arrival.account)));
        };
        let (folder, uid) = (arrival.folder, arrival.uid);
        let message_id = arrival.message.message_id();
        let delete = run(commands, move |commands| commands.delete(folder, uid, message_id.as_deref(), by));
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
    pub async fn test_mail(
        &self,
        account: &Account,
        by: UnixTime,
        remove: bool,
    ) -> Result<Vec<TestMail>, HarnessError> {
        let (commands, _) = self.0.commands(account)?;
        run(commands, move |commands| commands.test_mail(by, remove)).await
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

/// Does some work when the connection is free; not at all when nobody waits for it any more.
async fn run<T: Send + 'static>(
    commands: Arc<Mutex<CommandConnection>>,
    work: impl FnOnce(&mut CommandConnection) -> Result<T, HarnessError> + Send + 'static,
) -> Result<T, HarnessError> {
    let (to, result) = oneshot::channel();
    tokio::task::spawn_blocking(move || {
        let mut commands = commands.lock().unwrap_or_else(PoisonError::into_inner);
        if !to.is_closed() {
            to.send(work(&mut commands)).ok();
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
        state.folders.values().for_each(|f| f.canceller.stop());
        state.accounts.values().for_each(|a| a.canceller.stop());
    }

    /// The folder's broker; its thread is started when there is none, or when the last one could not open the folder.
    fn broker(&self, account: &Account, folder: Folder) -> Result<Arc<ArrivalBroker>, HarnessError> {
        let imap = access(account)?;
        let mut state = self.state();
        if state.closed {
            return Err(error::lost(format!("{folder} of {}", account.name), "the run is over"));
        }
        let key = (account.name.clone(), folder);
        if let Some(open) = state.folders.get(&key) {
            let again = matches!(&*open.broker.folder_state().borrow(), FolderState::Failed(e) if !error::is_final(e));
            if !again {
                return Ok(Arc::clone(&open.broker));
            }
        }
        let access = Arc::clone(&self.account(&mut state, account, &imap).access);
        let (broker, canceller) = (Arc::new(ArrivalBroker::new()), Arc::new(ConnectionCanceller::default()));
        let watcher =
            Watcher { access, folder, poll: self.poll, broker: Arc::clone(&broker), canceller: Arc::clone(&canceller) };
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
        state.folders.insert(key, OpenFolder { broker: Arc::clone(&broker), canceller, ended: Some(ended) });
        Ok(broker)
    }

    fn commands(&self, account: &Account) -> Result<(Arc<Mutex<CommandConnection>>, Queue), HarnessError> {
        let access = access(account)?;
        let mut state = self.state();
        if state.closed {
            return Err(error::lost(format!("errand for {}", account.name), "the run is over"));
        }
        let open = self.account(&mut state, account, &access);
        Ok((Arc::clone(&open.commands), open.searches.clone()))
    }

    fn account<'a>(&self, state: &'a mut State, account: &Account, imap: &ImapAccess) -> &'a OpenAccount {
        state.accounts.entry(account.name.clone()).or_insert_with(|| {
            let (tokens, counters) = (self.tokens.clone(), Arc::clone(&self.counters));
            let access = Arc::new(AccountAccess::new(&account.name, imap.clone(), self.limits, tokens, counters));
            let canceller = Arc::new(ConnectionCanceller::default());
            let commands = Arc::new(Mutex::new(CommandConnection::new(Arc::clone(&access), Arc::clone(&canceller))));
            OpenAccount { access, commands, searches: Queue::default(), canceller }
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
