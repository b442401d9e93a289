//! Whether a signature holds: its body hash, its key, and whether `b=` fits.

use super::{
    BodyHash, Canonicalization, Extent, KeyFacts, SignatureDefect, SignatureFacts, Verdict,
    defect::Defect,
    dns::{TxtAnswer, ZoneFile},
    key::{KeyRecord, KnownKeys},
    signature_tags::{Coverage, SignatureKind, SignatureTags},
};
use crate::{
    core::UnixTime,
    mail::{Field, Message, taglist::TagList},
};
use aws_lc_rs::digest::{self, Digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{borrow::Cow, collections::HashMap};

/// The judgement on one field.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    pub(super) defects: Vec<Defect>,
    pub(super) facts: SignatureFacts,
    pub(super) signed_body: Option<SignedBody>,
}

/// The body hash that was signed, with what it depends on, to compare it with other signatures.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SignedBody {
    pub(super) form: Canonicalization,
    pub(super) length: Option<u64>,
    digest: Vec<u8>,
}

impl Judgement {
    /// Fails on any defect; when DNS is the only one, it may still hold.
    pub(super) fn verdict(&self) -> Verdict {
        match self.defects.iter().find(|p| p.kind != SignatureDefect::Dns) {
            Some(_) => Verdict::Fail,
            None if self.defects.is_empty() => Verdict::Pass,
            None => Verdict::TempError,
        }
    }

    pub(super) fn has(&self, cause: SignatureDefect) -> bool {
        self.defects.iter().any(|p| p.kind == cause)
    }

    /// The facts, with every cause.
    pub(super) fn facts(&self) -> SignatureFacts {
        SignatureFacts { causes: self.defects.iter().map(|p| p.kind).collect(), ..self.facts.clone() }
    }
}

/// The signatures of a message, by the index of their fields, with everything that is wrong in how they are written.
#[derive(Default)]
pub(super) struct ReadSignatures(HashMap<usize, (Option<SignatureTags>, Vec<Defect>)>);

impl ReadSignatures {
    /// Adds a field.
    pub(super) fn add(&mut self, kind: SignatureKind, tags: &TagList, field: usize, now: UnixTime) {
        self.0.insert(field, SignatureTags::read(kind, tags, now));
    }

    /// Those that can be verified, in no order.
    pub(super) fn verifiable(&self) -> impl Iterator<Item = &SignatureTags> {
        self.0.values().filter_map(|(signature, _)| signature.as_ref())
    }

    /// One of them, and what is wrong so far.
    fn begin(&self, field: usize) -> (Option<&SignatureTags>, Judgement) {
        let read = self.0.get(&field);
        let defects = read.map(|(_, defects)| defects.clone()).unwrap_or_default();
        (read.and_then(|(signature, _)| signature.as_ref()), Judgement { defects, ..Judgement::default() })
    }
}

/// A canonical body, and its digests by how many of its octets they cover.
struct CanonicalBody<'a> {
    form: Canonicalization,
    bytes: Cow<'a, [u8]>,
    digests: Vec<(usize, Digest)>,
}

impl CanonicalBody<'_> {
    fn digest(&mut self, covered: usize) -> Digest {
        if let Some((_, known)) = self.digests.iter().find(|(known, _)| *known == covered) {
            return *known;
        }
        let digest = digest::digest(&digest::SHA256, &self.bytes[..covered]);
        self.digests.push((covered, digest));
        digest
    }
}

/// Verifies the signatures of one message.
pub(super) struct SignatureVerifier<'a> {
    message: &'a Message,
    signatures: &'a ReadSignatures,
    answers: &'a ZoneFile,
    keys: &'a KnownKeys,
    extent: Extent,
    bodies: Vec<CanonicalBody<'a>>,
    /// Where the fields of each name are, top to bottom; names in lower case.
    fields: HashMap<String, Vec<usize>>,
}

