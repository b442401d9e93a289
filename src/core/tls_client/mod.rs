//! The client's end of TLS. It reads the certificates of the system only where they are trusted: reading them takes longer
//! than a mail is on its way, and OpenSSL through native-tls reads them for every client.

#[cfg(any(target_vendor = "apple", windows))]
mod native;
#[cfg(not(any(target_vendor = "apple", windows)))]
mod openssl;

#[cfg(any(target_vendor = "apple", windows))]
use native as backend;
#[cfg(not(any(target_vendor = "apple", windows)))]
use openssl as backend;

pub use backend::{AsyncTlsStream, TlsClient, TlsError, TlsStream, async_peer_certificate, peer_certificate};

/// Whose certificates are taken. A server that is not trusted does not get further than the handshake.
#[derive(Debug, Clone, Copy)]
pub enum Trust<'a> {
    /// Those of the authorities that the system trusts.
    System,
    /// Those of these authorities, in DER, and no others.
    Only(&'a [Vec<u8>]),
    /// Everybody's, for whatever name.
    Anyone,
}
