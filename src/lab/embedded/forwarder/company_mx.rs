//! The company's MX.

use super::forward::{Forwarder, Route};
use crate::lab::embedded::{
    signing::Message,
    smtp_server::{Envelope, Recipient, Reply, Service, Session, Status, domain_of},
};
use async_trait::async_trait;
use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
};

/// A message that came through more servers than this goes in a circle.
const MAX_HOPS: usize = 50;

/// Takes mail for the company.
pub(crate) struct CompanyMx {
    forwarder: Arc<Forwarder>,
    reject: Option<Reply>,
    /// Envelopes and messages whose first attempt was deferred.
    seen: Mutex<HashSet<u64>>,
}

impl CompanyMx {
    /// Takes mail for this forwarder; `reject` is the answer to every recipient.
    pub(crate) fn new(forwarder: Arc<Forwarder>, reject: Option<Reply>) -> Self {
        Self { forwarder, reject, seen: Mutex::default() }
    }

    /// Whether this is the first attempt of a message, which greylisting defers.
    fn first_attempt(&self, envelope: &Envelope, message: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        envelope.sender.hash(&mut hasher);
        envelope.recipients.iter().for_each(|r| r.address.hash(&mut hasher));
        message.hash(&mut hasher);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(hasher.finish())
    }
}

#[async_trait]
impl Service for CompanyMx {
    fn hostname(&self) -> &str {
        &self.forwarder.company().host
    }

    async fn connect(&self, _session: &Session) -> Reply {
        Reply::plain(220, format!("{} ESMTP Postfix", self.hostname()))
    }

    async fn recipient(&self, _session: &Session, _envelope: &Envelope, recipient: &Recipient) -> Reply {
        let address = &recipient.address;
        let domain = domain_of(address);
        if !domain.eq_ignore_ascii_case(&self.forwarder.company().domain) {
            return Reply::new(554, Status(5, 7, 1), format!("<{address}>: Relay access denied"));
        }
        if let Some(reject) = &self.reject {
            return reject.clone();
        }
        match self.forwarder.route(address) {
            Route::To(_) => Reply::new(250, Status(2, 1, 5), "Ok"),
            Route::Unknown => Reply::new(
                550,
                Status(5, 1, 1),
                format!("<{address}>: Recipient address rejected: User unknown in local recipient table"),
            ),
            Route::Refused(error) => {
                Reply::new(550, Status(5, 1, 1), format!("<{address}>: Recipient address rejected: {error}"))
            }
        }
    }

    async fn message(&self, session: &Session, envelope: Envelope, message: Vec<u8>) -> Reply {
        if Message::new(&message).named("Received").count() > MAX_HOPS {
            return Reply::new(554, Status(5, 4, 0), "Error: too many hops");
        }
        if self.forwarder.knobs().greylist && self.first_attempt(&envelope, &message) {
            return Reply::new(451, Status(4, 7, 1), "Greylisting in action, please come back later");
        }
        self.forwarder.accept(session, envelope, &message).await
    }
}
