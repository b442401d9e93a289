//! What a server shows of itself and of an account, without anything being changed.

use super::{
    account_access::AccountAccess,
    cutter::Cutter,
    error,
    folder_names::{FoundBy, Named},
    session::Session,
    time_limits::Limits,
    timed::Deadline,
    utf7,
};
use crate::{
    evidence::Folder,
    outcome::{HarnessError, HarnessErrorKind},
    probe::{certificate::Certificate, token::Tokens},
    target::ImapAccess,
};
use std::sync::Arc;

/// What was seen after a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
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
pub async fn visit(access: &ImapAccess, limits: Limits, tokens: &Tokens) -> Result<Visit, HarnessError> {
    let access = AccountAccess::new("", access.clone(), limits, tokens.clone(), Arc::default());
    let cutter = Arc::new(Cutter::default());
    // Whoever stops waiting ends the connection.
    let ended = Ended(Arc::clone(&cutter));
    let visit = tokio::task::spawn_blocking(move || look(&access, &cutter)).await;
    drop(ended);
    visit.unwrap_or_else(|_| Err(error::panicked("visit the mailbox".to_owned())))
}

struct Ended(Arc<Cutter>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.stop();
    }
}

fn look(access: &AccountAccess, cutter: &Arc<Cutter>) -> Result<Visit, HarnessError> {
    let mut session = Session::open(access, "visit", cutter, &Deadline::default())?;
    let spam = match session.folder_name(Folder::Spam) {
        Ok(Named::Found(name, by)) => Ok((utf7::readable(&name), by)),
        Ok(Named::Absent(absent)) => Err(absent),
        // The project file names one that is not there.
        Err(e) if e.kind == HarnessErrorKind::File => Err(e),
        Err(e) => return Err(e),
    };
    let storage = if session.can("QUOTA") {
        match session.run("GETQUOTAROOT", "GETQUOTAROOT INBOX") {
            Ok(answer) => answer.storage,
            // A server that does not tell is as good.
            Err(e) if e.kind == HarnessErrorKind::Protocol => None,
            Err(e) => return Err(e),
        }
    } else {
        None
    };
    let capabilities = session.capabilities().to_vec();
    let certificate = session.certificate().and_then(Certificate::read);
    session.run("LOGOUT", "LOGOUT").ok();
    Ok(Visit { capabilities, certificate, spam, storage })
}
