//! The thread behind a folder: wait for news, look what is new, hand it on; and again after the connection broke.

use super::{
    cutter::Cutter,
    deadline::Deadline,
    error,
    fetch::Fetched,
    hub::{Hub, Link},
    keys::{self, Key},
    mailboxes::{CROWDED, Counters, Limits},
    past,
    session::{Idled, Named, Session, set},
    transcript::{Log, Transcript},
    utf7,
};
use crate::{
    core::deadline,
    evidence::Folder,
    mail::Message,
    outcome::{HarnessCode, StageError},
    probe::token::Tokens,
    scenario::target::ImapAccess,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// RFC 2177 wants IDLE said again before 29 minutes are over.
const LONGEST_IDLE: Duration = Duration::from_secs(28 * 60);

/// The wait before the connection is made again, at first and at most; it doubles.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// A connection that lasted so long was good: the wait starts over.
const GOOD_CONNECTION: Duration = Duration::from_secs(20);

/// The most that one FETCH of whole messages asks for.
const BATCH: (usize, u64) = (32, 8_000_000);

/// Probes that nobody waits for yet are read whole up to this size, in bytes.
const LARGEST_UNCLAIMED: u32 = 1_000_000;

/// A folder and what its thread needs.
pub(super) struct Watcher {
    /// The account's name.
    pub(super) account: String,
    /// Where it reads mail.
    pub(super) access: ImapAccess,
    /// The folder.
    pub(super) folder: Folder,
    /// The longest that it is left unasked.
    pub(super) poll: Duration,
    /// Time limits of the connection.
    pub(super) limits: Limits,
    /// Who waits.
    pub(super) hub: Arc<Hub>,
    /// Ends it.
    pub(super) cutter: Arc<Cutter>,
    /// The account's protocol lines.
    pub(super) transcript: Arc<Transcript>,
    /// The run's count of connections.
    pub(super) counters: Arc<Counters>,
    /// What logs it in.
    pub(super) tokens: Tokens,
    /// The account was at a limit.
    pub(super) crowded: Arc<AtomicBool>,
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
    /// The newest EXISTS.
    exists: Option<u32>,
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
                Ok(Ok(absent)) => return self.hub.set_link(Link::Absent(absent)),
                Ok(Err(error)) => error,
                Err(_) => error::panicked(format!("{} at {}", self.folder, error::place(&self.access.endpoint))),
            };
            let at_limit = error.code == HarnessCode::H06;
            if at_limit {
                self.crowded.store(true, Ordering::Relaxed);
            }
            let not_yet = progress.is_none() && at_limit && began.elapsed() < self.limits.busy;
            if (progress.is_none() && !not_yet) || error::is_final(&error) || self.cutter.is_stopped() {
                return self.hub.set_link(Link::Failed(error));
            }
            self.hub.set_link(if not_yet { Link::Waiting(error.clone()) } else { Link::Broken(error.clone()) });
            if started.elapsed() > deadline::scaled(GOOD_CONNECTION) || error::is_expiry(&error) {
                back_off = first;
            }
            if at_limit {
                back_off = back_off.max(CROWDED);
            }
            if self.cutter.wait(back_off) {
                return self.hub.set_link(Link::Failed(error));
            }
            back_off = (back_off * 2).min(longest);
        }
    }

    /// One connection, from login to its end; it ends well only when there is no such folder, with
    /// what there is.
    fn connection(&self, progress: &mut Option<Progress>) -> Result<StageError, StageError> {
        let log = Log::new(&self.folder.to_string(), Arc::clone(&self.transcript));
        let mut session =
            Session::open(&self.access, self.limits, (&self.cutter, &Deadline::default()), &self.tokens, log)?;
        self.counters.opened.fetch_add(1, Ordering::Relaxed);
        if progress.is_some() {
            self.counters.reopened.fetch_add(1, Ordering::Relaxed);
        }
        let name = match session.folder_name(self.folder)? {
            Named::Found(name, _) => name,
            Named::Absent(error) => return Ok(error),
        };
        let selected = session.select(&name, false)?;
        let progress = match progress {
            Some(known) if known.uid_validity == selected.uid_validity => known,
            Some(known) => {
                known.again = session.search(&format!("SINCE {}", known.since))?;
                known.uid_validity = selected.uid_validity;
                known.next = selected.uid_next;
                known.done.clear();
                known.due.clear();
                self.hub.forget_uids();
                known
            }
            none => none.insert(Progress::new(utf7::readable(&name), selected.uid_validity, selected.uid_next)),
        };
        self.hub.set_link(Link::Open);
        loop {
            while self.look(&mut session, progress)? {}
            self.hub.caught_up();
            self.wait(&mut session, progress)?;
        }
    }

    /// Waits for news. The server is asked once a `poll` even when it says nothing.
    fn wait(&self, session: &mut Session, progress: &mut Progress) -> Result<(), StageError> {
        let asked = Instant::now();
        let can_idle = session.can("IDLE") && !progress.idle_refused;
        if can_idle && session.idle(self.poll.min(LONGEST_IDLE))? == Idled::Ended {
            if asked.elapsed() < self.poll {
                return Ok(());
            }
        } else {
            progress.idle_refused = true;
            if self.cutter.wait(self.poll) {
                return Err(error::lost(
                    format!("{} at {}", self.folder, error::place(&self.access.endpoint)),
                    "the run is over",
                ));
            }
        }
        // Gmail shows nothing new to a session that only searches.
        session.run("NOOP", "NOOP").map(drop)
    }

    /// Deals with everything that is new; whether more came in the meantime.
    fn look(&self, session: &mut Session, progress: &mut Progress) -> Result<bool, StageError> {
        let mut more = false;
        progress.due.extend(self.hub.take_due());
        if !progress.due.is_empty() {
            let due: Vec<u32> = progress.due.iter().copied().collect();
            let (headers, exists) = session.headers(&set(&due))?;
            more |= progress.more(exists);
            more |= self.deal_with(session, progress, headers)?;
            progress.due.clear();
        }
        for some in progress.again.clone().chunks(BATCH.0) {
            let (mut headers, exists) = session.headers(&set(some))?;
            more |= progress.more(exists);
            headers.retain(|m| !progress.headers.contains(&mark(m)));
            more |= self.deal_with(session, progress, headers)?;
        }
        progress.again.clear();
        let (mut new, exists) = session.headers(&format!("{}:*", progress.next))?;
        more |= progress.more(exists);
        // `*` is the newest message even when that is an old one.
        new.retain(|m| m.uid >= progress.next && !progress.done.contains(&m.uid));
        let last = new.iter().map(|m| m.uid).max();
        more |= self.deal_with(session, progress, new)?;
        if let Some(last) = last {
            progress.next = last.saturating_add(1);
            progress.done.clear();
        }
        Ok(more)
    }

    /// Reads whole what somebody waits for, may wait for, or what reports on it.
    fn deal_with(
        &self,
        session: &mut Session,
        progress: &mut Progress,
        headers: Vec<Fetched>,
    ) -> Result<bool, StageError> {
        let seen = Instant::now();
        let mut wanted: BTreeMap<u32, (u32, u64)> = BTreeMap::new();
        for message in headers {
            let mark = mark(&message);
            let parsed = Message::parse(message.header.unwrap_or_default());
            let keys = keys::of_header(&parsed);
            let read_whole = self.hub.wants(&keys)
                || keys::is_report(&parsed)
                || (keys::is_probe(&parsed) && message.size <= LARGEST_UNCLAIMED);
            if read_whole || !self.hub.pass_over(&keys, message.uid) {
                wanted.insert(message.uid, (message.size, mark));
            } else {
                progress.dealt_with(message.uid, mark);
            }
        }
        let mut more = false;
        let sizes: Vec<_> = wanted.iter().map(|(uid, (size, _))| (*uid, *size)).collect();
        for batch in batches(&sizes) {
            let labels = session.is_gmail() && !progress.without_labels;
            let fetched = session.messages(&batch, labels);
            if labels && fetched.as_ref().is_err_and(|e| e.code == HarnessCode::H07) {
                // The connection is spent; the next one asks for less.
                progress.without_labels = true;
            }
            let (messages, exists) = fetched?;
            more |= progress.more(exists);
            for message in messages {
                // Servers may add what was not asked for.
                if let Some((_, mark)) = wanted.remove(&message.uid) {
                    progress.dealt_with(message.uid, mark);
                    self.hand_on(message, seen, &progress.name);
                }
            }
        }
        Ok(more)
    }

    fn hand_on(&self, message: Fetched, seen: Instant, folder_name: &str) {
        let Some(arrival) = message.into_arrival(&self.account, self.folder, folder_name, seen) else { return };
        let parsed = Message::parse(arrival.raw.clone());
        let mut keys: Vec<Key> = keys::of_header(&parsed);
        if keys::is_report(&parsed) {
            keys.extend(keys::of_report(&parsed));
        }
        self.hub.deliver(keys, arrival);
    }
}

