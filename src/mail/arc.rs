//! ARC Sets and the chain they form (RFC 8617 §4).

use super::{Field, Message, authres::AuthenticationResults, taglist::TagList};
use serde::Serialize;
use std::collections::BTreeMap;

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    pub timestamp: Option<i64>,
    /// Index of the field in [`Message::fields`].
    #[serde(skip)]
    pub field: usize,
}

/// An ARC-Message-Signature (RFC 8617 §4.1.2). Its serialised form has the tag names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    pub timestamp: Option<i64>,
    /// Index of the field in [`Message::fields`].
    #[serde(skip)]
    pub field: usize,
}

/// The three fields of one instance; a missing part is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ArcChain {
    /// Ordered by instance; of duplicates the topmost.
    pub sets: Vec<ArcSet>,
    /// For example `gap: instance 2 missing`, `duplicate ARC-Seal for instance 1`, `instance 1 has no ARC-Seal`.
    pub defects: Vec<String>,
}

impl ArcSeal {
    fn of(tags: TagList, field: usize) -> Self {
        Self {
            algorithm: tags.compact("a"),
            cv: tags.compact("cv").map(|cv| ChainValidationStatus::parse(&cv)),
            domain: tags.lower("d"),
            selector: tags.compact("s"),
            timestamp: tags.number("t"),
            tags,
            field,
        }
    }
}

impl ArcMessageSignature {
    fn of(tags: TagList, field: usize) -> Self {
        Self {
            algorithm: tags.compact("a"),
            canonicalization: tags.compact("c"),
            domain: tags.lower("d"),
            selector: tags.compact("s"),
            signed_headers: tags.names("h"),
            body_hash: tags.compact("bh"),
            timestamp: tags.number("t"),
            tags,
            field,
        }
    }
}

/// The parts of a set by their field names.
const AAR: &str = "ARC-Authentication-Results";
const AMS: &str = "ARC-Message-Signature";
const SEAL: &str = "ARC-Seal";

impl ArcChain {
    /// Reads every ARC field of a message.
    pub fn of(message: &Message) -> Self {
        let mut sets = BTreeMap::new();
        let mut defects = Vec::new();
        for (at, field) in message.fields().iter().enumerate() {
            read_part(field, at, &mut sets, &mut defects);
        }
        let sets: Vec<ArcSet> = sets.into_values().collect();
        name_missing_parts(&sets, &mut defects);
        Self { sets, defects }
    }

    /// The set of this instance.
    pub fn set(&self, instance: u32) -> Option<&ArcSet> {
        self.sets.binary_search_by_key(&instance, |s| s.instance).ok().map(|at| &self.sets[at])
    }
}

/// Puts one field into its set, when it is an ARC field.
fn read_part(field: &Field, at: usize, sets: &mut BTreeMap<u32, ArcSet>, defects: &mut Vec<String>) {
    let Some(part) = [AAR, AMS, SEAL].into_iter().find(|name| field.is(name)) else { return };
    let aar = (part == AAR).then(|| AuthenticationResults::of(field));
    let tags = if part == AAR { TagList::default() } else { TagList::parse(&field.raw) };
    let Some(instance) = aar.as_ref().map_or_else(|| tags.number("i"), |a| a.instance) else {
        defects.push(format!("{part} in line {} has no readable instance", field.line));
        return;
    };
    let set = sets.entry(instance).or_insert(ArcSet { instance, aar: None, ams: None, seal: None });
    let duplicate = match part {
        AAR => !fill(&mut set.aar, aar),
        AMS => !fill(&mut set.ams, Some(ArcMessageSignature::of(tags, at))),
        _ => !fill(&mut set.seal, Some(ArcSeal::of(tags, at))),
    };
    if duplicate {
        defects.push(format!("duplicate {part} for instance {instance}"));
    }
}

/// Fills an empty slot; `false` when there is something in it already.
fn fill<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let empty = slot.is_none();
    if empty {
        *slot = value;
    }
    empty
}

