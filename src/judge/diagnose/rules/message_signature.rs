//! Family B: the newest message signature that came with the mail does not hold: its key, the body, or the header.

use super::{
    body::{Change, change as undone, shows_recoding},
    header_change,
    witness::{self, Witness, witnesses},
};
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
        Confidence::{self, Certain, High, Low},
        Diagnosis, EvidenceRef, Survival,
    },
    verify::{BodyHash, Canonicalization, SetVerification, SignatureDefect, SignatureFacts, Verdict},
};

/// Fields that every server on the way may add or change (OpenARC signs them unless told otherwise).
const VOLATILE: [&str; 6] =
    ["received", "return-path", "x-virus-scanned", "x-virus-status", "x-spam-status", "authentication-results"];

/// A message signature that does not hold, with what is looked at whatever its defect is.
struct Broken<'f> {
    facts: &'f Facts<'f>,
    mail: &'f MailFacts<'f>,
    set: &'f ArcSet,
    ams: &'f ArcMessageSignature,
    found: &'f SetVerification,
    /// What it covers, compared with what was sent.
    survival: Option<&'f Survival>,
    /// DKIM-Signatures that were there before it.
    witnesses: Vec<Witness<'f>>,
}

/// Why a message signature does not hold.
pub(super) fn cause(
    facts: &Facts<'_>,
    mail: &MailFacts<'_>,
    set: &ArcSet,
    found: &SetVerification,
) -> Option<Diagnosis> {
    let ams = set.ams.as_ref()?;
    let survival = facts.survival_of(set);
    let broken = Broken { facts, mail, set, ams, found, survival, witnesses: witnesses(mail, set, ams) };
    use SignatureDefect::{Algorithm, BodyHash as Body, Signature, SignedHeaders, Syntax};
    let has_body_defect = found.ams_facts.has(Body);
    // Who found that the body had changed had the key.
    let had_key = has_body_defect && says_body_hash(mail);
    if !had_key && let Some(key) = key(&found.ams_facts) {
        return Some(key.seen(broken.reason()).seen(broken.field()));
    }
    if [Syntax, Algorithm, SignedHeaders].iter().any(|defect| found.ams_facts.has(*defect)) {
        return Some(broken.malformed());
    }
    if has_body_defect {
        return Some(broken.body(found.ams_facts.body_hash.as_ref()?));
    }
    found.ams_facts.has(Signature).then(|| broken.header())
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

    /// The sealer wrote it so: who changes it later breaks the seal over it too.
    fn malformed(&self) -> Diagnosis {
        let confidence = if self.found.seal == Verdict::Pass { Certain } else { Low };
        let defects = self.ams.tags.defects.join("; ");
        let told = if defects.is_empty() { self.reason() } else { Some(self.quote(&defects)) };
        found(Cause::B18, confidence).seen(told).seen(self.field()).excluding(self.excluded())
    }

    /// The sealer signed something else than what it saw, as this DKIM-Signature shows. Its own field may be folded anew where
    /// it is signed as it stands.
    fn signed_wrongly(&self, witness: &Witness<'_>) -> Diagnosis {
        let [header, _] = Canonicalization::of_tag(self.ams.canonicalization.as_deref());
        let is_sure = witness.passed_then && self.seal_holds() && header == Some(Canonicalization::Relaxed);
        let text =
            format!("{} verifies, is older than the seal and covers the same: that did not change", witness.name());
        let shown = found(Cause::B18, if is_sure { Certain } else { High }).seen([self.quote(&text)]);
        shown.seen(self.field()).excluding(self.excluded())
    }

    /// The body is not the one that was sealed.
    fn body(&self, hash: &BodyHash) -> Diagnosis {
        let change = undone(self.mail.message, self.ams, hash);
        let witness = self.witnesses.iter().find(|witness| witness.holds_body());
        if let (None, Some(witness)) = (change, witness) {
            return self.signed_wrongly(witness);
        }
        let (cause, confidence) = match change {
            Some(Change::Folded) => (Cause::B17, Certain),
            Some(Change::Recoded) => (Cause::B05, Certain),
            Some(Change::Footer(_)) => (Cause::B04, Certain),
            None if self.is_recoded() => (Cause::B05, High),
            None => (Cause::B04, self.body_confidence(hash)),
        };
        let what = change.map(|change| match change {
            Change::Folded => "body: joining its lines of 998 octets with the next makes the hash fit".to_owned(),
            Change::Recoded => "body: decoding it makes the hash fit: it was sealed as 8-bit text".to_owned(),
            Change::Footer(1) => "body: without its last line the hash fits: that was added".to_owned(),
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

    /// How sure it is that the body changed after the seal, and was not encoded anew (B05): the sealer may have hashed it wrongly
    /// (B18), unless somebody else saw it as the sealer did.
    fn body_confidence(&self, hash: &BodyHash) -> Confidence {
        let sent_differs = self.survival.is_some_and(|s| s.body.is_some());
        let seen_by_another = self.witnesses.iter().any(|w| w.shows_changed_body() || w.signed_body(hash));
        let is_encoded = self.facts.sent.is_none() && !shows_recoding(self.mail.message);
        if sent_differs || seen_by_another && !is_encoded { Certain } else { High }
    }

    /// Whether it was sent with 8-bit text and received as quoted-printable or base64.
    fn is_recoded(&self) -> bool {
        let (Some(sent), received) = (self.facts.sent, self.mail.message) else { return false };
        !sent.body().is_ascii() && received.body().is_ascii() && encoding(sent) != encoding(received)
    }

    /// A signed header field changed, or another key signed.
    fn header(&self) -> Diagnosis {
        let body = self.found.ams_facts.body_hash.is_some().then(|| "B04: the body hash matches".to_owned());
        let diagnosis = if self.seal_holds() || self.is_key_of_dkim() {
            self.field_change()
        } else {
            self.other_key().seen(self.reason()).seen(self.field()).excluding(self.key_excluded())
        };
        diagnosis.excluding(body)
    }

    /// The key is the right one: which field changed, or that none did.
    fn field_change(&self) -> Diagnosis {
        if let Some(witness) = self.witnesses.iter().find(|witness| witness.holds_header()) {
            return self.signed_wrongly(witness);
        }
        if let Some(undone) = self.mail.verification.and_then(|v| header_change::undone(self.mail, self.set, &v.zone)) {
            let was_there = |w: &&Witness<'_>| {
                !undone.is_sure && w.verifies() && !undone.names.iter().any(|name| w.lacks_name(name))
            };
            if let Some(witness) = self.witnesses.iter().find(was_there) {
                return self.signed_wrongly(witness).seen(undone.shown);
            }
            let cause = if undone.names.iter().all(|name| is_volatile(name)) { Cause::B13 } else { Cause::B06 };
            let shown = found(cause, if undone.is_sure { Certain } else { High }).seen(undone.shown);
            return self.with_reason(shown.seen(self.changed_fields()));
        }
        let has_volatile = self.ams.signed_headers.iter().any(|h| is_volatile(h));
        // Where what was sent is known, another field may have changed as well.
        let others = self.survival.map(|s| s.headers.iter().any(|change| !is_volatile(&change.name)));
        let changed = if has_volatile && others != Some(true) {
            found(Cause::B13, if others.is_some() { High } else { Low })
        } else if others.is_none()
            && let Some(redacted) = header_change::redacted(self.mail, self.ams)
        {
            found(Cause::B06, Low).seen([redacted])
        } else if self.seal_holds() {
            self.changed_header().seen(self.named_fields())
        } else {
            found(Cause::B00, Certain)
        };
        self.with_reason(changed)
    }

    fn with_reason(&self, diagnosis: Diagnosis) -> Diagnosis {
        diagnosis.seen(self.reason()).seen(self.field()).excluding(self.excluded())
    }

    /// A signed field changed. Of a header alone it is not seen whether the body was encoded anew with it.
    fn changed_header(&self) -> Diagnosis {
        let message = self.mail.message;
        let encoded = encoding(message).is_some_and(|e| e == "quoted-printable" || e == "base64");
        match self.facts.sent {
            _ if !encoded || !self.mail.is_only_header() => found(Cause::B06, self.header_confidence()),
            Some(sent) if encoding(sent).as_deref() == Some("8bit") => found(Cause::B05, High),
            Some(sent) if encoding(sent) == encoding(message) => found(Cause::B06, self.header_confidence()),
            _ => found(Cause::B06, High),
        }
    }

    /// How sure it is that a field changed after the seal: the sealer may have signed wrongly (B18), unless something else shows
    /// the change.
    fn header_confidence(&self) -> Confidence {
        let sent_differs = self.survival.is_some_and(|s| s.headers.iter().any(|change| !is_volatile(&change.name)));
        let seen_by_another = self.witnesses.iter().any(Witness::shows_changed_field);
        if sent_differs || seen_by_another || witness::gone(self.mail, self.set).is_some() { Certain } else { High }
    }

    /// What can be said of the field that changed where what was sent is not known.
    fn named_fields(&self) -> Vec<EvidenceRef> {
        let changed = self.changed_fields();
        if !changed.is_empty() {
            return changed;
        }
        let gone = witness::gone(self.mail, self.set).map(|d| {
            format!("DKIM-Signature: h= names it, the sealed results say dkim=pass of {d}, and that signature is not there any more")
        });
        let unchanged = self.witnesses.iter().find(|w| w.verifies() && !w.lacks.is_empty()).map(|w| {
            format!("{} verifies and covers the other fields: one of these changed: {}", w.name(), w.lacks.join(", "))
        });
        let spaces = self.witnesses.iter().find(|w| w.holds_fields()).map(|w| {
            format!("{} verifies and covers the same fields: no more than white space or folding changed, or the sealer signed wrongly (B18)", w.name())
        });
        let above = header_change::above(self.mail.message, self.ams, &self.mail.artifact);
        gone.into_iter().chain(spaces).chain(unchanged).map(|text| self.quote(&text)).chain(above).collect()
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

/// The tag list of a message signature which no verifier can read, where there is no DNS to verify the seal over it.
pub(super) fn malformed(mail: &MailFacts<'_>, set: &ArcSet) -> Option<Diagnosis> {
    let ams = set.ams.as_ref().filter(|ams| !ams.tags.defects.is_empty())?;
    let told = quote(&mail.artifact, 0, &ams.tags.defects.join("; "));
    Some(found(Cause::B18, High).seen([told]).seen(mail.quote_field(ams.field)))
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
