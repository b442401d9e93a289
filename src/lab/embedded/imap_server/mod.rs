//! An IMAP server over the [`Store`]: Gmail with its extensions and habits, or a plain server.

mod append;
mod auth;
mod change;
mod connection;
mod fetch;
mod folders;
mod output;
mod search;
mod sequence;
mod session;
mod texts;
mod tokens;
mod view;

use super::store::Store;
use crate::scenario::target::Provider;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
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
    pub append: u32,
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
    logins: Mutex<HashMap<String, usize>>,
    expired: watch::Sender<()>,
}

impl ImapServer {
    /// A server for these accounts, with the habits of this provider.
    pub fn new(store: Store, provider: Provider, limits: Limits) -> Arc<Self> {
        Arc::new(Self { store, provider, limits, logins: Mutex::default(), expired: watch::Sender::new(()) })
    }

    /// Serves until `shutdown`, then hangs up everywhere. `tls: None` is for tests that read the bytes.
    pub async fn run(self: Arc<Self>, listener: TcpListener, tls: Option<TlsAcceptor>, shutdown: CancellationToken) {
        let sessions = TaskTracker::new();
        let mut number: u64 = 0;
        while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
            // A connection that was gone before it was taken is no reason to stop.
            let Ok((stream, peer)) = accepted else { continue };
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
