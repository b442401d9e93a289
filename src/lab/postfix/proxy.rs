//! The company's ports: every connection to them is handed to Postfix's own socket, which is no network socket.

use super::content_filter::SecondPass;
use crate::lab::{
    LabError,
    embedded::{
        hosts::{COMPANY_ADDRESS, EXTERNAL_ADDRESS},
        mta::SMTP_PORT,
        tasks::{Tasks, accept},
    },
};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixStream},
};

/// A PROXY line is at most this long (PROXY protocol, version 1).
const PROXY_LIMIT: u64 = 107;

/// The bound ports, which do not answer yet.
pub(super) struct Proxy {
    parties: TcpListener,
    public: TcpListener,
    again: TcpListener,
    /// Where the other parties connect, which say who they are in a PROXY line.
    pub(super) parties_at: SocketAddr,
    /// Where other programs connect. For Postfix they are the outside sender's server; with XCLIENT they can say
    /// otherwise.
    pub(super) public_at: SocketAddr,
    /// Where Postfix itself hands mail back.
    pub(super) again_at: SocketAddr,
}

/// Ports that answer until this is dropped.
pub(super) struct RunningProxy(Tasks);

impl Drop for RunningProxy {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Proxy {
    /// Binds a free port for the other parties, one for Postfix itself, and `public` for other programs.
    ///
    /// # Errors
    /// When the port is taken.
    pub(super) async fn bind(public: SocketAddr) -> Result<Self, LabError> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (parties_at, parties) = bind(any).await?;
        let (public_at, public) = bind(public).await?;
        let (again_at, again) = bind(any).await?;
        Ok(Self { parties, public, again, parties_at, public_at, again_at })
    }

    /// Hands every client on to Postfix, which listens at `socket` and, for mail that it hands on to itself, at `again`.
    /// `every_client` is who the other parties are for it, where it does not see who they are.
    pub(super) fn open(
        self,
        socket: &Path,
        again: &Path,
        every_client: Option<Ipv4Addr>,
        second_pass: SecondPass,
    ) -> RunningProxy {
        let tasks = Tasks::new();
        let parties = every_client.map_or(Clients::Proxied, Clients::Hidden);
        serve(self.parties, parties, socket, &tasks);
        serve(self.public, Clients::Named(EXTERNAL_ADDRESS), socket, &tasks);
        serve(self.again, Clients::Named(second_pass.client()), again, &tasks);
        RunningProxy(tasks)
    }
}

/// Who the clients of a port are for Postfix.
#[derive(Debug, Clone, Copy)]
enum Clients {
    /// What they say themselves in their PROXY line.
    Proxied,
    /// This one, whatever they say.
    Hidden(Ipv4Addr),
    /// This one; they say nothing.
    Named(Ipv4Addr),
}

/// What Postfix is told of a client before the client speaks (PROXY protocol, version 1).
pub(super) fn proxy_line(client: Ipv4Addr, port: u16) -> String {
    format!("PROXY TCP4 {client} {COMPANY_ADDRESS} {port} {SMTP_PORT}\r\n")
}

async fn bind(at: SocketAddr) -> Result<(SocketAddr, TcpListener), LabError> {
    let taken = |source| LabError::Port { what: format!("the company's MX on {at}"), source };
    let listener = TcpListener::bind(at).await.map_err(taken)?;
    Ok((listener.local_addr().map_err(taken)?, listener))
}

fn serve(listener: TcpListener, clients: Clients, socket: &Path, tasks: &Tasks) {
    let (spawner, socket) = (tasks.clone(), socket.to_path_buf());
    tasks.spawn(async move {
        loop {
            let (client, peer) = accept(&listener).await;
            let socket = socket.clone();
            // A side that breaks off is nobody's error here.
            spawner.spawn(async move { drop(hand_on(client, peer.port(), clients, socket).await) });
        }
    });
}

async fn hand_on(client: TcpStream, port: u16, clients: Clients, socket: PathBuf) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut client = BufReader::new(client);
    let mut postfix = UnixStream::connect(socket).await?;
    let named = match clients {
        Clients::Proxied => None,
        Clients::Hidden(address) => {
            let mut said = String::new();
            (&mut client).take(PROXY_LIMIT).read_line(&mut said).await?;
            Some(address)
        }
        Clients::Named(address) => Some(address),
    };
    if let Some(address) = named {
        postfix.write_all(proxy_line(address, port).as_bytes()).await?;
    }
    copy_bidirectional(&mut client, &mut postfix).await?;
    Ok(())
}
