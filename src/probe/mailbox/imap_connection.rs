//! One connection after the login: what a server is asked over it.

use super::{
    account_access::AccountAccess,
    batch::{Batch, sequence_set},
    connect,
    connection_canceller::ConnectionCanceller,
    error,
    fetch::{Answer, Fetched},
    protocol::{Authenticated, CommandError, IdleResult, NotAuthenticated, quoted},
    transcript::Log,
    wire::Room,
};
use crate::{
    core::Secret,
    outcome::{HarnessError, HarnessErrorKind},
    probe::timed::Deadline,
    target::{FolderNames, ImapAccess, Login, Mechanism, Provider},
};
use std::{
    cell::RefCell,
    sync::{Arc, Mutex},
    time::Instant,
};

/// What the headers of one FETCH may bring, in octets.
const HEADERS: usize = 32_000_000;

/// A logged-in connection.
pub(super) struct ImapConnection {
    imap: Authenticated,
    log: Arc<Mutex<Log>>,
    canceller: Arc<ConnectionCanceller>,
    place: String,
    /// What the server can do, in upper case.
    pub(super) capabilities: Vec<String>,
    pub(super) provider: Provider,
    /// The names of folders that the project file gives.
    pub(super) names: FolderNames,
    /// The server's certificate in DER, where there is TLS.
    pub(super) certificate: Option<Vec<u8>>,
}

/// Where a folder stands when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Selected {
    /// UIDVALIDITY; 0 when the server has none.
    pub(super) uid_validity: u32,
    /// The UID that the next message will have at least.
    pub(super) uid_next: u32,
}

impl Selected {
    /// Whether UIDs mean the messages that they meant under this UIDVALIDITY; never where there is none, as they hold for one
    /// opening of the folder then (RFC 3501 §6.3.1).
    pub(super) fn is_still(self, uid_validity: u32) -> bool {
        self.uid_validity != 0 && self.uid_validity == uid_validity
    }
}

/// The headers that a FETCH brought.
#[derive(Debug)]
pub(super) struct Headers {
    /// The messages whose header came.
    pub(super) messages: Vec<Fetched>,
    /// The UIDs of others, of which something else was told.
    pub(super) others: Vec<u32>,
    /// Messages came or left meanwhile.
    pub(super) is_changed: bool,
}

impl ImapConnection {
    /// Connects, logs in, and tells the server who asks, as Gmail wants it.
    ///
    /// # Errors
    /// H01 or H02 when the login is refused; H03 to H07 for the way there.
    pub(super) fn open(
        access: &AccountAccess,
        name: &str,
        canceller: &Arc<ConnectionCanceller>,
        by: &Deadline,
    ) -> Result<Self, HarnessError> {
        let (imap, tokens) = (&access.imap, &access.tokens);
        let log = Arc::new(Mutex::new(Log::new(name, Arc::clone(&access.transcript))));
        let login = imap.endpoint.login.clone().unwrap_or_else(Login::nobody);
        let enter = |secret: &Secret| {
            connect::connect(&imap.endpoint, access.limits, canceller, by, &log)
                .and_then(|(connection, seen)| Ok((log_in(imap, &login, secret, connection, &log)?, seen)))
                .inspect_err(|_| canceller.release())
        };
        let secret = tokens.secret(&login)?;
        let entered = match enter(&secret) {
            // A token may end before its time: another one, once.
            Err(refused) if refused.kind == HarnessErrorKind::Grant => match tokens.renew(&login, &secret)? {
                Some(another) => enter(&another).map_err(|e| tokens.explain(&login, e)),
                None => Err(refused),
            },
            entered => entered,
        };
        let (logged_in, certificate) = entered?;
        let mut connection = Self {
            imap: logged_in,
            log,
            canceller: Arc::clone(canceller),
            place: imap.endpoint.place(),
            capabilities: Vec::new(),
            provider: imap.provider,
            names: imap.folders.clone(),
            certificate,
        };
        connection.capabilities = connection.run("CAPABILITY", "CAPABILITY")?.capabilities;
        if connection.can("ID") {
            let id = format!("ID (\"name\" \"sealcheck\" \"version\" \"{}\")", env!("CARGO_PKG_VERSION"));
            // A server that does not care is as good.
            connection
                .run("ID", &id)
                .map(drop)
                .or_else(|e| if e.kind == HarnessErrorKind::Protocol { Ok(()) } else { Err(e) })?;
        }
        Ok(connection)
    }

