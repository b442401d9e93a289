//! What is true? Every DKIM-Signature, ARC-Message-Signature and ARC-Seal judged on its own, over a resolver that
//! records what it was told.
//!
//! The rules and the canonicalization are our own, as strict as the RFCs; mail-auth reads the keys and does the
//! arithmetic. Nothing here is shared with the embedded forwarder, which signs with mail-auth's own canonicalization:
//! a fault on one side cannot hide on the other.

mod arc;
pub mod canonical;
mod dkim;
pub mod dns;
mod judge;
mod key;
mod signature;
pub mod verdict;

pub use canonical::Canonicalization;
pub use dns::{Dns, DnsError, TxtAnswer, ZoneError, ZoneFile};
pub use verdict::{
    BodyHash, Cause, DkimVerification, KeyFacts, SetVerification, SignatureFacts, Verdict, Verification,
};

use crate::mail::Message;
use std::borrow::Cow;

/// Verifies a message against DNS. `now` is in seconds since 1970, for `x=`.
/// Never fails: what could not be looked up is a `temperror` with its reason.
///
/// A message that was stored with bare LF is read as SMTP carried it, with CRLF.
pub async fn verify(message: &Message, dns: &Dns, now: i64) -> Verification {
    let with_crlf = match canonical::with_crlf(message.raw()) {
        Cow::Borrowed(_) => None,
        Cow::Owned(raw) => Some(Message::parse(raw)),
    };
    let message = with_crlf.as_ref().unwrap_or(message);
    let mut judge = judge::Judge::new(message, dns::Recorder::new(dns), now);
    let chain = arc::judge(message, &mut judge).await;
    let dkim = dkim::judge(message, &mut judge, &chain.holding).await;
    Verification {
        arc: chain.verdict,
        arc_reason: chain.reason,
        arc_cause: chain.cause,
        oldest_pass: chain.oldest_pass,
        sets: chain.sets,
        dkim,
        zone: judge.into_recorder().into_zone(),
    }
}
