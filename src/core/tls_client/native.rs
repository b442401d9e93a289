//! The system's own TLS, through native-tls.

use super::Trust;
use native_tls::{Certificate, HandshakeError, Protocol};
use std::{
    error::Error,
    fmt,
    io::{Read, Write},
};
use tokio::io::{AsyncRead, AsyncWrite};

/// A connection that blocks.
pub type TlsStream<S> = native_tls::TlsStream<S>;

/// A connection that does not.
pub type AsyncTlsStream<S> = tokio_native_tls::TlsStream<S>;

/// Makes connections, TLS 1.2 or later. Clones share one configuration.
#[derive(Debug, Clone)]
pub struct TlsClient(native_tls::TlsConnector);

/// Why there is no connection.
#[derive(Debug)]
pub enum TlsError {
    /// What the system says.
    Native(native_tls::Error),
    /// One of the authorities, counted from 1, cannot be used.
    Authority(usize, native_tls::Error),
    /// The server did not answer in time.
    TimedOut,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native(error) => error.fmt(f),
            Self::Authority(number, error) => write!(f, "certificate {number}: {error}"),
            Self::TimedOut => f.write_str("the server did not answer the tls handshake in time"),
        }
    }
}

impl Error for TlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Native(error) | Self::Authority(_, error) => error.source(),
            Self::TimedOut => None,
        }
    }
}

impl From<native_tls::Error> for TlsError {
    fn from(error: native_tls::Error) -> Self {
        Self::Native(error)
    }
}

impl TlsClient {
    /// A client that trusts these servers.
    ///
    /// # Errors
    /// When a certificate cannot be read.
    pub fn new(trust: Trust<'_>) -> Result<Self, TlsError> {
        let mut builder = native_tls::TlsConnector::builder();
        builder.min_protocol_version(Some(Protocol::Tlsv12));
        match trust {
            Trust::System => {}
            Trust::Only(authorities) => {
                builder.disable_built_in_roots(true);
                for (number, der) in (1..).zip(authorities) {
                    let authority = Certificate::from_der(der).map_err(|error| TlsError::Authority(number, error))?;
                    builder.add_root_certificate(authority);
                }
            }
            Trust::Anyone => {
                builder.disable_built_in_roots(true);
                builder.danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true);
            }
        }
        Ok(Self(builder.build()?))
    }

    /// Shakes hands with the server of this name.
    ///
    /// # Errors
    /// When the server is not trusted, or the handshake fails.
    pub fn connect<S: Read + Write>(&self, name: &str, stream: S) -> Result<TlsStream<S>, TlsError> {
        self.0.connect(name, stream).map_err(|error| match error {
            HandshakeError::Failure(error) => error.into(),
            HandshakeError::WouldBlock(_) => TlsError::TimedOut,
        })
    }

    /// As [`TlsClient::connect`].
    ///
    /// # Errors
    /// As it.
    pub async fn connect_async<S>(&self, name: &str, stream: S) -> Result<AsyncTlsStream<S>, TlsError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        Ok(tokio_native_tls::TlsConnector::from(self.0.clone()).connect(name, stream).await?)
    }
}

/// The server's certificate in DER.
pub fn peer_certificate<S: Read + Write>(stream: &TlsStream<S>) -> Option<Vec<u8>> {
    stream.peer_certificate().ok()??.to_der().ok()
}

/// As [`peer_certificate`].
pub fn async_peer_certificate<S: AsyncRead + AsyncWrite + Unpin>(stream: &AsyncTlsStream<S>) -> Option<Vec<u8>> {
    stream.get_ref().peer_certificate().ok()??.to_der().ok()
}
