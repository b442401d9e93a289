//! From a host name to a TCP connection: every address is tried, in the order of the resolver (RFC 5321 §5.1).

use super::error;
use crate::{
    core::{deadline, duration, open_files},
    outcome::HarnessError,
    target::Endpoint,
};
use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::net::TcpStream;

/// How long one address may take.
const ADDRESS: Duration = Duration::from_secs(15);

/// The way to a server, as far as it has been gone.
#[derive(Debug, Default)]
pub(super) struct ConnectProgress {
    /// Every address that was tried in vain, and why.
    failed: Vec<(SocketAddr, io::Error)>,
    step: Step,
}

/// What is being done on the way.
#[derive(Debug, Default)]
enum Step {
    /// The name is resolved.
    #[default]
    Resolve,
    /// An address is tried, since then.
    Connect(SocketAddr, Instant),
    /// TLS is agreed on.
    Handshake,
    /// The server is talked to.
    Talk,
}

impl ConnectProgress {
    /// A connection to the first address that answers.
    ///
    /// # Errors
    /// H03 when the name has no address, H04 with what each address did when none answers.
    pub(super) async fn connect(&mut self, endpoint: &Endpoint) -> Result<TcpStream, HarnessError> {
        let host = endpoint.host.as_str();
        let addresses =
            tokio::net::lookup_host((host, endpoint.port)).await.map_err(|e| error::resolve(endpoint, &e))?;
        match self.first(addresses, deadline::scaled(ADDRESS)).await {
            Some(tcp) => Ok(tcp),
            None => Err(error::connect(endpoint, &self.failed)),
        }
    }

    /// The first of the addresses that answers within `limit`.
    async fn first(&mut self, addresses: impl Iterator<Item = SocketAddr>, limit: Duration) -> Option<TcpStream> {
        for address in addresses {
            self.step = Step::Connect(address, Instant::now());
            let tried = tokio::time::timeout(limit, TcpStream::connect(address)).await;
            match tried.unwrap_or_else(|_| Err(no_answer(limit))) {
                Ok(tcp) => {
                    self.step = Step::Talk;
                    // Where small lines cannot be sent at once they go all the same.
                    tcp.set_nodelay(true).ok();
                    return Some(tcp);
                }
                Err(failed) => {
                    open_files::notice(&failed);
                    self.failed.push((address, failed));
                }
            }
        }
        None
    }

    /// TLS is agreed on from here on, until it stands.
    pub(super) fn begin_handshake(&mut self) {
        self.step = Step::Handshake;
    }

    /// TLS stands.
    pub(super) fn end_handshake(&mut self) {
        self.step = Step::Talk;
    }

    /// Why the time was over on the way; `None` when it was over while the server was talked to.
    pub(super) fn too_late(mut self, endpoint: &Endpoint, waited: Duration) -> Option<HarnessError> {
        match self.step {
            Step::Resolve => {
                let late = format!("the resolver did not answer within {}", duration::human(waited));
                Some(error::resolve(endpoint, &io::Error::other(late)))
            }
            Step::Connect(address, since) => {
                self.failed.push((address, no_answer(since.elapsed())));
                Some(error::connect(endpoint, &self.failed))
            }
            Step::Handshake => Some(error::handshake(endpoint, waited)),
            Step::Talk => None,
        }
    }
}

fn no_answer(waited: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {}", duration::human(waited)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An address that takes no connection and refuses none: as many wait there already as may.
    fn mute() -> (SocketAddr, tokio::net::TcpListener, Vec<std::net::TcpStream>) {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let connect = || std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200));
        let waiting = std::iter::from_fn(|| connect().ok()).collect();
        (address, listener, waiting)
    }

    #[tokio::test]
    async fn the_next_address_is_tried_when_one_refuses_or_says_nothing() {
        let (mute, _listener, _waiting) = mute();
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let open = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let good = open.local_addr().unwrap();
        let mut connecting = ConnectProgress::default();
        let limit = Duration::from_secs(2);
        let tcp = connecting.first([closed, mute, good].into_iter(), limit).await.unwrap();
        assert_eq!(tcp.peer_addr().unwrap(), good);
        let [(first, refused), (second, silent)] = &connecting.failed[..] else { panic!("{connecting:?}") };
        assert_eq!((*first, refused.kind()), (closed, io::ErrorKind::ConnectionRefused));
        assert_eq!((*second, silent.to_string().as_str()), (mute, "no answer within 2s"));
    }
}
