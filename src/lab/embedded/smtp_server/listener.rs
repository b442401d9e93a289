//! Accepts clients.

use super::{
    Reply, Service, Session, Status, client_stream::ClientStream, client_stream::Line, connection::Connection,
};
use crate::lab::embedded::tasks::{Tasks, accept};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_native_tls::TlsAcceptor;

/// A PROXY line is at most this long (PROXY protocol, version 1).
const PROXY_LIMIT: usize = 107;
/// How long the last word to a client may take at the end of the world.
const FAREWELL: Duration = Duration::from_millis(100);
static NEXT_SESSION: AtomicU64 = AtomicU64::new(1);

/// How clients come in.
#[derive(Clone)]
pub enum Transport {
    /// Plain, or upgraded by STARTTLS when there is a certificate.
    Plain(Option<TlsAcceptor>),
    /// TLS from the first byte.
    Tls(TlsAcceptor),
    /// As `Plain` with a certificate, after a PROXY line that names the client's address.
    Proxied(TlsAcceptor),
    /// As `Plain` with a certificate; every client has this address.
    From(IpAddr, TlsAcceptor),
}

/// A bound socket that does not answer yet.
pub struct SmtpListener {
    socket: TcpListener,
    address: SocketAddr,
    transport: Transport,
}

impl SmtpListener {
    /// Binds `port` of 127.0.0.1, or a free port for 0.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn bind(port: u16, transport: Transport) -> io::Result<Self> {
        Self::bind_at((std::net::Ipv4Addr::LOCALHOST, port).into(), transport).await
    }

    /// Binds a port of an address, or a free one for port 0.
    ///
    /// # Errors
    /// When the port is taken, or the address is not ours.
    pub(crate) async fn bind_at(at: SocketAddr, transport: Transport) -> io::Result<Self> {
        let socket = TcpListener::bind(at).await?;
        Ok(Self { address: socket.local_addr()?, socket, transport })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers clients until the world ends; then every client gets 421.
    pub fn serve(self, service: Arc<dyn Service>, tasks: &Tasks) {
        let places = Arc::new(Semaphore::new(service.limits().sessions));
        let spawner = tasks.clone();
        tasks.spawn(async move {
            loop {
                let (stream, peer) = accept(&self.socket).await;
                let place = Arc::clone(&places).try_acquire_owned().ok();
                let (service, transport, tasks) = (Arc::clone(&service), self.transport.clone(), spawner.clone());
                spawner.spawn_watching(async move {
                    let crowded = place.is_none();
                    // A client that breaks off is nobody's error here.
                    drop(serve(stream, peer.ip(), service, transport, &tasks, crowded).await);
                    drop(place);
                });
            }
        });
    }
}

async fn serve(
    stream: TcpStream,
    peer: IpAddr,
    service: Arc<dyn Service>,
    transport: Transport,
    tasks: &Tasks,
    crowded: bool,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut bytes = ClientStream::new(stream);
    let mut session = Session::new(NEXT_SESSION.fetch_add(1, Ordering::Relaxed), peer);
    let idle = service.limits().idle;
    let prepare = async {
        match &transport {
            Transport::Plain(_) => {}
            Transport::Tls(acceptor) => {
                bytes.start_tls(acceptor).await?;
                session.tls = true;
            }
            Transport::Proxied(_) => session.peer = proxied(bytes.line(PROXY_LIMIT).await?)?,
            Transport::From(address, _) => session.peer = *address,
        }
        Ok::<(), io::Error>(())
    };
    tokio::select! {
        prepared = tokio::time::timeout(idle, prepare) => prepared.map_err(io::Error::other)??,
        () = tasks.stopped() => return Ok(()),
    }
    if crowded {
        let text = format!("{} Error: too many connections", service.hostname());
        bytes.push(&Reply::new(421, Status(4, 7, 0), text).to_bytes());
        return bytes.close().await;
    }
    let acceptor = match transport {
        Transport::Plain(acceptor) => acceptor,
        Transport::Tls(acceptor) | Transport::Proxied(acceptor) | Transport::From(_, acceptor) => Some(acceptor),
    };
    let mut connection = Connection::new(bytes, service, acceptor, session);
    let ended = tokio::select! {
        ended = connection.run() => Some(ended),
        () = tasks.stopped() => None,
    };
    match ended {
        Some(ended) => ended,
        None => tokio::time::timeout(FAREWELL, connection.farewell()).await.map_err(io::Error::other)?,
    }
}

/// The client's address in `PROXY TCP4 source destination port port`.
fn proxied(line: Line) -> io::Result<IpAddr> {
    let error = || io::Error::new(io::ErrorKind::InvalidData, "no PROXY line");
    let Line::Whole(line) = line else { return Err(error()) };
    let text = std::str::from_utf8(&line).map_err(|_| error())?;
    let mut words = text.trim_end().split(' ');
    match (words.next(), words.next(), words.next()) {
        (Some("PROXY"), Some("TCP4" | "TCP6"), Some(source)) => source.parse().map_err(|_| error()),
        _ => Err(error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_proxy_line() {
        let read = |text: &str| proxied(Line::Whole(text.as_bytes().to_vec()));
        let address = read("PROXY TCP4 192.0.2.1 198.51.100.1 4000 25\r\n").unwrap();
        assert_eq!(address, IpAddr::from([192, 0, 2, 1]));
        for wrong in ["EHLO x\r\n", "PROXY UNKNOWN\r\n", "PROXY TCP4 x y\r\n", "\r\n"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(proxied(Line::TooLong).is_err());
    }
}
