//! From an accepted message to a forwarded one.

use super::{
    Srs, SrsError,
    message_filter::{FilterResult, Incoming, MessageFilter},
    modify,
};
use crate::{
    core::line_ending::with_crlf,
    lab::embedded::{
        hosts::{COMPANY_DKIM_SELECTOR, COMPANY_RELAY_ADDRESS, Company},
        keys::Keys,
        mta::{Queued, Relay, queue_id, received},
        signing::Signer,
        smtp_server::{Envelope, Recipient, Reply, Session, Status},
        tasks::Tasks,
    },
    target::knobs::{CompanyKnobs, Modification, SealedResults},
};
use jiff::Timestamp;
use std::sync::Arc;

/// The company's way of forwarding.
pub(crate) struct Forwarder {
    company: Company,
    knobs: CompanyKnobs,
    relay: Relay,
    filter: Arc<dyn MessageFilter>,
    dkim: Signer,
    srs: Srs,
    tasks: Tasks,
}

/// Where mail for a company address goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// To this address.
    To(String),
    /// Nowhere: there is no such user.
    Unknown,
    /// Nowhere: it is an SRS address that is not to be believed.
    Refused(SrsError),
}

impl Forwarder {
    /// Forwards the company's mail as the knobs say, after `filter` has seen it. `srs_secret` guards the senders that it rewrites.
    pub(crate) fn new(
        company: &Company,
        knobs: &CompanyKnobs,
        relay: Relay,
        filter: Arc<dyn MessageFilter>,
        keys: &Keys,
        srs_secret: &[u8],
        tasks: &Tasks,
    ) -> Self {
        Self {
            company: company.clone(),
            knobs: knobs.clone(),
            relay,
            filter,
            dkim: Signer::new(&company.domain, COMPANY_DKIM_SELECTOR, &keys.company_dkim),
            srs: Srs::new(srs_secret, &company.domain),
            tasks: tasks.clone(),
        }
    }

    pub(super) fn company(&self) -> &Company {
        &self.company
    }

    pub(super) fn knobs(&self) -> &CompanyKnobs {
        &self.knobs
    }

    /// Where mail for this address of ours goes. Bounces to rewritten senders find their way back, whether or not
    /// senders are rewritten now.
    pub(super) fn route(&self, address: &str) -> Route {
        let mut aliases = self.company.aliases.iter();
        if let Some((_, to)) = aliases.find(|(alias, _)| alias.eq_ignore_ascii_case(address)) {
            return Route::To((*to).to_owned());
        }
        match self.srs.reverse(address, Timestamp::now()) {
            Ok(to) => Route::To(to),
            Err(SrsError::NotSrs) => Route::Unknown,
            Err(error) => Route::Refused(error),
        }
    }

    /// Checks and seals a message, and takes it unless it is refused; it is sent on after the return. The reply.
    pub(super) async fn accept(self: &Arc<Self>, session: &Session, envelope: Envelope, message: &[u8]) -> Reply {
        let arrived = Timestamp::now();
        let id = queue_id(arrived);
        let change = self.change(&envelope);
        let message = modify::before_the_seal(change, self.knobs.seal, &self.dkim, with_crlf(message).into(), arrived);
        let name = self.relay.net().confirmed_name(session.peer).await;
        let relayed = (self.knobs.results == SealedResults::Relay).then(|| self.relayed(session));
        let outer = relayed
            .as_ref()
            .map(|relay| received(session, name.as_deref(), &envelope, &relay.helo, &queue_id(arrived), arrived));
        let (session, name) = match &relayed {
            Some(relay) => (relay, Some(relay.helo.clone())),
            None => (session, name),
        };
        let client_name = name.as_deref();
        let incoming = Incoming { session, client_name, envelope: &envelope, id: &id, message: &message, arrived };
        let (head, message) = match self.filter.apply(&incoming).await {
            FilterResult::Take { head, message } => (head, message),
            FilterResult::Refuse(reply) => return reply,
        };
        let trace = received(session, client_name, &envelope, &self.relay.server().host, &id, arrived);
        let outer = outer.unwrap_or_default();
        let message = [trace.as_bytes(), head.as_bytes(), outer.as_bytes(), &message].concat();
        let (forwarder, queue) = (Arc::clone(self), id.clone());
        self.tasks.spawn(async move { forwarder.forward(envelope, message, queue, arrived).await });
        Reply::new(250, Status(2, 0, 0), format!("Ok: queued as {id}"))
    }

    async fn forward(&self, envelope: Envelope, message: Vec<u8>, id: String, arrived: Timestamp) {
        let message = modify::after_the_seal(self.change(&envelope), self.knobs.seal, message);
        let true_sender = envelope.sender.clone();
        let sender = if self.knobs.srs { self.srs.forward(&true_sender, arrived) } else { true_sender.clone() };
        let recipients = envelope.recipients.iter().filter_map(|r| self.forwarded(r)).collect();
        let queued = Queued { id, envelope: Envelope { sender, recipients, ..envelope }, message };
        self.relay.dispatch(queued, &true_sender, arrived).await;
    }

    /// What is changed in a message; bounces are left as they are.
    fn change(&self, envelope: &Envelope) -> Modification {
        if envelope.sender.is_empty() { Modification::None } else { self.knobs.modify }
    }

    /// What is seen of a client that handed its message to the company's relay.
    fn relayed(&self, session: &Session) -> Session {
        let mut relay = session.clone();
        (relay.peer, relay.helo) = (COMPANY_RELAY_ADDRESS.into(), self.company.relay());
        relay
    }

    fn forwarded(&self, recipient: &Recipient) -> Option<Recipient> {
        let Route::To(address) = self.route(&recipient.address) else { return None };
        let original = recipient.original.clone().unwrap_or_else(|| format!("rfc822;{}", recipient.address));
        Some(Recipient { address, original: Some(original), notify: recipient.notify })
    }
}
