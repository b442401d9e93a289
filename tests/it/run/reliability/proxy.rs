//! A proxy between the program and a server: it hands on everything but what a fault takes the place of.

use super::{
    client::Client,
    dialogue::{Dialogue, Reply, take_line},
    fault::{Fault, Occasion, Then},
    stage::{Protocol, Stage},
};
use crate::support::numbers::Numbers;
use sealcheck::{
    core::tls_client::{AsyncTlsStream, TlsClient},
    lab::embedded::pki::Pki,
};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_native_tls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Both ends of TLS: as the servers of the lab, and towards them.
#[derive(Clone)]
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    client: TlsClient,
}

impl Tls {
    /// The ends that fit the worlds of the usual company in this process.
    pub(crate) fn of_lab() -> Self {
        let pki = Pki::of_world(&Default::default(), None).unwrap();
        Self { acceptor: pki.acceptor(), client: Pki::unchecked().unwrap() }
    }
}

/// A fault, where it is met, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) stage: Stage,
    pub(crate) fault: Fault,
    /// On every connection, as often as the stage comes; otherwise only the first time.
    pub(crate) always: bool,
    /// What its random bytes come from.
    pub(crate) seed: u64,
    /// Between two bytes of a slow reply.
    pub(crate) pace: Duration,
}

/// What the client is not told of: a text in the replies of a stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hidden {
    pub(crate) stage: Stage,
    pub(crate) text: &'static str,
}

/// What a proxy has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// How often the fault was met.
    pub(crate) met: AtomicUsize,
    /// Whole messages that were sent to the server.
    pub(crate) messages: AtomicUsize,
}

/// A running proxy; it ends when it is dropped.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    pub(crate) seen: Arc<Seen>,
    _stop: DropGuard,
}

/// What the connections of a proxy share.
struct Way {
    protocol: Protocol,
    server: SocketAddr,
    plan: Option<Plan>,
    hidden: Option<Hidden>,
    tls: Tls,
    seen: Arc<Seen>,
}

impl Proxy {
    /// Stands in front of a server, without a fault when there is no plan.
    pub(crate) async fn start(
        protocol: Protocol,
        server: SocketAddr,
        plan: Option<Plan>,
        hidden: Option<Hidden>,
        tls: &Tls,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Seen::default());
        let way = Arc::new(Way { protocol, server, plan, hidden, tls: tls.clone(), seen: Arc::clone(&seen) });
        let stop = CancellationToken::new();
        tokio::spawn(stop.clone().run_until_cancelled_owned(accept(listener, way, stop.clone())));
        Self { port, seen, _stop: stop.drop_guard() }
    }
}

async fn accept(listener: TcpListener, way: Arc<Way>, stop: CancellationToken) {
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        let connection = connection(Arc::clone(&way), tcp);
        // A connection that breaks is what this is for.
        tokio::spawn(stop.clone().run_until_cancelled_owned(async { connection.await.ok() }));
    }
}

async fn connection(way: Arc<Way>, tcp: TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let mut numbers = Numbers(way.plan.map_or(1, |plan| plan.seed));
    let mut client = Client::Plain(tcp);
    if let Some(plan) = way.due(Stage::Connect, |_| true) {
        let occasion = Occasion {
            protocol: way.protocol,
            stage: Stage::Connect,
            tag: "*",
            reply: b"",
            numbers: &mut numbers,
            pace: plan.pace,
        };
        if plan.fault.meet(&mut client, occasion).await? != Then::On {
            return Ok(());
        }
    }
    let Client::Plain(tcp) = client else { return Ok(()) };
    let client = Client::Tls(way.tls.acceptor.accept(tcp).await.map_err(io::Error::other)?);
    let tcp = TcpStream::connect(way.server).await?;
    tcp.set_nodelay(true)?;
    let server = way.tls.client.connect_async("localhost", tcp).await.map_err(io::Error::other)?;
    let dialogue = way.protocol.dialogue();
    Connection { way, client, server, dialogue, numbers }.run().await
}

