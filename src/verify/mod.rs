//! What is true? Every DKIM-Signature, ARC-Message-Signature and ARC-Seal judged on its own, over a resolver that
//! records what it was told.
//!
//! The rules and the canonicalization are our own, as strict as the RFCs; mail-auth reads the keys, and aws-lc does the
//! arithmetic. Nothing here is shared with the embedded forwarder, which has canonical forms of its own, but for the line
//! ends of a message (`core::line_ending`): a fault on one side cannot hide on the other.

mod arc;
mod canonical;
mod defect;
mod dkim;
pub mod dns;
mod key;
mod seal;
mod signature;
mod signature_tags;
pub(crate) mod spf;
pub mod verdict;

pub use canonical::Canonicalization;
pub use defect::SignatureDefect;
pub use dns::{Dns, DnsError, TxtAnswer, ZoneError, ZoneFile};
pub use verdict::{BodyHash, DkimVerification, KeyFacts, SetVerification, SignatureFacts, Verdict, Verification};

pub(crate) use key::read_key;

use crate::{
    core::{UnixTime, line_ending::with_crlf},
    mail::{
        Message,
        arc::ArcChain,
        dkim::{self as dkim_fields, DkimSignature},
        dsn::Returned,
    },
};
use key::KnownKeys;
use signature::{ReadSignatures, SignatureVerifier};
use signature_tags::{SignatureKind, SignatureTags};
use std::borrow::Cow;

/// Verifies a message against DNS. `now` is in seconds since 1970, for `x=`.
/// Never fails: what could not be looked up is a `temperror` with its reason.
///
/// A message that was stored with bare LF is read as SMTP carried it, with CRLF.
pub async fn verify(message: &Message, dns: &Dns, now: UnixTime) -> Verification {
    verify_extent(message, dns, now, Extent::Whole).await
}

/// Verifies a message that a bounce gives back. Of a header alone it says whether each signature fits its header fields:
/// no body hash is looked at, so that a pass says nothing about the body.
pub async fn verify_returned(message: &Message, extent: Returned, dns: &Dns, now: UnixTime) -> Verification {
    let extent = if extent == Returned::Full { Extent::Whole } else { Extent::Header };
    verify_extent(message, dns, now, extent).await
}

/// Whether a message is its header alone, as people paste it: its body is blank, and every signature in it covers another one.
/// It can be verified as one that a bounce gives back is ([`verify_returned`]).
pub fn is_header_alone(message: &Message) -> bool {
    if !message.body().trim_ascii().is_empty() {
        return false;
    }
    let (chain, dkim) = (ArcChain::of(message), dkim_fields::all(message));
    let ams = chain.sets.iter().filter_map(|set| Some((SignatureKind::Ams, &set.ams.as_ref()?.tags)));
    let dkim = dkim.iter().map(|signature| (SignatureKind::Dkim, &signature.tags));
    let mut covered =
        ams.chain(dkim).filter_map(|(kind, tags)| SignatureTags::read(kind, tags, 0).0?.coverage).peekable();
    covered.peek().is_some() && covered.all(|c| c.body_hash != c.body.body_hash(message.body()))
}

/// How much of a message is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    Whole,
    Header,
}

async fn verify_extent(message: &Message, dns: &Dns, now: UnixTime, extent: Extent) -> Verification {
    let with_crlf = carried(message);
    let message = with_crlf.as_ref().unwrap_or(message);
    let chain = ArcChain::of(message);
    let signatures = dkim_fields::all(message);
    let read = read_signatures(&chain, &signatures, now);
    let zone = dns.answers(read.verifiable().map(SignatureTags::key_name).collect()).await;
    let mut verifier = SignatureVerifier::new(message, &read, &zone, dns.keys(), extent);
    let arc = arc::verify(message, &chain, &mut verifier);
    let dkim = dkim::verify(&signatures, &mut verifier, &arc.holding);
    Verification {
        arc: arc.verdict,
        arc_reason: arc.reason,
        arc_cause: arc.cause,
        oldest_pass: arc.oldest_pass,
        sets: arc.sets,
        dkim,
        zone,
    }
}

/// Whether the ARC-Message-Signature of a set fits the header of a message, by answers of DNS that are known. Neither its body
/// hash nor its age is looked at.
pub(crate) fn ams_fits_header(message: &Message, instance: u32, answers: &ZoneFile) -> bool {
    let with_crlf = carried(message);
    let message = with_crlf.as_ref().unwrap_or(message);
    let chain = ArcChain::of(message);
    let ams = chain.set(instance).filter(|set| arc::counts(set)).and_then(|set| set.ams.as_ref());
    ams.is_some_and(|ams| {
        let (mut read, keys) = (ReadSignatures::default(), KnownKeys::default());
        read.add(SignatureKind::Ams, &ams.tags, ams.field, 0);
        let mut verifier = SignatureVerifier::new(message, &read, answers, &keys, Extent::Header);
        verifier.message_signature(ams.field).verdict() == Verdict::Pass
    })
}

/// The message as SMTP carried it, where it has other line ends.
fn carried(message: &Message) -> Option<Message> {
    match with_crlf(message.raw()) {
        Cow::Borrowed(_) => None,
        Cow::Owned(raw) => Some(Message::parse(raw)),
    }
}

/// Every field that is judged.
fn read_signatures(chain: &ArcChain, signatures: &[DkimSignature], now: UnixTime) -> ReadSignatures {
    let mut read = ReadSignatures::default();
    for set in chain.sets.iter().filter(|set| arc::counts(set)) {
        if let Some(ams) = &set.ams {
            read.add(SignatureKind::Ams, &ams.tags, ams.field, now);
        }
        if let Some(seal) = &set.seal {
            read.add(SignatureKind::Seal, &seal.tags, seal.field, now);
        }
    }
    for signature in signatures.iter().take(dkim::MOST) {
        read.add(SignatureKind::Dkim, &signature.tags, signature.field, now);
    }
    read
}
