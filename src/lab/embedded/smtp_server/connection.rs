//! One client's session.

use super::{
    Envelope, HangUp, Reply, Service, Session, Status,
    client_stream::{ClientStream, Line},
    command_line::{self, Command, LINE_LIMIT, Mail},
    data::{Chunks, DataReader},
};
use std::{io, sync::Arc};
use tokio_native_tls::TlsAcceptor;

/// Whether the session goes on.
#[derive(PartialEq, Eq)]
enum Next {
    Go,
    Close,
}

pub(super) struct Connection {
    stream: ClientStream,
    service: Arc<dyn Service>,
    acceptor: Option<TlsAcceptor>,
    session: Session,
    /// The transaction after MAIL.
    envelope: Option<Envelope>,
    /// The message after a first BDAT.
    chunks: Option<Chunks>,
    errors: u32,
}

impl Connection {
    pub(super) fn new(
        stream: ClientStream,
        service: Arc<dyn Service>,
        acceptor: Option<TlsAcceptor>,
        session: Session,
    ) -> Self {
        Self { stream, service, acceptor, session, envelope: None, chunks: None, errors: 0 }
    }

    /// Serves the client until it leaves, fails or is silent for too long.
    pub(super) async fn run(&mut self) -> io::Result<()> {
        let greeting = self.service.connect(&self.session).await;
        let welcome = greeting.is_positive();
        self.send(greeting);
        if !welcome {
            return self.stream.close().await;
        }
        loop {
            let line = match self.waiting(LINE_LIMIT).await? {
                Some(Line::Whole(line)) => line,
                Some(Line::TooLong) => {
                    if self.refuse(Reply::new(500, Status(5, 5, 2), "Error: line too long")) == Next::Close {
                        break;
                    }
                    continue;
                }
                Some(Line::End) => return Ok(()),
                None => break,
            };
            let next = match command_line::read(&line) {
                Ok(command) => self.obey(command).await?,
                Err(reply) => self.refuse(reply),
            };
            if next == Next::Close {
                break;
            }
        }
        self.stream.close().await
    }

    /// Tells the client that the server ends.
    pub(super) async fn farewell(&mut self) -> io::Result<()> {
        let text = format!("{} Service shutting down", self.service.hostname());
        self.send(Reply::new(421, Status(4, 3, 2), text));
        self.stream.close().await
    }

    /// The next line; `None` when the client was silent for too long and has been told.
    async fn waiting(&mut self, limit: usize) -> io::Result<Option<Line>> {
        match tokio::time::timeout(self.service.limits().idle, self.stream.line(limit)).await {
            Ok(line) => line.map(Some),
            Err(_) => {
                self.timed_out();
                Ok(None)
            }
        }
    }

    fn timed_out(&mut self) {
        let text = format!("{} Error: timeout exceeded", self.service.hostname());
        self.send(Reply::new(421, Status(4, 4, 2), text));
    }

    fn send(&mut self, reply: Reply) {
        let reply = reply.with_suffix(&self.service.suffix(&self.session));
        self.stream.push(&reply.to_bytes());
    }

    /// Answers with what a service or the protocol said, and counts refusals.
    fn refuse(&mut self, reply: Reply) -> Next {
        let close = reply.code == 421;
        let refused = !reply.is_positive();
        self.send(reply);
        if close {
            return Next::Close;
        }
        self.errors += u32::from(refused);
        if self.errors < self.service.limits().errors {
            return Next::Go;
        }
        let text = format!("{} Error: too many errors", self.service.hostname());
        self.send(Reply::new(421, Status(4, 7, 0), text));
        Next::Close
    }

    fn reset(&mut self) {
        self.envelope = None;
        self.chunks = None;
    }

    async fn obey(&mut self, command: Command) -> io::Result<Next> {
        Ok(match command {
            Command::Hello { host, extended } => self.hello(host, extended),
            Command::StartTls => return self.start_tls().await,
            Command::Auth { mechanism, initial } => return self.auth(mechanism, initial).await,
            Command::Mail(mail) => self.mail(mail).await,
            Command::Rcpt(recipient) => self.rcpt(recipient).await,
            Command::Data => return self.data().await,
            Command::Chunk { size, last } => return self.chunk(size, last).await,
            Command::Reset => {
                self.reset();
                self.refuse(Reply::new(250, Status(2, 0, 0), "Ok"))
            }
            Command::Noop => self.refuse(Reply::new(250, Status(2, 0, 0), "Ok")),
            Command::Verify => self.refuse(Reply::new(252, Status(2, 5, 0), "Send some mail, I'll try my best")),
            Command::Help => self.refuse(Reply::new(214, Status(2, 0, 0), "See RFC 5321")),
            Command::Quit => {
                self.send(Reply::new(221, Status(2, 0, 0), "Bye"));
                Next::Close
            }
        })
    }

