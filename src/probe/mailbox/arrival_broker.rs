//! Who waits for what in one folder. An arrival finds its watches by hash, however many wait; a watch that comes after
//! its arrival finds it among the recent ones.

use super::message_key::{MailIdentity, MessageKey};
use crate::{evidence::Arrival, outcome::HarnessError};
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};
use tokio::sync::{mpsc, watch};

/// How many arrivals are remembered for watches that come later.
const RECENT: usize = 512;

/// How many bytes of them.
const RECENT_BYTES: usize = 32_000_000;

/// How it stands with a folder.
#[derive(Debug, Clone)]
pub(super) enum FolderState {
    /// Not opened yet.
    Opening,
    /// Not opened yet, because the account is at a limit; it is tried again.
    Waiting(HarnessError),
    /// Open: what arrives is seen.
    Open,
    /// The account has no such folder; what it has instead.
    Absent(HarnessError),
    /// The connection broke and is being made again; what arrives meanwhile is seen then.
    Broken(HarnessError),
    /// Nothing more will come.
    Failed(HarnessError),
}

/// The meeting point of one folder's watcher and its watches.
#[derive(Debug)]
pub(super) struct ArrivalBroker {
    inner: Mutex<Inner>,
    folder_state: watch::Sender<FolderState>,
    /// The connection broke, and the folder has not been looked at since.
    is_behind: AtomicBool,
    /// How many times it was looked at after that.
    catch_ups: AtomicUsize,
    /// When the server last said what is in it.
    asked: Mutex<Option<Instant>>,
}

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    watches: HashMap<u64, mpsc::UnboundedSender<Arrival>>,
    interest: HashMap<MessageKey, Vec<u64>>,
    recent: VecDeque<Recent>,
    /// By key, the numbers of recent arrivals; the first of `recent` has number `recent_from`.
    recent_by_key: HashMap<MessageKey, Vec<u64>>,
    recent_from: u64,
    recent_bytes: usize,
    /// Messages known by their header that somebody came to want.
    due: BTreeSet<u32>,
}

#[derive(Debug)]
struct Recent {
    keys: Vec<MessageKey>,
    /// 0 when it means another message by now.
    uid: u32,
    /// `None` while only the header was read.
    arrival: Option<Arc<Arrival>>,
}

