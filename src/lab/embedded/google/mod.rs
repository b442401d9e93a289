//! Google's OAuth 2.0 servers: consent, tokens, and how they fail.
//!
//! `http` moves bytes, `authorize` is the page where a person consents, `token` is the endpoint that exchanges codes and
//! refresh tokens. Access tokens open accounts of the [`Store`]; there they end, too.

mod authorize;
mod http;
mod token;
mod token_fault;

pub use token_fault::TokenFault;

use super::{
    store::{Account, Store},
    tasks::{Tasks, accept},
    world_accounts::random,
};
use crate::{core::Secret, target::OauthClient};
use authorize::Code;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::net::{TcpListener, TcpSocket};
use tokio_native_tls::TlsAcceptor;

/// What Gmail wants for IMAP and SMTP.
const MAIL_SCOPE: &str = "https://mail.google.com/";

/// How Google's servers give tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoogleSettings {
    /// How long an access token is good.
    pub life: Duration,
    /// After so many logins and IMAP commands an access token ends before its time.
    pub commands: Option<u32>,
    /// What is wrong with the servers.
    pub fault: TokenFault,
}

impl Default for GoogleSettings {
    /// Google's own.
    fn default() -> Self {
        Self { life: Duration::from_secs(3600), commands: None, fault: TokenFault::None }
    }
}

/// Google's servers.
pub struct Google {
    settings: GoogleSettings,
    stores: Vec<Store>,
    client_id: String,
    client_secret: Secret,
    /// The host and port of its servers, as other programs name them.
    authority: String,
    refresh_tokens: Mutex<HashMap<String, Secret>>,
    codes: Mutex<HashMap<String, Code>>,
    asked: AtomicUsize,
    granted: AtomicUsize,
}

/// The socket of Google's servers, before they serve.
pub(crate) struct GoogleSocket {
    address: SocketAddr,
    kind: Kind,
}

enum Kind {
    Listens(TcpListener),
    /// Bound, so that nobody else gets the port, and deaf.
    Deaf(TcpSocket),
}

impl GoogleSocket {
    /// Binds a port of an address, or a free one for port 0.
    ///
    /// # Errors
    /// When the port is taken, or the address is not ours.
    pub(crate) fn bind(at: SocketAddr, fault: TokenFault) -> io::Result<Self> {
        let socket = if at.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(at)?;
        let address = socket.local_addr()?;
        let kind = if fault == TokenFault::Down { Kind::Deaf(socket) } else { Kind::Listens(socket.listen(64)?) };
        Ok(Self { address, kind })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Google {
    /// Servers for the accounts of these stores, which other programs reach at this host and port.
    ///
    /// # Errors
    /// When there are no random numbers.
    pub(crate) fn new(settings: GoogleSettings, stores: Vec<Store>, authority: String) -> Result<Arc<Self>, String> {
        Ok(Arc::new(Self {
            settings,
            stores,
            client_id: format!("{}.apps.googleusercontent.com", token_text("1026")?),
            client_secret: Secret::new(token_text("GOCSPX-")?),
            authority,
            refresh_tokens: Mutex::default(),
            codes: Mutex::default(),
            asked: AtomicUsize::new(0),
            granted: AtomicUsize::new(0),
        }))
    }

    /// Serves until the world ends.
    pub(crate) fn serve(self: &Arc<Self>, socket: GoogleSocket, tls: TlsAcceptor, tasks: &Tasks) {
        let (google, workers) = (Arc::clone(self), tasks.clone());
        tasks.spawn(async move {
            match socket.kind {
                Kind::Deaf(socket) => {
                    let () = std::future::pending().await;
                    drop(socket);
                }
                Kind::Listens(listener) => loop {
                    let (stream, _) = accept(&listener).await;
                    let (google, tls) = (Arc::clone(&google), tls.clone());
                    // A client that hangs up ends only its own exchange.
                    workers.spawn(async move { drop(http::serve(&google, stream, tls).await) });
                },
            }
        });
    }

    /// The OAuth client that exists here, as those name it that trust this certificate.
    pub(crate) fn client(&self, ca_pem: &str) -> OauthClient {
        OauthClient {
            id: Secret::new(self.client_id.as_str()),
            secret: self.client_secret.clone(),
            token_endpoint: format!("https://{}/token", self.authority),
            ca_pem: Some(ca_pem.to_owned()),
        }
    }

    /// Where a person consents.
    pub(crate) fn authorization_endpoint(&self) -> String {
        format!("https://{}/o/oauth2/v2/auth", self.authority)
    }

    /// The refresh token of an account, made at the first call.
    ///
    /// # Errors
    /// When there are no random numbers.
    pub(crate) fn refresh_token(&self, address: &str) -> Result<Secret, String> {
        let mut all = self.refresh_tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = all.get(address) {
            return Ok(token.clone());
        }
        let token = Secret::new(token_text("1//0g")?);
        all.insert(address.to_owned(), token.clone());
        Ok(token)
    }

    /// How many requests for tokens came, and how many access tokens were given.
    pub fn counts(&self) -> (usize, usize) {
        (self.asked.load(Ordering::Relaxed), self.granted.load(Ordering::Relaxed))
    }

    fn account(&self, address: &str) -> Option<Arc<Account>> {
        self.stores.iter().find_map(|store| store.account(address))
    }
}

/// Random text as tokens have it, after a prefix.
fn token_text(prefix: &str) -> Result<String, String> {
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random::<33>()?)))
}
