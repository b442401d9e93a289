//! The forwarder's own checks and its own seal.

use super::{
    message_filter::{FilterResult, Incoming, MessageFilter},
    results,
    seal::Sealer,
};
use crate::{
    lab::embedded::{
        authenticate::{Authenticator, Hop},
        hosts::{COMPANY_ARC_SELECTOR, COMPANY_DKIM_SELECTOR, Company},
        keys::Keys,
        signing::{Signer, without},
    },
    target::knobs::{ArcSealing, CompanyKnobs},
};
use async_trait::async_trait;

/// Checks and seals in this process.
pub(crate) struct BuiltinFilter {
    host: String,
    knobs: CompanyKnobs,
    authenticator: Authenticator,
    signer: Option<Signer>,
}

impl BuiltinFilter {
    /// Seals for the company as the knobs say.
    pub(crate) fn new(company: &Company, knobs: &CompanyKnobs, authenticator: Authenticator, keys: &Keys) -> Self {
        let key = match knobs.arc {
            ArcSealing::Off => None,
            ArcSealing::ReusedKey => Some((COMPANY_DKIM_SELECTOR, &keys.company_dkim)),
            ArcSealing::DedicatedKey => Some((COMPANY_ARC_SELECTOR, &keys.company_arc)),
        };
        let signer = key.map(|(selector, key)| Signer::new(&company.domain, selector, key));
        Self { host: company.host.clone(), knobs: knobs.clone(), authenticator, signer }
    }
}

#[async_trait]
impl MessageFilter for BuiltinFilter {
    async fn apply(&self, incoming: &Incoming<'_>) -> FilterResult {
        let Incoming { session, envelope, message, arrived, .. } = *incoming;
        let message = without_own_results(message, &self.host);
        let hop = Hop { client: session.peer, helo: &session.helo, sender: &envelope.sender };
        let found = self.authenticator.authenticate(hop, &message).await;
        let results = results::sealed(self.knobs.results, &self.host, &found, &message);
        let spam = if results::is_spam(&found) { "X-Spam: Yes\r\n" } else { "" };
        let sets = self.signer.as_ref().map(|signer| {
            let sealer = Sealer { fault: self.knobs.seal, signer, host: &self.host, time: arrived.as_second() };
            sealer.sets(&message, &found.arc, &results)
        });
        // A seal that cannot be made is no reason to lose the mail.
        let seal = sets.and_then(Result::ok).flatten().unwrap_or_default();
        FilterResult::Take { head: format!("{spam}{seal}Authentication-Results: {results}\r\n"), message }
    }
}

/// The message without Authentication-Results that claim to be ours (RFC 8601 §5).
fn without_own_results(raw: &[u8], authserv_id: &str) -> Vec<u8> {
    without(raw, |field| {
        let text = field.text();
        let id = text.split([';', ' ', '\t']).next().unwrap_or_default();
        field.is("Authentication-Results") && id.eq_ignore_ascii_case(authserv_id)
    })
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
