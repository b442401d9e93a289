//! Who is right? What the receiver and the servers before it claim of ARC and DKIM, beside our own verdict on the same.
//!
//! The receiver judged the mail as it is now. A server before it judged the mail as it was then: there a difference only
//! counts where what it judged cannot have changed since.

mod chain;
mod signatures;

pub(super) use signatures::means;

use crate::{
    mail::{
        Message,
        arc::{ArcChain, ArcSet, Instance},
        authres::{AuthenticationResults, ResInfo},
    },
    outcome::{Agreement, Claim},
    verify::{SignatureDefect, Verdict, Verification},
};

/// A mail, read and verified.
#[derive(Debug, Clone, Copy)]
pub struct VerifiedMail<'a> {
    /// The message.
    pub message: &'a Message,
    /// The receiver's own Authentication-Results.
    pub trusted: Option<&'a AuthenticationResults>,
    /// The ARC Sets.
    pub arc: &'a ArcChain,
    /// What we found.
    pub verification: &'a Verification,
    /// The `d=` of the receiver's seals, where it is known.
    pub seal_domain: Option<&'a str>,
}

/// Every claim about the chain or a DKIM signature: those of the receiver, then those of each sealer before it.
pub fn claims(judged: VerifiedMail<'_>) -> Vec<Claim> {
    let foreign = super::upstream_sets(judged.arc, judged.trusted, judged.seal_domain);
    let signed = signatures::signed(&judged);
    let mut out = Vec::new();
    if let Some(trusted) = judged.trusted {
        let by = Claimant { results: trusted, set: None };
        out.extend(chain::of_receiver(&judged, by, foreign));
        out.extend(signatures::all(&judged, by, &signed));
    }
    // Sets out of range are not judged; a message does not decide how much work it makes.
    for (at, set) in foreign.iter().enumerate().filter(|(_, set)| Instance::new(set.instance).is_some()) {
        let Some(aar) = &set.aar else { continue };
        let by = Claimant { results: aar, set: Some(set) };
        out.extend(chain::of_sealer(&judged, by, &foreign[..at]));
        out.extend(signatures::all(&judged, by, &signed));
    }
    out
}

/// Who claims something.
#[derive(Clone, Copy)]
struct Claimant<'a> {
    results: &'a AuthenticationResults,
    /// The set of a sealer; `None` for the receiver.
    set: Option<&'a ArcSet>,
}

/// Our own verdict, and how it goes with a claim.
struct OwnResult {
    found: Verdict,
    agreement: Agreement,
    reason: Option<String>,
}

impl OwnResult {
    fn agrees(found: Verdict) -> Self {
        Self { found, agreement: Agreement::Agrees, reason: None }
    }

    fn disagrees(found: Verdict, reason: impl Into<String>) -> Self {
        Self { found, agreement: Agreement::Disagrees, reason: Some(reason.into()) }
    }

    fn open(found: Verdict, reason: impl Into<String>) -> Self {
        Self { found, agreement: Agreement::Open, reason: Some(reason.into()) }
    }
}

impl Claimant<'_> {
    fn claim(&self, result: &ResInfo, about: Option<String>, own_result: OwnResult) -> Claim {
        Claim {
            by: self.results.authserv_id.clone(),
            i: self.set.map(|set| set.instance),
            line: self.results.line,
            method: result.method.clone(),
            about,
            claims: result.result.clone(),
            found: own_result.found,
            agreement: own_result.agreement,
            reason: own_result.reason,
        }
    }
}

/// Results that claim nothing: the server could not tell, or judged by a rule of its own.
fn says_nothing(result: &str) -> bool {
    matches!(result, "temperror" | "policy" | "unknown" | "skipped")
}

/// Whether a verdict with these causes was the same when the mail came: keys are withdrawn later, and signatures expire.
fn lasts(cause: &SignatureDefect) -> bool {
    !matches!(
        cause,
        SignatureDefect::Dns
            | SignatureDefect::Expired
            | SignatureDefect::NoKey
            | SignatureDefect::NotAKey
            | SignatureDefect::KeyRevoked
            | SignatureDefect::KeyMalformed
            | SignatureDefect::KeyTooShort
            | SignatureDefect::KeyType
            | SignatureDefect::KeyRestricted
    )
}

#[cfg(test)]
mod tests;
