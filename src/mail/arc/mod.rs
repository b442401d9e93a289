//! ARC Sets and the chain they form (RFC 8617 §4).

mod defect;
mod read;

pub use defect::{ArcDefect, ArcPart};

use super::{authres::AuthenticationResults, taglist::TagList};
use crate::core::UnixTime;
use serde::Serialize;

/// `i=` of an ARC Set: 1 to 50 (RFC 8617 §4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Instance(u32);

impl Instance {
    /// The largest instance that the RFC allows.
    pub const MAX: u32 = 50;

    /// `None` outside 1 to 50.
    pub fn new(number: u32) -> Option<Self> {
        (1..=Self::MAX).contains(&number).then_some(Self(number))
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

/// `cv=` of an ARC-Seal (RFC 8617 §4.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChainValidationStatus {
    /// No chain before this set.
    None,
    /// The chain before this set was valid.
    Pass,
    /// The chain before this set was broken.
    Fail,
    /// Anything else, as written.
    #[serde(untagged)]
    Other(String),
}

impl std::fmt::Display for ChainValidationStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ChainValidationStatus {
    /// Reads `cv=`; the words ignore case.
    pub fn parse(text: &str) -> Self {
        [Self::None, Self::Pass, Self::Fail]
            .into_iter()
            .find(|s| text.eq_ignore_ascii_case(s.as_str()))
            .unwrap_or_else(|| Self::Other(text.to_owned()))
    }

    /// The word in the field.
    pub fn as_str(&self) -> &str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Other(other) => other,
        }
    }
}

/// An ARC-Seal (RFC 8617 §4.1.3). Its serialised form has the tag names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ArcSeal {
    /// All its tags, as written.
    #[serde(skip)]
    pub tags: TagList,
    /// `a=`.
    #[serde(rename = "a")]
    pub algorithm: Option<String>,
    /// `cv=`.
    pub cv: Option<ChainValidationStatus>,
    /// `d=`, lower case.
    #[serde(rename = "d")]
    pub domain: Option<String>,
    /// `s=`.
    #[serde(rename = "s")]
    pub selector: Option<String>,
    /// `t=`, seconds since 1970.
    #[serde(rename = "t")]
    pub timestamp: Option<UnixTime>,
    /// Index of the field in [`Message::fields`](super::Message::fields).
    #[serde(skip)]
    pub field: usize,
}

/// An ARC-Message-Signature (RFC 8617 §4.1.2). Its serialised form has the tag names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ArcMessageSignature {
    /// All its tags, as written.
    #[serde(skip)]
    pub tags: TagList,
    /// `a=`.
    #[serde(rename = "a")]
    pub algorithm: Option<String>,
    /// `c=`, as written.
    #[serde(rename = "c")]
    pub canonicalization: Option<String>,
    /// `d=`, lower case.
    #[serde(rename = "d")]
    pub domain: Option<String>,
    /// `s=`.
    #[serde(rename = "s")]
    pub selector: Option<String>,
    /// `h=`, lower case, in order.
    #[serde(rename = "h")]
    pub signed_headers: Vec<String>,
    /// `bh=`, white space removed.
    #[serde(rename = "bh")]
    pub body_hash: Option<String>,
    /// `t=`, seconds since 1970.
    #[serde(rename = "t")]
    pub timestamp: Option<UnixTime>,
    /// Index of the field in [`Message::fields`](super::Message::fields).
    #[serde(skip)]
    pub field: usize,
}

/// The three fields of one instance; a missing part is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ArcSet {
    /// The instance number as written, also outside 1 to 50.
    pub instance: u32,
    /// ARC-Authentication-Results.
    pub aar: Option<AuthenticationResults>,
    /// ARC-Message-Signature.
    pub ams: Option<ArcMessageSignature>,
    /// ARC-Seal.
    pub seal: Option<ArcSeal>,
}

/// Every ARC Set of a message in the order of their instances, and what is wrong with their structure.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
pub struct ArcChain {
    /// Ordered by instance; of duplicates the topmost.
    pub sets: Vec<ArcSet>,
    /// For example `gap: instance 2 missing`, `duplicate ARC-Seal for instance 1`, `instance 1 has no ARC-Seal`.
    pub defects: Vec<ArcDefect>,
}

impl ArcSet {
    /// `d=` of its seal.
    pub(crate) fn sealer(&self) -> Option<&str> {
        self.seal.as_ref()?.domain.as_deref()
    }

    /// Whether its seal says that the chain before it was broken (`cv=fail`).
    pub(crate) fn is_marked_failed(&self) -> bool {
        self.seal.as_ref().is_some_and(|seal| seal.cv == Some(ChainValidationStatus::Fail))
    }

    /// Whether it has this part.
    pub fn has(&self, part: ArcPart) -> bool {
        match part {
            ArcPart::Aar => self.aar.is_some(),
            ArcPart::Ams => self.ams.is_some(),
            ArcPart::Seal => self.seal.is_some(),
        }
    }
}

impl ArcChain {
    /// The set of this instance.
    pub fn set(&self, instance: u32) -> Option<&ArcSet> {
        self.sets.binary_search_by_key(&instance, |s| s.instance).ok().map(|at| &self.sets[at])
    }
}
