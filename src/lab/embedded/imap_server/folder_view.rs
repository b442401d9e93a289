//! What a session knows of the folder that it selected: message numbers change only when the client is told.

use super::output::Output;
use crate::lab::embedded::store::{
    Account, FolderKind, StoredMessage, Uid,
    account::Mail,
    folder::{Entry, Folder},
};
use std::collections::BTreeSet;

/// A selected folder.
pub(super) struct FolderView {
    pub(super) folder: String,
    pub(super) kind: FolderKind,
    pub(super) read_only: bool,
    known: Vec<Known>,
}

/// A message of the view.
#[derive(Debug, Clone, Copy)]
struct Known {
    uid: Uid,
    gm_msgid: u64,
    modseq: u64,
}

/// A message with its numbers in the view.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) seq: u32,
    pub(super) uid: Uid,
    pub(super) message: StoredMessage,
    pub(super) flags: BTreeSet<String>,
}

impl FolderView {
    pub(super) fn open(account: &Account, name: &str, read_only: bool) -> Option<Self> {
        account.read(|mail| {
            let folder = mail.folder(name)?;
            let known = folder.entries.iter().map(|e| Known::of(mail, e)).collect();
            Some(Self { folder: folder.name.clone(), kind: folder.kind.clone(), read_only, known })
        })
    }

    /// How many messages there are, as far as the client knows.
    pub(super) fn exists(&self) -> u32 {
        u32::try_from(self.known.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn greatest_uid(&self) -> Uid {
        self.known.last().map_or(0, |k| k.uid)
    }

    /// The messages of the view that are still there, and whether some of those wanted are not.
    pub(super) fn rows(&self, account: &Account, wanted: impl Fn(u32, Uid) -> bool) -> (Vec<Row>, bool) {
        account.read(|mail| {
            let folder = mail.folder(&self.folder);
            let mut gone = false;
            let rows = self
                .known
                .iter()
                .zip(1..)
                .filter(|(known, seq)| wanted(*seq, known.uid))
                .filter_map(|(known, seq)| {
                    let found = folder.and_then(|f| f.entry(known.uid)).and_then(|entry| {
                        let message = mail.message(entry.gm_msgid)?.clone();
                        Some(Row { seq, uid: known.uid, message, flags: mail.flags(entry) })
                    });
                    gone |= found.is_none();
                    found
                })
                .collect();
            (rows, gone)
        })
    }

    /// Tells what has changed: what went (when that may be told now, RFC 3501 §7.4.1), what is new, and flags.
    pub(super) fn sync(&mut self, account: &Account, tell_expunged: bool, out: &mut Output) {
        account.read(|mail| {
            let Some(folder) = mail.folder(&self.folder) else { return };
            if tell_expunged {
                self.drop_gone(folder, out);
            }
            let newest = self.greatest_uid();
            let fresh: Vec<_> = folder.entries.iter().filter(|e| e.uid > newest).map(|e| Known::of(mail, e)).collect();
            if !fresh.is_empty() {
                self.known.extend(fresh);
                out.line(format_args!("* {} EXISTS", self.known.len()));
            }
            for (known, seq) in self.known.iter_mut().zip(1..) {
                let Some(entry) = folder.entry(known.uid) else { continue };
                let Some(message) = mail.message(entry.gm_msgid) else { continue };
                if message.modseq > known.modseq {
                    known.modseq = message.modseq;
                    out.line(format_args!(
                        "* {seq} FETCH (UID {} FLAGS ({}))",
                        known.uid,
                        flag_list(&mail.flags(entry))
                    ));
                }
            }
        });
    }

    fn drop_gone(&mut self, folder: &Folder, out: &mut Output) {
        let mut at = 0;
        while let Some(known) = self.known.get(at) {
            if folder.entry(known.uid).is_some() {
                at += 1;
            } else {
                self.known.remove(at);
                out.line(format_args!("* {} EXPUNGE", at + 1));
            }
        }
    }

    /// The client is being told of this message's flags, or asked not to be.
    pub(super) fn seen(&mut self, mail: &Mail, uid: Uid) {
        if let Ok(at) = self.known.binary_search_by_key(&uid, |k| k.uid)
            && let Some(known) = self.known.get_mut(at)
        {
            known.modseq = mail.message(known.gm_msgid).map_or(known.modseq, |m| m.modseq);
        }
    }
}

impl Known {
    fn of(mail: &Mail, entry: &Entry) -> Self {
        let modseq = mail.message(entry.gm_msgid).map_or(0, |m| m.modseq);
        Self { uid: entry.uid, gm_msgid: entry.gm_msgid, modseq }
    }
}

/// Flags as they stand between parentheses.
pub(super) fn flag_list(flags: &BTreeSet<String>) -> String {
    flags.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}
