//! What a server shows of itself and of an account, without anything being changed.

use super::{
    account_access::AccountAccess,
    connection_canceller::ConnectionCanceller,
    error,
    folder_names::{FoundBy, Named},
    imap_connection::ImapConnection,
    time_limits::Limits,
    utf7,
};
use crate::{
    evidence::Folder,
    outcome::{HarnessError, HarnessErrorKind},
    probe::{certificate::Certificate, timed::Deadline, token::Tokens},
    target::ImapAccess,
};
use std::sync::Arc;

/// What was seen after a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// What the server can do, in upper case.
    pub capabilities: Vec<String>,
    /// The server's certificate, where there is TLS and it can be read.
    pub certificate: Option<Certificate>,
    /// Where spam arrives, and how that was found; else what there is instead.
    pub spam: Result<(String, FoundBy), HarnessError>,
    /// What is stored and what may be (RFC 9208), in KiB, where the server says.
    pub storage: Option<(u64, u64)>,
}

/// Logs in, looks for the folders and logs out.
///
/// # Errors
/// H01 or H02 when the login is refused; H03 to H07 for the way there and for what the server says.
pub async fn server_info(access: &ImapAccess, limits: Limits, tokens: &Tokens) -> Result<ServerInfo, HarnessError> {
    let access = AccountAccess::new("", access.clone(), limits, tokens.clone(), Arc::default());
    let canceller = Arc::new(ConnectionCanceller::default());
    // Whoever stops waiting ends the connection.
    let ended = Ended(Arc::clone(&canceller));
    let info = tokio::task::spawn_blocking(move || look(&access, &canceller)).await;
    drop(ended);
    info.unwrap_or_else(|_| Err(error::panicked("visit the mailbox".to_owned())))
}

struct Ended(Arc<ConnectionCanceller>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.stop();
    }
}

fn look(access: &AccountAccess, canceller: &Arc<ConnectionCanceller>) -> Result<ServerInfo, HarnessError> {
    let mut connection = ImapConnection::open(access, "visit", canceller, &Deadline::default())?;
    let spam = match connection.folder_name(Folder::Spam) {
        Ok(Named::Found(name, by)) => Ok((utf7::readable(&name), by)),
        Ok(Named::Absent(absent)) => Err(absent),
        // The project file names one that is not there.
        Err(e) if e.kind == HarnessErrorKind::File => Err(e),
        Err(e) => return Err(e),
    };
    let storage = if connection.can("QUOTA") {
        match connection.run("GETQUOTAROOT", "GETQUOTAROOT INBOX") {
            Ok(answer) => answer.storage,
            // A server that does not tell is as good.
            Err(e) if e.kind == HarnessErrorKind::Protocol => None,
            Err(e) => return Err(e),
        }
    } else {
        None
    };
    let capabilities = connection.capabilities.clone();
    let certificate = connection.certificate.as_deref().and_then(Certificate::read);
    connection.run("LOGOUT", "LOGOUT").ok();
    Ok(ServerInfo { capabilities, certificate, spam, storage })
}
