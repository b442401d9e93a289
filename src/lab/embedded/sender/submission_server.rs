//! The submission server (RFC 6409).

use super::Outgoing;
use crate::{
    lab::embedded::{
        hosts::EXTERNAL_HOST,
        smtp_server::{Credentials, Envelope, HangUp, Mechanism, Recipient, Reply, Service, Session, Status},
        store::Store,
    },
    target::knobs::SubmissionFault,
};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp, fmt::rfc2822, tz::TimeZone};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Takes mail from users that have logged in.
pub(crate) struct SubmissionServer {
    outgoing: Arc<Outgoing>,
    users: Store,
    fault: SubmissionFault,
    met: AtomicBool,
}

impl SubmissionServer {
    /// Takes mail from the users of this store; one session meets the fault.
    pub(crate) fn new(outgoing: Arc<Outgoing>, users: Store, fault: SubmissionFault) -> Self {
        Self { outgoing, users, fault, met: AtomicBool::new(false) }
    }

    /// Whether this is the one time that the fault is met.
    fn meets(&self, fault: SubmissionFault) -> bool {
        self.fault == fault && !self.met.swap(true, Ordering::Relaxed)
    }
}

/// What a server says that has too much to do.
fn busy() -> Reply {
    Reply::new(421, Status(4, 3, 2), format!("{EXTERNAL_HOST} Service not available, closing transmission channel"))
}

#[async_trait]
impl Service for SubmissionServer {
    fn hostname(&self) -> &str {
        EXTERNAL_HOST
    }

    fn mechanisms(&self, session: &Session) -> &'static [Mechanism] {
        if session.tls { &[Mechanism::Plain, Mechanism::Login, Mechanism::Xoauth2] } else { &[] }
    }

    async fn connect(&self, _session: &Session) -> Reply {
        if self.meets(SubmissionFault::Busy) {
            return busy();
        }
        if self.fault == SubmissionFault::Clock {
            let behind = Timestamp::now() - SignedDuration::from_mins(10);
            let date = rfc2822::to_string(&behind.to_zoned(TimeZone::UTC)).unwrap_or_default();
            return Reply::plain(220, format!("{EXTERNAL_HOST} ESMTP Exim 4.98 {date}"));
        }
        Reply::plain(220, format!("{EXTERNAL_HOST} ESMTP Postfix"))
    }

    async fn login(&self, _session: &Session, credentials: &Credentials) -> Result<String, Reply> {
        let Credentials { mechanism, user, secret } = credentials;
        let holds = self.users.account(user).filter(|account| match mechanism {
            Mechanism::Xoauth2 => account.tokens().good(secret.expose()).inspect(|token| token.used()).is_some(),
            Mechanism::Plain | Mechanism::Login => account.credentials().password.expose() == secret.expose(),
        });
        match holds {
            Some(account) => Ok(account.address().to_owned()),
            None => Err(Reply::new(535, Status(5, 7, 8), "Error: authentication failed")),
        }
    }

    async fn mail(&self, session: &Session, _envelope: &Envelope) -> Reply {
        match (session.tls, &session.user) {
            (false, _) => Reply::new(530, Status(5, 7, 0), "Must issue a STARTTLS command first"),
            (true, None) => Reply::new(530, Status(5, 7, 0), "Authentication required"),
            (true, Some(_)) if self.meets(SubmissionFault::Mail) => busy(),
            (true, Some(_)) => Reply::new(250, Status(2, 1, 0), "Ok"),
        }
    }

    async fn recipient(&self, _session: &Session, _envelope: &Envelope, recipient: &Recipient) -> Reply {
        let address = &recipient.address;
        match address.rsplit_once('@') {
            Some((_, domain)) if !domain.is_empty() => Reply::new(250, Status(2, 1, 5), "Ok"),
            _ => Reply::new(
                504,
                Status(5, 5, 2),
                format!("<{address}>: Recipient address rejected: need fully-qualified address"),
            ),
        }
    }

    fn hangs_up(&self, at: HangUp) -> bool {
        self.meets(match at {
            HangUp::InMessage => SubmissionFault::Drop,
            HangUp::BeforeReply => SubmissionFault::Lost,
        })
    }

    async fn message(&self, session: &Session, envelope: Envelope, message: Vec<u8>) -> Reply {
        if self.meets(SubmissionFault::Message) {
            return busy();
        }
        let id = self.outgoing.accept(session, envelope, message);
        Reply::new(250, Status(2, 0, 0), format!("Ok: queued as {id}"))
    }
}
