//! What is wrong with a signature.

use serde::{Deserialize, Serialize};

/// Why a signature, a seal or a chain does not hold, for rules that must not read prose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Cause")]
pub enum SignatureDefect {
    /// The chain has a gap, a duplicate, a missing part or an instance out of range (RFC 8617 §5.2 step 3).
    Structure,
    /// `cv=` is not what its place in the chain asks for (RFC 8617 §5.2 step 3).
    ChainValidationStatus,
    /// The newest seal says `cv=fail`: the chain was broken before (RFC 8617 §5.2 step 2).
    ChainMarkedFailed,
    /// The tag list breaks the grammar, or a tag is missing or has a value that the RFC does not allow.
    Syntax,
    /// `a=` names no algorithm that may be used, rsa-sha1 among them (RFC 8301 §3.1).
    Algorithm,
    /// `h=` lacks From, or names a field that it must not (RFC 6376 §6.1.1, RFC 8617 §4.1.2).
    SignedHeaders,
    /// `x=` has passed.
    Expired,
    /// The body is not the one that was signed.
    BodyHash,
    /// The signature does not fit: a signed header field or the field itself was changed, or another key signed.
    Signature,
    /// A seal leaves older sets out, and must cover them all (RFC 8617 §5.1.1).
    SealLeavesSetsOut,
    /// A seal covers the older sets in another order than that of their instances (RFC 8617 §5.1.1).
    SealOrder,
    /// A seal covers the older sets from the newest to the oldest (RFC 8617 §5.1.1).
    SealReversed,
    /// A seal with `cv=fail` covers older sets, and must cover only its own (RFC 8617 §5.1.2).
    SealCoversTooMuch,
    /// The name of the key does not exist.
    NoKey,
    /// The name of the key exists, without a TXT record that is a key.
    NotAKey,
    /// The key's `p=` is empty: it was revoked.
    KeyRevoked,
    /// The key record cannot be read.
    KeyMalformed,
    /// An RSA key of less than 1024 bits (RFC 8301 §3.2).
    KeyTooShort,
    /// The key's type is not the one that `a=` needs.
    KeyType,
    /// The key's `h=`, `s=` or `t=s` does not allow this use.
    KeyRestricted,
    /// DNS gave no answer.
    Dns,
}

/// One thing that is wrong, and what to tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Defect {
    pub(super) kind: SignatureDefect,
    pub(super) text: String,
}

impl Defect {
    pub(super) fn new(kind: SignatureDefect, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}
