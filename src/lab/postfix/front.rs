//! The company's ports: every connection to them is handed to Postfix's own socket, which is no network socket.

use crate::lab::{
    LabError,
    embedded::{
        mta::SMTP_PORT,
        parties::{COMPANY_ADDRESS, EXTERNAL_ADDRESS},
        tasks::Tasks,
    },
};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    io::{AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixStream},
};

/// How long to wait when the system has no more sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// The bound ports, which do not answer yet.
pub(super) struct Front {
    parties: TcpListener,
    public: TcpListener,
    /// Where the other parties connect, which say who they are in a PROXY line.
    pub(super) parties_at: SocketAddr,
    /// Where other programs connect. For Postfix they are the outside sender's server; with XCLIENT they can say
    /// otherwise.
    pub(super) public_at: SocketAddr,
}

/// Ports that answer until this is dropped.
pub(super) struct Open(Tasks);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Front {
    /// Binds a free port for the other parties and `public` for other programs.
    ///
    /// # Errors
    /// When the port is taken.
    pub(super) async fn bind(public: u16) -> Result<Self, LabError> {
        let bind = |number| async move {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, number)).await?;
            Ok((listener.local_addr()?, listener))
        };
        let taken = |number: u16| {
            move |source: io::Error| LabError::Port { what: format!("the company's MX on port {number}"), source }
        };
        let (parties_at, parties) = bind(0).await.map_err(taken(0))?;
        let (public_at, public) = bind(public).await.map_err(taken(public))?;
        Ok(Self { parties, public, parties_at, public_at })
    }

    /// Hands every client on to `socket`.
    pub(super) fn open(self, socket: &Path) -> Open {
        let tasks = Tasks::new();
        serve(self.parties, |_| String::new(), socket, &tasks);
        serve(self.public, |peer| proxy_line(peer.port()), socket, &tasks);
        Open(tasks)
    }
}

/// What Postfix is told of a client before the client speaks (PROXY protocol, version 1).
pub(super) fn proxy_line(port: u16) -> String {
    format!("PROXY TCP4 {EXTERNAL_ADDRESS} {COMPANY_ADDRESS} {port} {SMTP_PORT}\r\n")
}

fn serve(listener: TcpListener, first_words: fn(SocketAddr) -> String, socket: &Path, tasks: &Tasks) {
    let (spawner, socket) = (tasks.clone(), socket.to_path_buf());
    tasks.spawn(async move {
        loop {
            let Ok((client, peer)) = listener.accept().await else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let (line, socket) = (first_words(peer), socket.clone());
            // A side that breaks off is nobody's error here.
            spawner.spawn(async move { drop(hand_on(client, &line, socket).await) });
        }
    });
}

async fn hand_on(mut client: TcpStream, line: &str, socket: PathBuf) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut postfix = UnixStream::connect(socket).await?;
    postfix.write_all(line.as_bytes()).await?;
    copy_bidirectional(&mut client, &mut postfix).await?;
    Ok(())
}
