//! The commands, in order.

use super::{
    command::Command,
    connection::{Broken, Connection},
    error,
    extensions::Extensions,
    login,
    reach::Way,
};
use crate::{
    core::deadline,
    evidence::{Sent, Stage, Submission},
    mail::reply::Reply,
    outcome::{HarnessError, HarnessErrorKind},
    probe::{clock, peek::Protocol, tls, token::Tokens},
    target::{Endpoint, TlsMode},
};
use lettre::transport::smtp::extension::ClientId;
use std::{
    io,
    net::IpAddr,
    time::{Duration, Instant},
};

/// How long the answer to QUIT is waited for. It decides nothing.
const FAREWELL: Duration = Duration::from_secs(1);

/// One submission.
pub(super) struct Dialogue<'a> {
    /// The server.
    pub(super) endpoint: &'a Endpoint,
    helo: &'a str,
    sent: &'a Sent,
    /// What logs in with refresh tokens.
    pub(super) tokens: &'a Tokens,
    way: Way,
    pub(super) connection: Connection,
}

/// Why a dialogue is over before its end.
pub(super) enum Over {
    /// The server refused; its reply is in the record.
    Refused,
    /// The connection is gone.
    Lost(HarnessError),
    /// The harness cannot go on.
    Failed(HarnessError),
}

impl From<HarnessError> for Over {
    fn from(error: HarnessError) -> Self {
        Self::Failed(error)
    }
}

impl<'a> Dialogue<'a> {
    /// Nothing said yet; times count from `start`.
    pub(super) fn new(
        endpoint: &'a Endpoint,
        helo: &'a str,
        sent: &'a Sent,
        tokens: &'a Tokens,
        start: Instant,
    ) -> Self {
        Self { endpoint, helo, sent, tokens, way: Way::default(), connection: Connection::new(start) }
    }

    /// Everything from the connection to the answer to the message. A refusal ends it early and is no error.
    pub(super) async fn run(&mut self) -> Result<(), HarnessError> {
        match self.talk().await {
            Ok(()) | Err(Over::Refused) => Ok(()),
            // A server that refuses and hangs up has refused.
            Err(Over::Lost(_)) if self.last_reply().is_some_and(|r| !r.is_positive()) => Ok(()),
            Err(Over::Lost(error) | Over::Failed(error)) => Err(error),
        }
    }

    /// Everything before the first MAIL; what the server offers at the end, `None` when it refused before.
    pub(super) async fn enter(&mut self) -> Result<Option<Extensions>, HarnessError> {
        match self.open().await {
            Ok(extensions) => Ok(Some(extensions)),
            Err(Over::Refused) => Ok(None),
            Err(Over::Lost(error) | Over::Failed(error)) => Err(error),
        }
    }

    /// QUIT, and its answer where it comes soon.
    pub(super) async fn leave(&mut self) {
        // A server that said 421 closes the connection itself.
        if self.connection.is_open() && self.last_reply().is_some_and(|r| r.code != 421) {
            tokio::time::timeout(deadline::scaled(FAREWELL), self.connection.ask(&Command::quit())).await.ok();
        }
    }

    /// Why the time was over before the server had answered.
    pub(super) fn too_late(&mut self, waited: Duration) -> HarnessError {
        let waiting = self.connection.record.waiting_for();
        let way = std::mem::take(&mut self.way);
        way.too_late(self.endpoint, waited).unwrap_or_else(|| error::silent(self.endpoint, &waiting, waited))
    }

    /// What was said.
    pub(super) fn into_submission(self) -> Submission {
        self.connection.record.into_submission()
    }

    async fn talk(&mut self) -> Result<(), Over> {
        self.check_words()?;
        let extensions = self.open().await?;
        if let Some(apart) = self.clocks_apart() {
            self.leave().await;
            return Err(apart.into());
        }
        self.envelope(&extensions).await?;
        let sent = self.sent.raw();
        let answer = self.connection.send(sent).await;
        self.taken(answer.map(|a| a.reply))
    }

    /// Connection, greeting, hello, STARTTLS and login.
    async fn open(&mut self) -> Result<Extensions, Over> {
        let secret = match &self.endpoint.login {
            Some(account) => Some((account, login::secret(self.tokens, account).await?)),
            None => None,
        };
        let tcp = self.way.connect(self.endpoint).await?;
        self.connection.open(tcp);
        if self.endpoint.tls == TlsMode::Implicit {
            self.secure().await?;
        }
        let greeting = self.connection.greeting().await;
        self.taken(greeting.map(|a| a.reply))?;
        let mut extensions = self.hello().await?;
        if self.endpoint.tls == TlsMode::Starttls {
            extensions = self.starttls(&extensions).await?;
        }
        if let Some((account, secret)) = secret {
            login::login(self, &extensions, account, secret).await?;
        }
        Ok(extensions)
    }

    /// Why no mail should be dated here, where the greeting tells the time.
    fn clocks_apart(&self) -> Option<HarnessError> {
        let greeting = self.connection.record.submission().replies.first()?;
        clock::compare(|| format!("submit to {}", error::place(self.endpoint)), &greeting.reply.text)
    }

