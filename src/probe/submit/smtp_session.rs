//! The commands, in order.

use super::{
    command::Command,
    connection::{Broken, Connection},
    conversation::{Conversation, Ended},
    error,
    extensions::Extensions,
    login,
    tcp_connect::ConnectProgress,
};
use crate::{
    core::deadline,
    evidence::{Sent, Stage, Submission},
    outcome::{HarnessError, HarnessErrorKind},
    probe::{clock, peer_certificate::Protocol, tls, token::Tokens},
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
pub(super) struct SmtpSession<'a> {
    pub(super) conversation: Conversation<'a>,
    helo: &'a str,
    sent: &'a Sent,
    /// What logs in with refresh tokens.
    tokens: &'a Tokens,
    connecting: ConnectProgress,
}

impl<'a> SmtpSession<'a> {
    /// Nothing said yet; times count from `start`.
    pub(super) fn new(
        endpoint: &'a Endpoint,
        helo: &'a str,
        sent: &'a Sent,
        tokens: &'a Tokens,
        start: Instant,
    ) -> Self {
        let conversation = Conversation { endpoint, connection: Connection::new(start) };
        Self { conversation, helo, sent, tokens, connecting: ConnectProgress::default() }
    }

    /// Everything from the connection to the answer to the message. A refusal ends it early and is no error.
    pub(super) async fn run(&mut self) -> Result<(), HarnessError> {
        match self.talk().await {
            Ok(()) | Err(Ended::Refused) => Ok(()),
            // A server that refuses and hangs up has refused.
            Err(Ended::Lost(_)) if self.conversation.last_reply().is_some_and(|r| !r.is_positive()) => Ok(()),
            Err(Ended::Lost(error) | Ended::Failed(error)) => Err(error),
        }
    }

    /// Everything before the first MAIL; what the server offers at the end, `None` when it refused before.
    pub(super) async fn enter(&mut self) -> Result<Option<Extensions>, HarnessError> {
        match self.open().await {
            Ok(extensions) => Ok(Some(extensions)),
            Err(Ended::Refused) => Ok(None),
            Err(Ended::Lost(error) | Ended::Failed(error)) => Err(error),
        }
    }

    /// QUIT, and its answer where it comes soon.
    pub(super) async fn leave(&mut self) {
        // A server that said 421 closes the connection itself.
        if self.conversation.connection.is_open() && self.conversation.last_reply().is_some_and(|r| r.code != 421) {
            tokio::time::timeout(deadline::scaled(FAREWELL), self.conversation.connection.ask(&Command::quit()))
                .await
                .ok();
        }
    }

    /// Why the time was over before the server had answered.
    pub(super) fn too_late(&mut self, waited: Duration) -> HarnessError {
        let Conversation { endpoint, connection } = &self.conversation;
        let late = std::mem::take(&mut self.connecting).too_late(endpoint, waited);
        late.unwrap_or_else(|| error::silent(endpoint, &connection.record, waited))
    }

    /// What was said.
    pub(super) fn into_submission(self) -> Submission {
        self.conversation.connection.record.into_submission()
    }

    async fn talk(&mut self) -> Result<(), Ended> {
        self.check_words()?;
        let extensions = self.open().await?;
        if let Some(apart) = self.clocks_apart() {
            self.leave().await;
            return Err(apart.into());
        }
        self.envelope(&extensions).await?;
        let answer = self.conversation.connection.send(self.sent.raw()).await;
        self.conversation.taken(answer)
    }

    /// Connection, greeting, hello, STARTTLS and login.
    async fn open(&mut self) -> Result<Extensions, Ended> {
        let endpoint = self.conversation.endpoint;
        tls::prepare(endpoint);
        let secret = match &endpoint.login {
            Some(account) => Some((account, login::secret(self.tokens, account).await?)),
            None => None,
        };
        let tcp = self.connecting.connect(endpoint).await?;
        self.conversation.connection.open(tcp);
        if endpoint.tls == TlsMode::Implicit {
            self.secure().await?;
        }
        let greeting = self.conversation.connection.greeting().await;
        self.conversation.taken(greeting)?;
        let mut extensions = self.hello().await?;
        if endpoint.tls == TlsMode::Starttls {
            extensions = self.starttls(&extensions).await?;
        }
        if let Some((account, secret)) = secret {
            login::login(&mut self.conversation, self.tokens, &extensions, account, secret).await?;
        }
        Ok(extensions)
    }

