//! The connection under lettre: plain or TLS, changed in place, every byte recorded.

use super::{
    hello::{self, Overheard},
    recorder::Record,
};
use lettre::transport::smtp::client::AsyncTokioStream;
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_native_tls::{TlsConnector, TlsStream};

/// A handle on the connection and its record; clones share both.
#[derive(Debug, Clone)]
pub(super) struct Stream(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    io: Io,
    record: Record,
    /// The server's certificate in DER.
    certificate: Option<Vec<u8>>,
}

#[derive(Debug)]
enum Io {
    Closed,
    Plain(TcpStream),
    Tls(Box<TlsStream<Overheard>>),
}

impl Stream {
    /// No connection yet; time starts now.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Inner { io: Io::Closed, record: Record::new(), certificate: None })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the record or adds to it.
    pub(super) fn record<T>(&self, look: impl FnOnce(&mut Record) -> T) -> T {
        look(&mut self.inner().record)
    }

    /// The server's certificate in DER, where there is TLS.
    pub(super) fn certificate(&self) -> Option<Vec<u8>> {
        self.inner().certificate.clone()
    }

    /// Talks over this connection from now on.
    pub(super) fn open(&self, tcp: TcpStream) {
        self.inner().io = Io::Plain(tcp);
    }

    /// Changes the connection to TLS.
    ///
    /// # Errors
    /// When the handshake fails.
    pub(super) async fn upgrade(
        &self,
        connector: native_tls::TlsConnector,
        name: &str,
    ) -> Result<(), native_tls::Error> {
        let io = std::mem::replace(&mut self.inner().io, Io::Closed);
        let Io::Plain(tcp) = io else { return Ok(()) };
        let (overheard, first) = Overheard::new(tcp);
        let tls = TlsConnector::from(connector).connect(name, overheard).await?;
        let version = first.lock().ok().and_then(|bytes| hello::version(&bytes));
        let mut inner = self.inner();
        inner.record.secured(version);
        inner.certificate = tls.get_ref().peer_certificate().ok().flatten().and_then(|c| c.to_der().ok());
        inner.io = Io::Tls(Box::new(tls));
        Ok(())
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.inner();
        let before = buf.filled().len();
        let polled = match &mut inner.io {
            Io::Closed => Poll::Ready(Ok(())),
            Io::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Io::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        };
        if let Err(what) = inner.record.read(&buf.filled()[before..]) {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, what)));
        }
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let mut inner = self.inner();
        let polled = match &mut inner.io {
            Io::Closed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            Io::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Io::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        };
        if let Poll::Ready(Ok(n)) = polled {
            inner.record.wrote(&buf[..n]);
        }
        polled
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner().io {
            Io::Closed => Poll::Ready(Ok(())),
            Io::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Io::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner().io {
            Io::Closed => Poll::Ready(Ok(())),
            Io::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Io::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

impl AsyncTokioStream for Stream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.inner().io {
            Io::Closed => Err(io::ErrorKind::NotConnected.into()),
            Io::Plain(tcp) => tcp.peer_addr(),
            Io::Tls(tls) => tls.get_ref().get_ref().get_ref().tcp().peer_addr(),
        }
    }
}
