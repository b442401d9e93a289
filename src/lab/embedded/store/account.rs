//! An account: how it is logged in to, and its folders and messages.

use super::{
    AccessTokens, Delivered, StoredMessage,
    folder::{Entry, Folder, FolderKind, Uid},
    header,
};
use crate::{
    core::{Category, Secret},
    target::knobs::Locale,
};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// Whose habits an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// Labels, All Mail, one copy for each Message-ID, folder names of this language.
    Gmail(Locale),
    /// INBOX, Junk and Trash; a folder holds what is put into it.
    Plain,
}

/// What opens an account.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The password, for Gmail an app password.
    pub password: Secret,
    /// An access token of XOAUTH2 that never ends, if it can be opened that way.
    pub access_token: Option<Secret>,
}

/// An account of the store.
pub struct Account {
    address: String,
    credentials: Credentials,
    tokens: AccessTokens,
    flavour: Flavour,
    state: Mutex<Mail>,
    news: watch::Sender<u64>,
}

/// The folders and messages of an account.
pub struct Mail {
    folders: Vec<Folder>,
    messages: HashMap<u64, StoredMessage>,
    by_message_id: BTreeMap<String, u64>,
    flavour: Flavour,
    modseq: u64,
    last_uid_validity: u32,
}

impl Account {
    pub(super) fn new(address: &str, credentials: Credentials, flavour: Flavour) -> Self {
        let tokens = AccessTokens::default();
        if let Some(token) = &credentials.access_token {
            tokens.add(token.clone(), None, None);
        }
        Self {
            address: address.to_owned(),
            credentials,
            tokens,
            flavour,
            state: Mutex::new(Mail::new(flavour)),
            news: watch::Sender::new(0),
        }
    }

    /// Its mail address, as it was created.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What opens it.
    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The access tokens that open it.
    pub fn tokens(&self) -> &AccessTokens {
        &self.tokens
    }

    /// Whose habits it has.
    pub(crate) fn flavour(&self) -> Flavour {
        self.flavour
    }

    /// Changes with every change of the mail.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// A look at the mail, or at several things at the same moment.
    pub fn read<T>(&self, look: impl FnOnce(&Mail) -> T) -> T {
        look(&self.lock())
    }

    /// A change of the mail, of which everyone who waits is told.
    pub(crate) fn change<T>(&self, act: impl FnOnce(&mut Mail) -> T) -> T {
        let mut mail = self.lock();
        let result = act(&mut mail);
        let modseq = mail.modseq;
        drop(mail);
        self.news.send_if_modified(|seen| std::mem::replace(seen, modseq) != modseq);
        result
    }

    /// Puts a message into a folder; see [`super::Store::deliver`].
    pub fn deliver(&self, folder: &FolderKind, raw: Arc<[u8]>, received: Timestamp) -> Delivered {
        self.change(|mail| mail.deliver(std::slice::from_ref(folder), raw, received))
    }

    /// Puts one message into several folders, of which labels are made when they are not there yet, and takes it for
    /// something.
    pub(crate) fn deliver_to_all(
        &self,
        folders: &[FolderKind],
        category: Option<Category>,
        raw: Arc<[u8]>,
        received: Timestamp,
    ) {
        self.change(|mail| {
            for folder in folders {
                if let FolderKind::Label(name) = folder {
                    mail.create(name);
                }
            }
            if let Delivered::As(uid) = mail.deliver(folders, raw, received) {
                mail.take_for(folders, uid, category);
            }
        });
    }

    /// The messages of a folder, by UID.
    pub fn messages(&self, folder: &FolderKind) -> Vec<StoredMessage> {
        self.read(|mail| {
            mail.of_kind(folder)
                .map(|f| f.entries.iter().filter_map(|e| mail.messages.get(&e.gm_msgid).cloned()).collect())
                .unwrap_or_default()
        })
    }