impl<'a> SignatureVerifier<'a> {
    pub(super) fn new(
        message: &'a Message,
        signatures: &'a ReadSignatures,
        answers: &'a ZoneFile,
        keys: &'a KnownKeys,
        extent: Extent,
    ) -> Self {
        let mut fields: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, field) in message.fields().iter().enumerate() {
            fields.entry(field.name.to_ascii_lowercase()).or_default().push(at);
        }
        Self { message, signatures, answers, keys, extent, bodies: Vec::new(), fields }
    }

    /// The bytes of a field of the message, from its name to its last line break.
    pub(super) fn bytes(&self, field: &Field) -> &'a [u8] {
        &self.message.raw()[field.offset..field.offset + field.len]
    }

    /// Judges a DKIM-Signature or an ARC-Message-Signature.
    pub(super) fn message_signature(&mut self, field: usize) -> Judgement {
        let (signature, mut judgement) = self.signatures.begin(field);
        let Some(signature) = signature else { return judgement };
        if let Some(coverage) = &signature.coverage {
            if self.extent == Extent::Whole {
                self.check_body(coverage, &mut judgement);
            }
            let data = self.signed_headers(coverage, field);
            self.check_signature(signature, &data, &mut judgement);
        }
        judgement
    }

    /// Judges an ARC-Seal over the fields that it covers.
    pub(super) fn seal(&self, field: usize, data: &[u8]) -> Judgement {
        let (signature, mut judgement) = self.signatures.begin(field);
        if let Some(signature) = signature {
            self.check_signature(signature, data, &mut judgement);
        }
        judgement
    }

    fn canonical_body(&mut self, form: Canonicalization) -> &mut CanonicalBody<'a> {
        let known = self.bodies.iter().position(|known| known.form == form);
        let at = known.unwrap_or_else(|| {
            let bytes = form.body(self.message.body());
            self.bodies.push(CanonicalBody { form, bytes, digests: Vec::new() });
            self.bodies.len() - 1
        });
        &mut self.bodies[at]
    }

    fn check_body(&mut self, coverage: &Coverage, judgement: &mut Judgement) {
        let Some(expected) = coverage.digest.clone().filter(|digest| !digest.is_empty()) else { return };
        let body = self.canonical_body(coverage.body);
        let present = body.bytes.len();
        let covered = coverage.length.map_or(present, |l| usize::try_from(l).map_or(present, |l| l.min(present)));
        let computed = body.digest(covered);
        if let Some(l) = coverage.length.filter(|l| *l > present as u64) {
            let text = format!("l={l} counts more octets than the {present} of the body: its end was cut off");
            judgement.defects.push(Defect::new(SignatureDefect::BodyHash, text));
        } else if computed.as_ref() != expected {
            judgement.defects.push(Defect::new(SignatureDefect::BodyHash, "body hash does not match"));
        }
        judgement.facts.body_hash = Some(BodyHash {
            expected: coverage.body_hash.clone(),
            computed: STANDARD.encode(computed),
            uncovered: present - covered,
        });
        judgement.signed_body = Some(SignedBody { form: coverage.body, length: coverage.length, digest: expected });
    }

    /// The canonical header fields that `h=` selects, each name from the bottom up, and the field itself without its
    /// signature (RFC 6376 §3.7, §5.4.2).
    fn signed_headers(&self, coverage: &Coverage, own: usize) -> Vec<u8> {
        let fields = self.message.fields();
        let mut left: HashMap<&str, &[usize]> = HashMap::new();
        let mut data = Vec::with_capacity(2048);
        for name in &coverage.fields {
            let left = left.entry(name).or_insert_with(|| self.fields.get(name).map_or(&[], Vec::as_slice));
            // A signature cannot sign itself: where h= names its own field, the others are meant (RFC 6376 §3.7).
            while let Some((&at, above)) = left.split_last() {
                *left = above;
                if at != own {
                    coverage.header.header(self.bytes(&fields[at]), &mut data);
                    break;
                }
            }
        }
        if let Some(field) = fields.get(own) {
            unsigned(coverage.header, self.bytes(field), &mut data);
        }
        data
    }

    fn check_signature(&self, signature: &SignatureTags, data: &[u8], judgement: &mut Judgement) {
        let name = signature.key_name();
        let mut facts = KeyFacts { name: name.clone(), ..KeyFacts::default() };
        let defect = match self.answers.lookup(&name) {
            TxtAnswer::Records { texts, .. } => {
                facts.records = texts.len();
                self.any_key_fits(texts, signature, data, &mut facts).err()
            }
            TxtAnswer::NxDomain => Some(Defect::new(SignatureDefect::NoKey, format!("no key at {name} (NXDOMAIN)"))),
            TxtAnswer::NoData => {
                Some(Defect::new(SignatureDefect::NotAKey, format!("no key at {name} (it has no TXT record)")))
            }
            failed @ TxtAnswer::Failed(_) => {
                let word = failed.word().unwrap_or_default();
                Some(Defect::new(
                    SignatureDefect::Dns,
                    format!("no answer for the key at {name} ({word}): try again later"),
                ))
            }
        };
        judgement.facts.key = Some(facts);
        judgement.defects.extend(defect);
    }

    /// Tries every record of a key's name (RFC 6376 §6.1.2 step 4). A key that could be used says most about why none fits.
    fn any_key_fits(
        &self,
        texts: &[Vec<u8>],
        signature: &SignatureTags,
        data: &[u8],
        facts: &mut KeyFacts,
    ) -> Result<(), Defect> {
        let mut found: Option<(Defect, KeyFacts)> = None;
        for text in texts {
            let record = self.keys.read(text, signature.algorithm);
            let own = record.facts(&facts.name, texts.len());
            match key_fits(&record, &own.name, signature, data) {
                Ok(()) => {
                    *facts = own;
                    return Ok(());
                }
                Err(defect) => {
                    let better = found.as_ref().is_none_or(|(old, _)| {
                        old.kind != SignatureDefect::Signature
                            && (defect.kind == SignatureDefect::Signature || old.kind == SignatureDefect::NotAKey)
                    });
                    if better {
                        found = Some((defect, own));
                    }
                }
            }
        }
        let Some((mut defect, own)) = found else { return Ok(()) };
        if texts.len() > 1 {
            defect.text.push_str(&format!(" (the name has {} TXT records, and none fits)", texts.len()));
        }
        *facts = own;
        Err(defect)
    }
}