    /// Whether the server has a capability, in upper case.
    pub(super) fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|c| c == capability)
    }

    /// Whether X-GM-MSGID, X-GM-LABELS and X-GM-RAW can be asked for.
    pub(super) fn is_gmail(&self) -> bool {
        self.provider == Provider::Gmail && self.can("X-GM-EXT-1")
    }

    /// What is being done, for errors.
    pub(super) fn stage(&self, what: &str) -> String {
        format!("{what} at {}", self.place)
    }

    fn error(&self, what: &str, failure: &CommandError) -> HarnessError {
        error::of(self.stage(what), failure, &connect::last(&self.log))
    }

    /// One command and what it answers.
    pub(super) fn run(&mut self, what: &str, command: &str) -> Result<Answer, HarnessError> {
        self.run_with(what, command, Room::for_lines())
    }

    fn run_with(&mut self, what: &str, command: &str, room: Room) -> Result<Answer, HarnessError> {
        if command.contains(['\r', '\n', '\0']) {
            return Err(error::garbage(self.stage(what), "(a line break in a command)"));
        }
        self.imap.run(command, room).map_err(|failure| self.error(what, &failure))
    }

    /// Opens a folder: for reading only, so that no flag changes, or for changes.
    pub(super) fn select(&mut self, name: &str, changes: bool) -> Result<Selected, HarnessError> {
        let verb = if changes { "SELECT" } else { "EXAMINE" };
        let answer = self.run(&format!("{verb} {name}"), &format!("{verb} {}", quoted(name)))?;
        let uid_next = match (answer.uid_next, answer.exists) {
            (Some(next), _) => next,
            (None, None | Some(0)) => 1,
            // RFC 3501 §6.3.1 lets old servers leave UIDNEXT out.
            (None, Some(last)) => {
                let newest = self.run("FETCH", &format!("FETCH {last} (UID)"))?;
                newest.messages().iter().map(|m| m.uid.saturating_add(1)).max().unwrap_or(1)
            }
        };
        Ok(Selected { uid_validity: answer.uid_validity.unwrap_or(0), uid_next })
    }

    /// UIDs that a search finds.
    pub(super) fn search(&mut self, criteria: &str) -> Result<Vec<u32>, HarnessError> {
        let answer = self.run("SEARCH", &format!("UID SEARCH {criteria}"))?;
        match answer.unread_search {
            Some(line) => Err(error::unread(self.stage("SEARCH"), &line)),
            None => Ok(answer.found),
        }
    }

    /// Headers and sizes of messages, by UID.
    pub(super) fn headers(&mut self, uids: &str) -> Result<Headers, HarnessError> {
        let command = format!("UID FETCH {uids} (UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER])");
        let answer = self.run_with("FETCH", &command, Room::for_content(HEADERS))?;
        let (is_changed, in_doubt) = (answer.is_changed, answer.has_unread_fetch);
        // What is told of flags is told unasked (RFC 3501 §7.4.2); of what was deleted nothing may come (RFC 2180 §4.1.3).
        let (messages, others): (Vec<Fetched>, Vec<Fetched>) = answer
            .messages()
            .into_iter()
            .partition(|m| m.header.as_ref().is_some_and(|header| !header.is_empty() || m.size == 0));
        if in_doubt {
            let there = self.search(&format!("UID {uids}"))?;
            self.all_came(&there, &messages)?;
        }
        Ok(Headers { messages, others: others.iter().map(|message| message.uid).collect(), is_changed })
    }

    /// That messages which a search has found and a FETCH did not bring were deleted meanwhile.
    ///
    /// # Errors
    /// H07 when one is still there: nobody knows what it is.
    pub(super) fn check_gone(&mut self, uids: &[u32]) -> Result<(), HarnessError> {
        let there = if uids.is_empty() { Vec::new() } else { self.search(&format!("UID {}", sequence_set(uids)))? };
        there.first().map_or(Ok(()), |uid| Err(error::missing(*uid)))
    }

    /// Whole messages, or the beginnings of large ones; and whether messages came or left meanwhile. A message that does not
    /// come was deleted.
    ///
    /// # Errors
    /// H07 too when a response cannot be read and a message is missing.
    pub(super) fn messages(&mut self, batch: &Batch, with_labels: bool) -> Result<(Vec<Fetched>, bool), HarnessError> {
        let gmail = match (self.is_gmail(), with_labels) {
            (true, true) => "X-GM-MSGID X-GM-LABELS ",
            (true, false) => "X-GM-MSGID ",
            (false, _) => "",
        };
        let answer = self.run_with("FETCH", &batch.command(gmail), batch.room())?;
        let (is_changed, in_doubt) = (answer.is_changed, answer.has_unread_fetch);
        let mut messages = answer.messages();
        messages.retain(|message| message.raw.as_ref().is_some_and(|raw| !raw.is_empty()));
        if in_doubt {
            self.all_came(&batch.uids, &messages)?;
        }
        for message in &mut messages {
            message.cut_from = batch.cut_from(message.raw.as_ref().map_or(0, Vec::len));
        }
        Ok((messages, is_changed))
    }

    /// After a FETCH response that could not be read: that it was about something else.
    fn all_came(&self, wanted: &[u32], messages: &[Fetched]) -> Result<(), HarnessError> {
        if wanted.iter().all(|uid| messages.iter().any(|message| message.uid == *uid)) {
            return Ok(());
        }
        Err(error::garbage(self.stage("FETCH"), "(a FETCH response that cannot be read)"))
    }

    /// Waits for news (RFC 2177) until a moment. What the news are does not matter: the folder is looked at after every
    /// IDLE, because an EXISTS can get lost around DONE.
    pub(super) fn idle(&mut self, until: Instant) -> Result<IdleResult, HarnessError> {
        self.imap.idle(until.saturating_duration_since(Instant::now())).map_err(|failure| self.error("IDLE", &failure))
    }
}