    fn lock(&self) -> MutexGuard<'_, Mail> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mail {
    fn new(flavour: Flavour) -> Self {
        let kinds: &[FolderKind] = match flavour {
            Flavour::Gmail(_) => &FolderKind::GMAIL,
            Flavour::Plain => &[FolderKind::Inbox, FolderKind::Junk, FolderKind::Trash],
        };
        let folders = kinds.iter().zip(1..).map(|(kind, validity)| {
            let name = match (flavour, kind) {
                (Flavour::Gmail(locale), kind) => kind.gmail_name(locale),
                (Flavour::Plain, FolderKind::Junk) => "Junk".into(),
                (Flavour::Plain, FolderKind::Trash) => "Trash".into(),
                (Flavour::Plain, _) => "INBOX".into(),
            };
            Folder::new(name, kind.clone(), validity)
        });
        let folders: Vec<_> = folders.collect();
        let last_uid_validity = folders.last().map_or(0, |f| f.uid_validity);
        Self {
            folders,
            messages: HashMap::new(),
            by_message_id: BTreeMap::new(),
            flavour,
            modseq: 1,
            last_uid_validity,
        }
    }

    /// Every folder.
    pub(crate) fn folders(&self) -> &[Folder] {
        &self.folders
    }

    /// The folder of this name, INBOX in any case.
    pub(crate) fn folder(&self, name: &str) -> Option<&Folder> {
        self.folders.iter().find(|f| f.is_called(name))
    }

    pub(crate) fn folder_mut(&mut self, name: &str) -> Option<&mut Folder> {
        self.folders.iter_mut().find(|f| f.is_called(name))
    }

    /// The folder for this use.
    pub(crate) fn of_kind(&self, kind: &FolderKind) -> Option<&Folder> {
        self.folders.iter().find(|f| f.kind == *kind)
    }

    /// A message by its X-GM-MSGID.
    pub(crate) fn message(&self, gm_msgid: u64) -> Option<&StoredMessage> {
        self.messages.get(&gm_msgid)
    }

    /// The message that has this Message-ID, by its X-GM-MSGID.
    pub fn by_message_id(&self, message_id: &str) -> Option<u64> {
        self.by_message_id.get(message_id).copied()
    }

    /// Octets of all messages.
    pub(crate) fn size(&self) -> u64 {
        self.messages.values().map(|m| m.raw.len() as u64).sum()
    }

    /// The number of the latest change.
    pub(crate) fn modseq(&self) -> u64 {
        self.modseq
    }

    /// The kinds of folder that hold a message.
    pub(crate) fn holders(&self, gm_msgid: u64) -> impl Iterator<Item = &FolderKind> {
        self.folders.iter().filter(move |f| f.entries.iter().any(|e| e.gm_msgid == gm_msgid)).map(|f| &f.kind)
    }

    fn is_gmail(&self) -> bool {
        matches!(self.flavour, Flavour::Gmail(_))
    }

    /// Changes the flags of a message.
    fn with_flags(&mut self, gm_msgid: u64, change: impl FnOnce(&mut BTreeSet<String>)) {
        self.modseq += 1;
        if let Some(message) = self.messages.get_mut(&gm_msgid) {
            change(&mut message.flags);
            message.modseq = self.modseq;
        }
    }

    /// Stores a new message in these folders.
    pub(crate) fn deliver(&mut self, folders: &[FolderKind], raw: Arc<[u8]>, received: Timestamp) -> Delivered {
        let Some(first) = folders.iter().find(|k| self.of_kind(k).is_some()) else { return Delivered::Nowhere };
        let header = raw.get(..header::end(&raw)).unwrap_or_default();
        let message_id = header::field(header, "Message-ID").filter(|id| !id.is_empty());
        if let Some(id) = &message_id
            && self.is_gmail()
            && self.by_message_id.contains_key(id)
        {
            return Delivered::Duplicate;
        }
        let gm_thrid = self.thread_of(header);
        let gm_msgid = self.new_gm_msgid(received);
        self.modseq += 1;
        let flags = BTreeSet::new();
        self.messages.insert(
            gm_msgid,
            StoredMessage {
                raw: Arc::clone(&raw),
                internal_date: received,
                flags,
                gm_msgid,
                gm_thrid: gm_thrid.unwrap_or(gm_msgid),
                category: None,
                modseq: self.modseq,
            },
        );
        if let Some(id) = message_id {
            self.by_message_id.insert(id, gm_msgid);
        }
        for kind in folders {
            self.put(gm_msgid, kind);
        }
        self.of_kind(first)
            .and_then(|f| f.entries.iter().find(|e| e.gm_msgid == gm_msgid))
            .map_or(Delivered::Nowhere, |e| Delivered::As(e.uid))
    }

