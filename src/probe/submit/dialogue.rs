//! The commands, in order.

use super::{error, extensions::Extensions, login, recorder::Record, stream::Stream};
use crate::{
    core::redact,
    evidence::Sent,
    mail::reply::Reply,
    outcome::{HarnessCode, StageError},
    probe::{clock, peek::Protocol, tls, token::Tokens},
    scenario::target::{Endpoint, TlsMode},
};
use lettre::transport::smtp::{
    client::AsyncSmtpConnection,
    commands::{Data, Ehlo, Quit, Starttls},
    extension::ClientId,
};
use std::{error::Error, fmt::Display, net::IpAddr};
use tokio::net::TcpStream;

/// How much of a message is written at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// One submission.
pub(super) struct Dialogue<'a> {
    /// The server.
    pub(super) endpoint: &'a Endpoint,
    helo: &'a str,
    sent: &'a Sent,
    stream: Stream,
    /// What logs in with refresh tokens.
    pub(super) tokens: &'a Tokens,
    /// How many of the recorded replies have been acted on.
    taken: usize,
}

/// Why a dialogue is over before its end.
enum Over {
    /// The server refused; its reply is in the record.
    Refused,
    /// The harness cannot go on.
    Failed(StageError),
}

impl From<StageError> for Over {
    fn from(error: StageError) -> Self {
        Self::Failed(error)
    }
}

impl<'a> Dialogue<'a> {
    /// Nothing said yet.
    pub(super) fn new(
        endpoint: &'a Endpoint,
        helo: &'a str,
        sent: &'a Sent,
        stream: Stream,
        tokens: &'a Tokens,
    ) -> Self {
        Self { endpoint, helo, sent, stream, tokens, taken: 0 }
    }

    /// Everything from the connection to QUIT. A refusal ends it early and is no error.
    pub(super) async fn run(mut self) -> Result<(), StageError> {
        match self.talk().await {
            Ok(()) | Err(Over::Refused) => Ok(()),
            Err(Over::Failed(error)) => Err(error),
        }
    }

    /// Everything before the first MAIL, and QUIT; what the server offers at the end, `None` when it refused before.
    pub(super) async fn visit(mut self) -> Result<Option<Extensions>, StageError> {
        match self.enter().await {
            Ok((mut smtp, extensions)) => {
                self.exchange(&mut smtp, Quit).await.ok();
                Ok(Some(extensions))
            }
            Err(Over::Refused) => Ok(None),
            Err(Over::Failed(error)) => Err(error),
        }
    }

    async fn talk(&mut self) -> Result<(), Over> {
        let (mut smtp, extensions) = self.enter().await?;
        if let Some(apart) = self.clocks_apart() {
            self.exchange(&mut smtp, Quit).await.ok();
            return Err(apart.into());
        }
        let ended = self.envelope_and_message(&mut smtp, &extensions).await;
        if matches!(ended, Err(Over::Failed(_))) {
            // A server that refuses and hangs up has refused.
            return if self.last_reply(|r| !r.is_positive()) { Err(Over::Refused) } else { ended };
        }
        if !self.closing() {
            // Whatever comes of it, the submission is decided.
            self.exchange(&mut smtp, Quit).await.ok();
        }
        ended
    }

    /// Connection, greeting, hello, STARTTLS and login.
    async fn enter(&mut self) -> Result<(AsyncSmtpConnection, Extensions), Over> {
        self.check_words()?;
        let hello = match self.helo.parse::<IpAddr>() {
            Ok(IpAddr::V4(ip)) => ClientId::Ipv4(ip),
            Ok(IpAddr::V6(ip)) => ClientId::Ipv6(ip),
            Err(_) => ClientId::Domain(self.helo.to_owned()),
        };
        let secret = match &self.endpoint.login {
            Some(account) => Some((account, login::secret(self.tokens, account).await?)),
            None => None,
        };
        self.connect().await?;
        let (mut smtp, mut extensions) = self.greet(&hello).await?;
        if self.endpoint.tls == TlsMode::Starttls {
            extensions = self.starttls(&mut smtp, &extensions, &hello).await?;
        }
        if let Some((account, secret)) = secret {
            login::login(self, &mut smtp, &extensions, account, secret).await?;
        }
        Ok((smtp, extensions))
    }

