//! The thread behind a folder: wait for news, look what is new, hand it on; and again after the connection broke.

use super::{
    account_access::{AccountAccess, TOO_MANY_CONNECTIONS_PAUSE},
    arrival_broker::{ArrivalBroker, FolderState},
    batch::{Batch, Unread, sequence_set},
    connection_canceller::ConnectionCanceller,
    error,
    fetch::Fetched,
    folder_index,
    folder_names::Named,
    imap_connection::{Headers, ImapConnection},
    message_key::{self, MessageKey},
    protocol::IdleResult,
    utf7,
};
use crate::{
    core::deadline,
    evidence::Folder,
    mail::Message,
    outcome::{HarnessError, HarnessErrorKind},
    probe::timed::Deadline,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// The wait before the connection is made again, at first and at most; it doubles.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// A connection that lasted so long was good: the wait starts over.
const GOOD_CONNECTION: Duration = Duration::from_secs(20);

/// How often a folder is looked at in vain, one time after the other, because a server says that there is news.
const LOOKS: u32 = 8;

/// The wait before each look after that, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// How many headers one FETCH asks for when all of a folder is looked at again.
const HEADERS: usize = 32;

/// Probes that nobody waits for yet are read whole up to this size, in bytes.
const LARGEST_UNCLAIMED: u32 = 1_000_000;

/// A folder and what its thread needs.
pub(super) struct Watcher {
    /// The account.
    pub(super) access: Arc<AccountAccess>,
    /// The folder.
    pub(super) folder: Folder,
    /// The longest that it is left unasked.
    pub(super) poll: Duration,
    /// Who waits.
    pub(super) broker: Arc<ArrivalBroker>,
    /// Ends it.
    pub(super) canceller: Arc<ConnectionCanceller>,
}

/// What a look at a folder came to.
#[derive(Debug, Default, Clone, Copy)]
struct Looked {
    /// There was something new.
    found: bool,
    /// There may be more: messages came or left meanwhile.
    more: bool,
}

/// How far a folder has been read; it outlives connections.
struct Progress {
    /// The folder's name, readable.
    name: String,
    /// Since when it is watched, as IMAP writes days, one day back: days are the server's own.
    since: String,
    uid_validity: u32,
    next: u32,
    /// UIDs from `next` on that have been dealt with already.
    done: HashSet<u32>,
    /// Headers that have been dealt with, for when UIDs change.
    headers: HashSet<u64>,
    /// Messages to look at again under their new UIDs.
    again: Vec<u32>,
    /// Messages passed over that somebody wants after all.
    due: BTreeSet<u32>,
    /// The server's labels cannot be read.
    without_labels: bool,
    idle_refused: bool,
}

impl Watcher {
    /// Watches until it is stopped, there is no such folder, or trying again cannot help.
    pub(super) fn run(self) {
        let mut progress = None;
        let (first, longest) = (deadline::scaled(BACK_OFF.0), deadline::scaled(BACK_OFF.1));
        let mut back_off = first;
        let began = Instant::now();
        loop {
            let started = Instant::now();
            let ended = std::panic::catch_unwind(AssertUnwindSafe(|| self.connection(&mut progress)));
            let error = match ended {
                Ok(Ok(absent)) => return self.broker.set_state(FolderState::Absent(absent)),
                Ok(Err(error)) => error,
                Err(_) => error::panicked(format!("{} at {}", self.folder, self.access.imap.endpoint.place())),
            };
            let at_limit = error.kind == HarnessErrorKind::ProviderLimit;
            if at_limit {
                self.access.is_at_limit.store(true, Ordering::Relaxed);
            }
            let not_yet = progress.is_none() && at_limit && began.elapsed() < self.access.limits.busy;
            if (progress.is_none() && !not_yet) || error::is_final(&error) || self.canceller.is_stopped() {
                return self.broker.set_state(FolderState::Failed(error));
            }
            self.broker.set_state(if not_yet {
                FolderState::Waiting(error.clone())
            } else {
                FolderState::Broken(error.clone())
            });
            if started.elapsed() > deadline::scaled(GOOD_CONNECTION) || error::is_expiry(&error) {
                back_off = first;
            }
            if at_limit {
                back_off = back_off.max(TOO_MANY_CONNECTIONS_PAUSE);
            }
            if self.canceller.wait(back_off) {
                return self.broker.set_state(FolderState::Failed(error));
            }
            back_off = (back_off * 2).min(longest);
        }
    }

    /// One connection, from login to its end; it ends well only when there is no such folder, with
    /// what there is.
    fn connection(&self, progress: &mut Option<Progress>) -> Result<HarnessError, HarnessError> {
        let name = self.folder.to_string();
        let mut connection = ImapConnection::open(&self.access, &name, &self.canceller, &Deadline::default())?;
        self.access.counters.count(progress.is_some());
        let name = match connection.folder_name(self.folder)? {
            Named::Found(name, _) => name,
            Named::Absent(error) => return Ok(error),
        };
        let selected = connection.select(&name, false)?;
        let progress = match progress {
            Some(known) if selected.is_still(known.uid_validity) => known,
            Some(known) => {
                known.again = connection.search(&format!("SINCE {}", known.since))?;
                known.uid_validity = selected.uid_validity;
                known.next = selected.uid_next;
                known.done.clear();
                known.due.clear();
                self.broker.forget_uids();
                known
            }
            none => none.insert(Progress::new(utf7::readable(&name), selected.uid_validity, selected.uid_next)),
        };
        self.broker.set_state(FolderState::Open);
        let mut in_vain = 0;
        loop {
            let looked = self.look(&mut connection, progress)?;
            in_vain = if looked.found { 0 } else { in_vain + 1 };
            if looked.more && in_vain < LOOKS {
                continue;
            }
            self.broker.caught_up();
            if in_vain >= LOOKS {
                let pause = deadline::scaled(PAUSE.0 * (in_vain - LOOKS + 1)).min(deadline::scaled(PAUSE.1));
                self.rest(pause)?;
            }
            if !self.wait(&mut connection, progress)? {
                in_vain = 0;
            }
        }
    }

    fn rest(&self, time: Duration) -> Result<(), HarnessError> {
        if self.canceller.wait(time) {
            let stage = format!("{} at {}", self.folder, self.access.imap.endpoint.place());
            return Err(error::lost(stage, "the run is over"));
        }
        Ok(())
    }

    /// Waits for news; whether there are some. A server that says nothing is asked before long, so that a dead connection is
    /// noticed.
    fn wait(&self, connection: &mut ImapConnection, progress: &mut Progress) -> Result<bool, HarnessError> {
        let time = self.poll.min(self.access.limits.idle);
        let until = Instant::now() + time;
        let can_idle = connection.can("IDLE") && !progress.idle_refused;
        if can_idle && connection.idle(until)? == IdleResult::Ended {
            if Instant::now() < until {
                return Ok(true);
            }
        } else {
            progress.idle_refused = true;
            self.rest(time)?;
        }
        // Gmail shows nothing new to a session that only searches.
        connection.run("NOOP", "NOOP")?;
        Ok(false)
    }

    /// Deals with everything that is new.
    fn look(&self, connection: &mut ImapConnection, progress: &mut Progress) -> Result<Looked, HarnessError> {
        let mut looked = Looked::default();
        progress.due.extend(self.broker.take_due());
        if !progress.due.is_empty() {
            let due: Vec<u32> = progress.due.iter().copied().collect();
            let Headers { messages, others, is_changed } = connection.headers(&sequence_set(&due))?;
            looked.more |= is_changed;
            progress.due.retain(|uid| others.contains(uid) || messages.iter().any(|message| message.uid == *uid));
            self.deal_with(connection, progress, messages, &mut looked)?;
        }
        for some in progress.again.clone().chunks(HEADERS) {
            let Headers { mut messages, others, is_changed } = connection.headers(&sequence_set(some))?;
            looked.more |= is_changed;
            messages.retain(|m| !progress.headers.contains(&mark(m)));
            self.deal_with(connection, progress, messages, &mut looked)?;
            progress.due.extend(others);
        }
        progress.again.clear();
        let Headers { messages: mut new, others, is_changed } = connection.headers(&format!("{}:*", progress.next))?;
        looked.more |= is_changed;
        // `*` is the newest message even when that is an old one.
        new.retain(|m| m.uid >= progress.next && !progress.done.contains(&m.uid));
        let last = new.iter().map(|m| m.uid).max();
        self.deal_with(connection, progress, new, &mut looked)?;
        if let Some(last) = last {
            // Of these the header did not come.
            let passed = others.into_iter().filter(|uid| (progress.next..last).contains(uid));
            progress.due.extend(passed.filter(|uid| !progress.done.contains(uid)));
            looked.more |= !progress.due.is_empty();
            progress.next = last.saturating_add(1);
            progress.done.clear();
        }
        Ok(looked)
    }

    /// Reads whole what somebody waits for, may wait for, or what reports on it.
    fn deal_with(
        &self,
        connection: &mut ImapConnection,
        progress: &mut Progress,
        headers: Vec<Fetched>,
        looked: &mut Looked,
    ) -> Result<(), HarnessError> {
        let seen = Instant::now();
        let mut wanted: BTreeMap<u32, (Unread, u64)> = BTreeMap::new();
        for message in headers {
            let mark = mark(&message);
            let parsed = Message::parse(message.header.clone().unwrap_or_default());
            let (keys, unread) = (message_key::of_header(&parsed), Unread::of(&message, &parsed));
            let read = self.broker.wants(&keys)
                || unread.is_report
                || (message_key::is_probe(&parsed) && message.size <= LARGEST_UNCLAIMED);
            if read || !self.broker.pass_over(&keys, message.uid) {
                wanted.insert(message.uid, (unread, mark));
            } else {
                progress.dealt_with(message.uid, mark);
                looked.found = true;
            }
        }
        let unread: Vec<Unread> = wanted.values().map(|(unread, _)| *unread).collect();
        for batch in Batch::of(&unread) {
            let labels = connection.is_gmail() && !progress.without_labels;
            let fetched = connection.messages(&batch, labels);
            if labels && fetched.as_ref().is_err_and(|e| e.kind == HarnessErrorKind::Protocol) {
                // The connection is spent; the next one asks for less.
                progress.without_labels = true;
            }
            let (messages, more) = fetched?;
            looked.more |= more;
            for message in messages {
                // Servers may add what was not asked for.
                if let Some((_, mark)) = wanted.remove(&message.uid) {
                    progress.dealt_with(message.uid, mark);
                    looked.found = true;
                    self.hand_on(message, seen, &progress.name);
                }
            }
        }
        // What did not come was deleted meanwhile, or comes when it is asked for again.
        looked.more |= !wanted.is_empty();
        progress.due.extend(wanted.into_keys());
        Ok(())
    }

    fn hand_on(&self, message: Fetched, seen: Instant, folder_name: &str) {
        let Some(arrival) = message.into_arrival(&self.access.name, self.folder, folder_name, seen) else { return };
        let mut keys: Vec<MessageKey> = message_key::of_header(&arrival.message);
        if message_key::is_report(&arrival.message) {
            keys.extend(message_key::of_report(&arrival.message, arrival.dsn.as_deref()));
        }
        self.broker.deliver(keys, arrival);
    }
}

impl Progress {
    fn new(name: String, uid_validity: u32, next: u32) -> Self {
        Self {
            name,
            since: folder_index::day(jiff::Timestamp::now().as_second() - 86_400),
            uid_validity,
            next,
            done: HashSet::new(),
            headers: HashSet::new(),
            again: Vec::new(),
            due: BTreeSet::new(),
            without_labels: false,
            idle_refused: false,
        }
    }

    fn dealt_with(&mut self, uid: u32, mark: u64) {
        self.done.insert(uid);
        self.due.remove(&uid);
        self.headers.insert(mark);
    }
}

/// What stays the same about a message when its UID changes.
fn mark(message: &Fetched) -> u64 {
    let mut hasher = DefaultHasher::new();
    message.header.hash(&mut hasher);
    hasher.finish()
}
