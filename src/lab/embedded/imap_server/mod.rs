//! An IMAP server over the [`Store`]: Gmail with its extensions and habits, or a plain server.

mod append;
mod capabilities;
mod change;
mod command_reader;
mod connection;
mod fetch;
mod folder_view;
mod folders;
mod login_check;
mod output;
mod search;
mod sequence;
mod session;
mod tokens;

use super::{store::Store, tasks::accept};
use crate::target::{Provider, knobs::ImapFault};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch};
use tokio_native_tls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How much a server allows.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Logged-in connections of one account at the same time.
    pub connections: usize,
    /// How long a session lasts after login.
    pub session: Option<Duration>,
    /// Octets of a command without the message of APPEND.
    pub command: usize,
    /// Octets of a message that APPEND takes.
    pub append: usize,
}

impl Default for Limits {
    /// Gmail's.
    fn default() -> Self {
        Self { connections: 15, session: Some(Duration::from_secs(24 * 3600)), command: 64 * 1024, append: 35_651_584 }
    }
}

/// An IMAP server.
pub struct ImapServer {
    store: Store,
    provider: Provider,
    limits: Limits,
    fault: ImapFault,
    logins: Mutex<HashMap<String, usize>>,
    refused: AtomicU32,
    expired: watch::Sender<()>,
}

impl ImapServer {
    /// A server for these accounts, with the habits of this provider and a fault.
    pub fn new(store: Store, provider: Provider, limits: Limits, fault: ImapFault) -> Arc<Self> {
        Arc::new(Self {
            store,
            provider,
            limits,
            fault,
            logins: Mutex::default(),
            refused: AtomicU32::new(0),
            expired: watch::Sender::new(()),
        })
    }

    /// Serves until `shutdown`, then hangs up everywhere. `tls: None` is for tests that read the bytes.
    pub async fn run(self: Arc<Self>, listener: TcpListener, tls: Option<TlsAcceptor>, shutdown: CancellationToken) {
        let sessions = TaskTracker::new();
        let mut number: u64 = 0;
        while let Some((stream, peer)) = shutdown.run_until_cancelled(accept(&listener)).await {
            number += 1;
            let (server, tls, shutdown) = (Arc::clone(&self), tls.clone(), shutdown.clone());
            sessions.spawn(async move {
                let serve = connection::serve(server, stream, peer, tls, number);
                // A client that hangs up in the middle ends only its own session.
                let _ = shutdown.run_until_cancelled(serve).await;
            });
        }
        sessions.close();
        sessions.wait().await;
    }

    /// Ends every session now as Gmail does when a session is too old, with `* BYE`.
    pub fn expire_sessions(&self) {
        self.expired.send_replace(());
    }

    /// Logged-in connections of an account.
    pub fn connections(&self, address: &str) -> usize {
        self.logins().get(address).copied().unwrap_or(0)
    }

    /// Whether this is one of the two times that a fault refuses something.
    fn refuses(&self, fault: ImapFault) -> bool {
        self.fault == fault && self.refused.fetch_add(1, Ordering::Relaxed) < 2
    }

    fn admit(&self, address: &str) -> bool {
        let mut logins = self.logins();
        let count = logins.entry(address.to_owned()).or_default();
        let free = *count < self.limits.connections;
        if free {
            *count += 1;
        }
        free
    }

    fn leave(&self, address: &str) {
        if let Some(count) = self.logins().get_mut(address) {
            *count = count.saturating_sub(1);
        }
    }

    fn logins(&self) -> std::sync::MutexGuard<'_, HashMap<String, usize>> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::store::{Credentials, Flavour, FolderKind},
        output::Output,
        session::Session,
        *,
    };
    use crate::{core::Secret, target::knobs::Locale};
    use proptest::prelude::*;

    fn session(provider: Provider) -> Session {
        let store = Store::new();
        let credentials = Credentials { password: Secret::new("abcdefghijklmnop"), access_token: None };
        let account = store.create_account("a@gmail.com", credentials, Flavour::Gmail(Locale::En));
        let raw = b"Message-ID: <1@ext.example>\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\na\r\n--x--\r\n";
        account.deliver(&FolderKind::Inbox, raw[..].into(), jiff::Timestamp::UNIX_EPOCH);
        let server = ImapServer::new(store, provider, Limits::default(), ImapFault::None);
        let mut session = Session::new(server, "127.0.0.1".into(), "x".into());
        for command in ["a LOGIN a@gmail.com abcdefghijklmnop\r\n", "b SELECT INBOX\r\n"] {
            session.command(command.as_bytes(), &mut Output::default());
        }
        session
    }

    /// Words that commands are made of.
    fn word() -> impl Strategy<Value = String> {
        const KNOWN: &[&str] = &[
            "UID",
            "FETCH",
            "STORE",
            "SEARCH",
            "COPY",
            "MOVE",
            "EXPUNGE",
            "APPEND",
            "LIST",
            "STATUS",
            "CREATE",
            "DELETE",
            "RENAME",
            "NOOP",
            "CLOSE",
            "SELECT",
            "EXAMINE",
            "1",
            "1:*",
            "*",
            "0",
            "INBOX",
            "\"[Gmail]/Trash\"",
            "\"\"",
            "%",
            "(",
            ")",
            "ALL",
            "FULL",
            "BODY[1.1.MIME]",
            "BODY.PEEK[HEADER.FIELDS (A)]<1.2>",
            "BODYSTRUCTURE",
            "+FLAGS",
            "X-GM-LABELS",
            "-X-GM-LABELS",
            "\\Deleted",
            "\\Inbox",
            "X-GM-RAW",
            "NOT",
            "OR",
            "SINCE",
            "1-Jan-2026",
            "HEADER",
            "{2}\r\nab",
            "~{1}\r\na",
            "UTF8",
            "&AA-",
            "CHARSET",
            "UTF-8",
            "BODY[TEXT]<99999999999.9>",
        ];
        prop_oneof![4 => proptest::sample::select(KNOWN).prop_map(str::to_owned), 1 => ".{0,8}"]
    }

    proptest! {
        #[test]
        fn no_command_does_harm(
            commands in prop::collection::vec(prop::collection::vec(word(), 0..8), 1..8),
            bytes in prop::collection::vec(any::<u8>(), 0..64),
            gmail: bool,
        ) {
            let mut session = session(if gmail { Provider::Gmail } else { Provider::Generic });
            for words in commands {
                let mut out = Output::default();
                session.command(format!("t {}\r\n", words.join(" ")).as_bytes(), &mut out);
                let answer = out.to_text();
                prop_assert!(answer.lines().last().is_some_and(|l| l.starts_with("t ") || l.starts_with("* BAD") || l.starts_with('+')), "{answer}");
            }
            session.command(&bytes, &mut Output::default());
        }
    }
}
