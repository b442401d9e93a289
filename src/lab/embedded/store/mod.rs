//! Mailboxes in memory: accounts, folders, messages. Deliveries go in here and the IMAP server reads from here.

pub(super) mod access_tokens;
pub(super) mod account;
pub(super) mod folder;
pub(super) mod header;
pub(super) mod stored_message;
pub(super) mod utf7;

use jiff::Timestamp;
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

pub use access_tokens::{AccessToken, AccessTokens};
pub use account::{Account, Credentials, Flavour};
pub use folder::FolderKind;
pub(crate) use folder::Uid;
pub use stored_message::StoredMessage;

/// Every account of one server. Clones share the accounts.
#[derive(Clone, Default)]
pub struct Store {
    accounts: Arc<RwLock<BTreeMap<String, Arc<Account>>>>,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// It is in the folder, under this UID.
    As(Uid),
    /// The account has a message with this Message-ID already, so nothing was stored.
    Duplicate,
    /// There is no such account or no such folder.
    Nowhere,
}

impl Store {
    /// A store without accounts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an account with empty folders. An account of the same address is replaced.
    pub fn create_account(&self, address: &str, credentials: Credentials, flavour: Flavour) -> Arc<Account> {
        let account = Arc::new(Account::new(address, credentials, flavour));
        self.accounts
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(account_key(address), Arc::clone(&account));
        account
    }

    /// Removes an account.
    pub(crate) fn remove_account(&self, address: &str) {
        self.accounts.write().unwrap_or_else(PoisonError::into_inner).remove(&account_key(address));
    }

    /// The account that gets mail for `address`. Case does not matter, and at gmail.com neither do dots nor a `+tag`.
    pub fn account(&self, address: &str) -> Option<Arc<Account>> {
        self.accounts.read().unwrap_or_else(PoisonError::into_inner).get(&account_key(address)).cloned()
    }

    /// Puts a message into a folder, and whatever else holds it too (Gmail's All Mail), and tells those who wait.
    /// Gmail accounts drop a message whose Message-ID they have.
    pub fn deliver(&self, address: &str, folder: FolderKind, raw: Arc<[u8]>, received: Timestamp) -> Delivered {
        match self.account(address) {
            Some(account) => account.deliver(&folder, raw, received),
            None => Delivered::Nowhere,
        }
    }
}

/// The name under which an address is kept.
pub(crate) fn account_key(address: &str) -> String {
    let address = address.to_ascii_lowercase();
    match address.rsplit_once('@') {
        Some((local, "gmail.com" | "googlemail.com")) => {
            let local = local.split('+').next().unwrap_or(local).replace('.', "");
            format!("{local}@gmail.com")
        }
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gmail_ignores_dots_and_tags_and_others_do_not() {
        assert_eq!(account_key("Probe.Inbox+x@GoogleMail.com"), "probeinbox@gmail.com");
        assert_eq!(account_key("A.b+x@sender.example"), "a.b+x@sender.example");
    }

    #[test]
    fn delivery_without_an_account_goes_nowhere() {
        let store = Store::new();
        assert_eq!(
            store.deliver("x@sender.example", FolderKind::Inbox, b"A: b\r\n\r\n"[..].into(), Timestamp::UNIX_EPOCH),
            Delivered::Nowhere
        );
    }
}
