//! From a submitted message to a delivered one.

use crate::{
    lab::embedded::{
        authenticate::{Authenticator, Hop},
        keys::{KeyError, Keys},
        mta::{Queued, Relay, queue_id, received},
        parties::{EXTERNAL_DOMAIN, EXTERNAL_SELECTOR},
        signing::{Message, Signer, arc, dkim_signature, with_crlf},
        smtp_server::{Envelope, Session},
        tasks::Tasks,
    },
    scenario::knobs::{ExternalKnobs, SenderDkim},
};
use jiff::Timestamp;
use std::sync::Arc;

/// The outside sender's way of sending.
pub struct Outgoing {
    knobs: ExternalKnobs,
    relay: Relay,
    authenticator: Authenticator,
    signer: Signer,
    tasks: Tasks,
}

impl Outgoing {
    /// Sends as the knobs say.
    pub fn new(
        knobs: &ExternalKnobs,
        relay: Relay,
        authenticator: Authenticator,
        keys: &Keys,
        tasks: &Tasks,
    ) -> Arc<Self> {
        let signer = Signer::new(EXTERNAL_DOMAIN, EXTERNAL_SELECTOR, &keys.sender);
        Arc::new(Self { knobs: knobs.clone(), relay, authenticator, signer, tasks: tasks.clone() })
    }

    /// Takes a message; it is signed and sent after the return. The queue id.
    pub(super) fn accept(self: &Arc<Self>, session: &Session, envelope: Envelope, message: Vec<u8>) -> String {
        let arrived = Timestamp::now();
        let id = queue_id(arrived);
        let (outgoing, session, queue) = (Arc::clone(self), session.clone(), id.clone());
        self.tasks.spawn(async move {
            let trace = received(&session, None, &envelope, &outgoing.relay.site().host, &queue, arrived);
            let message = with_crlf(&message);
            // A key that refuses leaves the mail as a server without that key would send it.
            let signature = outgoing.signature(&message, arrived).unwrap_or_default();
            let message = [trace.as_bytes(), signature.as_bytes(), &message].concat();
            let seal = outgoing.seal(&session, &envelope, &message, arrived).await.ok().flatten().unwrap_or_default();
            let message = [seal.as_bytes(), &message].concat();
            let sender = envelope.sender.clone();
            outgoing.relay.dispatch(Queued { id: queue, envelope, message }, &sender, arrived).await;
        });
        id
    }

    fn signature(&self, message: &[u8], now: Timestamp) -> Result<String, KeyError> {
        match self.knobs.dkim {
            SenderDkim::None => Ok(String::new()),
            SenderDkim::Sign | SenderDkim::Broken => {
                dkim_signature(&self.signer, &Message::new(message), now.as_second())
            }
        }
    }

    /// The sender's own ARC Set: nothing was checked, the mail comes from its own user.
    async fn seal(
        &self,
        session: &Session,
        envelope: &Envelope,
        message: &[u8],
        now: Timestamp,
    ) -> Result<Option<String>, KeyError> {
        if !self.knobs.arc {
            return Ok(None);
        }
        let hop = Hop { client: session.peer, helo: &session.helo, sender: &envelope.sender };
        let found = self.authenticator.authenticate(hop, message).await;
        let Some(next) = arc::next(&found.arc) else { return Ok(None) };
        let results = format!("{}; arc=none", self.relay.site().host);
        arc::set(&self.signer, &Message::new(message), next, &results, now.as_second()).map(Some)
    }
}