    /// Says what a message is taken for, by its UID in the first of these folders.
    fn take_for(&mut self, folders: &[FolderKind], uid: Uid, category: Option<Category>) {
        let folder = folders.iter().find_map(|kind| self.of_kind(kind));
        let id = folder.and_then(|f| f.entry(uid)).map(|e| e.gm_msgid);
        if let Some(message) = id.and_then(|id| self.messages.get_mut(&id)) {
            message.category = category;
        }
    }

    /// The conversation of the message that this one answers.
    fn thread_of(&self, header: &[u8]) -> Option<u64> {
        let references = ["In-Reply-To", "References"].map(|f| header::field(header, f).unwrap_or_default());
        let known = references.iter().flat_map(|r| r.split_whitespace()).find_map(|id| self.by_message_id.get(id))?;
        self.messages.get(known).map(|m| m.gm_thrid)
    }

    /// A number as Gmail makes them: milliseconds since 1970 in the upper bits, so that they grow with time.
    fn new_gm_msgid(&self, received: Timestamp) -> u64 {
        let wanted = u64::try_from(received.as_millisecond()).unwrap_or(0) << 20;
        let mut id = wanted.max(1 << 60);
        while self.messages.contains_key(&id) {
            id += 1;
        }
        id
    }

    /// Adds a message to a folder, with what that means for the others. On Gmail spam and the bin hold a message
    /// alone, and everything else is in All Mail too.
    pub(crate) fn put(&mut self, gm_msgid: u64, kind: &FolderKind) -> Option<Uid> {
        if self.is_gmail() {
            let alone = |k: &FolderKind| matches!(k, FolderKind::Junk | FolderKind::Trash);
            for folder in &mut self.folders {
                if folder.kind != *kind && (alone(kind) || alone(&folder.kind)) {
                    folder.remove(gm_msgid);
                } else if folder.kind == FolderKind::All && !alone(kind) {
                    folder.add(gm_msgid);
                }
            }
            if *kind == FolderKind::Flagged {
                self.with_flags(gm_msgid, |flags| {
                    flags.insert("\\Flagged".into());
                });
            }
        }
        self.modseq += 1;
        self.folders.iter_mut().find(|f| f.kind == *kind).map(|f| f.add(gm_msgid))
    }

    /// Takes a message out of a folder. On Gmail it stays in All Mail, unless the folder is spam, the bin (gone for
    /// good) or All Mail itself (moved to the bin); elsewhere it is gone.
    pub(crate) fn take(&mut self, gm_msgid: u64, kind: &FolderKind) {
        match kind {
            FolderKind::All if self.is_gmail() => drop(self.put(gm_msgid, &FolderKind::Trash)),
            _ => {
                if let Some(folder) = self.folders.iter_mut().find(|f| f.kind == *kind) {
                    folder.remove(gm_msgid);
                }
                if *kind == FolderKind::Flagged {
                    self.with_flags(gm_msgid, |flags| {
                        flags.remove("\\Flagged");
                    });
                }
            }
        }
        self.modseq += 1;
        if self.holders(gm_msgid).next().is_none() {
            self.messages.remove(&gm_msgid);
            self.by_message_id.retain(|_, m| *m != gm_msgid);
        }
    }

    /// Copies a message from one folder to another: on Gmail the same message gets one more label, elsewhere there
    /// is one more message.
    pub(crate) fn copy(&mut self, gm_msgid: u64, to: &FolderKind) -> Option<Uid> {
        if self.is_gmail() {
            return self.put(gm_msgid, to);
        }
        let mut message = self.messages.get(&gm_msgid)?.clone();
        message.gm_msgid = self.new_gm_msgid(message.internal_date);
        let id = message.gm_msgid;
        self.messages.insert(id, message);
        self.put(id, to)
    }

