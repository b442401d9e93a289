//! From a submitted message to a delivered one.

use crate::{
    core::line_ending::with_crlf,
    lab::embedded::{
        authenticate::{Authenticator, Hop},
        hosts::{EXTERNAL_DOMAIN, EXTERNAL_HOSTER_DOMAIN, EXTERNAL_SELECTOR},
        keys::{KeyError, Keys},
        mta::{Queued, Relay, queue_id, received},
        signing::{Message, Signer, arc, dkim_signature, without},
        smtp_server::{Envelope, Session},
        tasks::Tasks,
    },
    target::knobs::{ExternalKnobs, SenderArc, SenderDkim},
};
use jiff::Timestamp;
use std::sync::Arc;

/// The outside sender's way of sending.
pub(crate) struct Outgoing {
    knobs: ExternalKnobs,
    relay: Relay,
    authenticator: Authenticator,
    signer: Signer,
    tasks: Tasks,
}

impl Outgoing {
    /// Sends as the knobs say.
    pub(crate) fn new(
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
            let trace = received(&session, None, &envelope, &outgoing.relay.server().host, &queue, arrived);
            let message = outgoing.written(&with_crlf(&message));
            let hop = Hop { client: session.peer, helo: &session.helo, sender: &envelope.sender };
            // A key that refuses leaves the mail as a server without that key would send it.
            let sealed = outgoing.sealed(hop, &trace, &message, arrived).await;
            let message = sealed.unwrap_or_else(|_| [trace.as_bytes(), &message].concat());
            let sender = envelope.sender.clone();
            outgoing.relay.dispatch(Queued { id: queue, envelope, message }, &sender, arrived).await;
        });
        id
    }

    /// The message with the fields that the server adds as its users' mail program.
    fn written(&self, message: &[u8]) -> Vec<u8> {
        let mailer = self.knobs.dkim == SenderDkim::Mailer && Message::new(message).named("X-Mailer").next().is_none();
        let mailer = if mailer { format!("X-Mailer: Webmail of {EXTERNAL_DOMAIN}\r\n") } else { String::new() };
        let host = &self.relay.server().host;
        let results = if self.knobs.results {
            format!("Authentication-Results: {host};\r\n\tdkim=pass header.d={EXTERNAL_DOMAIN}\r\n")
        } else {
            String::new()
        };
        [results.as_bytes(), mailer.as_bytes(), message].concat()
    }

    fn signature(&self, message: &[u8], now: Timestamp) -> Result<String, KeyError> {
        let message = Message::new(message);
        match self.knobs.dkim {
            SenderDkim::None => Ok(String::new()),
            SenderDkim::Sign | SenderDkim::Broken | SenderDkim::Mailer => {
                dkim_signature(&self.signer, &message, now.as_second())
            }
            SenderDkim::Host => {
                let host = Signer::new(EXTERNAL_HOSTER_DOMAIN, EXTERNAL_SELECTOR, &self.signer.key);
                dkim_signature(&host, &message, now.as_second())
            }
        }
    }

    /// The message, signed, under its trace field and the ARC Sets of its sender.
    async fn sealed(&self, hop: Hop<'_>, trace: &str, message: &[u8], now: Timestamp) -> Result<Vec<u8>, KeyError> {
        let seal = async |message: Vec<u8>| -> Result<Vec<u8>, KeyError> {
            let set = self.set(hop, &message, now).await?;
            Ok([set.unwrap_or_default().as_bytes(), &message].concat())
        };
        let sign = |message: &[u8]| -> Result<Vec<u8>, KeyError> {
            Ok([trace.as_bytes(), self.signature(message, now)?.as_bytes(), message].concat())
        };
        match self.knobs.arc {
            SenderArc::None => sign(message),
            SenderArc::Seal => seal(sign(message)?).await,
            SenderArc::Twice => seal(seal(sign(message)?).await?).await,
            SenderArc::Changed => sign(&changed(seal(message.to_vec()).await?)),
            SenderArc::Failed => seal(sign(&changed(seal(message.to_vec()).await?))?).await,
            SenderArc::Partial => Ok(without(&seal(sign(message)?).await?, |field| field.is("ARC-Seal"))),
        }
    }

    /// The sender's own ARC Set: nothing was checked but the chain, the mail comes from its own user.
    async fn set(&self, hop: Hop<'_>, message: &[u8], now: Timestamp) -> Result<Option<String>, KeyError> {
        let found = self.authenticator.authenticate(hop, message).await;
        let Some(next) = found.arc.next_set() else { return Ok(None) };
        let results = format!("{}; arc={}", self.relay.server().host, next.cv);
        let style = arc::SealStyle::default();
        arc::set(&self.signer, &Message::new(message), next, &results, now.as_second(), style).map(Some)
    }
}

/// The message with a line at the end of its body.
fn changed(mut message: Vec<u8>) -> Vec<u8> {
    if !message.ends_with(b"\r\n") {
        message.extend_from_slice(b"\r\n");
    }
    message.extend_from_slice(b"This message came from outside the list.\r\n");
    message
}