impl ArrivalBroker {
    /// Nobody waits yet.
    pub(super) fn new() -> Self {
        Self {
            inner: Mutex::default(),
            folder_state: watch::Sender::new(FolderState::Opening),
            is_behind: AtomicBool::new(false),
            catch_ups: AtomicUsize::new(0),
            asked: Mutex::default(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how it stands.
    pub(super) fn set_state(&self, folder_state: FolderState) {
        if matches!(folder_state, FolderState::Broken(_)) {
            self.is_behind.store(true, Ordering::Release);
        }
        self.folder_state.send_replace(folder_state);
    }

    /// Says that everything has been handed on that was in the folder a moment ago.
    pub(super) fn caught_up(&self) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        if self.is_behind.swap(false, Ordering::AcqRel) {
            self.catch_ups.fetch_add(1, Ordering::Release);
            // Wakes those who wait for it.
            self.folder_state.send_modify(|_| ());
        }
    }

    /// When the server last said what is in the folder.
    pub(super) fn asked(&self) -> Option<Instant> {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the connection broke and the folder has not been looked at since; and how many times it was, after that: a
    /// connection can be made again and break again before anybody asks.
    pub(super) fn behind(&self) -> (bool, usize) {
        (self.is_behind.load(Ordering::Acquire), self.catch_ups.load(Ordering::Acquire))
    }

    /// How it stands, now and later.
    pub(super) fn folder_state(&self) -> watch::Receiver<FolderState> {
        self.folder_state.subscribe()
    }

    /// Adds a watch; what it wants of the recent arrivals comes at once.
    pub(super) fn join(&self, wanted: &MailIdentity) -> (u64, mpsc::UnboundedReceiver<Arrival>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut inner = self.inner();
        let id = inner.next;
        inner.next += 1;
        let mut numbers = BTreeSet::new();
        for key in wanted.keys() {
            numbers.extend(inner.recent_by_key.get(&key).into_iter().flatten().copied());
            inner.interest.entry(key).or_default().push(id);
        }
        for number in numbers {
            let at = usize::try_from(number - inner.recent_from).unwrap_or(usize::MAX);
            match inner.recent.get(at).map(|r| (r.uid, r.arrival.clone())) {
                Some((_, Some(arrival))) => drop(sender.send(Arrival::clone(&arrival))),
                Some((uid @ 1.., None)) => drop(inner.due.insert(uid)),
                _ => {}
            }
        }
        inner.watches.insert(id, sender);
        (id, receiver)
    }

    /// Removes a watch.
    pub(super) fn leave(&self, id: u64, wanted: &MailIdentity) {
        let mut inner = self.inner();
        inner.watches.remove(&id);
        for key in wanted.keys() {
            if let Some(ids) = inner.interest.get_mut(&key) {
                ids.retain(|i| *i != id);
                if ids.is_empty() {
                    inner.interest.remove(&key);
                }
            }
        }
    }

    /// Whether anybody waits for one of these.
    pub(super) fn wants(&self, keys: &[MessageKey]) -> bool {
        let inner = self.inner();
        keys.iter().any(|k| inner.interest.contains_key(k))
    }

    /// A message that nobody waits for is kept in mind by its header, unless somebody came to wait in this moment:
    /// then `false`.
    pub(super) fn pass_over(&self, keys: &[MessageKey], uid: u32) -> bool {
        let mut inner = self.inner();
        if keys.iter().any(|k| inner.interest.contains_key(k)) {
            return false;
        }
        inner.remember(Recent { keys: keys.to_vec(), uid, arrival: None });
        true
    }

    /// Hands an arrival to every watch that wants it, once each, and keeps it in mind.
    pub(super) fn deliver(&self, keys: Vec<MessageKey>, arrival: Arrival) {
        let mut inner = self.inner();
        let ids: BTreeSet<u64> = keys.iter().filter_map(|k| inner.interest.get(k)).flatten().copied().collect();
        let arrival = Arc::new(arrival);
        for id in ids {
            if let Some(watch) = inner.watches.get(&id) {
                // A watch that was dropped in this moment wants nothing more.
                drop(watch.send(Arrival::clone(&arrival)));
            }
        }
        inner.remember(Recent { keys, uid: arrival.uid, arrival: Some(arrival) });
    }

    /// The messages known by their header that somebody came to want.
    pub(super) fn take_due(&self) -> Vec<u32> {
        std::mem::take(&mut self.inner().due).into_iter().collect()
    }

    /// UIDs mean other messages from now on (UIDVALIDITY changed).
    pub(super) fn forget_uids(&self) {
        let mut inner = self.inner();
        inner.due.clear();
        for recent in inner.recent.iter_mut().filter(|r| r.arrival.is_none()) {
            recent.uid = 0;
        }
    }
}

impl Inner {
    fn remember(&mut self, recent: Recent) {
        let number = self.recent_from + u64::try_from(self.recent.len()).unwrap_or(u64::MAX);
        for key in &recent.keys {
            self.recent_by_key.entry(key.clone()).or_default().push(number);
        }
        self.recent_bytes += recent.bytes();
        self.recent.push_back(recent);
        while self.recent.len() > RECENT || (self.recent_bytes > RECENT_BYTES && self.recent.len() > 1) {
            let Some(oldest) = self.recent.pop_front() else { break };
            self.recent_bytes -= oldest.bytes();
            for key in &oldest.keys {
                if let Some(numbers) = self.recent_by_key.get_mut(key) {
                    numbers.retain(|n| *n != self.recent_from);
                    if numbers.is_empty() {
                        self.recent_by_key.remove(key);
                    }
                }
            }
            self.recent_from += 1;
        }
    }
}

impl Recent {
    fn bytes(&self) -> usize {
        self.arrival.as_ref().map_or(0, |a| a.raw().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{core::Token, evidence::Folder};

    fn wanted(n: usize) -> MailIdentity {
        MailIdentity { message_id: format!("<{n}@x>"), token: Token::new(format!("t-{n}")) }
    }

    fn arrival(uid: u32, size: usize) -> Arrival {
        Arrival::new("gmail", Folder::Inbox, uid, vec![b'x'; size])
    }

    fn token(n: usize) -> MessageKey {
        MessageKey::Token(format!("t-{n}"))
    }

    #[test]
    fn each_watch_gets_its_own_and_only_once() {
        let broker = ArrivalBroker::new();
        let (_, mut first) = broker.join(&wanted(1));
        let (_, mut second) = broker.join(&wanted(2));
        broker.deliver(vec![token(2), MessageKey::MessageId("<2@x>".into())], arrival(7, 1));
        assert_eq!(second.try_recv().unwrap().uid, 7);
        assert!(second.try_recv().is_err());
        assert!(first.try_recv().is_err());
    }

    #[test]
    fn names_are_compared_whole() {
        let broker = ArrivalBroker::new();
        let (_, mut first) = broker.join(&wanted(1));
        for other in [
            token(11),
            MessageKey::MessageId("<11@x>".into()),
            MessageKey::MessageId("1@x".into()),
            MessageKey::Token("<1@x>".into()),
        ] {
            assert!(!broker.wants(std::slice::from_ref(&other)), "{other:?}");
            broker.deliver(vec![other], arrival(7, 1));
        }
        assert!(first.try_recv().is_err());
        let (_, mut second) = broker.join(&wanted(111));
        assert!(second.try_recv().is_err());
    }

    #[test]
    fn late_watches_get_what_came_before_them() {
        let broker = ArrivalBroker::new();
        broker.deliver(vec![token(1)], arrival(7, 1));
        broker.deliver(vec![token(1)], arrival(8, 1));
        assert!(broker.pass_over(&[MessageKey::MessageId("<1@x>".into())], 9));
        assert!(broker.take_due().is_empty());
        let (_, mut late) = broker.join(&wanted(1));
        assert_eq!([late.try_recv().unwrap().uid, late.try_recv().unwrap().uid], [7, 8]);
        assert!(late.try_recv().is_err());
        assert_eq!(broker.take_due(), [9]);
        assert!(!broker.pass_over(&[token(1)], 10));
        broker.forget_uids();
        let (_, _late) = broker.join(&wanted(1));
        assert!(broker.take_due().is_empty());
    }

    #[test]
    fn a_watch_that_left_leaves_nothing_behind() {
        let broker = ArrivalBroker::new();
        let (id, _) = broker.join(&wanted(1));
        assert!(broker.wants(&[token(1)]));
        broker.leave(id, &wanted(1));
        assert!(!broker.wants(&[token(1)]));
        assert!(broker.inner().interest.is_empty() && broker.inner().watches.is_empty());
    }

    #[test]
    fn memory_is_bounded() {
        let broker = ArrivalBroker::new();
        for n in 0..1000u32 {
            broker.deliver(vec![token(n as usize)], arrival(n, 1_000_000));
        }
        let inner = broker.inner();
        assert_eq!(inner.recent.len(), 32);
        assert_eq!(inner.recent_by_key.len(), 32);
        assert_eq!(inner.recent_bytes, 32_000_000);
    }
}
