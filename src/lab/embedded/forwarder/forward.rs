//! From an accepted message to a forwarded one.

use super::{Srs, SrsError, modify, results};
use crate::{
    lab::embedded::{
        authenticate::{Authentication, Authenticator, Hop},
        keys::{KeyError, Keys},
        mta::{Queued, Relay, queue_id, received},
        parties::{COMPANY_ALIASES, COMPANY_ARC_SELECTOR, COMPANY_DKIM_SELECTOR, COMPANY_DOMAIN},
        signing::{Field, Message, Signer, arc, with_crlf},
        smtp_server::{Envelope, Recipient, Session},
        tasks::Tasks,
    },
    scenario::knobs::{ArcSealing, CompanyKnobs, Modification},
};
use jiff::Timestamp;
use std::sync::Arc;

/// The company's way of forwarding.
pub struct Forwarder {
    knobs: CompanyKnobs,
    relay: Relay,
    authenticator: Authenticator,
    signer: Option<Signer>,
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
    /// Forwards as the knobs say.
    pub fn new(
        knobs: &CompanyKnobs,
        relay: Relay,
        authenticator: Authenticator,
        keys: &Keys,
        srs_secret: &[u8],
        tasks: &Tasks,
    ) -> Self {
        let signer = match knobs.arc {
            ArcSealing::Off => None,
            ArcSealing::ReusedKey => Some((COMPANY_DKIM_SELECTOR, &keys.company_dkim)),
            ArcSealing::DedicatedKey => Some((COMPANY_ARC_SELECTOR, &keys.company_arc)),
        };
        Self {
            knobs: knobs.clone(),
            relay,
            authenticator,
            signer: signer.map(|(selector, key)| Signer::new(COMPANY_DOMAIN, selector, key)),
            srs: Srs::new(srs_secret, COMPANY_DOMAIN),
            tasks: tasks.clone(),
        }
    }

    pub(super) fn knobs(&self) -> &CompanyKnobs {
        &self.knobs
    }

    /// Where mail for this address of ours goes. Bounces to rewritten senders find their way back, whether or not
    /// senders are rewritten now.
    pub(super) fn route(&self, address: &str) -> Route {
        if let Some((_, to)) = COMPANY_ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(address)) {
            return Route::To((*to).to_owned());
        }
        match self.srs.reverse(address, Timestamp::now()) {
            Ok(to) => Route::To(to),
            Err(SrsError::NotSrs) => Route::Unknown,
            Err(error) => Route::Refused(error),
        }
    }

    /// Takes a message; it is checked, sealed and sent on after the return. The queue id.
    pub(super) fn accept(self: &Arc<Self>, session: &Session, envelope: Envelope, message: Vec<u8>) -> String {
        let arrived = Timestamp::now();
        let id = queue_id(arrived);
        let (forwarder, session, queue) = (Arc::clone(self), session.clone(), id.clone());
        self.tasks.spawn(async move { forwarder.forward(&session, envelope, &message, queue, arrived).await });
        id
    }

    async fn forward(&self, session: &Session, envelope: Envelope, message: &[u8], id: String, arrived: Timestamp) {
        let message = without_own_results(&with_crlf(message), self.relay.site().host);
        let hop = Hop { client: session.peer, helo: &session.helo, sender: &envelope.sender };
        let (found, name) =
            tokio::join!(self.authenticator.authenticate(hop, &message), self.relay.net().confirmed_name(session.peer));
        let host = self.relay.site().host;
        let trace = received(session, name.as_deref(), &envelope, host, &id, arrived);
        let results = results::payload(host, &found);
        // A seal that cannot be made is no reason to lose the mail.
        let seal = self.seal(&message, &found, &results, arrived).ok().flatten().unwrap_or_default();
        let head = format!("{trace}{seal}Authentication-Results: {results}\r\n");
        let change = if envelope.sender.is_empty() { Modification::None } else { self.knobs.modify };
        let message = modify::apply(change, [head.as_bytes(), &message].concat());
        let true_sender = envelope.sender.clone();
        let sender = if self.knobs.srs { self.srs.forward(&true_sender, arrived) } else { true_sender.clone() };
        let recipients = envelope.recipients.iter().filter_map(|r| self.forwarded(r)).collect();
        let queued = Queued { id, envelope: Envelope { sender, recipients, ..envelope }, message };
        self.relay.dispatch(queued, &true_sender, arrived).await;
    }

    fn forwarded(&self, recipient: &Recipient) -> Option<Recipient> {
        let Route::To(address) = self.route(&recipient.address) else { return None };
        let original = recipient.original.clone().unwrap_or_else(|| format!("rfc822;{}", recipient.address));
        Some(Recipient { address, original: Some(original), notify: recipient.notify })
    }

    fn seal(
        &self,
        message: &[u8],
        found: &Authentication,
        results: &str,
        now: Timestamp,
    ) -> Result<Option<String>, KeyError> {
        let (Some(signer), Some(next)) = (&self.signer, arc::next(&found.arc)) else { return Ok(None) };
        arc::set(signer, &Message::new(message), next, results, now.as_second()).map(Some)
    }
}

/// The message without Authentication-Results that claim to be ours (RFC 8601 §5).
fn without_own_results(raw: &[u8], authserv_id: &str) -> Vec<u8> {
    let message = Message::new(raw);
    let ours = |field: &Field<'_>| {
        let text = field.text();
        let id = text.split([';', ' ', '\t']).next().unwrap_or_default();
        field.is("Authentication-Results") && id.eq_ignore_ascii_case(authserv_id)
    };
    let mut out = Vec::with_capacity(raw.len());
    let mut from = 0;
    for field in message.fields.iter().filter(|f| ours(f)) {
        out.extend_from_slice(&raw[from..field.range().start]);
        from = field.range().end;
    }
    out.extend_from_slice(&raw[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forged_results_of_ours_go_and_others_stay() {
        let raw = b"A: 1\r\nAuthentication-Results: MX.corp.example;\r\n dmarc=pass\r\nAuthentication-Results: \
            mx.other.example; spf=pass\r\n\r\nAuthentication-Results: mx.corp.example; x\r\n";
        let want = b"A: 1\r\nAuthentication-Results: mx.other.example; spf=pass\r\n\r\nAuthentication-Results: \
            mx.corp.example; x\r\n";
        assert_eq!(without_own_results(raw, "mx.corp.example"), want);
    }
}
