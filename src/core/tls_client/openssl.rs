//! OpenSSL, configured as `openssl::ssl::SslConnector` and native-tls configure it.

use super::Trust;
use openssl::{
    error::ErrorStack,
    ssl::{
        Error as SslError, HandshakeError, Ssl, SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions,
        SslStream, SslVerifyMode, SslVersion,
    },
    x509::{X509, X509VerifyResult, verify::X509CheckFlags},
};
use std::{
    error::Error,
    fmt,
    io::{Read, Write},
    net::IpAddr,
    pin::Pin,
};
use tokio::io::{AsyncRead, AsyncWrite};

/// What is left out of OpenSSL's own choice.
const CIPHERS: &str = "DEFAULT:!aNULL:!eNULL:!MD5:!3DES:!DES:!RC4:!IDEA:!SEED:!aDSS:!SRP:!PSK";

/// A connection that blocks.
pub type TlsStream<S> = SslStream<S>;

/// A connection that does not.
pub type AsyncTlsStream<S> = tokio_openssl::SslStream<S>;

/// Makes connections, TLS 1.2 or later. Clones share one configuration.
#[derive(Clone)]
pub struct TlsClient {
    context: SslContext,
    checks_name: bool,
}

/// Why there is no connection.
#[derive(Debug)]
pub enum TlsError {
    /// OpenSSL takes no such configuration.
    Setup(ErrorStack),
    /// One of the authorities, counted from 1, cannot be used.
    Authority(usize, ErrorStack),
    /// The handshake failed; what was found wrong with the certificate.
    Handshake(SslError, X509VerifyResult),
    /// The server did not answer in time.
    TimedOut,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setup(error) => error.fmt(f),
            Self::Authority(number, error) => write!(f, "certificate {number}: {error}"),
            Self::Handshake(error, X509VerifyResult::OK) => error.fmt(f),
            Self::Handshake(error, found) => write!(f, "{error} ({found})"),
            Self::TimedOut => f.write_str("the server did not answer the tls handshake in time"),
        }
    }
}

impl Error for TlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Setup(error) | Self::Authority(_, error) => error.source(),
            Self::Handshake(error, _) => error.source(),
            Self::TimedOut => None,
        }
    }
}

impl From<ErrorStack> for TlsError {
    fn from(error: ErrorStack) -> Self {
        Self::Setup(error)
    }
}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsClient").field("checks_name", &self.checks_name).finish_non_exhaustive()
    }
}

impl TlsClient {
    /// A client that trusts these servers.
    ///
    /// # Errors
    /// When a certificate cannot be read.
    pub fn new(trust: Trust<'_>) -> Result<Self, TlsError> {
        let mut context = SslContextBuilder::new(SslMethod::tls_client())?;
        let options = SslOptions::ALL | SslOptions::NO_COMPRESSION;
        context.set_options(options & !SslOptions::DONT_INSERT_EMPTY_FRAGMENTS);
        context.set_mode(
            SslMode::AUTO_RETRY
                | SslMode::ACCEPT_MOVING_WRITE_BUFFER
                | SslMode::ENABLE_PARTIAL_WRITE
                | SslMode::RELEASE_BUFFERS,
        );
        context.set_cipher_list(CIPHERS)?;
        context.set_min_proto_version(Some(SslVersion::TLS1_2))?;
        context.set_verify(SslVerifyMode::PEER);
        match trust {
            Trust::System => trust_system(&mut context)?,
            Trust::Only(authorities) => {
                for (number, der) in (1..).zip(authorities) {
                    let authority = X509::from_der(der).map_err(|error| TlsError::Authority(number, error))?;
                    context.cert_store_mut().add_cert(authority)?;
                }
            }
            Trust::Anyone => context.set_verify(SslVerifyMode::NONE),
        }
        Ok(Self { context: context.build(), checks_name: !matches!(trust, Trust::Anyone) })
    }

    /// Shakes hands with the server of this name.
    ///
    /// # Errors
    /// When the server is not trusted, or the handshake fails.
    pub fn connect<S: Read + Write>(&self, name: &str, stream: S) -> Result<TlsStream<S>, TlsError> {
        self.session(name)?.connect(stream).map_err(|error| match error {
            HandshakeError::SetupFailure(error) => error.into(),
            HandshakeError::Failure(half) => {
                let found = half.ssl().verify_result();
                TlsError::Handshake(half.into_error(), found)
            }
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
        let mut stream = AsyncTlsStream::new(self.session(name)?, stream)?;
        match Pin::new(&mut stream).connect().await {
            Ok(()) => Ok(stream),
            Err(error) => Err(TlsError::Handshake(error, stream.ssl().verify_result())),
        }
    }

    fn session(&self, name: &str) -> Result<Ssl, ErrorStack> {
        let mut session = Ssl::new(&self.context)?;
        let address = name.parse::<IpAddr>();
        if address.is_err() {
            session.set_hostname(name)?;
        }
        if self.checks_name {
            let wanted = session.param_mut();
            wanted.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS);
            match address {
                Ok(address) => wanted.set_ip(address)?,
                Err(_) => wanted.set_host(name)?,
            }
        }
        Ok(session)
    }
}

/// Reads the authorities of the system, wherever it keeps them. Places that cannot be read hold none.
fn trust_system(context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    context.set_default_verify_paths()?;
    let places = openssl_probe::probe();
    if let Some(file) = &places.cert_file {
        context.load_verify_locations(Some(file), None).ok();
    }
    for folder in &places.cert_dir {
        context.load_verify_locations(None, Some(folder)).ok();
    }
    Ok(())
}

/// The server's certificate in DER.
pub fn peer_certificate<S>(stream: &TlsStream<S>) -> Option<Vec<u8>> {
    stream.ssl().peer_certificate()?.to_der().ok()
}

/// As [`peer_certificate`].
pub fn async_peer_certificate<S>(stream: &AsyncTlsStream<S>) -> Option<Vec<u8>> {
    stream.ssl().peer_certificate()?.to_der().ok()
}