    fn hello(&mut self, host: String, extended: bool) -> Next {
        self.reset();
        self.session.helo = host;
        self.session.extended = extended;
        let mut lines = vec![self.service.welcome(&self.session)];
        if extended {
            lines.extend(self.service.keywords());
            if self.acceptor.is_some() && !self.session.tls {
                lines.push("STARTTLS".to_owned());
            }
            let mechanisms = self.service.mechanisms(&self.session);
            if !mechanisms.is_empty() && self.session.user.is_none() {
                let names: Vec<_> = mechanisms.iter().map(|m| m.as_str()).collect();
                lines.push(format!("AUTH {}", names.join(" ")));
            }
        }
        self.stream.push(&Reply { code: 250, status: None, lines }.to_bytes());
        Next::Go
    }

    async fn start_tls(&mut self) -> io::Result<Next> {
        let Some(acceptor) = self.acceptor.clone() else {
            return Ok(self.refuse(Reply::new(502, Status(5, 5, 1), "Error: STARTTLS not implemented")));
        };
        if self.session.tls {
            return Ok(self.refuse(Reply::new(503, Status(5, 5, 1), "Error: TLS already active")));
        }
        self.send(Reply::new(220, Status(2, 0, 0), "Ready to start TLS"));
        let handshake = tokio::time::timeout(self.service.limits().idle, self.stream.start_tls(&acceptor));
        handshake.await.map_err(io::Error::other)??;
        self.reset();
        self.session = Session { tls: true, ..Session::new(self.session.id, self.session.peer) };
        Ok(Next::Go)
    }

    async fn auth(&mut self, mechanism: super::Mechanism, initial: Option<String>) -> io::Result<Next> {
        let offered = self.service.mechanisms(&self.session);
        if offered.is_empty() {
            let reply = if self.acceptor.is_some() && !self.session.tls {
                Reply::new(538, Status(5, 7, 11), "Encryption required for requested authentication mechanism")
            } else {
                Reply::new(502, Status(5, 5, 1), "Error: AUTH not implemented")
            };
            return Ok(self.refuse(reply));
        }
        if self.session.user.is_some() || self.envelope.is_some() {
            return Ok(self.refuse(Reply::new(503, Status(5, 5, 1), "Error: AUTH not allowed now")));
        }
        if !offered.contains(&mechanism) {
            return Ok(self.refuse(Reply::new(504, Status(5, 5, 4), "Unrecognized authentication type")));
        }
        let mut answers: Vec<String> = initial.into_iter().collect();
        for challenge in mechanism.challenges().iter().skip(answers.len()) {
            self.stream.push(&Reply::plain(334, challenge).to_bytes());
            let answer = match self.waiting(LINE_LIMIT).await? {
                Some(Line::Whole(line)) => String::from_utf8_lossy(&line).trim().to_owned(),
                Some(Line::TooLong) => {
                    return Ok(self.refuse(Reply::new(
                        500,
                        Status(5, 5, 6),
                        "Authentication exchange line is too long",
                    )));
                }
                Some(Line::End) | None => return Ok(Next::Close),
            };
            if answer == "*" {
                return Ok(self.refuse(Reply::new(501, Status(5, 7, 0), "Authentication aborted")));
            }
            answers.push(answer);
        }
        let Some(credentials) = mechanism.read(&answers) else {
            return Ok(self.refuse(Reply::new(501, Status(5, 5, 2), "Authentication failed: malformed response")));
        };
        Ok(match self.service.login(&self.session, &credentials).await {
            Ok(user) => {
                self.session.user = Some(user);
                self.refuse(Reply::new(235, Status(2, 7, 0), "Authentication successful"))
            }
            Err(reply) => {
                if let Some(why) = mechanism.why_not() {
                    self.stream.push(&Reply::plain(334, &why).to_bytes());
                    // Whatever the client answers.
                    if matches!(self.waiting(LINE_LIMIT).await?, Some(Line::End) | None) {
                        return Ok(Next::Close);
                    }
                }
                self.refuse(reply)
            }
        })
    }

    async fn mail(&mut self, mail: Mail) -> Next {
        if self.session.helo.is_empty() {
            return self.refuse(Reply::new(503, Status(5, 5, 1), "Error: send HELO/EHLO first"));
        }
        if self.envelope.is_some() {
            return self.refuse(Reply::new(503, Status(5, 5, 1), "Error: nested MAIL command"));
        }
        if mail.size.is_some_and(|size| size > self.service.limits().message) {
            return self.refuse(self.service.too_big(&self.session));
        }
        let Mail { sender, body, utf8, ret, id, size } = mail;
        let envelope = Envelope { sender, recipients: Vec::new(), body, utf8, ret, id, size };
        let reply = self.service.mail(&self.session, &envelope).await;
        if reply.is_positive() {
            self.envelope = Some(envelope);
        }
        self.refuse(reply)
    }

