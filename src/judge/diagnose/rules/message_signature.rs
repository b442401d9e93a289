//! Family B: the newest message signature that came with the mail does not hold: its key, the body, or the header.

use super::body::{Change, change as undone, shows_recoding};
use crate::{
    catalogue::Cause,
    judge::{
        diagnose::{
            builder::{found, quote},
            facts::{Facts, MailFacts},
        },
        survival::body,
    },
    mail::{
        Message,
        arc::{ArcMessageSignature, ArcSet},
    },
    outcome::{
        Confidence::{Certain, High, Low},
        Diagnosis, EvidenceRef, Survival,
    },
    verify::{BodyHash, SetVerification, SignatureDefect, SignatureFacts, Verdict},
};

/// Fields that every server on the way may add or change (OpenARC signs them unless told otherwise).
const VOLATILE: [&str; 6] =
    ["received", "return-path", "x-virus-scanned", "x-virus-status", "x-spam-status", "authentication-results"];

/// A message signature that does not hold, with what is looked at whatever its defect is.
struct Broken<'f> {
    facts: &'f Facts<'f>,
    mail: &'f MailFacts<'f>,
    ams: &'f ArcMessageSignature,
    found: &'f SetVerification,
    /// What it covers, compared with what was sent.
    survival: Option<&'f Survival>,
}

/// Why a message signature does not hold.
pub(super) fn cause(
    facts: &Facts<'_>,
    mail: &MailFacts<'_>,
    set: &ArcSet,
    found: &SetVerification,
) -> Option<Diagnosis> {
    let broken = Broken { facts, mail, ams: set.ams.as_ref()?, found, survival: facts.survival_of(set) };
    let has_body_defect = found.ams_facts.has(SignatureDefect::BodyHash);
    // Who found that the body had changed had the key.
    let had_key = has_body_defect && says_body_hash(mail);
    if !had_key && let Some(key) = key(&found.ams_facts) {
        return Some(key.seen(broken.reason()).seen(broken.field()));
    }
    if has_body_defect {
        return Some(broken.body(found.ams_facts.body_hash.as_ref()?));
    }
    found.ams_facts.has(SignatureDefect::Signature).then(|| broken.header())
}