    /// Why no mail should be dated here, where the greeting tells the time.
    fn clocks_apart(&self) -> Option<StageError> {
        let greeting = self.stream.record(|r| r.submission().replies.first().map(|r| r.reply.text.clone()))?;
        clock::compare(|| format!("submit to {}", error::place(self.endpoint)), &greeting)
    }

    async fn envelope_and_message(
        &mut self,
        smtp: &mut AsyncSmtpConnection,
        extensions: &Extensions,
    ) -> Result<(), Over> {
        let sent = self.sent;
        let mail = format!("MAIL FROM:<{}>{}\r\n", sent.mail_from, extensions.mail_parameters(sent));
        self.positive(smtp, mail).await?;
        let mut accepted = false;
        for recipient in &sent.rcpt_to {
            let rcpt = format!("RCPT TO:<{recipient}>{}\r\n", extensions.rcpt_parameters(recipient));
            accepted |= self.exchange(smtp, rcpt).await?.is_positive();
            if self.closing() {
                return Err(Over::Refused);
            }
        }
        if !accepted {
            return Err(Over::Refused);
        }
        self.positive(smtp, Data).await?;
        self.message(smtp).await
    }

    async fn connect(&self) -> Result<(), StageError> {
        let (host, port) = (self.endpoint.host.as_str(), self.endpoint.port);
        let addresses = tokio::net::lookup_host((host, port)).await.map_err(|e| error::resolve(self.endpoint, &e))?;
        let mut failed = std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(tcp) => {
                    tcp.set_nodelay(true).map_err(|e| error::connect(self.endpoint, &e))?;
                    self.stream.open(tcp);
                    if self.endpoint.tls == TlsMode::Implicit {
                        self.secure().await?;
                    }
                    return Ok(());
                }
                Err(e) => failed = e,
            }
        }
        Err(error::connect(self.endpoint, &failed))
    }

    async fn secure(&self) -> Result<(), StageError> {
        let connector = tls::connector(self.endpoint)?;
        let name = tls::name(self.endpoint);
        let Err(error) = self.stream.upgrade(connector, name).await else { return Ok(()) };
        let (endpoint, text) = (self.endpoint.clone(), tls::told(&error));
        let failed = tokio::task::spawn_blocking(move || tls::failure(&endpoint, &text, Protocol::Smtp)).await;
        Err(failed.unwrap_or_else(|e| error::connect(self.endpoint, &std::io::Error::other(e))))
    }

    /// Greeting and EHLO: lettre does both at once.
    async fn greet(&mut self, hello: &ClientId) -> Result<(AsyncSmtpConnection, Extensions), Over> {
        let connected = AsyncSmtpConnection::connect_with_transport(Box::new(self.stream.clone()), hello).await;
        for what in ["greeting of", "hello to"] {
            let reply = self.next_reply(connected.as_ref().err())?;
            if reply.code == 421 {
                return Err(error::limit(self.endpoint, what, &reply).into());
            }
            if !reply.is_positive() {
                return Err(Over::Refused);
            }
        }
        match connected {
            Ok(smtp) => Ok((smtp, self.extensions())),
            Err(e) => Err(self.broken(Some(&e)).into()),
        }
    }

    async fn starttls(
        &mut self,
        smtp: &mut AsyncSmtpConnection,
        extensions: &Extensions,
        hello: &ClientId,
    ) -> Result<Extensions, Over> {
        if !extensions.offers("STARTTLS") {
            let message = "the server offers no STARTTLS, so nothing was sent".to_owned();
            return Err(error::no_starttls(self.endpoint, message).into());
        }
        let reply = self.exchange(smtp, Starttls).await?;
        if !reply.is_positive() {
            return Err(error::no_starttls(self.endpoint, format!("the server answered {reply}")).into());
        }
        if self.stream.record(|r| r.has_surplus() || r.submission().replies.len() > self.taken) {
            let message = "data in clear followed the answer to STARTTLS; somebody may have put it there (RFC 3207 §6)";
            return Err(error::no_starttls(self.endpoint, message.to_owned()).into());
        }
        self.secure().await?;
        let reply = self.exchange(smtp, Ehlo::new(hello.clone())).await?;
        if reply.code == 421 {
            return Err(error::limit(self.endpoint, "hello to", &reply).into());
        }
        if !reply.is_positive() {
            return Err(Over::Refused);
        }
        Ok(self.extensions())
    }

    async fn message(&mut self, smtp: &mut AsyncSmtpConnection) -> Result<(), Over> {
        // lettre ends what it writes with CRLF before the dot, whether or not the message ends so.
        let raw = self.sent.raw.strip_suffix(b"\r\n").unwrap_or(&self.sent.raw);
        let mut written = smtp.message_iter(raw.chunks(CHUNK)).await;
        if written.is_err() && self.stream.record(|r| r.submission().replies.len() == self.taken) {
            // A server that has seen enough answers and closes; its answer may still be there to read.
            written = smtp.read_response().await;
        }
        self.stream.record(|r| r.message_ended());
        let reply = self.next_reply(written.as_ref().err())?;
        if reply.is_positive() { Ok(()) } else { Err(Over::Refused) }
    }

    async fn positive(&mut self, smtp: &mut AsyncSmtpConnection, command: impl Display) -> Result<(), Over> {
        if self.exchange(smtp, command).await?.is_positive() { Ok(()) } else { Err(Over::Refused) }
    }

    /// One command and its reply.
    pub(super) async fn exchange(
        &mut self,
        smtp: &mut AsyncSmtpConnection,
        command: impl Display,
    ) -> Result<Reply, StageError> {
        let result = smtp.command(command).await;
        self.next_reply(result.as_ref().err())
    }

    /// The next recorded reply. lettre reads replies in the same order, so both stay in step.
    fn next_reply(&mut self, error: Option<&lettre::transport::smtp::Error>) -> Result<Reply, StageError> {
        match self.stream.record(|r| r.submission().replies.get(self.taken).map(|r| r.reply.clone())) {
            Some(reply) => {
                self.taken += 1;
                Ok(reply)
            }
            None => Err(self.broken(error)),
        }
    }

    /// Takes the replies to a login that is tried again out of the record; the transcript keeps them.
    pub(super) fn forget_refused_login(&mut self) {
        self.taken -= self.stream.record(Record::forget_login).min(self.taken);
    }

    fn broken(&self, error: Option<&lettre::transport::smtp::Error>) -> StageError {
        self.stream.record(|r| {
            let last = r.submission().transcript.lines().rfind(|l| l.starts_with("S: ")).map(|l| &l[3..]);
            let last = last.map(|l| redact::cut(l, 120));
            error::broken(self.endpoint, &r.waiting_for(), last.as_deref(), error.map(|e| e as &(dyn Error + 'static)))
        })
    }

    /// Whether the server said that it closes the connection.
    fn closing(&self) -> bool {
        self.last_reply(|r| r.code == 421)
    }

    fn last_reply(&self, is: impl FnOnce(&Reply) -> bool) -> bool {
        self.stream.record(|r| r.submission().replies.last().is_some_and(|r| is(&r.reply)))
    }

    fn extensions(&self) -> Extensions {
        self.stream.record(|r| Extensions::read(r.hello_lines()))
    }

    /// Nothing that goes into a command can hold another one.
    fn check_words(&self) -> Result<(), StageError> {
        let words = [self.helo, &self.sent.mail_from].into_iter().chain(self.sent.rcpt_to.iter().map(String::as_str));
        match words.into_iter().find(|w| w.contains(|c: char| c.is_control() || matches!(c, ' ' | '<' | '>'))) {
            None => Ok(()),
            Some(word) => Err(StageError::new(
                HarnessCode::H07,
                format!("submit to {}:{}", self.endpoint.host, self.endpoint.port),
                format!("`{}` cannot stand in an SMTP command", word.escape_debug()),
                "write the name or address without spaces, angle brackets and control characters",
            )),
        }
    }
}