    async fn rcpt(&mut self, recipient: super::Recipient) -> Next {
        let Some(envelope) = &mut self.envelope else {
            return self.refuse(Reply::new(503, Status(5, 5, 1), "Error: need MAIL command"));
        };
        if self.chunks.is_some() {
            return self.refuse(Reply::new(503, Status(5, 5, 1), "Error: RCPT after BDAT"));
        }
        if envelope.recipients.len() >= self.service.limits().recipients {
            return self.refuse(Reply::new(452, Status(4, 5, 3), "Error: too many recipients"));
        }
        if !envelope.utf8 && !recipient.address.is_ascii() {
            return self.refuse(Reply::new(553, Status(5, 6, 7), "Address requires SMTPUTF8"));
        }
        let reply = self.service.recipient(&self.session, envelope, &recipient).await;
        if reply.is_positive() {
            envelope.recipients.push(recipient);
        }
        self.refuse(reply)
    }

    /// The envelope when a message may come now, otherwise the refusal.
    fn ready(&mut self) -> Result<Envelope, Reply> {
        match self.envelope.take() {
            Some(envelope) if !envelope.recipients.is_empty() => Ok(envelope),
            Some(envelope) => {
                self.envelope = Some(envelope);
                Err(Reply::new(554, Status(5, 5, 1), "Error: no valid recipients"))
            }
            None => Err(Reply::new(503, Status(5, 5, 1), "Error: need RCPT command")),
        }
    }

    async fn data(&mut self) -> io::Result<Next> {
        if self.chunks.is_some() {
            return Ok(self.refuse(Reply::new(503, Status(5, 5, 1), "Error: DATA after BDAT")));
        }
        let envelope = match self.ready() {
            Ok(envelope) => envelope,
            Err(reply) => return Ok(self.refuse(reply)),
        };
        let reply = self.service.data(&self.session, &envelope).await;
        if !reply.is_positive() {
            return Ok(self.refuse(reply));
        }
        self.send(reply);
        if self.service.hangs_up(HangUp::InMessage) {
            // Hangs up on a client that is talking.
            self.more().await?;
            return Ok(Next::Close);
        }
        let mut reader = DataReader::new(self.service.limits().message);
        loop {
            let (used, done) = reader.read(self.stream.pending());
            self.stream.consume(used);
            if done {
                break;
            }
            if !self.more().await? {
                return Ok(Next::Close);
            }
        }
        self.deliver(envelope, reader.finish()).await
    }

    /// Waits for more of a message; `false` when the client is gone, or was told that it took too long.
    async fn more(&mut self) -> io::Result<bool> {
        match tokio::time::timeout(self.service.limits().idle, self.stream.fill()).await {
            Ok(more) => more,
            Err(_) => {
                self.timed_out();
                Ok(false)
            }
        }
    }

    async fn deliver(&mut self, envelope: Envelope, message: Option<Vec<u8>>) -> io::Result<Next> {
        let reply = match message {
            Some(message) => {
                let reply = self.service.message(&self.session, envelope, message).await;
                if self.service.hangs_up(HangUp::BeforeReply) {
                    return Ok(Next::Close);
                }
                reply
            }
            None => self.service.too_big(&self.session),
        };
        self.reset();
        Ok(self.refuse(reply))
    }

    async fn chunk(&mut self, size: usize, last: bool) -> io::Result<Next> {
        let mut chunks = self.chunks.take().unwrap_or_default();
        let mut left = size;
        while left > 0 {
            let piece = left.min(self.stream.pending().len());
            if piece == 0 {
                if !self.more().await? {
                    return Ok(Next::Close);
                }
                continue;
            }
            chunks.push(&self.stream.pending()[..piece], self.service.limits().message);
            self.stream.consume(piece);
            left -= piece;
        }
        let envelope = match self.ready() {
            Ok(envelope) => envelope,
            Err(reply) => return Ok(self.refuse(reply)),
        };
        if last {
            let message = (!chunks.too_big).then_some(chunks.message);
            return self.deliver(envelope, message).await;
        }
        self.envelope = Some(envelope);
        self.chunks = Some(chunks);
        Ok(self.refuse(Reply::new(250, Status(2, 0, 0), format!("{size} octets received"))))
    }
}
