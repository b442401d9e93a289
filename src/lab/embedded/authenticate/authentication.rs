//! What was found.

use super::Chain;
use std::{fmt, net::IpAddr};

/// A method's result (RFC 8601 §2.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// SPF: probably not.
    SoftFail,
    /// Nothing can be said.
    Neutral,
    /// There is nothing to check.
    None,
    /// A later try may say.
    TempError,
    /// No try will say.
    PermError,
}

impl Verdict {
    /// The word of the registry.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::Neutral => "neutral",
            Self::None => "none",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Every method's result for one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authentication {
    /// SPF of the envelope sender, or of the HELO name for the null reverse-path.
    pub(crate) spf: Spf,
    /// DKIM, one per signature, top to bottom; empty when there is none.
    pub(crate) dkim: Vec<Dkim>,
    /// DMARC of the From domain; `None` when it has no record.
    pub(crate) dmarc: Option<Dmarc>,
    /// The ARC chain.
    pub arc: Chain,
}

/// Whose SPF record was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpfScope {
    /// The envelope sender's domain.
    MailFrom,
    /// The HELO name.
    Helo,
}

/// SPF (RFC 7208).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spf {
    /// The result. `Fail` means that the record says `-` for this client.
    pub verdict: Verdict,
    /// Whose record.
    pub scope: SpfScope,
    /// The envelope sender, or `postmaster@` the HELO name.
    pub sender: String,
    /// The domain of the record.
    pub domain: String,
    /// The client's address.
    pub client: IpAddr,
}

/// Why a DKIM signature does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DkimReason {
    /// DNS has no key for it.
    NoKey,
    /// DNS did not answer.
    Dns,
    /// The key is revoked, unreadable or of another kind.
    BadKey,
    /// The body is not the one that was signed.
    BodyHash,
    /// The signature does not match the fields.
    Signature,
    /// It has expired.
    Expired,
    /// It cannot be read.
    Syntax,
}

/// DKIM (RFC 6376).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dkim {
    /// The result.
    pub verdict: Verdict,
    /// Why, unless it passes.
    pub reason: Option<DkimReason>,
    /// `d=`; empty when the field cannot be read.
    pub domain: String,
    /// `i=`, or `@` and `d=`.
    pub identity: String,
    /// `s=`.
    pub selector: String,
    /// The first eight characters of `b=` (RFC 6008).
    pub signature_start: String,
}

/// A DMARC policy (RFC 7489 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// `none`.
    None,
    /// `quarantine`.
    Quarantine,
    /// `reject`.
    Reject,
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        })
    }
}

/// DMARC (RFC 7489).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dmarc {
    /// The result.
    pub verdict: Verdict,
    /// The From domain.
    pub domain: String,
    /// `p=` of the record.
    pub policy: Policy,
    /// `sp=` of the record, or its `p=`.
    pub subdomain_policy: Policy,
    /// The one of both that applies to this From domain.
    pub applied: Policy,
}

impl Authentication {
    /// Whether any DKIM signature passes.
    pub(crate) fn any_dkim_pass(&self) -> bool {
        self.dkim.iter().any(|d| d.verdict == Verdict::Pass)
    }
}