fn key_fits(record: &KeyRecord, name: &str, signature: &SignatureTags, data: &[u8]) -> Result<(), Defect> {
    let key = record.key(name)?;
    if key.same_domain_only && signature.identity.as_ref().is_some_and(|i| *i != signature.domain) {
        let text = format!("the key at {name} has t=s, and i= is not in exactly d={}", signature.domain);
        return Err(Defect::new(SignatureDefect::KeyRestricted, text));
    }
    if key.fits(data, &signature.signature) {
        return Ok(());
    }
    Err(Defect::new(SignatureDefect::Signature, format!("signature does not match the key at {name}")))
}

/// A canonical field with the value of its `b=` removed and without its last CRLF (RFC 6376 §3.7).
pub(super) fn unsigned(c: Canonicalization, field: &[u8], out: &mut Vec<u8>) {
    let colon = memchr::memchr(b':', field).map_or(field.len(), |at| at + 1);
    let mut stripped = field[..colon].to_vec();
    for (n, tag) in field[colon..].split(|b| *b == b';').enumerate() {
        if n > 0 {
            stripped.push(b';');
        }
        let equals = memchr::memchr(b'=', tag);
        match equals {
            Some(at) if tag[..at].trim_ascii() == b"b" => stripped.extend_from_slice(&tag[..=at]),
            _ => stripped.extend_from_slice(tag),
        }
    }
    c.header(&stripped, out);
    if out.ends_with(b"\r\n") {
        out.truncate(out.len() - 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_itself_is_left_out() {
        let of = |field: &[u8]| {
            let mut out = Vec::new();
            unsigned(Canonicalization::Simple, field, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(of(b"A: a=1; b=x\r\n y; bh=z\r\n"), "A: a=1; b=; bh=z");
        assert_eq!(of(b"A: bh=z; b = x\r\n"), "A: bh=z; b =");
        assert_eq!(of(b"A: B=x; b=;\r\n"), "A: B=x; b=;");
    }
}