    /// Why no mail should be dated here, where the greeting tells the time.
    fn clocks_apart(&self) -> Option<HarnessError> {
        let Conversation { endpoint, connection } = &self.conversation;
        let greeting = connection.record.submission().replies.first()?;
        clock::compare(|| format!("submit to {}", endpoint.place()), &greeting.reply.text)
    }

    /// MAIL, RCPT and DATA.
    async fn envelope(&mut self, extensions: &Extensions) -> Result<(), Ended> {
        let (conversation, sent) = (&mut self.conversation, self.sent);
        if let Some(address) = extensions.cannot_take(sent) {
            return Err(error::no_smtputf8(conversation.endpoint, address).into());
        }
        let mail = Command::mail(&sent.mail_from, &extensions.mail_parameters(sent));
        conversation.positive(&mail).await?;
        let mut accepted = false;
        for recipient in &sent.rcpt_to {
            let rcpt = Command::rcpt(recipient, &extensions.rcpt_parameters(recipient));
            let reply = conversation.exchange(&rcpt).await?;
            accepted |= reply.is_positive();
            if reply.code == 421 {
                return Err(Ended::Refused);
            }
        }
        if !accepted {
            return Err(Ended::Refused);
        }
        conversation.positive(&Command::data()).await
    }

    async fn secure(&mut self) -> Result<(), HarnessError> {
        let Conversation { endpoint, connection } = &mut self.conversation;
        let client = tls::client(endpoint)?;
        self.connecting.begin_handshake();
        let Err(error) = connection.upgrade(&client, endpoint.certificate_name()).await else {
            self.connecting.end_handshake();
            return Ok(());
        };
        let (of, text) = (endpoint.clone(), tls::told(&error));
        let failed = tokio::task::spawn_blocking(move || tls::failure(&of, &text, Protocol::Smtp)).await;
        Err(failed.unwrap_or_else(|e| error::broken(endpoint, "tls", &Broken::Io(io::Error::other(e)))))
    }

    /// EHLO; HELO where the server does not know it or does not want it (RFC 5321 §3.2, §4.1.4).
    async fn hello(&mut self) -> Result<Extensions, Ended> {
        let hello = match self.helo.parse::<IpAddr>() {
            Ok(IpAddr::V4(ip)) => ClientId::Ipv4(ip),
            Ok(IpAddr::V6(ip)) => ClientId::Ipv6(ip),
            Err(_) => ClientId::Domain(self.helo.to_owned()),
        };
        let conversation = &mut self.conversation;
        let answer = conversation.connection.ask(&Command::ehlo(&hello)).await;
        let answer = answer.map_err(|broken| conversation.ended(&broken))?;
        if answer.reply.is_positive() {
            return Ok(Extensions::read(answer.lines.iter().map(String::as_str)));
        }
        if !answer.reply.is_permanent() {
            return Err(Ended::Refused);
        }
        conversation.positive(&Command::helo(&hello)).await?;
        conversation.connection.record.forget(|r| r.stage == Stage::Ehlo && !r.reply.is_positive());
        Ok(Extensions::default())
    }

    async fn starttls(&mut self, extensions: &Extensions) -> Result<Extensions, Ended> {
        let conversation = &mut self.conversation;
        if !extensions.offers("STARTTLS") {
            let message = "the server offers no STARTTLS, so nothing was sent".to_owned();
            return Err(error::no_starttls(conversation.endpoint, message).into());
        }
        let reply = conversation.exchange(&Command::starttls()).await?;
        if reply.is_transient() && reply.code != 454 {
            return Err(Ended::Refused);
        }
        if !reply.is_positive() {
            return Err(error::no_starttls(conversation.endpoint, format!("the server answered {reply}")).into());
        }
        if !conversation.connection.surplus().await.is_empty() {
            let message = "data in clear followed the answer to STARTTLS; somebody may have put it there (RFC 3207 §6)";
            return Err(error::no_starttls(conversation.endpoint, message.to_owned()).into());
        }
        self.secure().await?;
        self.hello().await
    }

    /// Nothing that goes into a command can hold another one.
    fn check_words(&self) -> Result<(), HarnessError> {
        let words = [self.helo, &self.sent.mail_from].into_iter().chain(self.sent.rcpt_to.iter().map(String::as_str));
        match words.into_iter().find(|w| w.contains(|c: char| c.is_control() || matches!(c, ' ' | '<' | '>'))) {
            None => Ok(()),
            Some(word) => Err(HarnessError::new(
                HarnessErrorKind::Protocol,
                format!("submit to {}", self.conversation.endpoint.place()),
                format!("`{}` cannot stand in an SMTP command", word.escape_debug()),
                "write the name or address without spaces, angle brackets and control characters",
            )),
        }
    }
}
