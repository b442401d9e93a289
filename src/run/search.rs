//! Mailboxes searched anew, on a connection that answers. That something is not there is only said after such a search.

use super::world::World;
use crate::{
    core::UnixTime,
    evidence::{Arrival, Folder},
    outcome::HarnessError,
    probe::mailbox::{FolderSearch, MailIdentity},
    target::{Account, Provider},
};
use std::collections::{BTreeMap, BTreeSet};
use tokio::task::JoinSet;

/// What a search is for, and where.
#[derive(Debug, Clone)]
pub(super) struct Search<'a> {
    pub(super) wanted: &'a MailIdentity,
    /// What came before is not looked at; in seconds since 1970.
    pub(super) since: UnixTime,
    /// The accounts that have to be searched.
    pub(super) accounts: BTreeSet<String>,
    /// The account that sent the mail; it is searched, too, if it can be.
    pub(super) sender: Option<&'a str>,
    /// The reverse-path that it was sent with.
    pub(super) mail_from: &'a str,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct SearchResult {
    /// Those in All Mail last.
    pub(super) arrivals: Vec<Arrival>,
    /// The folders that have to be searched and were.
    pub(super) folders: Vec<(String, Folder)>,
    /// Why one could not be: then nobody knows what is in it.
    pub(super) error: Option<HarnessError>,
}

impl Search<'_> {
    /// Searches every folder of the accounts, all accounts at the same time.
    pub(super) async fn run(self, world: &World) -> SearchResult {
        let mut tasks = JoinSet::new();
        let beside = self.sender.filter(|sender| !self.accounts.contains(*sender));
        for name in self.accounts.iter().map(String::as_str).chain(beside) {
            let Some(account) = world.target.accounts.get(name).filter(|a| a.imap.is_some()).cloned() else { continue };
            let is_sender = self.sender == Some(name) || account.address.eq_ignore_ascii_case(self.mail_from);
            let (mailboxes, wanted, since) = (world.mailboxes.clone(), self.wanted.clone(), self.since);
            tasks.spawn(async move {
                let searched = mailboxes.search(&account, &folders_of(&account, is_sender), &wanted, since).await;
                (account.name, searched)
            });
        }
        let mut by_account = BTreeMap::new();
        while let Some(Ok((account, result))) = tasks.join_next().await {
            by_account.insert(account, result);
        }
        let mut searched = SearchResult::default();
        for (account, result) in by_account {
            let has_to_be = self.accounts.contains(&account);
            match result {
                Ok(folders) => {
                    for FolderSearch { folder, name, arrivals, .. } in folders {
                        searched.arrivals.extend(arrivals);
                        let is_told = has_to_be && name.is_some();
                        searched.folders.extend(is_told.then(|| (account.clone(), folder)));
                    }
                }
                Err(error) if has_to_be => {
                    searched.error.get_or_insert(error);
                }
                Err(_) => {}
            }
        }
        // What is in another folder, too, is not in All Mail alone.
        searched.arrivals.sort_by_key(|arrival| arrival.folder == Folder::All);
        searched
    }
}

impl SearchResult {
    /// What was found, when every folder that has to be searched was.
    pub(super) fn complete(self) -> Result<Vec<Arrival>, HarnessError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.arrivals),
        }
    }
}

/// Where a mail to an account can be. Gmail's All Mail holds what a filter keeps out of the inbox; it comes first, so that a mail
/// which arrives meanwhile is found in the inbox, too. Of who sends it holds the mail that was sent.
fn folders_of(account: &Account, is_sender: bool) -> Vec<Folder> {
    let is_gmail = account.imap.as_ref().is_some_and(|imap| imap.provider == Provider::Gmail);
    let all = (is_gmail && !is_sender).then_some(Folder::All);
    all.into_iter().chain([Folder::Inbox, Folder::Spam]).collect()
}
