//! From the fields of a message to ARC Sets.

use super::{ArcChain, ArcDefect, ArcMessageSignature, ArcPart, ArcSeal, ArcSet, ChainValidationStatus, Instance};
use crate::mail::{Field, Message, authres::AuthenticationResults, taglist::TagList};
use std::collections::BTreeMap;

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
}

/// Puts one field into its set, when it is an ARC field.
fn read_part(field: &Field, at: usize, sets: &mut BTreeMap<u32, ArcSet>, defects: &mut Vec<ArcDefect>) {
    let Some(part) = ArcPart::ALL.into_iter().find(|part| field.is(part.field_name())) else { return };
    let aar = (part == ArcPart::Aar).then(|| AuthenticationResults::of(field));
    let tags = if aar.is_some() { TagList::default() } else { TagList::parse(&field.raw) };
    let Some(instance) = aar.as_ref().map_or_else(|| tags.number("i"), |a| a.instance) else {
        defects.push(ArcDefect::NoInstance { part, line: field.line });
        return;
    };
    let set = sets.entry(instance).or_insert(ArcSet { instance, aar: None, ams: None, seal: None });
    let duplicate = match part {
        ArcPart::Aar => !fill(&mut set.aar, aar),
        ArcPart::Ams => !fill(&mut set.ams, Some(ArcMessageSignature::of(tags, at))),
        ArcPart::Seal => !fill(&mut set.seal, Some(ArcSeal::of(tags, at))),
    };
    if duplicate {
        defects.push(ArcDefect::Duplicate { part, instance });
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

fn name_missing_parts(sets: &[ArcSet], defects: &mut Vec<ArcDefect>) {
    let mut expected = 1;
    for set in sets {
        let instance = set.instance;
        match instance.saturating_sub(expected) {
            _ if Instance::new(instance).is_none() => defects.push(ArcDefect::OutOfRange { instance }),
            0 => {}
            _ => defects.push(ArcDefect::Gap { first: expected, last: instance - 1 }),
        }
        expected = instance.saturating_add(1);
        let missing = ArcPart::ALL.into_iter().filter(|part| !set.has(*part));
        defects.extend(missing.map(|part| ArcDefect::Missing { part, instance }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(header: &str) -> ArcChain {
        ArcChain::of(&Message::parse(header))
    }

    fn defects(header: &str) -> Vec<String> {
        chain(header).defects.iter().map(ToString::to_string).collect()
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
        assert_eq!(chain.defects, []);
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
        assert_eq!(defects(&set("2")), ["gap: instance 1 missing"]);
        assert_eq!(defects(&(set("1") + &set("4"))), ["gap: instances 2 to 3 missing"]);
        assert_eq!(
            defects(&(set("1") + &set("1"))),
            ["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"]
                .map(|part| format!("duplicate {part} for instance 1"))
        );
        assert_eq!(
            defects("ARC-Seal: i=1; cv=maybe\n"),
            ["instance 1 has no ARC-Authentication-Results", "instance 1 has no ARC-Message-Signature"]
        );
        assert_eq!(defects(&(set("0") + &set("1"))), ["instance 0 is outside 1 to 50"]);
        assert!(defects(&set("51")).contains(&"instance 51 is outside 1 to 50".to_owned()));
        assert_eq!(defects("A: b\nARC-Seal: cv=none\n"), ["ARC-Seal in line 2 has no readable instance"]);
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
