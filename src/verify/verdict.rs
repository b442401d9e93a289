//! What verification says.

use super::SignatureDefect;
use serde::{Deserialize, Serialize};

/// One judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
    /// There was nothing to judge.
    #[default]
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

/// What is known of a public key (RFC 6376 §3.6.1).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct KeyFacts {
    /// The name that was asked: `selector._domainkey.domain`.
    pub name: String,
    /// How many TXT records the name has; more than one is a fault of the publisher.
    pub records: usize,
    /// `k=`, where a record could be read: `rsa` or `ed25519`.
    pub k: Option<String>,
    /// The size of the key in bits.
    pub bits: Option<usize>,
    /// `t=` holds `y`: the domain is testing.
    pub testing: bool,
}

/// The two hashes of a body (RFC 6376 §3.7), in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BodyHash {
    /// `bh=`.
    pub expected: String,
    /// The hash of the body as it is now.
    pub computed: String,
    /// Octets of the canonical body that `l=` leaves uncovered: anybody may have added them.
    pub uncovered: usize,
}

/// What else was found out about one signature.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SignatureFacts {
    /// Everything that is wrong, in the order in which it was found.
    pub causes: Vec<SignatureDefect>,
    /// The key, where it was looked up.
    pub key: Option<KeyFacts>,
    /// The body hashes; `None` for a seal, and where the field could not be read.
    pub body_hash: Option<BodyHash>,
}

impl SignatureFacts {
    /// Whether this is wrong.
    pub(crate) fn has(&self, defect: SignatureDefect) -> bool {
        self.causes.contains(&defect)
    }

    /// The name of the key, where it was looked up.
    pub(crate) fn key_name(&self) -> Option<&str> {
        self.key.as_ref().map(|key| key.name.as_str())
    }
}

/// The parts of one ARC Set, each judged on its own, so that one broken hop does not hide another.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SetVerification {
    /// The instance.
    pub instance: u32,
    /// The ARC-Message-Signature: [`Verdict::None`] when the set has none.
    pub ams: Verdict,
    /// The ARC-Seal: [`Verdict::None`] when the set has none.
    pub seal: Verdict,
    /// Why either does not hold, in words that name part, key and cause; `None` when both hold.
    pub reason: Option<String>,
    /// More about the ARC-Message-Signature.
    pub ams_facts: SignatureFacts,
    /// More about the ARC-Seal.
    pub seal_facts: SignatureFacts,
}

impl SetVerification {
    /// Whether message signature and seal both hold.
    pub(crate) fn holds(&self) -> bool {
        self.ams == Verdict::Pass && self.seal == Verdict::Pass
    }
}

/// One DKIM-Signature.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DkimVerification {
    /// `d=`.
    pub d: String,
    /// `s=`.
    pub s: String,
    /// The judgement.
    pub result: Verdict,
    /// Why it does not hold.
    pub reason: Option<String>,
    /// More about it.
    pub facts: SignatureFacts,
}

/// Everything that was verified on one message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Verification {
    /// The chain as a whole (RFC 8617 §5.2).
    pub arc: Verdict,
    /// Why the chain fails: the first cause, with its instance and part.
    pub arc_reason: Option<String>,
    /// The same for rules.
    pub arc_cause: Option<SignatureDefect>,
    /// The oldest instance whose ARC-Message-Signature, and every one after it, holds; 0 when all hold; `None` when the
    /// newest does not (RFC 8617 §5.2 step 5).
    pub oldest_pass: Option<u32>,
    /// Every set, by instance.
    pub sets: Vec<SetVerification>,
    /// Every DKIM-Signature, top to bottom.
    pub dkim: Vec<DkimVerification>,
    /// Every DNS answer that was used, as a zone file.
    #[serde(skip)]
    pub zone: super::ZoneFile,
}

impl Verification {
    /// What was found of the set of this instance.
    pub fn set(&self, instance: u32) -> Option<&SetVerification> {
        self.sets.binary_search_by_key(&instance, |set| set.instance).ok().map(|at| &self.sets[at])
    }

    /// Whether DNS gave no answer for a part, so that nobody knows whether that part holds.
    pub fn has_temperror(&self) -> bool {
        let sets = self.sets.iter().flat_map(|set| [set.ams, set.seal]);
        let dkim = self.dkim.iter().map(|signature| signature.result);
        [self.arc].into_iter().chain(sets).chain(dkim).any(|verdict| verdict == Verdict::TempError)
    }
}