    /// Sets the flags of a message; `\Deleted` marks only its place in this folder.
    pub(crate) fn set_flags(&mut self, folder: &str, uid: Uid, flags: &BTreeSet<String>) {
        let is_gmail = self.is_gmail();
        let Some(entry) = self.folder_mut(folder).and_then(|f| f.entries.iter_mut().find(|e| e.uid == uid)) else {
            return;
        };
        entry.deleted = flags.contains("\\Deleted");
        let id = entry.gm_msgid;
        let starred = flags.contains("\\Flagged");
        self.with_flags(id, |kept| {
            *kept = flags.iter().filter(|f| *f != "\\Deleted" && *f != "\\Recent").cloned().collect();
        });
        if is_gmail && starred != self.holders(id).any(|k| *k == FolderKind::Flagged) {
            if starred {
                self.put(id, &FolderKind::Flagged);
            } else {
                self.take(id, &FolderKind::Flagged);
            }
        }
    }

    /// Every flag of a message in a folder.
    pub(crate) fn flags(&self, entry: &Entry) -> BTreeSet<String> {
        let mut flags = self.messages.get(&entry.gm_msgid).map(|m| m.flags.clone()).unwrap_or_default();
        if entry.deleted {
            flags.insert("\\Deleted".into());
        }
        flags
    }

    /// Makes a folder; false when it is there.
    pub(crate) fn create(&mut self, name: &str) -> bool {
        if self.folder(name).is_some() {
            return false;
        }
        self.last_uid_validity += 1;
        self.folders.push(Folder::new(name.into(), FolderKind::Label(name.into()), self.last_uid_validity));
        self.modseq += 1;
        true
    }

    /// Removes a folder of the user's own, with what only it held; false when there is none of that name.
    pub(crate) fn delete(&mut self, name: &str) -> bool {
        let Some(folder) = self.folder(name).filter(|f| matches!(f.kind, FolderKind::Label(_))).cloned() else {
            return false;
        };
        for entry in &folder.entries {
            self.take(entry.gm_msgid, &folder.kind);
        }
        self.folders.retain(|f| f.name != folder.name);
        self.modseq += 1;
        true
    }