impl Way {
    /// The plan, when its fault is to be met here and now.
    fn due(&self, stage: Stage, is_place: impl FnOnce(Fault) -> bool) -> Option<Plan> {
        let plan = self.plan.filter(|plan| plan.stage == stage && is_place(plan.fault))?;
        let before = self.seen.met.fetch_add(1, Ordering::Relaxed);
        (plan.always || before == 0).then_some(plan)
    }
}

/// A client and its server.
struct Connection {
    way: Arc<Way>,
    client: Client,
    server: AsyncTlsStream<TcpStream>,
    dialogue: Box<dyn Dialogue>,
    numbers: Numbers,
}

impl Connection {
    async fn run(mut self) -> io::Result<()> {
        let (mut from_client, mut from_server) = (Vec::new(), Vec::new());
        loop {
            tokio::select! {
                read = self.client.read(&mut from_client) => if read? == 0 { return Ok(()) },
                read = self.server.read_buf(&mut from_server) => if read? == 0 {
                    return self.client.close_writing().await;
                },
            }
            while let Some(line) = take_line(&mut from_client) {
                match self.hand_to_server(&line).await? {
                    Then::On => {}
                    Then::Alone => return self.alone(from_client).await,
                    Then::Over => return Ok(()),
                }
            }
            while let Some(reply) = self.dialogue.take_reply(&mut from_server) {
                match self.hand_to_client(reply).await? {
                    Then::On => {}
                    Then::Alone => return self.alone(from_client).await,
                    Then::Over => return Ok(()),
                }
            }
        }
    }

    async fn hand_to_server(&mut self, line: &[u8]) -> io::Result<Then> {
        let before = self.dialogue.messages();
        let in_message = self.dialogue.hear(line) == Some(Stage::Message);
        let is_end = self.dialogue.messages() > before;
        let due = match in_message {
            true if is_end => self.way.due(Stage::EndOfMessage, Fault::is_refusal),
            true => self.way.due(Stage::Message, |_| true),
            false => None,
        };
        if let Some(plan) = due {
            let then = self.meet(plan, b"").await?;
            if then != Then::On {
                return Ok(then);
            }
        }
        self.server.write_all(line).await?;
        self.server.flush().await?;
        if is_end {
            self.way.seen.messages.fetch_add(1, Ordering::Relaxed);
        }
        Ok(Then::On)
    }

    async fn hand_to_client(&mut self, mut reply: Reply) -> io::Result<Then> {
        if let Some(hidden) = self.way.hidden.filter(|hidden| reply.stage == Some(hidden.stage)) {
            reply.bytes = String::from_utf8_lossy(&reply.bytes).replace(hidden.text, "").into_bytes();
        }
        let stage = self.way.plan.map(|plan| plan.stage);
        let Some((stage, place)) = stage.and_then(|stage| Some((stage, reply.place_of(stage)?))) else {
            self.client.write(&reply.bytes).await?;
            return Ok(Then::On);
        };
        match self.way.due(stage, |fault| reply.is_last || !fault.is_of_last_line()) {
            None => {
                self.client.write(&reply.bytes).await?;
                Ok(Then::On)
            }
            Some(plan) => {
                let (before, rest) = reply.bytes.split_at(place);
                self.client.write(before).await?;
                self.meet(plan, rest).await
            }
        }
    }

    async fn meet(&mut self, plan: Plan, reply: &[u8]) -> io::Result<Then> {
        let occasion = Occasion {
            protocol: self.way.protocol,
            stage: plan.stage,
            tag: self.dialogue.tag(),
            reply,
            numbers: &mut self.numbers,
            pace: plan.pace,
        };
        plan.fault.meet(&mut self.client, occasion).await
    }

    /// Hears the client out in the place of an SMTP server that has refused a message.
    async fn alone(mut self, mut from_client: Vec<u8>) -> io::Result<()> {
        loop {
            while let Some(line) = take_line(&mut from_client) {
                if line.eq_ignore_ascii_case(b"QUIT\r\n") {
                    self.client.write(b"221 2.0.0 bye\r\n").await?;
                    return self.client.close_writing().await;
                }
            }
            if self.client.read(&mut from_client).await? == 0 {
                return Ok(());
            }
        }
    }
}