impl Broken<'_> {
    fn field(&self) -> Option<EvidenceRef> {
        self.mail.quote_field(self.ams.field)
    }

    fn reason(&self) -> Option<EvidenceRef> {
        self.found.reason.as_ref().map(|reason| self.quote(reason))
    }

    fn quote(&self, text: &str) -> EvidenceRef {
        quote(&self.mail.artifact, 0, text)
    }

    /// Whether the seal of the same set holds, with the same key.
    fn seal_holds(&self) -> bool {
        self.found.seal == Verdict::Pass && self.found.seal_facts.key_name() == self.found.ams_facts.key_name()
    }

    /// Whether a DKIM-Signature with the same key holds, so that the key fits.
    fn is_key_of_dkim(&self) -> bool {
        let name = self.found.ams_facts.key_name();
        let dkim = self.mail.verification.map_or(&[][..], |v| &v.dkim);
        name.is_some() && dkim.iter().any(|d| d.result == Verdict::Pass && d.facts.key_name() == name)
    }

    fn key_excluded(&self) -> Option<String> {
        let key = self.found.ams_facts.key.as_ref().filter(|k| k.records == 1)?;
        Some(format!("B01, B03: the key at {} exists and can be read", key.name))
    }

    fn excluded(&self) -> impl Iterator<Item = String> {
        let by_seal = self.seal_holds().then(|| "B02: the seal verifies with the same key".to_owned());
        self.key_excluded().into_iter().chain(by_seal)
    }

    /// The body is not the one that was sealed.
    fn body(&self, hash: &BodyHash) -> Diagnosis {
        let change = undone(self.mail.message, self.ams, hash);
        let (cause, confidence) = match change {
            Some(Change::Folded) => (Cause::B17, Certain),
            Some(Change::Recoded) => (Cause::B05, Certain),
            Some(Change::Footer(_)) => (Cause::B04, Certain),
            None if self.is_recoded() => (Cause::B05, High),
            None if self.facts.sent.is_some() || shows_recoding(self.mail.message) => (Cause::B04, Certain),
            // A part of it may have been encoded anew (B05).
            None => (Cause::B04, High),
        };
        let what = change.map(|change| match change {
            Change::Folded => "body: joining its lines of 998 octets with the next makes the hash fit".to_owned(),
            Change::Recoded => "body: decoding it makes the hash fit: it was sealed as 8-bit text".to_owned(),
            Change::Footer(n) => format!("body: without its last {n} lines the hash fits: they were added"),
        });
        let hashes = format!("bh={}, and the body's hash is {}", hash.expected, hash.computed);
        let changed = self.survival.and_then(|s| s.body.as_ref()).map(|change| body::describe(Some(change)));
        found(cause, confidence)
            .seen([hashes].into_iter().chain(what).chain(changed).map(|text| self.quote(&text)))
            .seen(self.reason())
            .seen(self.field())
            .excluding(self.excluded())
    }

    /// Whether it was sent with 8-bit text and received as quoted-printable or base64.
    fn is_recoded(&self) -> bool {
        let (Some(sent), received) = (self.facts.sent, self.mail.message) else { return false };
        !sent.body().is_ascii() && received.body().is_ascii() && encoding(sent) != encoding(received)
    }

    /// A signed header field changed, or another key signed.
    fn header(&self) -> Diagnosis {
        let body = self.found.ams_facts.body_hash.is_some().then(|| "B04: the body hash matches".to_owned());
        let has_volatile = self.ams.signed_headers.iter().any(|h| is_volatile(h));
        // Where what was sent is known, another field may have changed as well.
        let others = self.survival.map(|s| s.headers.iter().any(|change| !is_volatile(&change.name)));
        let diagnosis = if !self.seal_holds() && !self.is_key_of_dkim() {
            self.other_key().seen(self.reason()).seen(self.field()).excluding(self.key_excluded())
        } else if has_volatile && others != Some(true) {
            let volatile = found(Cause::B13, if others.is_some() { High } else { Low });
            volatile.seen(self.field()).seen(self.reason()).excluding(self.excluded())
        } else if self.seal_holds() {
            let changed = self.changed_header().seen(self.changed_fields());
            changed.seen(self.reason()).seen(self.field()).excluding(self.excluded())
        } else {
            found(Cause::B00, Certain).seen(self.reason()).seen(self.field())
        };
        diagnosis.excluding(body)
    }

    /// A signed field changed. Of a header alone it is not seen whether the body was encoded anew with it.
    fn changed_header(&self) -> Diagnosis {
        let message = self.mail.message;
        let encoded = encoding(message).is_some_and(|e| e == "quoted-printable" || e == "base64");
        match self.facts.sent {
            _ if !encoded || !self.mail.is_only_header() => found(Cause::B06, Certain),
            Some(sent) if encoding(sent).as_deref() == Some("8bit") => found(Cause::B05, High),
            Some(sent) if encoding(sent) == encoding(message) => found(Cause::B06, Certain),
            _ => found(Cause::B06, High),
        }
    }

    /// Signed fields which are not as they were sent.
    fn changed_fields(&self) -> Vec<EvidenceRef> {
        let name = self.facts.sent_name.as_deref().unwrap_or("sent.eml");
        let mut fields = Vec::new();
        for change in self.survival.map_or(&[][..], |s| &s.headers) {
            let was = (name, change.sent_line, &change.before);
            let is = (self.mail.artifact.as_str(), change.received_line, &change.after);
            for (artifact, line, value) in [was, is] {
                let text = format!("{}: {}", change.name, value.as_deref().unwrap_or_default());
                fields.extend(line.map(|line| quote(artifact, line, &text)));
            }
        }
        fields
    }

    /// Neither signature fits the key that DNS has.
    fn other_key(&self) -> Diagnosis {
        let log = &self.facts.log;
        if let Some(line) = log.find(&["does not match private key"]) {
            return found(Cause::B02, Certain).seen([line]);
        }
        match ["3.10.0", "3.10.1"].iter().find_map(|version| log.find(&["rspamd", version])) {
            Some(line) => found(Cause::B08, High).seen([line]),
            None => found(Cause::B02, High),
        }
    }
}

/// Whether every server on the way may add or change a field.
pub(super) fn is_volatile(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    VOLATILE.contains(&name.as_str()) || name.starts_with("x-spam")
}

/// What is wrong with a key before any signature is tried.
pub(super) fn key(facts: &SignatureFacts) -> Option<Diagnosis> {
    use SignatureDefect::{KeyMalformed, KeyRestricted, KeyRevoked, KeyTooShort, KeyType, NoKey, NotAKey, Signature};
    // Which of several records counts is anybody's choice.
    let several = facts.key.as_ref().is_some_and(|k| k.records > 1) && facts.has(Signature);
    let has_any = |defects: &[SignatureDefect]| defects.iter().any(|defect| facts.has(*defect));
    let cause = if has_any(&[NoKey, KeyRevoked]) {
        Cause::B01
    } else if several || has_any(&[NotAKey, KeyMalformed]) {
        Cause::B03
    } else if has_any(&[KeyType, KeyTooShort, KeyRestricted]) {
        Cause::B00
    } else {
        return None;
    };
    Some(found(cause, if several { High } else { Certain }))
}

/// The receiver says that the body had changed.
pub(super) fn says_body_hash(mail: &MailFacts<'_>) -> bool {
    mail.says("arc").and_then(|arc| arc.comment.as_deref()).is_some_and(|comment| comment.contains("body hash"))
}

/// How the body of a message is encoded, lower case.
fn encoding(message: &Message) -> Option<String> {
    message.first("Content-Transfer-Encoding").map(|f| f.value().to_ascii_lowercase())
}
