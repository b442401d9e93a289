//! DKIM-Signatures that were there before a seal was made: one that verifies shows that what it covers did not change since.

use crate::{
    judge::{claims::means, coverage::Coverage, diagnose::facts::MailFacts},
    mail::{
        arc::{ArcMessageSignature, ArcSet},
        authres::ResInfo,
        dkim::{self, DkimSignature},
    },
    outcome::EvidenceRef,
    verify::{BodyHash, DkimVerification, SignatureDefect, Verdict},
};

/// The name of the field that the sealer covers and no DKIM-Signature covers itself.
const DKIM: &str = "dkim-signature";

/// A DKIM-Signature older than a message signature, and what it says of what that covers.
pub(super) struct Witness<'f> {
    found: &'f DkimVerification,
    /// The results that were sealed say that it verified then.
    pub(super) passed_then: bool,
    /// It covers the body, and as strictly.
    covers_body: bool,
    /// It tolerates no change that the message signature does not tolerate.
    is_as_strict: bool,
    /// Names that the message signature covers and it does not.
    pub(super) lacks: Vec<String>,
    /// The message signature covers all that it covers, as strictly.
    is_covered: bool,
}

impl Witness<'_> {
    /// Whether it shows that no signed field changed.
    pub(super) fn holds_header(&self) -> bool {
        self.holds_fields() && self.is_as_strict
    }

    /// The same up to white space, folding and the case of names.
    pub(super) fn holds_fields(&self) -> bool {
        self.verifies() && self.lacks.is_empty()
    }

    /// Whether it does not cover a field that the message signature covers.
    pub(super) fn lacks_name(&self, name: &str) -> bool {
        self.lacks.iter().any(|lacked| lacked.eq_ignore_ascii_case(name))
    }

    /// Whether it shows that the body did not change.
    pub(super) fn holds_body(&self) -> bool {
        self.verifies() && self.covers_body && self.found.facts.body_hash.is_some()
    }

    /// Whether it shows that a field which the message signature covers did change.
    pub(super) fn shows_changed_field(&self) -> bool {
        self.failed_since(SignatureDefect::Signature) && self.is_covered
    }

    /// Whether it shows that the body did change.
    pub(super) fn shows_changed_body(&self) -> bool {
        self.failed_since(SignatureDefect::BodyHash)
    }

    /// Whether its signer saw the very body that the sealer saw.
    pub(super) fn signed_body(&self, sealed: &BodyHash) -> bool {
        self.covers_body && self.found.facts.body_hash.as_ref().is_some_and(|own| own.expected == sealed.expected)
    }

    pub(super) fn verifies(&self) -> bool {
        self.found.result == Verdict::Pass
    }

    /// It verified when the seal was made and does not now, for this reason.
    fn failed_since(&self, defect: SignatureDefect) -> bool {
        self.passed_then && self.found.result == Verdict::Fail && self.found.facts.has(defect)
    }

    /// `DKIM d=sender.example s=s1`
    pub(super) fn name(&self) -> String {
        format!("DKIM d={} s={}", self.found.d, self.found.s)
    }
}

/// Every DKIM-Signature that was judged and stands below a message signature: servers write on top.
pub(super) fn witnesses<'f>(mail: &MailFacts<'f>, set: &ArcSet, ams: &ArcMessageSignature) -> Vec<Witness<'f>> {
    let found = mail.verification.map_or(&[][..], |v| &v.dkim);
    let all = dkim::all(mail.message);
    let older: Vec<_> = all.iter().zip(found).filter(|(signature, _)| signature.field > ams.field).collect();
    let sealed = Coverage::from(ams);
    // The sealer signs the DKIM-Signatures that are there, bottom first: those which verify did not change.
    let times = ams.signed_headers.iter().filter(|name| *name == DKIM).count();
    let has_all =
        older.len() >= times && older.iter().rev().take(times).all(|(_, found)| found.result == Verdict::Pass);
    let judged = older.iter().map(|(signature, found)| {
        let own = Coverage::from(*signature);
        let lacks = own.lacks(sealed).into_iter().filter(|name| !(has_all && *name == DKIM));
        Witness {
            found,
            passed_then: passed(set).any(|result| names_and_means(result, signature)),
            covers_body: own.covers_body_of(sealed),
            is_as_strict: own.has_header_form_of(sealed),
            lacks: lacks.map(str::to_owned).collect(),
            is_covered: sealed.covers_header_of(own),
        }
    });
    judged.collect()
}

/// The domain of a DKIM-Signature that verified when a set was made, that the set covers, and that is not there any more.
pub(super) fn gone<'s>(mail: &MailFacts<'_>, set: &'s ArcSet) -> Option<&'s str> {
    let all = dkim::all(mail.message);
    let times = set.ams.as_ref()?.signed_headers.iter().filter(|name| *name == DKIM).count();
    let is_gone = |result: &&ResInfo| times > all.len() && !all.iter().any(|signature| means(result, signature));
    passed(set).filter(is_gone).find_map(ResInfo::domain)
}

/// A DKIM-Signature that verifies, stands between a set and a line above it, and covers what of its message signature does not
/// hold: that had changed before this one was made.
pub(super) fn signed_after(mail: &MailFacts<'_>, set: &ArcSet, line: u32) -> Option<EvidenceRef> {
    let ams = set.ams.as_ref()?;
    let (verified, broken) = (mail.verification?, &mail.verified(set)?.ams_facts);
    let is_covered = |own: Coverage<'_>, found: &DkimVerification| {
        let of_body = own.covers_body_of(ams.into()) && found.facts.body_hash.is_some();
        if broken.has(SignatureDefect::BodyHash) { of_body } else { own.covers_header_of(ams.into()) }
    };
    let all = dkim::all(mail.message);
    let mut later = all.iter().zip(&verified.dkim).filter(|(signature, found)| {
        let is_below = mail.message.fields().get(signature.field).is_some_and(|field| field.line > line);
        is_below && signature.field < ams.field && found.result == Verdict::Pass
    });
    let (signature, _) = later.find(|(signature, found)| is_covered(Coverage::from(*signature), found))?;
    mail.quote_field(signature.field)
}

fn passed(set: &ArcSet) -> impl Iterator<Item = &ResInfo> {
    set.aar.iter().flat_map(|aar| aar.method("dkim")).filter(|result| result.result == "pass")
}

/// Whether a statement names a signature, and this one.
fn names_and_means(result: &ResInfo, signature: &DkimSignature) -> bool {
    ["d", "i"].iter().any(|tag| result.property("header", tag).is_some()) && means(result, signature)
}
