//! Whether a signature holds: its body hash, its key, and whether `b=` fits.

use super::{
    BodyHash, Canonicalization, Extent, KeyFacts, SignatureDefect, SignatureFacts, Verdict,
    defect::Defect,
    dns::{TxtAnswer, ZoneFile},
    key::PublicKey,
    signature_tags::{Coverage, SignatureKind, SignatureTags},
};
use crate::{
    core::UnixTime,
    mail::{Field, Message, taglist::TagList},
};
use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::collections::HashMap;

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

/// Verifies the signatures of one message.
pub(super) struct SignatureVerifier<'a> {
    message: &'a Message,
    answers: &'a ZoneFile,
    now: UnixTime,
    extent: Extent,
    bodies: Vec<(Canonicalization, Vec<u8>)>,
    /// Where the fields of each name are, top to bottom; names in lower case.
    fields: HashMap<String, Vec<usize>>,
}

impl<'a> SignatureVerifier<'a> {
    pub(super) fn new(message: &'a Message, answers: &'a ZoneFile, now: UnixTime, extent: Extent) -> Self {
        let mut fields: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, field) in message.fields().iter().enumerate() {
            fields.entry(field.name.to_ascii_lowercase()).or_default().push(at);
        }
        Self { message, answers, now, extent, bodies: Vec::new(), fields }
    }

    /// The bytes of a field of the message, from its name to its last line break.
    pub(super) fn bytes(&self, field: &Field) -> &'a [u8] {
        &self.message.raw()[field.offset..field.offset + field.len]
    }

    /// Judges a DKIM-Signature or an ARC-Message-Signature.
    pub(super) fn message_signature(&mut self, kind: SignatureKind, tags: &TagList, field: usize) -> Judgement {
        let (signature, defects) = SignatureTags::read(kind, tags, self.now);
        let mut judgement = Judgement { defects, ..Judgement::default() };
        let Some(signature) = signature else { return judgement };
        if let Some(coverage) = &signature.coverage {
            if self.extent == Extent::Whole {
                self.check_body(coverage, &mut judgement);
            }
            let data = self.signed_headers(coverage, field);
            self.check_signature(&signature, &data, &mut judgement);
        }
        judgement
    }

    /// Judges an ARC-Seal over the fields that it covers.
    pub(super) fn seal(&self, tags: &TagList, data: &[u8]) -> Judgement {
        let (signature, defects) = SignatureTags::read(SignatureKind::Seal, tags, self.now);
        let mut judgement = Judgement { defects, ..Judgement::default() };
        if let Some(signature) = signature {
            self.check_signature(&signature, data, &mut judgement);
        }
        judgement
    }

    fn canonical_body(&mut self, c: Canonicalization) -> &[u8] {
        let known = self.bodies.iter().position(|(known, _)| *known == c);
        let at = known.unwrap_or_else(|| {
            self.bodies.push((c, c.body(self.message.body()).into_owned()));
            self.bodies.len() - 1
        });
        &self.bodies[at].1
    }

    fn check_body(&mut self, coverage: &Coverage, judgement: &mut Judgement) {
        let Some(expected) = coverage.digest.clone().filter(|digest| !digest.is_empty()) else { return };
        let body = self.canonical_body(coverage.body);
        let covered =
            coverage.length.map_or(body.len(), |l| usize::try_from(l).map_or(body.len(), |l| l.min(body.len())));
        let computed = digest::digest(&digest::SHA256, &body[..covered]);
        let present = body.len();
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
        let defect = match self.answers.txt(&name) {
            TxtAnswer::Records { texts, .. } => {
                facts.records = texts.len();
                any_key_fits(&texts, signature, data, &mut facts).err()
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
}

/// Tries every record of a key's name (RFC 6376 §6.1.2 step 4). A key that could be used says most about why none fits.
fn any_key_fits(texts: &[Vec<u8>], signature: &SignatureTags, data: &[u8], facts: &mut KeyFacts) -> Result<(), Defect> {
    let mut found: Option<(Defect, KeyFacts)> = None;
    for text in texts {
        let mut own = KeyFacts { name: facts.name.clone(), records: texts.len(), ..KeyFacts::default() };
        match key_fits(text, signature, data, &mut own) {
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

fn key_fits(text: &[u8], signature: &SignatureTags, data: &[u8], facts: &mut KeyFacts) -> Result<(), Defect> {
    let key = PublicKey::read(text, signature.algorithm, facts)?;
    if key.same_domain_only && signature.identity.as_ref().is_some_and(|i| *i != signature.domain) {
        let text = format!("the key at {} has t=s, and i= is not in exactly d={}", facts.name, signature.domain);
        return Err(Defect::new(SignatureDefect::KeyRestricted, text));
    }
    if key.fits(data, &signature.signature) {
        return Ok(());
    }
    Err(Defect::new(SignatureDefect::Signature, format!("signature does not match the key at {}", facts.name)))
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
