//! The client's bytes: plain or TLS, line by line or in pieces.

use std::io;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_native_tls::{TlsAcceptor, TlsStream};

const CHUNK: usize = 64 * 1024;

enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// A failed TLS handshake took the stream away.
    Gone,
}

/// A line of a client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// With its line feed.
    Whole(Vec<u8>),
    /// It was longer than allowed and is thrown away.
    TooLong,
    /// The client has closed.
    End,
}

/// Reads ahead and writes late: replies are collected until the client has nothing more to say.
pub(super) struct ClientStream {
    wire: Wire,
    input: Vec<u8>,
    /// How far `input` has been used.
    used: usize,
    output: Vec<u8>,
}

impl ClientStream {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { wire: Wire::Plain(stream), input: Vec::new(), used: 0, output: Vec::new() }
    }

    /// What was read and not used yet.
    pub(super) fn pending(&self) -> &[u8] {
        &self.input[self.used..]
    }

    /// Marks bytes of [`ClientStream::pending`] as used.
    pub(super) fn consume(&mut self, count: usize) {
        self.used += count;
        if self.used == self.input.len() {
            self.input.clear();
            self.used = 0;
        }
    }

    /// Sends what was collected, then waits for more bytes; `false` at the end.
    pub(super) async fn fill(&mut self) -> io::Result<bool> {
        self.flush().await?;
        if self.used > 0 {
            self.input.drain(..self.used);
            self.used = 0;
        }
        self.input.reserve(CHUNK);
        let count = match &mut self.wire {
            Wire::Plain(stream) => stream.read_buf(&mut self.input).await?,
            Wire::Tls(stream) => stream.read_buf(&mut self.input).await?,
            Wire::Gone => 0,
        };
        Ok(count > 0)
    }

    /// The next line of at most `limit` bytes.
    pub(super) async fn line(&mut self, limit: usize) -> io::Result<Line> {
        let mut searched = 0;
        let mut too_long = false;
        loop {
            let pending = self.pending();
            if let Some(at) = memchr::memchr(b'\n', &pending[searched..]) {
                let length = searched + at + 1;
                let line = pending[..length].to_vec();
                self.consume(length);
                return Ok(if too_long || length > limit { Line::TooLong } else { Line::Whole(line) });
            }
            searched = pending.len();
            if searched > limit {
                too_long = true;
                self.consume(searched);
                searched = 0;
            }
            if !self.fill().await? {
                return Ok(Line::End);
            }
        }
    }

    /// Collects bytes for the client.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
    }

    /// Sends what was collected.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        let output = std::mem::take(&mut self.output);
        match &mut self.wire {
            Wire::Plain(stream) => stream.write_all(&output).await,
            Wire::Tls(stream) => {
                stream.write_all(&output).await?;
                stream.flush().await
            }
            Wire::Gone => Ok(()),
        }
    }

    /// Starts TLS. What the client sent before the handshake is thrown away (RFC 3207 §4.2 and its errata on injected
    /// commands).
    pub(super) async fn start_tls(&mut self, acceptor: &TlsAcceptor) -> io::Result<()> {
        self.flush().await?;
        self.input.clear();
        self.used = 0;
        self.wire = match std::mem::replace(&mut self.wire, Wire::Gone) {
            Wire::Plain(stream) => Wire::Tls(Box::new(acceptor.accept(stream).await.map_err(io::Error::other)?)),
            other => other,
        };
        Ok(())
    }

    /// Sends what was collected and says goodbye to the TLS layer.
    pub(super) async fn close(&mut self) -> io::Result<()> {
        self.flush().await?;
        match &mut self.wire {
            Wire::Plain(stream) => stream.shutdown().await,
            Wire::Tls(stream) => stream.shutdown().await,
            Wire::Gone => Ok(()),
        }
    }
}
