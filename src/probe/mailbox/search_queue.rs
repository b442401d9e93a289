//! Folders searched anew for many attempts at once: whoever gets the account's connection for commands searches for all who
//! wait for it, so that time limits count from when the server is asked, and not while others are served.

use super::{
    command_connection::{CommandConnection, FolderMessages},
    error,
    message_key::MessageKey,
};
use crate::{
    core::UnixTime,
    evidence::{Arrival, Folder},
    outcome::HarnessError,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use tokio::sync::oneshot;

/// What a folder held when its server was asked.
#[derive(Debug, Clone)]
pub struct FolderSearch {
    /// The folder.
    pub folder: Folder,
    /// What the server calls it; `None` when the account has no such folder.
    pub name: Option<String>,
    /// When the server was asked: what was in the folder at this moment was searched.
    pub asked: Instant,
    /// The messages that were looked for, copies and reports, with all that [`Arrival`] tells.
    pub arrivals: Vec<Arrival>,
}

/// What comes of a search.
pub(super) type Answer = Result<Vec<FolderSearch>, HarnessError>;

/// One attempt's search.
#[derive(Debug)]
struct Request {
    folders: Vec<Folder>,
    keys: [MessageKey; 2],
    since: UnixTime,
    to: oneshot::Sender<Answer>,
}

/// The searches of one account that wait for its connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Queue(Arc<Mutex<Vec<Request>>>);

impl Queue {
    /// Puts a search in line.
    pub(super) fn add(&self, folders: &[Folder], keys: [MessageKey; 2], since: UnixTime) -> oneshot::Receiver<Answer> {
        let (to, answer) = oneshot::channel();
        let request = Request { folders: folders.to_vec(), keys, since, to };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        answer
    }

    /// Does every search that is in line, each folder once. A folder whose server does not answer is an error for all who
    /// asked for it; what others asked for is searched all the same.
    pub(super) fn serve(&self, commands: &mut CommandConnection) {
        let mut requests = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        requests.retain(|request| !request.to.is_closed());
        let Some(since) = requests.iter().map(|request| request.since).min() else { return };
        let mut seen: HashMap<Folder, Result<FolderMessages, HarnessError>> = HashMap::new();
        let mut unreachable = None;
        let answers: Vec<Answer> = requests
            .iter()
            .map(|request| {
                let folders = request.folders.iter().map(|folder| {
                    let seen = seen.entry(*folder).or_insert_with(|| match &unreachable {
                        // One silence is told of every folder: a server that is dead costs its time once.
                        Some(error) => Err(HarnessError::clone(error)),
                        None => commands.search(*folder, &keys_for(*folder, &requests), since),
                    });
                    if let Err(error) = seen
                        && error::is_of_server(error)
                    {
                        unreachable = Some(error.clone());
                    }
                    seen.as_ref().map(|seen| of_attempt(seen, *folder, &request.keys)).map_err(|error| error.clone())
                });
                folders.collect()
            })
            .collect();
        for (request, answer) in requests.into_iter().zip(answers) {
            // Who asked may have gone.
            request.to.send(answer).ok();
        }
    }
}

/// What all of them look for in a folder.
fn keys_for(folder: Folder, requests: &[Request]) -> Vec<MessageKey> {
    let asking = requests.iter().filter(|request| request.folders.contains(&folder));
    asking.flat_map(|request| request.keys.clone()).collect()
}

/// The part of what was found that belongs to one attempt.
fn of_attempt(found: &FolderMessages, folder: Folder, wanted: &[MessageKey]) -> FolderSearch {
    let mine = found.messages.iter().filter(|(keys, _)| keys.iter().any(|key| wanted.contains(key)));
    let arrivals = mine.map(|(_, arrival)| arrival.clone()).collect();
    FolderSearch { folder, name: found.name.clone(), asked: found.asked, arrivals }
}