    /// Renames a folder of the user's own; false when there is none, or the new name is taken.
    pub(crate) fn rename(&mut self, from: &str, to: &str) -> bool {
        if self.folder(to).is_some() {
            return false;
        }
        match self.folder_mut(from) {
            Some(folder) if matches!(folder.kind, FolderKind::Label(_)) => {
                folder.name = to.into();
                folder.kind = FolderKind::Label(to.into());
                self.modseq += 1;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(flavour: Flavour) -> Mail {
        Mail::new(flavour)
    }

    fn raw(id: &str) -> Arc<[u8]> {
        format!("Message-ID: <{id}@sender.example>\r\nSubject: x\r\n\r\nhello\r\n").into_bytes().into()
    }

    fn uid_in(mail: &Mail, kind: &FolderKind) -> Vec<Uid> {
        mail.of_kind(kind).map(|f| f.entries.iter().map(|e| e.uid).collect()).unwrap_or_default()
    }

    const NOW: Timestamp = Timestamp::constant(1_795_000_000, 0);
    const GMAIL: Flavour = Flavour::Gmail(Locale::En);

    #[test]
    fn inbox_mail_is_in_all_mail_too_and_spam_is_not() {
        let mut mail = mail(GMAIL);
        assert_eq!(mail.deliver(&[FolderKind::Junk], raw("s"), NOW), Delivered::As(1));
        assert_eq!(mail.deliver(&[FolderKind::Inbox], raw("a"), NOW), Delivered::As(1));
        assert_eq!(mail.deliver(&[FolderKind::Inbox], raw("b"), NOW), Delivered::As(2));
        assert_eq!(uid_in(&mail, &FolderKind::All), [1, 2]);
        assert_eq!(uid_in(&mail, &FolderKind::Junk), [1]);
        let same = |k| mail.of_kind(&k).unwrap().entries[0].gm_msgid;
        assert_eq!(same(FolderKind::Inbox), same(FolderKind::All));
        assert_ne!(same(FolderKind::Inbox), same(FolderKind::Junk));
    }

    #[test]
    fn gmail_keeps_one_message_for_each_message_id_and_plain_servers_all() {
        let mut gmail = mail(GMAIL);
        gmail.deliver(&[FolderKind::All, FolderKind::Sent], raw("a"), NOW);
        assert_eq!(gmail.deliver(&[FolderKind::Inbox], raw("a"), NOW), Delivered::Duplicate);
        assert!(uid_in(&gmail, &FolderKind::Inbox).is_empty());
        let mut plain = mail(Flavour::Plain);
        plain.deliver(&[FolderKind::Inbox], raw("a"), NOW);
        assert_eq!(plain.deliver(&[FolderKind::Inbox], raw("a"), NOW), Delivered::As(2));
        assert_eq!(plain.deliver(&[FolderKind::All], raw("b"), NOW), Delivered::Nowhere);
    }

    #[test]
    fn a_deleted_message_may_come_again() {
        let mut mail = mail(GMAIL);
        mail.deliver(&[FolderKind::Junk], raw("a"), NOW);
        let id = mail.of_kind(&FolderKind::Junk).unwrap().entries[0].gm_msgid;
        mail.take(id, &FolderKind::Junk);
        assert!(mail.message(id).is_none());
        assert_eq!(mail.deliver(&[FolderKind::Inbox], raw("a"), NOW), Delivered::As(1));
    }

    #[test]
    fn the_bin_takes_a_message_out_of_everything() {
        let mut mail = mail(GMAIL);
        mail.deliver(&[FolderKind::Inbox], raw("a"), NOW);
        let id = mail.of_kind(&FolderKind::Inbox).unwrap().entries[0].gm_msgid;
        mail.put(id, &FolderKind::Trash);
        assert_eq!(mail.holders(id).collect::<Vec<_>>(), [&FolderKind::Trash]);
        mail.put(id, &FolderKind::Inbox);
        assert_eq!(mail.holders(id).collect::<Vec<_>>(), [&FolderKind::Inbox, &FolderKind::All]);
        mail.take(id, &FolderKind::Inbox);
        assert_eq!(mail.holders(id).collect::<Vec<_>>(), [&FolderKind::All]);
    }

    #[test]
    fn answers_join_the_conversation() {
        let mut mail = mail(GMAIL);
        mail.deliver(&[FolderKind::Inbox], raw("a"), NOW);
        let answer = b"Message-ID: <r@sender.example>\r\nReferences: <z@sender.example>\r\n <a@sender.example>\r\n\r\n";
        mail.deliver(&[FolderKind::Inbox], answer[..].into(), NOW);
        let threads: Vec<_> = mail.messages.values().map(|m| m.gm_thrid).collect();
        assert_eq!(threads[0], threads[1]);
    }

    #[test]
    fn stars_are_a_flag_and_a_folder() {
        let mut mail = mail(GMAIL);
        mail.deliver(&[FolderKind::Inbox], raw("a"), NOW);
        mail.set_flags("inbox", 1, &["\\Flagged".to_owned(), "\\Deleted".to_owned()].into());
        assert_eq!(uid_in(&mail, &FolderKind::Flagged), [1]);
        assert!(mail.of_kind(&FolderKind::Inbox).unwrap().entries[0].deleted);
        assert!(!mail.of_kind(&FolderKind::All).unwrap().entries[0].deleted);
        mail.set_flags("INBOX", 1, &BTreeSet::new());
        assert!(uid_in(&mail, &FolderKind::Flagged).is_empty());
    }

    #[tokio::test]
    async fn a_delivery_wakes_everyone_who_waits() {
        let account = Arc::new(Account::new(
            "probe.inbox@gmail.com",
            Credentials { password: Secret::new("abcdabcdabcdabcd"), access_token: None },
            GMAIL,
        ));
        let waiting: Vec<_> = (0..300)
            .map(|_| {
                let mut news = account.news();
                tokio::spawn(async move { news.changed().await.is_ok() })
            })
            .collect();
        account.deliver(&FolderKind::Inbox, raw("a"), NOW);
        for waiter in waiting {
            assert!(waiter.await.unwrap());
        }
        assert_eq!(account.messages(&FolderKind::Inbox).len(), 1);
    }
}