impl Drop for ImapConnection {
    fn drop(&mut self) {
        self.canceller.release();
    }
}

fn log_in(
    access: &ImapAccess,
    account: &Login,
    secret: &Secret,
    connection: NotAuthenticated,
    log: &Mutex<Log>,
) -> Result<Authenticated, HarnessError> {
    let endpoint = &access.endpoint;
    let token = Token { user: &account.user, secret, refusal: RefCell::default() };
    let entered = match account.mechanism {
        Mechanism::Password => connection.login(&account.user, secret.expose()),
        Mechanism::Xoauth2 => connection.authenticate("XOAUTH2", &token),
    };
    entered.map_err(|failure| match &failure {
        CommandError::No(text) | CommandError::Bad(text) => {
            error::login(endpoint, account, access.provider, text, &token.refusal.borrow())
        }
        _ => error::of(format!("login {} as {}", endpoint.host, account.user), &failure, &connect::last(log)),
    })
}

/// XOAUTH2: on refusal the server says why in a second challenge, and the client must answer with an empty line.
struct Token<'a> {
    user: &'a str,
    secret: &'a Secret,
    refusal: RefCell<String>,
}

impl imap::Authenticator for Token<'_> {
    type Response = String;

    fn process(&self, challenge: &[u8]) -> String {
        if challenge.is_empty() {
            return format!("user={}\x01auth=Bearer {}\x01\x01", self.user, self.secret.expose());
        }
        *self.refusal.borrow_mut() = String::from_utf8_lossy(challenge).into_owned();
        String::new()
    }
}
