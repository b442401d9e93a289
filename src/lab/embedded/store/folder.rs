//! A folder: which messages it holds, under which UIDs.

use super::utf7;
use crate::target::knobs::Locale;

/// The number of a message in its folder, never used twice (RFC 3501 §2.3.1.1).
pub(crate) type Uid = u32;

/// What a folder is for (RFC 6154), by which it is found in every language.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FolderKind {
    /// INBOX.
    Inbox,
    /// Everything but spam and the bin.
    All,
    /// Spam.
    Junk,
    /// The bin.
    Trash,
    /// Sent mail.
    Sent,
    /// Drafts.
    Drafts,
    /// Starred mail.
    Flagged,
    /// What the provider thinks is important.
    Important,
    /// A folder or label of the user's own, by its name in modified UTF-7.
    Label(String),
}

impl FolderKind {
    /// Gmail's own folders.
    pub(crate) const GMAIL: [Self; 8] =
        [Self::Inbox, Self::All, Self::Drafts, Self::Important, Self::Sent, Self::Junk, Self::Flagged, Self::Trash];

    /// The special-use attribute of LIST, if it has one.
    pub(crate) fn attribute(&self) -> Option<&'static str> {
        Some(match self {
            Self::Inbox | Self::Label(_) => return None,
            Self::All => "\\All",
            Self::Junk => "\\Junk",
            Self::Trash => "\\Trash",
            Self::Sent => "\\Sent",
            Self::Drafts => "\\Drafts",
            Self::Flagged => "\\Flagged",
            Self::Important => "\\Important",
        })
    }

    /// How X-GM-LABELS names it; All Mail is no label.
    pub(crate) fn label(&self) -> Option<&str> {
        Some(match self {
            Self::Inbox => "\\Inbox",
            Self::All => return None,
            Self::Junk => "\\Spam",
            Self::Trash => "\\Trash",
            Self::Sent => "\\Sent",
            Self::Drafts => "\\Draft",
            Self::Flagged => "\\Starred",
            Self::Important => "\\Important",
            Self::Label(name) => name,
        })
    }

    /// The name of one of Gmail's folders, in modified UTF-7.
    pub(crate) fn gmail_name(&self, locale: Locale) -> String {
        let own = |en: &str, ja: &str| utf7::encode(&format!("[Gmail]/{}", if locale == Locale::Ja { ja } else { en }));
        match self {
            Self::Inbox => "INBOX".into(),
            Self::All => own("All Mail", "すべてのメール"),
            Self::Junk => own("Spam", "迷惑メール"),
            Self::Trash => own("Trash", "ゴミ箱"),
            Self::Sent => own("Sent Mail", "送信済みメール"),
            Self::Drafts => own("Drafts", "下書き"),
            Self::Flagged => own("Starred", "スター付き"),
            Self::Important => own("Important", "重要"),
            Self::Label(name) => name.clone(),
        }
    }
}

/// A message's place in a folder.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Its number here.
    pub uid: Uid,
    /// Which message it is.
    pub gm_msgid: u64,
    /// Marked to be expunged from this folder.
    pub deleted: bool,
}

/// A folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    /// Its name in modified UTF-7.
    pub name: String,
    /// What it is for.
    pub kind: FolderKind,
    /// Changes when UIDs begin anew.
    pub uid_validity: u32,
    /// The UID of the next message.
    pub uid_next: Uid,
    /// Listed by LSUB.
    pub subscribed: bool,
    /// Its messages, by UID.
    pub entries: Vec<Entry>,
}

impl Folder {
    pub(crate) fn new(name: String, kind: FolderKind, uid_validity: u32) -> Self {
        Self { name, kind, uid_validity, uid_next: 1, subscribed: true, entries: Vec::new() }
    }

    /// Whether this is its name; INBOX in any case (RFC 3501 §5.1).
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || (self.kind == FolderKind::Inbox && name.eq_ignore_ascii_case("INBOX"))
    }

    /// Adds a message, or finds the one that is there.
    pub(crate) fn add(&mut self, gm_msgid: u64) -> Uid {
        if let Some(entry) = self.entries.iter().find(|e| e.gm_msgid == gm_msgid) {
            return entry.uid;
        }
        let uid = self.uid_next;
        self.uid_next += 1;
        self.entries.push(Entry { uid, gm_msgid, deleted: false });
        uid
    }

    pub(crate) fn remove(&mut self, gm_msgid: u64) {
        self.entries.retain(|e| e.gm_msgid != gm_msgid);
    }

    /// The message under a UID.
    pub(crate) fn entry(&self, uid: Uid) -> Option<&Entry> {
        self.entries.binary_search_by_key(&uid, |e| e.uid).ok().and_then(|at| self.entries.get(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japanese_names_are_those_that_gmail_lists() {
        let name = |kind: FolderKind| kind.gmail_name(Locale::Ja);
        assert_eq!(name(FolderKind::Junk), "[Gmail]/&j,dg0TDhMPww6w-");
        assert_eq!(name(FolderKind::All), "[Gmail]/&MFkweTBmMG4w4TD8MOs-");
        assert_eq!(name(FolderKind::Trash), "[Gmail]/&MLQw33ux-");
        assert_eq!(name(FolderKind::Drafts), "[Gmail]/&Tgtm+DBN-");
        assert_eq!(name(FolderKind::Sent), "[Gmail]/&kAFP4W4IMH8w4TD8MOs-");
        assert_eq!(name(FolderKind::Flagged), "[Gmail]/&MLkwvzD8TtgwTQ-");
        assert_eq!(name(FolderKind::Important), "[Gmail]/&kc2JgQ-");
        assert_eq!(name(FolderKind::Inbox), "INBOX");
    }

    #[test]
    fn uids_only_grow() {
        let mut folder = Folder::new("INBOX".into(), FolderKind::Inbox, 1);
        assert_eq!((folder.add(10), folder.add(11), folder.add(10)), (1, 2, 1));
        folder.remove(11);
        assert_eq!(folder.add(12), 3);
        assert_eq!(folder.entry(3).map(|e| e.gm_msgid), Some(12));
        assert!(folder.entry(2).is_none());
    }
}