impl Progress {
    fn new(name: String, uid_validity: u32, next: u32) -> Self {
        Self {
            name,
            since: past::day(jiff::Timestamp::now().as_second() - 86_400),
            uid_validity,
            next,
            done: HashSet::new(),
            headers: HashSet::new(),
            again: Vec::new(),
            due: BTreeSet::new(),
            exists: None,
            without_labels: false,
            idle_refused: false,
        }
    }

    fn dealt_with(&mut self, uid: u32, mark: u64) {
        self.done.insert(uid);
        self.due.remove(&uid);
        self.headers.insert(mark);
    }

    /// Whether the server mentions another number of messages than before.
    fn more(&mut self, exists: Option<u32>) -> bool {
        exists.is_some() && std::mem::replace(&mut self.exists, exists) != exists
    }
}

/// What stays the same about a message when its UID changes.
fn mark(message: &Fetched) -> u64 {
    let mut hasher = DefaultHasher::new();
    message.header.hash(&mut hasher);
    hasher.finish()
}

/// UIDs in groups that one FETCH can carry.
pub(super) fn batches(wanted: &[(u32, u32)]) -> Vec<Vec<u32>> {
    let mut all: Vec<Vec<u32>> = Vec::new();
    let mut bytes = 0;
    for (uid, size) in wanted {
        bytes += u64::from(*size);
        match all.last_mut() {
            Some(batch) if batch.len() < BATCH.0 && bytes <= BATCH.1 => batch.push(*uid),
            _ => {
                bytes = u64::from(*size);
                all.push(vec![*uid]);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_bounded_in_number_and_bytes() {
        assert!(batches(&[]).is_empty());
        let small: Vec<_> = (1..=70).map(|uid| (uid, 1000)).collect();
        assert_eq!(batches(&small).iter().map(Vec::len).collect::<Vec<_>>(), [32, 32, 6]);
        assert_eq!(
            batches(&[(1, 7_000_000), (2, 7_000_000), (3, 60_000_000), (4, 1)]),
            [vec![1], vec![2], vec![3], vec![4]]
        );
    }
}
