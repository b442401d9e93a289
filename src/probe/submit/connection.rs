//! A connection to a server: plain or TLS, changed in place, every reply recorded.

use super::{
    command::{Command, ReplyClass},
    message::DotStuffed,
    recorder::{Answer, Recording},
    tls_version::{self, TlsVersionReader},
};
use crate::{
    core::tls_client::{AsyncTlsStream, TlsClient, TlsError, async_peer_certificate},
    evidence::Stage,
    probe::line_ends::crlf,
};
use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};

/// How much is read at once, in bytes.
const READ: usize = 8 * 1024;

/// A connection and its record.
#[derive(Debug)]
pub(super) struct Connection {
    io: Stream,
    pub(super) record: Recording,
    /// The server's certificate in DER, where there is TLS.
    pub(super) certificate: Option<Vec<u8>>,
    /// The message is written to its last dot, or the server says that it has it: from here on it may be delivered.
    pub(super) is_message_out: bool,
}

#[derive(Debug)]
enum Stream {
    Closed,
    Plain(TcpStream),
    Tls(Box<AsyncTlsStream<TlsVersionReader>>),
}

/// Why there is no reply.
#[derive(Debug)]
pub(super) enum Broken {
    /// The connection failed.
    Io(io::Error),
    /// The server closed it.
    Closed,
    /// What the server says is no reply to what it was asked: what it did instead.
    Garbled(String),
    /// The server says something before it is asked.
    Unasked(String),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Connection {
    /// No connection yet; times count from `start`.
    pub(super) fn new(start: Instant) -> Self {
        Self { io: Stream::Closed, record: Recording::new(start), certificate: None, is_message_out: false }
    }

    /// Talks over this connection from now on.
    pub(super) fn open(&mut self, tcp: TcpStream) {
        self.io = Stream::Plain(tcp);
    }

    /// Whether there is a connection, as far as this side knows.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.io, Stream::Closed)
    }

    /// Changes the connection to TLS.
    ///
    /// # Errors
    /// When the handshake fails.
    pub(super) async fn upgrade(&mut self, client: &TlsClient, name: &str) -> Result<(), TlsError> {
        let Stream::Plain(tcp) = std::mem::replace(&mut self.io, Stream::Closed) else { return Ok(()) };
        let (reader, first) = TlsVersionReader::new(tcp);
        let tls = client.connect_async(name, reader).await?;
        let version = first.lock().ok().and_then(|bytes| tls_version::read(&bytes));
        self.record.secured(version);
        self.certificate = async_peer_certificate(&tls);
        self.io = Stream::Tls(Box::new(tls));
        Ok(())
    }

    /// The greeting.
    pub(super) async fn greeting(&mut self) -> Result<Answer, Broken> {
        self.answer_to(ReplyClass::Completion).await
    }

    /// One command and its reply.
    pub(super) async fn ask(&mut self, command: &Command) -> Result<Answer, Broken> {
        self.nothing_unasked().await?;
        let shown = command.shown.as_deref().unwrap_or(&command.line);
        self.record.asks(command.stage, command.recipient.as_deref(), shown);
        let written = match self.io.write_all(command.line.as_bytes()).await {
            Ok(()) => self.io.flush().await,
            failed => failed,
        };
        self.after(written, command.expected).await
    }

    /// The message with its last dot, and the reply to it. A server may refuse it before it has all of it.
    pub(super) async fn send(&mut self, raw: &[u8]) -> Result<Answer, Broken> {
        self.nothing_unasked().await?;
        self.record.asks(Stage::Message, None, &format!("[{} bytes of message]", raw.len()));
        let (mut reader, mut writer) = tokio::io::split(&mut self.io);
        let record = &mut self.record;
        let writing = async {
            for chunk in DotStuffed::new(&crlf(raw)) {
                writer.write_all(&chunk).await?;
            }
            io::Result::Ok(())
        };
        let early = async {
            let mut buffer = [0; READ];
            loop {
                let n = reader.read(&mut buffer).await?;
                record.heard(&buffer[..n]);
                match record.answer() {
                    Ok(Some(answer)) => return Ok(answer),
                    Ok(None) if n == 0 => return Err(Broken::Closed),
                    Ok(None) => {}
                    Err(why) => return Err(Broken::Garbled(why)),
                }
            }
        };
        let written = tokio::select! {
            biased;
            written = writing => written,
            early = early => {
                let answer = early?;
                if answer.reply.is_positive() {
                    // Nobody can tell what a server has that takes a part for the whole.
                    self.is_message_out = answer.reply.code / 100 == 2;
                    return Err(Broken::Garbled(format!("it answered {} before it had the message", answer.reply)));
                }
                self.record.keep(&answer.reply);
                return Ok(answer);
            }
        };
        if written.is_ok() {
            self.is_message_out = true;
            self.record.asks(Stage::Message, None, ".");
        }
        let flushed = match written {
            Ok(()) => self.io.flush().await,
            failed => failed,
        };
        self.after(flushed, ReplyClass::Completion).await
    }

    /// The reply to what was written; a server that has seen enough answers and closes, and its answer may still be there.
    async fn after(&mut self, written: io::Result<()>, expected: ReplyClass) -> Result<Answer, Broken> {
        match (written, self.answer_to(expected).await) {
            (Err(error), Err(Broken::Io(_) | Broken::Closed)) => Err(Broken::Io(error)),
            (_, answer) => answer,
        }
    }

    async fn answer_to(&mut self, expected: ReplyClass) -> Result<Answer, Broken> {
        let mut buffer = [0; READ];
        let answer = loop {
            if let Some(answer) = self.record.answer().map_err(Broken::Garbled)? {
                break answer;
            }
            match self.io.read(&mut buffer).await? {
                0 => return Err(Broken::Closed),
                n => self.record.heard(&buffer[..n]),
            }
        };
        if !expected.allows(answer.reply.code) {
            return Err(Broken::Garbled(format!("it answered {}", answer.reply)));
        }
        self.record.keep(&answer.reply);
        Ok(answer)
    }

    /// Replies that nobody asked for would be taken for those to the commands that follow. Only a 421 may come so
    /// (RFC 5321 §3.8), and it answers whatever is said next.
    async fn nothing_unasked(&mut self) -> Result<(), Broken> {
        match self.surplus().await {
            surplus if surplus.is_empty() || surplus.starts_with(b"421") => Ok(()),
            surplus => {
                let text = String::from_utf8_lossy(surplus);
                let line = text.lines().next().unwrap_or_default();
                Err(Broken::Unasked(crate::core::redact::cut(line, 120).into_owned()))
            }
        }
    }

    /// What the server has sent after its last reply, as far as it is there.
    pub(super) async fn surplus(&mut self) -> &[u8] {
        let mut bytes = [0; READ];
        let mut buffer = ReadBuf::new(&mut bytes);
        let io = &mut self.io;
        let there = poll_fn(|cx| match Pin::new(&mut *io).poll_read(cx, &mut buffer) {
            // An end or a failure shows where the next reply is due.
            Poll::Ready(_) | Poll::Pending => Poll::Ready(()),
        });
        there.await;
        self.record.heard(buffer.filled());
        self.record.surplus()
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Closed => Poll::Ready(Ok(())),
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Closed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Closed => Poll::Ready(Ok(())),
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Closed => Poll::Ready(Ok(())),
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