    /// MAIL, RCPT and DATA.
    async fn envelope(&mut self, extensions: &Extensions) -> Result<(), Over> {
        let sent = self.sent;
        if let Some(address) = extensions.cannot_take(sent) {
            return Err(error::no_smtputf8(self.endpoint, address).into());
        }
        let mail = Command::mail(&sent.mail_from, &extensions.mail_parameters(sent));
        self.positive(&mail).await?;
        let mut accepted = false;
        for recipient in &sent.rcpt_to {
            let rcpt = Command::rcpt(recipient, &extensions.rcpt_parameters(recipient));
            let reply = self.exchange(&rcpt).await?;
            accepted |= reply.is_positive();
            if reply.code == 421 {
                return Err(Over::Refused);
            }
        }
        if !accepted {
            return Err(Over::Refused);
        }
        self.positive(&Command::data()).await
    }

    async fn secure(&mut self) -> Result<(), HarnessError> {
        let connector = tls::connector(self.endpoint)?;
        let name = tls::name(self.endpoint);
        self.way.begin_handshake();
        let Err(error) = self.connection.upgrade(connector, name).await else {
            self.way.end_handshake();
            return Ok(());
        };
        let (endpoint, text) = (self.endpoint.clone(), tls::told(&error));
        let failed = tokio::task::spawn_blocking(move || tls::failure(&endpoint, &text, Protocol::Smtp)).await;
        Err(failed.unwrap_or_else(|e| error::broken(self.endpoint, "tls", &Broken::Io(io::Error::other(e)))))
    }

    /// EHLO; HELO where the server does not know it or does not want it (RFC 5321 §3.2, §4.1.4).
    async fn hello(&mut self) -> Result<Extensions, Over> {
        let hello = match self.helo.parse::<IpAddr>() {
            Ok(IpAddr::V4(ip)) => ClientId::Ipv4(ip),
            Ok(IpAddr::V6(ip)) => ClientId::Ipv6(ip),
            Err(_) => ClientId::Domain(self.helo.to_owned()),
        };
        let answer = self.connection.ask(&Command::ehlo(&hello)).await.map_err(|broken| self.over(&broken))?;
        if answer.reply.is_positive() {
            return Ok(Extensions::read(answer.lines.iter().map(String::as_str)));
        }
        if !answer.reply.is_permanent() {
            return Err(Over::Refused);
        }
        self.positive(&Command::helo(&hello)).await?;
        self.connection.record.forget(|r| r.stage == Stage::Ehlo && !r.reply.is_positive());
        Ok(Extensions::default())
    }

    async fn starttls(&mut self, extensions: &Extensions) -> Result<Extensions, Over> {
        if !extensions.offers("STARTTLS") {
            let message = "the server offers no STARTTLS, so nothing was sent".to_owned();
            return Err(error::no_starttls(self.endpoint, message).into());
        }
        let reply = self.exchange(&Command::starttls()).await?;
        if reply.is_transient() && reply.code != 454 {
            return Err(Over::Refused);
        }
        if !reply.is_positive() {
            return Err(error::no_starttls(self.endpoint, format!("the server answered {reply}")).into());
        }
        if !self.connection.surplus().await.is_empty() {
            let message = "data in clear followed the answer to STARTTLS; somebody may have put it there (RFC 3207 §6)";
            return Err(error::no_starttls(self.endpoint, message.to_owned()).into());
        }
        self.secure().await?;
        self.hello().await
    }

    async fn positive(&mut self, command: &Command) -> Result<(), Over> {
        if self.exchange(command).await?.is_positive() { Ok(()) } else { Err(Over::Refused) }
    }

    /// One command and its reply.
    pub(super) async fn exchange(&mut self, command: &Command) -> Result<Reply, Over> {
        let answer = self.connection.ask(command).await;
        answer.map(|a| a.reply).map_err(|broken| self.over(&broken))
    }

    fn taken(&self, answer: Result<Reply, Broken>) -> Result<(), Over> {
        match answer {
            Ok(reply) if reply.is_positive() => Ok(()),
            Ok(_) => Err(Over::Refused),
            Err(broken) => Err(self.over(&broken)),
        }
    }

    fn over(&self, broken: &Broken) -> Over {
        let error = error::broken(self.endpoint, &self.connection.record.waiting_for(), broken);
        match broken {
            Broken::Io(_) | Broken::Closed => Over::Lost(error),
            Broken::Garbled(_) | Broken::Unasked(_) => Over::Failed(error),
        }
    }

    fn last_reply(&self) -> Option<&Reply> {
        self.connection.record.submission().replies.last().map(|r| &r.reply)
    }

    /// Nothing that goes into a command can hold another one.
    fn check_words(&self) -> Result<(), HarnessError> {
        let words = [self.helo, &self.sent.mail_from].into_iter().chain(self.sent.rcpt_to.iter().map(String::as_str));
        match words.into_iter().find(|w| w.contains(|c: char| c.is_control() || matches!(c, ' ' | '<' | '>'))) {
            None => Ok(()),
            Some(word) => Err(HarnessError::new(
                HarnessErrorKind::Protocol,
                format!("submit to {}", error::place(self.endpoint)),
                format!("`{}` cannot stand in an SMTP command", word.escape_debug()),
                "write the name or address without spaces, angle brackets and control characters",
            )),
        }
    }
}