fn name_missing_parts(sets: &[ArcSet], defects: &mut Vec<String>) {
    let mut expected = 1;
    for set in sets {
        let instance = set.instance;
        match instance.saturating_sub(expected) {
            _ if Instance::new(instance).is_none() => {
                defects.push(format!("instance {instance} is outside 1 to {}", Instance::MAX));
            }
            0 => {}
            1 => defects.push(format!("gap: instance {expected} missing")),
            _ => defects.push(format!("gap: instances {expected} to {} missing", instance - 1)),
        }
        expected = instance.saturating_add(1);
        for (missing, part) in [(set.aar.is_none(), AAR), (set.ams.is_none(), AMS), (set.seal.is_none(), SEAL)] {
            if missing {
                defects.push(format!("instance {instance} has no {part}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(header: &str) -> ArcChain {
        ArcChain::of(&Message::parse(header))
    }

    fn set(instance: &str) -> String {
        format!(
            "ARC-Seal:i={instance}; a=rsa-sha256; d=Company.example; s=s1; t=1697002528; cv=none; b=x\n\
             ARC-Message-Signature: i={instance}; a=rsa-sha256; c=relaxed/relaxed; d=company.example; s=s1; h=From:\n to;\n bh=a\n b=; b=x; dara=google.com\n\
             ARC-Authentication-Results: i={instance}; mx.company.example; dkim=pass header.d=sender.example\n"
        )
    }

    #[test]
    fn a_set_is_read() {
        let chain = chain(&set("1"));
        assert_eq!(chain.defects, Vec::<String>::new());
        let set = chain.set(1).unwrap();
        let (seal, ams, aar) = (set.seal.as_ref().unwrap(), set.ams.as_ref().unwrap(), set.aar.as_ref().unwrap());
        assert_eq!((seal.domain.as_deref(), seal.timestamp), (Some("company.example"), Some(1_697_002_528)));
        assert_eq!((&seal.cv, seal.field), (&Some(ChainValidationStatus::None), 0));
        assert_eq!((ams.signed_headers.join(":"), ams.body_hash.as_deref()), ("from:to".into(), Some("ab=")));
        assert_eq!((ams.tags.get("dara"), ams.field), (Some("google.com"), 1));
        assert_eq!((aar.authserv_id.as_deref(), aar.results.len()), (Some("mx.company.example"), 1));
        assert_eq!(
            serde_json::to_string(seal).unwrap(),
            r#"{"a":"rsa-sha256","cv":"none","d":"company.example","s":"s1","t":1697002528}"#
        );
    }

    #[test]
    fn sets_are_ordered_and_defects_named() {
        let two = chain(&(set("2") + &set("1")));
        assert_eq!(two.sets.iter().map(|s| s.instance).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(chain(&set("2")).defects, ["gap: instance 1 missing"]);
        assert_eq!(chain(&(set("1") + &set("4"))).defects, ["gap: instances 2 to 3 missing"]);
        assert_eq!(
            chain(&(set("1") + &set("1"))).defects,
            ["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"]
                .map(|part| format!("duplicate {part} for instance 1"))
        );
        assert_eq!(
            chain("ARC-Seal: i=1; cv=maybe\n").defects,
            ["instance 1 has no ARC-Authentication-Results", "instance 1 has no ARC-Message-Signature"]
        );
        assert_eq!(chain(&(set("0") + &set("1"))).defects, ["instance 0 is outside 1 to 50"]);
        assert!(chain(&set("51")).defects.contains(&"instance 51 is outside 1 to 50".to_owned()));
        assert_eq!(chain("A: b\nARC-Seal: cv=none\n").defects, ["ARC-Seal in line 2 has no readable instance"]);
        assert_eq!(chain("ARC-Authentication-Results: mx; i=1\n").defects.len(), 1);
        assert_eq!(chain("ARC-Message-Signature: i=99999999999\n").sets, []);
    }

    #[test]
    fn of_duplicates_the_topmost_counts() {
        let chain = chain("ARC-Seal: i=1; cv=fail\nARC-Seal: i=1; cv=pass\n");
        assert_eq!(chain.set(1).unwrap().seal.as_ref().unwrap().cv, Some(ChainValidationStatus::Fail));
    }

    #[test]
    fn chain_validation_statuses_ignore_case() {
        assert_eq!(ChainValidationStatus::parse("Pass"), ChainValidationStatus::Pass);
        assert_eq!(ChainValidationStatus::parse("maybe").to_string(), "maybe");
    }
}
