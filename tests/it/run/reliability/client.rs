//! The proxy's end of a connection with the client, and every way to spoil it.

use std::io;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_native_tls::TlsStream;

pub(super) enum Client {
    Plain(TcpStream),
    Tls(TlsStream<TcpStream>),
}

impl Client {
    /// Reads what there is and adds it; how many bytes that was, 0 at the end.
    pub(super) async fn read(&mut self, into: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read_buf(into).await,
            Self::Tls(tls) => tls.read_buf(into).await,
        }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.write_all(bytes).await,
            Self::Tls(tls) => {
                tls.write_all(bytes).await?;
                tls.flush().await
            }
        }
    }

    /// Writes past TLS.
    pub(super) async fn write_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.tcp().write_all(bytes).await
    }

    fn tcp(&mut self) -> &mut TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_mut().get_mut().get_mut(),
        }
    }

    /// Says that nothing more will come, and goes on listening.
    pub(super) async fn close_writing(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.shutdown().await,
            Self::Tls(tls) => tls.shutdown().await,
        }
    }

    /// Makes the end of the connection a reset.
    pub(super) fn reset_at_end(&mut self) -> io::Result<()> {
        self.tcp().set_zero_linger()
    }

    /// Reads and forgets until the client hangs up.
    pub(super) async fn listen_to_the_end(&mut self) -> io::Result<()> {
        let mut heard = Vec::new();
        while self.read(&mut heard).await? > 0 {
            heard.clear();
        }
        Ok(())
    }
}
