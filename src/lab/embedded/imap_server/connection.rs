//! A connection: TLS, framing, waiting. Commands come out whole, with their literals; news comes in while idle.

use super::{
    ImapServer, announcements,
    output::Output,
    session::{Challenge, Next, Session},
};
use crate::target::knobs::ImapFault;
use imap_codec::{
    fragmentizer::{FragmentInfo, Fragmentizer, LiteralAnnouncement},
    imap_types::core::LiteralMode,
};
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
    frames: Fragmentizer,
    in_literal: bool,
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
        let room = u32::try_from(server.limits.command).unwrap_or(u32::MAX);
        Self {
            frames: Fragmentizer::new(server.limits.append.saturating_add(room)),
            in_literal: false,
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
        let greeting = announcements::greeting(self.server.provider, &self.session.peer, &self.session.id);
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
            if let Some(event) = self.frame().await? {
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
                    n => self.frames.enqueue_bytes(buffer.get(..n).unwrap_or_default()),
                },
                Some(Ok(())) = changed(self.session.news()), if idle => return Ok(Event::News),
                Ok(()) = self.expired.changed() => return Ok(Event::Expired),
                () = token_ended => return Ok(Event::Expired),
                () = sleep_until(expires.unwrap_or_else(Instant::now)), if expires.is_some() => return Ok(Event::Expired),
            }
        }
    }

    /// A whole command out of what has been read; refuses literals that are too large before they are sent.
    async fn frame(&mut self) -> io::Result<Option<Event>> {
        let limits = self.server.limits.clone();
        while let Some(fragment) = self.frames.progress() {
            if self.frames.is_message_complete() {
                self.in_literal = false;
                if self.frames.is_max_message_size_exceeded() {
                    self.write_line("* BAD Command line too long").await?;
                    continue;
                }
                return Ok(Some(Event::Command(self.frames.message_bytes().to_vec())));
            }
            self.in_literal = false;
            let FragmentInfo::Line { announcement: Some(LiteralAnnouncement { mode, length }), .. } = fragment else {
                continue;
            };
            let command = self.frames.message_bytes();
            let fits = if self.session.is_logged_in() && is_append(command) {
                length <= limits.append
            } else {
                command.len() + length as usize <= limits.command
            };
            match (fits, mode) {
                (true, LiteralMode::Sync) => self.write_line("+ go ahead").await?,
                (true, LiteralMode::NonSync) => {}
                (false, LiteralMode::Sync) => {
                    let tag = tag_of(command);
                    self.frames.skip_message();
                    self.write_line(&format!("{tag} NO [TOOBIG] Literal too large (Failure)")).await?;
                    continue;
                }
                (false, LiteralMode::NonSync) => {
                    self.write_line("* BYE Literal too large").await?;
                    return Ok(Some(Event::Gone));
                }
            }
            self.in_literal = true;
        }
        if !self.in_literal
            && !is_append(self.frames.message_bytes())
            && self.frames.message_bytes().len() > limits.command
        {
            self.write_line("* BYE Command line too long").await?;
            return Ok(Some(Event::Gone));
        }
        Ok(None)
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
