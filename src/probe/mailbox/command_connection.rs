//! Deleting and looking up, on one connection of its own per account, so that no folder's watch is disturbed.

use super::{
    account_access::{AccountAccess, TOO_MANY_CONNECTIONS_PAUSE},
    batch::sequence_set,
    connection_canceller::ConnectionCanceller,
    error,
    folder_index::{self, FolderIndex},
    folder_names::Named,
    imap_connection::{ImapConnection, Selected},
    message_key::MessageKey,
    protocol::quoted,
    test_mail::{self, TestMail},
    time_limits::Limits,
    utf7,
};
use crate::{
    core::{Category, UnixTime},
    evidence::{Arrival, Folder},
    mail::Message,
    outcome::{HarnessError, HarnessErrorKind},
    probe::timed::Deadline,
};
use std::{
    cell::Cell,
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

/// An account's connection for commands about its folders; opened with the first one.
pub(super) struct CommandConnection {
    access: Arc<AccountAccess>,
    canceller: Arc<ConnectionCanceller>,
    by: Deadline,
    indexes: HashMap<Folder, FolderIndex>,
    open: Option<Open>,
    was_open: bool,
    /// The server's labels cannot be read.
    without_labels: bool,
}

/// What was found for everybody in one folder.
#[derive(Debug)]
pub(super) struct FolderMessages {
    /// What the server calls the folder; `None` when there is none such.
    pub(super) name: Option<String>,
    /// When it was asked.
    pub(super) asked: Instant,
    /// The messages and what they may be known by.
    pub(super) messages: Vec<(Vec<MessageKey>, Arrival)>,
}

/// How long a piece of work may take, from when it has the connection to itself.
#[derive(Debug, Clone, Copy)]
enum Time {
    /// [`Limits::errand`], and as long again when a connection of before is gone.
    Short,
    /// Until then.
    Until(Instant),
    /// As long as every answer comes in time.
    Enough,
}

impl Time {
    /// When work that begins now has to end.
    fn end(self, limits: Limits) -> Option<Instant> {
        match self {
            Self::Short => Some(Instant::now() + limits.errand),
            Self::Until(by) => Some(by),
            Self::Enough => None,
        }
    }
}

struct Open {
    connection: ImapConnection,
    selected: Option<(Folder, bool)>,
    /// The bin's name, once it was looked for; a name in the configuration that is wrong matters only to who deletes.
    bin: Option<Option<String>>,
    /// The names of folders that were found.
    names: HashMap<Folder, String>,
}

impl CommandConnection {
    /// Not connected yet.
    pub(super) fn new(access: Arc<AccountAccess>, canceller: Arc<ConnectionCanceller>) -> Self {
        Self {
            access,
            canceller,
            by: Deadline::default(),
            indexes: HashMap::new(),
            open: None,
            was_open: false,
            without_labels: false,
        }
    }

    /// Moves one message to the bin, or deletes it where there is none; given up at a moment.
    pub(super) fn delete(
        &mut self,
        folder: Folder,
        uid: u32,
        message_id: Option<&str>,
        by: Instant,
    ) -> Result<(), HarnessError> {
        self.with_reconnect(Time::Until(by), |open| {
            open.select(folder, true)?;
            open.check_same(uid, message_id)?;
            open.remove(&[uid])
        })
    }

    /// What runs have left in the folders where mail arrives: messages that carry the probe header, and reports that return
    /// it, which came by a moment in seconds since 1970. With `remove` they go to the bin.
    pub(super) fn test_mail(&mut self, by: UnixTime, remove: bool) -> Result<Vec<TestMail>, HarnessError> {
        self.with_reconnect(Time::Enough, |open| {
            let mut all = Vec::new();
            // Gmail's inbox is a part of all mail, to which archived mail belongs too.
            let first = if open.connection.is_gmail() { Folder::All } else { Folder::Inbox };
            for folder in [first, Folder::Spam] {
                if !open.select(folder, remove)? {
                    continue;
                }
                let found = test_mail::find(&mut open.connection, folder, by)?;
                if remove {
                    for some in found.chunks(test_mail::BATCH) {
                        open.remove(&some.iter().map(|mail| mail.uid).collect::<Vec<_>>())?;
                    }
                }
                all.extend(found);
            }
            Ok(all)
        })
    }

    /// The messages of a folder that any of these keys belongs to, of those since the day before a moment in seconds since
    /// 1970. The folder is opened anew: servers may show an open one as it was when it was opened.
    pub(super) fn search(
        &mut self,
        folder: Folder,
        wanted: &[MessageKey],
        since: UnixTime,
    ) -> Result<FolderMessages, HarnessError> {
        let day = folder_index::day(since.saturating_sub(86_400));
        let mut index = self.indexes.remove(&folder).unwrap_or_default();
        let without_labels = Cell::new(self.without_labels);
        let account = Arc::clone(&self.access);
        let mut look = |open: &mut Open| {
            let asked = Instant::now();
            let Some((name, selected)) = open.select_anew(folder, false)? else {
                return Ok(FolderMessages { name: None, asked, messages: Vec::new() });
            };
            let found = index.find(&mut open.connection, selected, wanted, &day, &without_labels)?;
            let (name, answered) = (utf7::readable(&name), Instant::now());
            let messages = found.into_iter().filter_map(|(keys, message)| {
                Some((keys, message.into_arrival(&account.name, folder, &name, answered)?))
            });
            Ok(FolderMessages { messages: messages.collect(), name: Some(name), asked })
        };
        let mut found = self.with_reconnect(Time::Short, &mut look);
        // Once more, and without labels from now on if it was they that could not be read.
        if found.as_ref().is_err_and(|e| e.kind == HarnessErrorKind::Protocol) {
            found = self.with_reconnect(Time::Short, &mut look);
        }
        self.without_labels = without_labels.get();
        self.indexes.insert(folder, index);
        found
    }

    /// What Gmail takes a message for; `None` when it is in no category, or the server has none.
    pub(super) fn category(
        &mut self,
        folder: Folder,
        uid: u32,
        message_id: &str,
    ) -> Result<Option<Category>, HarnessError> {
        self.with_reconnect(Time::Short, |open| {
            if !open.select(folder, false)? || !open.connection.is_gmail() {
                return Ok(None);
            }
            let bare = message_id.trim_matches(['<', '>']);
            for category in Category::ALL {
                let query = format!("category:{category} rfc822msgid:{bare}");
                if open.connection.search(&format!("X-GM-RAW {}", quoted(&query)))?.contains(&uid) {
                    return Ok(Some(category));
                }
            }
            Ok(None)
        })
    }

    /// Does some work on a connection that answers; when it breaks meanwhile, once more on a new one.
    fn with_reconnect<T>(
        &mut self,
        time: Time,
        mut work: impl FnMut(&mut Open) -> Result<T, HarnessError>,
    ) -> Result<T, HarnessError> {
        let had_connection = self.open.is_some();
        let by = time.end(self.access.limits);
        let mut was_begun = false;
        let result = self.try_once(by, |open| {
            was_begun = true;
            work(open)
        });
        // A connection of before has wasted the time; one that was new has left the rest of it.
        let by = if had_connection { time.end(self.access.limits) } else { by };
        let can_mend = (had_connection || was_begun) && by.is_none_or(|by| by > Instant::now());
        match result {
            Err(e) if e.kind == HarnessErrorKind::Connection && can_mend && !self.canceller.is_stopped() => {
                self.try_once(by, work)
            }
            result => result,
        }
    }

    fn try_once<T>(
        &mut self,
        by: Option<Instant>,
        work: impl FnOnce(&mut Open) -> Result<T, HarnessError>,
    ) -> Result<T, HarnessError> {
        self.by.set(by);
        let result = self.connected(by).and_then(work);
        // An account at a limit: others need the connection more.
        if result.is_err() || self.access.is_at_limit.load(Ordering::Relaxed) {
            self.open = None;
        }
        self.by.set(None);
        result
    }

    /// The connection, which has just answered.
    fn connected(&mut self, by: Option<Instant>) -> Result<&mut Open, HarnessError> {
        if let Some(open) = &mut self.open {
            let check = Instant::now() + self.access.limits.check;
            self.by.set(Some(by.map_or(check, |by| by.min(check))));
            let answered = open.connection.run("NOOP", "NOOP");
            self.by.set(by);
            if answered.is_err() {
                self.open = None;
            }
        }
        if let Some(ref mut open) = self.open {
            return Ok(open);
        }
        let until = Instant::now() + self.access.limits.busy;
        let connection = loop {
            match ImapConnection::open(&self.access, "errands", &self.canceller, &self.by) {
                Err(e)
                    if e.kind == HarnessErrorKind::ProviderLimit
                        && Instant::now() + TOO_MANY_CONNECTIONS_PAUSE < until =>
                {
                    self.access.is_at_limit.store(true, Ordering::Relaxed);
                    if self.canceller.wait(TOO_MANY_CONNECTIONS_PAUSE) {
                        return Err(e);
                    }
                }
                opened => break opened?,
            }
        };
        self.access.counters.count(std::mem::replace(&mut self.was_open, true));
        Ok(self.open.insert(Open { connection, selected: None, bin: None, names: HashMap::new() }))
    }
}

impl Open {
    /// Moves messages to the bin, or deletes them where there is none.
    fn remove(&mut self, uids: &[u32]) -> Result<(), HarnessError> {
        let uids = sequence_set(uids);
        let bin = match self.bin.clone() {
            Some(bin) => bin,
            None => self.bin.insert(self.connection.bin_name()?).clone(),
        };
        match bin {
            Some(bin) if self.connection.can("MOVE") => {
                return self.connection.run("MOVE", &format!("UID MOVE {uids} {}", quoted(&bin))).map(drop);
            }
            Some(bin) => drop(self.connection.run("COPY", &format!("UID COPY {uids} {}", quoted(&bin)))?),
            None => {}
        }
        self.connection.run("STORE", &format!("UID STORE {uids} +FLAGS.SILENT (\\Deleted)"))?;
        if self.connection.can("UIDPLUS") {
            // A plain EXPUNGE would take other people's deleted messages with it.
            self.connection.run("EXPUNGE", &format!("UID EXPUNGE {uids}"))?;
        }
        Ok(())
    }

    /// Opens a folder unless it is open; `false` when there is none such.
    fn select(&mut self, folder: Folder, changes: bool) -> Result<bool, HarnessError> {
        Ok(self.selected == Some((folder, changes)) || self.select_anew(folder, changes)?.is_some())
    }

    /// Opens a folder, also when it is open; its name as the server writes it, or `None` when there is none such.
    fn select_anew(&mut self, folder: Folder, changes: bool) -> Result<Option<(String, Selected)>, HarnessError> {
        self.selected = None;
        let name = match self.names.get(&folder) {
            Some(name) => name.clone(),
            None => match self.connection.folder_name(folder)? {
                Named::Found(name, _) => self.names.entry(folder).or_insert(name).clone(),
                Named::Absent(_) => return Ok(None),
            },
        };
        let selected = self.connection.select(&name, changes)?;
        self.selected = Some((folder, changes));
        Ok(Some((name, selected)))
    }

    /// That the UID still stands for the message: UIDs can change between two connections.
    fn check_same(&mut self, uid: u32, message_id: Option<&str>) -> Result<(), HarnessError> {
        let messages = self.connection.headers(&uid.to_string())?.messages;
        let found = messages.into_iter().find(|m| m.uid == uid).and_then(|m| m.header);
        let same = found.is_some_and(|header| Message::parse(header).message_id().as_deref() == message_id);
        if same {
            return Ok(());
        }
        let stage = format!("delete message {uid}");
        Err(HarnessError::new(
            HarnessErrorKind::Protocol,
            stage,
            "it is not in this folder any more",
            "somebody else moved or deleted it; nothing was changed",
        ))
    }
}

/// A message can only be looked up by a Message-ID that a command can carry.
pub(super) fn check_message_id(message_id: &str) -> Result<(), HarnessError> {
    if message_id.contains(|c: char| c.is_control() || !c.is_ascii()) {
        return Err(error::garbage("search".to_owned(), "(a control character in a Message-ID)"));
    }
    Ok(())
}
