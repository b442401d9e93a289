//! A connection: TLS, framing, waiting. Commands come out whole, with their literals; news comes in while idle.

use super::{
    ImapServer, capabilities,
    command_reader::{CommandReader, Literal, Step},
    output::Output,
    session::{Challenge, Next, Session},
};
use crate::target::knobs::ImapFault;
use std::{io, net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep_until},
};
use tokio_native_tls::TlsAcceptor;

/// Serves one client until it is gone.
pub(super) async fn serve(
    server: Arc<ImapServer>,
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    number: u64,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let session = Session::new(Arc::clone(&server), peer.ip().to_string(), format!("sc{number:016x}"));
    match tls {
        Some(tls) => {
            let stream = tls.accept(stream).await.map_err(io::Error::other)?;
            Connection::new(server, stream, session).talk().await
        }
        None => Connection::new(server, stream, session).talk().await,
    }
}

struct Connection<S> {
    server: Arc<ImapServer>,
    stream: S,
    session: Session,
    reader: CommandReader,
    expired: watch::Receiver<()>,
    expires: Option<Instant>,
    /// IDLE has been answered with a plus sign.
    is_idle: bool,
}

/// What happened while waiting.
enum Event {
    Command(Vec<u8>),
    News,
    Expired,
    Gone,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    fn new(server: Arc<ImapServer>, stream: S, session: Session) -> Self {
        Self {
            reader: CommandReader::default(),
            expired: server.expired.subscribe(),
            expires: None,
            is_idle: false,
            server,
            stream,
            session,
        }
    }

    async fn talk(mut self) -> io::Result<()> {
        if self.server.fault == ImapFault::Silent {
            return self.say_nothing().await;
        }
        let greeting = capabilities::greeting(self.server.provider, &self.session.peer, &self.session.id);
        self.write_line(&greeting).await?;
        let mut next = Next::Command;
        loop {
            let mut out = Output::default();
            next = match next {
                Next::Close => return self.stream.shutdown().await,
                Next::Idle { tag } => match self.wait(true).await? {
                    Event::News => self.news(tag, &mut out),
                    Event::Command(line) if line.trim_ascii().eq_ignore_ascii_case(b"DONE") => {
                        self.is_idle = false;
                        self.session.sync(true, &mut out);
                        out.line(format_args!("{tag} OK IDLE terminated (Success)"));
                        Next::Command
                    }
                    Event::Command(_) => {
                        out.line(format_args!("{tag} BAD Expected DONE"));
                        Next::Command
                    }
                    other => ended(&other, &mut out),
                },
                Next::Challenge(challenge) => match self.wait(false).await? {
                    Event::Command(line) => self.answer(challenge, &line, &mut out),
                    other => ended(&other, &mut out),
                },
                Next::Command => match self.wait(false).await? {
                    Event::Command(command) => {
                        let next = self.session.command(&command, &mut out);
                        if let Some(token) = self.session.token() {
                            token.used();
                        }
                        next
                    }
                    other => ended(&other, &mut out),
                },
            };
            if self.expires.is_none() && self.session.is_logged_in() {
                self.expires = self.server.limits.session.map(|lifetime| Instant::now() + lifetime);
            }
            for chunk in out.chunks() {
                self.stream.write_all(chunk).await?;
            }
            self.stream.flush().await?;
            if self.server.fault == ImapFault::Mute && self.session.view.is_some() {
                return self.say_nothing().await;
            }
        }
    }

    /// Something changed in the account while a client is in IDLE.
    fn news(&mut self, tag: String, out: &mut Output) -> Next {
        match self.server.fault {
            ImapFault::Bye => return ended(&Event::Expired, out),
            ImapFault::Cut => return Next::Close,
            ImapFault::Late => return Next::Idle { tag },
            ImapFault::Garbage => out.line("%$ this is (no IMAP {9"),
            _ => {}
        }
        self.session.sync(true, out);
        if self.server.fault == ImapFault::Early && !std::mem::replace(&mut self.is_idle, true) {
            out.line("+ idling");
        }
        Next::Idle { tag }
    }

    /// Reads until the client hangs up.
    async fn say_nothing(&mut self) -> io::Result<()> {
        let mut buffer = [0; 1024];
        while self.stream.read(&mut buffer).await? > 0 {}
        Ok(())
    }

    fn answer(&mut self, challenge: Challenge, line: &[u8], out: &mut Output) -> Next {
        self.session.answer(challenge, String::from_utf8_lossy(line).trim_end_matches(['\r', '\n']), out)
    }

    /// Waits for a whole command, for the end of the session, and in IDLE for news.
    async fn wait(&mut self, idle: bool) -> io::Result<Event> {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            if let Some(event) = self.whole_command().await? {
                return Ok(event);
            }
            let expires = self.expires;
            let token = self.session.token();
            let token_ended = async {
                match token {
                    Some(token) => token.ended().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                read = self.stream.read(&mut buffer) => match read? {
                    0 => return Ok(Event::Gone),
                    n => self.reader.push(buffer.get(..n).unwrap_or_default()),
                },
                Some(Ok(())) = changed(self.session.news()), if idle => return Ok(Event::News),
                Ok(()) = self.expired.changed() => return Ok(Event::Expired),
                () = token_ended => return Ok(Event::Expired),
                () = sleep_until(expires.unwrap_or_else(Instant::now)), if expires.is_some() => return Ok(Event::Expired),
            }
        }
    }

    /// A whole command out of what has been read; refuses literals that are too large before they are sent.
    async fn whole_command(&mut self) -> io::Result<Option<Event>> {
        while let Some(step) = self.reader.next() {
            let Literal { length, is_synchronizing } = match step {
                Step::Command(command) => return Ok(Some(Event::Command(command))),
                Step::Literal(literal) => literal,
            };
            let fits = length <= self.server.limits.append && self.reader.command().len() + length <= self.limit();
            match (fits, is_synchronizing) {
                (true, true) => self.write_line("+ go ahead").await?,
                (true, false) => {}
                (false, true) => {
                    let tag = tag_of(self.reader.command());
                    self.reader.skip();
                    self.write_line(&format!("{tag} NO [TOOBIG] Literal too large (Failure)")).await?;
                }
                (false, false) => {
                    self.write_line("* BYE Literal too large").await?;
                    return Ok(Some(Event::Gone));
                }
            }
        }
        if !self.reader.is_in_literal() && self.reader.command().len() > self.limit() {
            self.write_line("* BYE Command line too long").await?;
            return Ok(Some(Event::Gone));
        }
        Ok(None)
    }

    /// How long the command may be that is being read.
    fn limit(&self) -> usize {
        let limits = &self.server.limits;
        let message = if self.session.is_logged_in() && is_append(self.reader.command()) { limits.append } else { 0 };
        limits.command + message
    }

    async fn write_line(&mut self, line: &str) -> io::Result<()> {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }
}

async fn changed(news: Option<&mut watch::Receiver<u64>>) -> Option<Result<(), watch::error::RecvError>> {
    match news {
        Some(news) => Some(news.changed().await),
        None => std::future::pending().await,
    }
}

fn ended(event: &Event, out: &mut Output) -> Next {
    if matches!(event, Event::Expired) {
        out.line("* BYE Session expired, please login again.");
    }
    Next::Close
}

fn tag_of(command: &[u8]) -> String {
    String::from_utf8_lossy(command.split(|b| *b == b' ').next().unwrap_or_default()).into_owned()
}

fn is_append(command: &[u8]) -> bool {
    command.split(|b| *b == b' ').nth(1).is_some_and(|name| name.eq_ignore_ascii_case(b"APPEND"))
}
