//! An IMAP server with a client that follows a transcript: `C:` is sent, `S:` must come, `…` stands for anything.

use jiff::Timestamp;
use sealcheck::{
    core::Secret,
    lab::embedded::{
        imap_server::{ImapServer, Limits},
        store::{Account, Credentials, Flavour, FolderKind, Store},
    },
    target::{
        Provider,
        knobs::{ImapFault, Locale},
    },
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

pub(crate) const ADDRESS: &str = "probe.inbox@gmail.com";
pub(crate) const NOW: Timestamp = Timestamp::constant(1_795_000_000, 0);

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) server: Arc<ImapServer>,
    pub(crate) at: SocketAddr,
    _stop: tokio_util::sync::DropGuard,
}

impl World {
    pub(crate) async fn gmail() -> Self {
        Self::start(Provider::Gmail, Locale::En, Limits::default()).await
    }

    pub(crate) async fn start(provider: Provider, locale: Locale, limits: Limits) -> Self {
        let store = Store::new();
        let flavour = if provider == Provider::Gmail { Flavour::Gmail(locale) } else { Flavour::Plain };
        let credentials =
            Credentials { password: Secret::new("abcdefghijklmnop"), access_token: Some(Secret::new("ya29.lab")) };
        store.create_account(ADDRESS, credentials, flavour);
        let server = ImapServer::new(store.clone(), provider, limits, ImapFault::None);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(Arc::clone(&server).run(listener, None, stop.clone()));
        Self { store, server, at, _stop: stop.drop_guard() }
    }

    pub(crate) fn account(&self) -> Arc<Account> {
        self.store.account(ADDRESS).unwrap()
    }

    pub(crate) fn deliver(&self, folder: FolderKind, id: &str) {
        let raw = format!(
            "Message-ID: <{id}@sender.example>\r\nFrom: Ann <ann@sender.example>\r\nTo: user@company.example\r\n\
             Subject: mail {id}\r\nDate: Tue, 24 Nov 2026 12:00:00 +0900\r\n\r\nHello {id}.\r\n"
        );
        self.store.deliver(ADDRESS, folder, raw.into_bytes().into(), NOW);
    }

    pub(crate) async fn client(&self) -> Client {
        let stream = TcpStream::connect(self.at).await.unwrap();
        let mut client = Client { stream: BufReader::new(stream) };
        client.expect("* OK …").await;
        client
    }

    pub(crate) async fn logged_in(&self) -> Client {
        let mut client = self.client().await;
        client.talk("C: l LOGIN probe.inbox@gmail.com abcdefghijklmnop\nS: * CAPABILITY …\nS: l OK …").await;
        client
    }
}

pub(crate) struct Client {
    pub(crate) stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) async fn send(&mut self, line: &str) {
        self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    }

    pub(crate) async fn line(&mut self) -> String {
        let mut line = Vec::new();
        let read = self.stream.read_until(b'\n', &mut line);
        tokio::time::timeout(Duration::from_secs(20), read).await.expect("the server says nothing").unwrap();
        String::from_utf8_lossy(&line).into_owned()
    }

    pub(crate) async fn expect(&mut self, pattern: &str) {
        let line = self.line().await;
        let line =
            line.strip_suffix("\r\n").unwrap_or_else(|| panic!("expected {pattern}, got {line:?} and no line end"));
        assert!(fits(pattern, line), "expected {pattern}\n     got {line}");
    }

    pub(crate) async fn talk(&mut self, script: &str) {
        for step in script.lines().map(str::trim_start).filter(|s| !s.is_empty()) {
            let (side, line) = step.split_once(':').unwrap();
            let line = line.strip_prefix(' ').unwrap_or(line);
            match side {
                "C" => self.send(line).await,
                "S" => self.expect(line).await,
                _ => panic!("neither C: nor S: {step}"),
            }
        }
    }

    pub(crate) async fn is_closed(&mut self) -> bool {
        self.line().await.is_empty()
    }
}

/// `…` stands for any text.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let parts: Vec<&str> = pattern.split('…').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first).and_then(|r| r.strip_suffix(last)) else { return false };
    middle.iter().all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}
