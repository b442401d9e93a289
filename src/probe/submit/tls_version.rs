//! The TLS version, read off the ServerHello as it passes by; the TLS library does not tell it.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// Enough for any ServerHello.
const ENOUGH: usize = 4096;

/// A TCP connection that remembers the first bytes that came.
#[derive(Debug)]
pub(super) struct TlsVersionReader {
    tcp: TcpStream,
    first: Arc<Mutex<Vec<u8>>>,
}

impl TlsVersionReader {
    /// The connection, and where its first bytes will be.
    pub(super) fn new(tcp: TcpStream) -> (Self, Arc<Mutex<Vec<u8>>>) {
        let first = Arc::default();
        (Self { tcp, first: Arc::clone(&first) }, first)
    }
}

impl AsyncRead for TlsVersionReader {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.tcp).poll_read(cx, buf);
        if let Ok(mut first) = self.first.lock()
            && first.len() < ENOUGH
        {
            first.extend_from_slice(&buf.filled()[before..]);
        }
        polled
    }
}

impl AsyncWrite for TlsVersionReader {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

/// The version that a ServerHello agrees to: its `supported_versions` extension (RFC 8446 §4.2.1), or the legacy field.
pub(super) fn read(record: &[u8]) -> Option<String> {
    // Record header (5), handshake type and length (4), legacy_version (2), random (32), session id.
    if *record.first()? != 0x16 || *record.get(5)? != 2 {
        return None;
    }
    let mut version = number(record, 9)?;
    let session = usize::from(*record.get(43)?);
    let extensions = 44 + session + 3;
    if let Some(length) = number(record, extensions) {
        let end = extensions + 2 + usize::from(length);
        let mut at = extensions + 2;
        while at + 4 <= end {
            let (kind, size) = (number(record, at)?, usize::from(number(record, at + 2)?));
            if kind == 43 {
                version = number(record, at + 4)?;
            }
            at += 4 + size;
        }
    }
    Some(match version {
        0x0304 => "TLSv1.3".to_owned(),
        0x0303 => "TLSv1.2".to_owned(),
        other => format!("{other:#06x}"),
    })
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server_hello(extensions: &[u8]) -> Vec<u8> {
        let mut hello = vec![0x16, 3, 3, 0, 0, 2, 0, 0, 0, 3, 3];
        hello.extend([7; 32]);
        hello.extend([2, 1, 1, 0x13, 0x02, 0]);
        hello.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        hello.extend(extensions);
        hello
    }

    #[test]
    fn reads_the_agreed_version() {
        let with = server_hello(&[0, 51, 0, 1, 9, 0, 43, 0, 2, 3, 4]);
        assert_eq!(read(&with).as_deref(), Some("TLSv1.3"));
        assert_eq!(read(&server_hello(&[])).as_deref(), Some("TLSv1.2"));
        for cut in 0..with.len() {
            read(&with[..cut]);
        }
        assert_eq!(read(b"220 mx.example ESMTP\r\n"), None);
    }
}
