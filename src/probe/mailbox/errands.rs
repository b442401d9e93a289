//! Deleting and looking up, on one connection of their own per account, so that no folder's watch is disturbed.

use super::{
    cutter::Cutter,
    error,
    mailboxes::{CROWDED, Counters, Limits},
    session::{Named, Session, quoted},
    transcript::{Log, Transcript},
};
use crate::{
    core::Category,
    evidence::Folder,
    outcome::{HarnessCode, StageError},
    probe::token::Tokens,
    scenario::target::ImapAccess,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

/// An account's connection for errands; opened with the first one.
pub(super) struct Errands {
    access: ImapAccess,
    limits: Limits,
    cutter: Arc<Cutter>,
    transcript: Arc<Transcript>,
    counters: Arc<Counters>,
    tokens: Tokens,
    crowded: Arc<AtomicBool>,
    open: Option<Open>,
    was_open: bool,
}

struct Open {
    session: Session,
    selected: Option<(Folder, bool)>,
    bin: Option<String>,
}

impl Errands {
    /// Not connected yet.
    pub(super) fn new(
        access: ImapAccess,
        limits: Limits,
        cutter: Arc<Cutter>,
        transcript: Arc<Transcript>,
        counters: Arc<Counters>,
        tokens: Tokens,
        crowded: Arc<AtomicBool>,
    ) -> Self {
        Self { access, limits, cutter, transcript, counters, tokens, crowded, open: None, was_open: false }
    }

    /// Moves one message to the bin, or deletes it where there is none.
    pub(super) fn delete(&mut self, folder: Folder, uid: u32, message_id: Option<&str>) -> Result<(), StageError> {
        self.twice(|open| {
            open.select(folder, true)?;
            open.check_same(uid, message_id)?;
            match open.bin.clone() {
                Some(bin) if open.session.can("MOVE") => {
                    return open.session.run("MOVE", &format!("UID MOVE {uid} {}", quoted(&bin))).map(drop);
                }
                Some(bin) => drop(open.session.run("COPY", &format!("UID COPY {uid} {}", quoted(&bin)))?),
                None => {}
            }
            open.session.run("STORE", &format!("UID STORE {uid} +FLAGS.SILENT (\\Deleted)"))?;
            if open.session.can("UIDPLUS") {
                // A plain EXPUNGE would take other people's deleted messages with it.
                open.session.run("EXPUNGE", &format!("UID EXPUNGE {uid}"))?;
            }
            Ok(())
        })
    }

    /// Whether a folder holds a message with this Message-ID; `false` too when there is no such folder.
    pub(super) fn contains(&mut self, folder: Folder, message_id: &str) -> Result<bool, StageError> {
        self.twice(|open| {
            if !open.select(folder, false)? {
                return Ok(false);
            }
            open.session.run("NOOP", "NOOP")?;
            let bare = message_id.trim_matches(['<', '>']);
            if open.session.is_gmail() {
                let found = open.session.search(&format!("X-GM-RAW {}", quoted(&format!("rfc822msgid:{bare}"))))?;
                if !found.is_empty() {
                    return Ok(true);
                }
            }
            Ok(!open.session.search(&format!("HEADER Message-ID {}", quoted(bare)))?.is_empty())
        })
    }

    /// What Gmail takes a message for; `None` when it is in no category, or the server has none.
    pub(super) fn category(
        &mut self,
        folder: Folder,
        uid: u32,
        message_id: &str,
    ) -> Result<Option<Category>, StageError> {
        self.twice(|open| {
            if !open.select(folder, false)? || !open.session.is_gmail() {
                return Ok(None);
            }
            open.session.run("NOOP", "NOOP")?;
            let bare = message_id.trim_matches(['<', '>']);
            for category in Category::ALL {
                let query = format!("category:{category} rfc822msgid:{bare}");
                if open.session.search(&format!("X-GM-RAW {}", quoted(&query)))?.contains(&uid) {
                    return Ok(Some(category));
                }
            }
            Ok(None)
        })
    }

    /// Does an errand; when the connection turns out to be gone, once more on a new one.
    fn twice<T>(&mut self, errand: impl Fn(&mut Open) -> Result<T, StageError>) -> Result<T, StageError> {
        let had_connection = self.open.is_some();
        let result = self.connected().and_then(&errand);
        if self.crowded.load(Ordering::Relaxed) && result.is_ok() {
            // The account is at a limit: others need the connection more.
            self.open = None;
        }
        match &result {
            Err(e) if e.code == HarnessCode::H04 && had_connection && !self.cutter.is_stopped() => {
                self.open = None;
                self.connected().and_then(errand).inspect_err(|_| self.open = None)
            }
            Err(_) => {
                self.open = None;
                result
            }
            Ok(_) => result,
        }
    }

    fn connected(&mut self) -> Result<&mut Open, StageError> {
        if let Some(ref mut open) = self.open {
            return Ok(open);
        }
        let until = Instant::now() + self.limits.busy;
        let mut session = loop {
            let log = Log::new("errands", Arc::clone(&self.transcript));
            match Session::open(&self.access, self.limits, &self.cutter, &self.tokens, log) {
                Err(e) if e.code == HarnessCode::H06 && Instant::now() + CROWDED < until => {
                    self.crowded.store(true, Ordering::Relaxed);
                    if self.cutter.wait(CROWDED) {
                        return Err(e);
                    }
                }
                opened => break opened?,
            }
        };
        self.counters.opened.fetch_add(1, Ordering::Relaxed);
        if std::mem::replace(&mut self.was_open, true) {
            self.counters.reopened.fetch_add(1, Ordering::Relaxed);
        }
        let bin = session.bin_name()?;
        Ok(self.open.insert(Open { session, selected: None, bin }))
    }
}

impl Open {
    /// Opens a folder unless it is open; `false` when there is none such.
    fn select(&mut self, folder: Folder, changes: bool) -> Result<bool, StageError> {
        if self.selected == Some((folder, changes)) {
            return Ok(true);
        }
        self.selected = None;
        let Named::Found(name, _) = self.session.folder_name(folder)? else { return Ok(false) };
        self.session.select(&name, changes)?;
        self.selected = Some((folder, changes));
        Ok(true)
    }

    /// That the UID still stands for the message: UIDs can change between two connections.
    fn check_same(&mut self, uid: u32, message_id: Option<&str>) -> Result<(), StageError> {
        let (messages, _) = self.session.headers(&uid.to_string())?;
        let found = messages.into_iter().find(|m| m.uid == uid).and_then(|m| m.header);
        let same =
            found.is_some_and(|header| crate::mail::Message::parse(header).message_id().as_deref() == message_id);
        if same {
            return Ok(());
        }
        let stage = format!("delete message {uid}");
        Err(StageError::new(
            HarnessCode::H07,
            stage,
            "it is not in this folder any more",
            "somebody else moved or deleted it; nothing was changed",
        ))
    }
}

/// A message can only be looked up by a Message-ID that a command can carry.
pub(super) fn check_message_id(message_id: &str) -> Result<(), StageError> {
    if message_id.contains(|c: char| c.is_control() || !c.is_ascii()) {
        return Err(error::garbage("search".to_owned(), "(a control character in a Message-ID)"));
    }
    Ok(())
}
