//! What verification says.

use serde::Serialize;

/// One judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
    /// There was nothing to judge.
    None,
    /// DNS gave no answer: it may hold.
    TempError,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::None => "none",
            Self::TempError => "temperror",
        })
    }
}

/// The parts of one ARC Set, each judged on its own, so that one broken hop does not hide another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetVerification {
    /// The instance.
    pub instance: u32,
    /// The ARC-Message-Signature: [`Verdict::None`] when the set has none.
    pub ams: Verdict,
    /// The ARC-Seal: [`Verdict::None`] when the set has none.
    pub seal: Verdict,
    /// Why either does not hold, in words that name part, key and cause; `None` when both hold.
    pub reason: Option<String>,
}

/// One DKIM-Signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DkimVerification {
    /// `d=`.
    pub d: String,
    /// `s=`.
    pub s: String,
    /// The judgement.
    pub result: Verdict,
    /// Why it does not hold.
    pub reason: Option<String>,
}

/// Everything that was verified on one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// The chain as a whole (RFC 8617 §5.2).
    pub arc: Verdict,
    /// Why the chain fails: the first cause, with its instance and part.
    pub arc_reason: Option<String>,
    /// Every set, by instance.
    pub sets: Vec<SetVerification>,
    /// Every DKIM-Signature, top to bottom.
    pub dkim: Vec<DkimVerification>,
    /// Every DNS answer that was used, as a zone file.
    #[serde(skip)]
    pub zone: super::ZoneFile,
}
