//! Experiments on a header that a message signature does not fit: what undoes a change says which field it was.

use crate::{
    judge::diagnose::{builder::quote, facts::MailFacts},
    mail::{
        Field, Message,
        arc::{ArcMessageSignature, ArcSet},
    },
    outcome::EvidenceRef,
    verify::{ZoneFile, ams_fits_header},
};

/// The most tries: each verifies a signature.
const MOST: usize = 96;
/// Larger headers are not tried.
const LARGEST: usize = 1 << 16;
/// The most fields that are shown.
const MOST_SHOWN: usize = 5;
/// The most words of a subject that are taken for a tag.
const LONGEST_TAG: usize = 6;

/// What undoes a change of one field: what it was before.
struct Undoing<'m> {
    field: &'m Field,
    /// Nothing where there was no such field.
    before: Vec<u8>,
    text: String,
    /// It cannot be that the sealer left the field out.
    is_sure: bool,
}

/// Changes which, undone, make a message signature fit.
pub(super) struct Undone<'m> {
    /// The fields that changed.
    pub(super) names: Vec<&'m str>,
    pub(super) shown: Vec<EvidenceRef>,
    /// Nothing but a change after the seal explains it.
    pub(super) is_sure: bool,
}

/// The fields that were added or tagged after a set was made; `None` where nothing that is tried makes its signature fit.
pub(super) fn undone<'m>(mail: &MailFacts<'m>, set: &ArcSet, answers: &ZoneFile) -> Option<Undone<'m>> {
    let (message, ams) = (mail.message, set.ams.as_ref()?);
    if message.header().len() > LARGEST {
        return None;
    }
    let (added, tagged) = (added(message, ams), tagged(message, ams));
    let pairs = added.iter().flat_map(|one| tagged.iter().map(move |other| vec![one, other]));
    let pairs = pairs.filter(|pair| pair[0].field.offset != pair[1].field.offset);
    let mut tries = added.iter().chain(&tagged).map(|one| vec![one]).chain(pairs).take(MOST);
    let found = tries.find(|tried| ams_fits_header(&before(message, tried), set.instance, answers))?;
    Some(Undone {
        names: found.iter().map(|one| one.field.name.as_str()).collect(),
        shown: found.iter().map(|one| quote(&mail.artifact, one.field.line, &one.text)).collect(),
        is_sure: found.iter().all(|one| one.is_sure),
    })
}

/// Signed fields that stand above a message signature, so that a later server wrote them.
pub(super) fn above(message: &Message, ams: &ArcMessageSignature, artifact: &str) -> Vec<EvidenceRef> {
    let fields = message.fields().iter().take(ams.field).filter(|field| is_signed(ams, field));
    fields
        .take(MOST_SHOWN)
        .map(|field| quote(artifact, field.line, &format!("{}: h= names it, and it stands above the seal", field.name)))
        .collect()
}

/// A signed field of addresses that has none: who gave the copy took them out, and the signature over it cannot fit.
pub(super) fn redacted(mail: &MailFacts<'_>, ams: &ArcMessageSignature) -> Option<EvidenceRef> {
    let is_of_addresses = |field: &Field| ["From", "To", "Cc", "Reply-To", "Sender"].iter().any(|name| field.is(name));
    // A group without members stands for nobody (RFC 5322 §3.4).
    let is_empty = |value: &str| !value.contains(['@', ';']) && !value.trim().is_empty();
    let mut fields = mail.message.fields().iter();
    let field = fields.find(|field| is_signed(ams, field) && is_of_addresses(field) && is_empty(&field.value()))?;
    let text = format!(
        "{}: there is no address in it: where it was removed from this copy, nothing else need have changed",
        field.name
    );
    Some(quote(&mail.artifact, field.line, &text))
}

/// Signed fields that may have been added, those above the signature first: servers write on top.
fn added<'m>(message: &'m Message, ams: &ArcMessageSignature) -> Vec<Undoing<'m>> {
    let fields = message.fields().iter().enumerate();
    let signed = fields.filter(|(at, field)| *at != ams.field && is_signed(ams, field));
    let undoing = |(at, field): (usize, &'m Field)| {
        let is_sure = at < ams.field;
        let doubt = if is_sure { "" } else { ", or the sealer left it out" };
        let text = format!(
            "{}: without this field the message signature fits: it was added after the seal{doubt}",
            field.name
        );
        Undoing { field, before: Vec::new(), text, is_sure }
    };
    signed.map(undoing).collect()
}

/// The subject without words at its beginning or its end.
fn tagged<'m>(message: &'m Message, ams: &ArcMessageSignature) -> Vec<Undoing<'m>> {
    let subjects: Vec<&Field> = message.all("Subject").filter(|field| is_signed(ams, field)).collect();
    let Some(field) = subjects.last() else { return Vec::new() };
    let whole = &message.raw()[field.offset..field.offset + field.len];
    let value = whole.len() - field.raw.trim_ascii_start().len();
    let (name, words) = whole.split_at(value);
    let is_gap = |at: &usize| words[*at].is_ascii_whitespace() && !words[at + 1..].trim_ascii().is_empty();
    let gaps: Vec<usize> = (0..words.len()).filter(is_gap).collect();
    let shown = |tag: &[u8]| String::from_utf8_lossy(tag.trim_ascii()).into_owned();
    let text = |tag: &[u8]| {
        format!("Subject: without `{}` the message signature fits: it was tagged after the seal", shown(tag))
    };
    let first = gaps.iter().take(LONGEST_TAG).map(|at| Undoing {
        field,
        before: [name, words[*at..].trim_ascii_start()].concat(),
        text: text(&words[..*at]),
        is_sure: true,
    });
    let last = gaps.iter().rev().take(LONGEST_TAG).map(|at| Undoing {
        field,
        before: [name, words[..*at].trim_ascii_end(), b"\r\n"].concat(),
        text: text(&words[*at..]),
        is_sure: true,
    });
    first.chain(last).collect()
}

fn is_signed(ams: &ArcMessageSignature, field: &Field) -> bool {
    ams.signed_headers.iter().any(|name| field.is(name))
}

/// The header as it was before these changes.
fn before(message: &Message, changes: &[&Undoing<'_>]) -> Message {
    let mut header = message.header().to_vec();
    let mut changes = changes.to_vec();
    changes.sort_by_key(|change| std::cmp::Reverse(change.field.offset));
    for Undoing { field, before, .. } in changes {
        header.splice(field.offset..field.offset + field.len, before.iter().copied());
    }
    Message::parse(header)
}
