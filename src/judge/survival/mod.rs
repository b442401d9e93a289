//! What of a mail survived its way: what was sent beside the received copy, limited to what a signature covers, in the
//! form that the signature hashes.

pub(super) mod body;
mod headers;
mod visible;

use crate::{
    core::line_ending::with_crlf,
    evidence::ReturnedMail,
    mail::{
        Message,
        arc::{ArcChain, Instance},
        dkim,
        dsn::Returned,
        taglist::TagList,
    },
    outcome::{SigningField, Survival},
    verify::{Canonicalization, Verdict, Verification},
};
use headers::Header;
use std::borrow::Cow;

/// How many signatures of each kind are compared, as many as are verified.
const MOST: usize = 50;

/// A signature of the received copy.
struct Signature<'a> {
    field: SigningField,
    i: Option<u32>,
    d: Option<&'a String>,
    s: Option<&'a String>,
    names: &'a [String],
    tags: &'a TagList,
    /// The index of its field.
    at: usize,
    verdict: Option<Verdict>,
}

/// Compares what every signature of a received copy covers with what was sent: DKIM-Signatures top to bottom, then
/// ARC-Message-Signatures by instance. A signature whose `c=` cannot be read covers nothing that can be compared.
///
/// No difference is reported exactly when the canonical forms are equal. One exception: fields that servers write on the
/// way (DKIM-Signature, Received, …) are no difference where they came only after the mail was sent.
pub fn survival(sent: &Message, received: &Message, verification: Option<&Verification>) -> Vec<Survival> {
    let (sent, received) = (crlf(sent), crlf(received));
    let (chain, dkim) = (ArcChain::of(&received), dkim::all(&received));
    let signatures = dkim.iter().take(MOST).enumerate().map(|(n, dkim)| Signature {
        field: SigningField::Dkim,
        i: None,
        d: dkim.domain.as_ref(),
        s: dkim.selector.as_ref(),
        names: &dkim.signed_headers,
        tags: &dkim.tags,
        at: dkim.field,
        verdict: verification.and_then(|v| v.dkim.get(n)).map(|d| d.result),
    });
    let sets = chain.sets.iter().filter(|set| Instance::new(set.instance).is_some());
    let seals = sets.filter_map(|set| set.ams.as_ref().map(|ams| (set.instance, ams))).map(|(i, ams)| Signature {
        field: SigningField::Ams,
        i: Some(i),
        d: ams.domain.as_ref(),
        s: ams.selector.as_ref(),
        names: &ams.signed_headers,
        tags: &ams.tags,
        at: ams.field,
        verdict: verification.and_then(|v| v.set(i)).map(|set| set.ams),
    });
    let mut bodies = body::Bodies::of(sent.body(), received.body());
    let (sent, received) = (Header::of(&sent), Header::of(&received));
    signatures.chain(seals).filter_map(|signature| compare(&sent, &received, &mut bodies, &signature)).collect()
}

/// The same for the copy that a bounce gives back: where that is only a header, no body is compared.
pub(crate) fn survival_of_returned(sent: &Message, returned: &ReturnedMail) -> Vec<Survival> {
    let header = (returned.extent == Returned::Headers).then(|| Message::parse(sent.header()));
    survival(header.as_ref().unwrap_or(sent), &returned.message, returned.verification.as_ref())
}

fn compare(
    sent: &Header<'_>,
    received: &Header<'_>,
    bodies: &mut body::Bodies<'_>,
    signature: &Signature<'_>,
) -> Option<Survival> {
    let tags = signature.tags;
    let c = tags.compact("c");
    let [Some(header), Some(body)] = Canonicalization::of_tag(c.as_deref()) else { return None };
    let own = [sent.same_signature(received.field(signature.at)?, tags), Some(signature.at)];
    let headers = headers::changes(sent, received, header, signature.names, own);
    let body = bodies.change(body, tags.number("l"));
    Some(Survival {
        field: signature.field,
        i: signature.i,
        d: signature.d.cloned(),
        s: signature.s.cloned(),
        line: received.field(signature.at)?.line,
        verdict: signature.verdict,
        survives: signature.verdict == Some(Verdict::Pass) || (headers.is_empty() && body.is_none()),
        headers,
        body,
        c: c.unwrap_or_else(|| "simple/simple".to_owned()),
    })
}

/// The message as SMTP carried it.
fn crlf(message: &Message) -> Cow<'_, Message> {
    match with_crlf(message.raw()) {
        Cow::Borrowed(_) => Cow::Borrowed(message),
        Cow::Owned(raw) => Cow::Owned(Message::parse(raw).at_line(message.first_line())),
    }
}

#[cfg(test)]
mod tests;
