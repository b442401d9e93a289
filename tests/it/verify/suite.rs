//! The public ARC test suite (tests/fixtures/arc_test_suite): every validation case and every set that its signing cases
//! ask for, judged with the DNS of the case.

use sealcheck::{
    mail::Message,
    verify::{Dns, TxtAnswer, Verdict, Verification, ZoneFile, verify},
};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use std::{collections::BTreeMap, fs, path::Path};

/// Where we say otherwise: the case, our verdict, the start of our reason, and the sentence that says so.
pub(crate) const DEVIATIONS: [(&str, Verdict, &str, &str); 4] = [
    ("ams_fields_a_sha1", Verdict::Fail, "a=rsa-sha1 must not be used", RSA_SHA1),
    ("as_fields_a_sha1", Verdict::Fail, "a=rsa-sha1 must not be used", RSA_SHA1),
    ("ams_fields_h_empty", Verdict::Fail, "h= is empty", "RFC 6376 §3.5, h=: \"This list MUST NOT be empty.\""),
    (
        "ams_fields_h_mis_hdr",
        Verdict::Fail,
        "h= holds \"\"",
        "RFC 6376 §3.5: sig-h-tag = hdr-name *( \":\" hdr-name ); §6.1.1: \"any inconsistency or unexpected values MUST \
         cause the header field to be completely ignored\"",
    ),
];

const RSA_SHA1: &str = "RFC 8301 §3.1: \"rsa-sha1 MUST NOT be used for signing or verifying.\"";

/// Cases of one kind with the DNS that they share.
#[derive(Deserialize)]
struct Scenario {
    #[serde(deserialize_with = "pairs")]
    tests: Vec<(String, Case)>,
    #[serde(rename = "txt-records")]
    txt_records: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Case {
    message: String,
    /// `Pass`, `Fail` or `None`; empty where only a failure without a status is asked for.
    #[serde(default)]
    cv: String,
    /// The fields that a signer must write, without their names.
    #[serde(rename = "AS", default)]
    seal: String,
    #[serde(rename = "AMS", default)]
    ams: String,
    #[serde(rename = "AAR", default)]
    aar: String,
}

/// The pairs of a map, those with the same key too: the suite has some twice.
fn pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, Case)>, D::Error> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, Case)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("cases by name")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    deserializer.deserialize_map(Pairs)
}

fn scenarios(file: &str) -> Vec<Scenario> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/arc_test_suite").join(file);
    serde_yaml::from_multiple_with_options(
        &fs::read_to_string(path).unwrap(),
        serde_yaml::options! { duplicate_keys: serde_yaml::DuplicateKeyPolicy::PassThrough },
    )
    .unwrap()
}

impl Scenario {
    fn zone(&self) -> ZoneFile {
        let mut zone = ZoneFile::default();
        for (name, text) in &self.txt_records {
            zone.insert(name, TxtAnswer::Records { ttl: 60, texts: vec![text.replace('\n', "").into_bytes()] });
        }
        zone
    }
}

fn judge(message: &str, zone: ZoneFile) -> Verification {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(verify(&Message::parse(message), &Dns::zone(zone), 1_795_488_300))
}

#[test]
fn validation_cases_are_judged_as_the_suite_says_or_as_the_rfc_does() {
    let mut seen = Vec::new();
    let mut wrong = Vec::new();
    for scenario in scenarios("arc-draft-validation-tests.yml") {
        for (id, case) in &scenario.tests {
            let ours = judge(&case.message, scenario.zone());
            let suite = if case.cv.is_empty() { "fail" } else { case.cv.as_str() };
            let deviation = DEVIATIONS.iter().find(|d| d.0 == id);
            let (verdict, reason) = (ours.arc.to_string(), ours.arc_reason.unwrap_or_default());
            let agrees = verdict.eq_ignore_ascii_case(suite);
            match deviation {
                None if !agrees => wrong.push(format!("{id}: the suite says {suite}, we {verdict} ({reason})")),
                Some((.., because)) if agrees => wrong.push(format!("{id}: deviates no more ({because})")),
                Some((_, ours, why, _)) if ours.to_string() != verdict || !reason.contains(why) => {
                    wrong.push(format!("{id}: we say {verdict} ({reason})"));
                }
                _ => {}
            }
            seen.push(id.clone());
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), seen.len(), wrong.join("\n"));
    assert_eq!(seen.len(), 174);
    assert!(DEVIATIONS.iter().all(|d| seen.iter().any(|id| id == d.0)), "{seen:?}");
}

/// A field as the suite's signer made it: folded after its tags, and not inside of them.
fn field(name: &str, value: &str) -> String {
    format!("{name}: {}\n", value.trim_end().replace(";\n", "; ").replace('\n', ""))
}

#[test]
fn the_sets_that_signers_must_write_hold() {
    let mut whole = 0;
    for scenario in scenarios("arc-draft-sign-tests.yml") {
        // A signer must add nothing to a chain that is marked as failed.
        for (id, case) in scenario.tests.iter().filter(|(_, case)| !case.seal.is_empty()) {
            let set = field("ARC-Seal", &case.seal)
                + &field("ARC-Message-Signature", &case.ams)
                + &field("ARC-Authentication-Results", &case.aar);
            let ours = judge(&(set + &case.message), scenario.zone());
            let newest = ours.sets.last().unwrap();
            assert_eq!((newest.ams, newest.seal, &newest.reason), (Verdict::Pass, Verdict::Pass, &None), "{id}");
            // The older sets of these messages are folded otherwise than when they were sealed.
            whole += usize::from(ours.arc == Verdict::Pass);
            assert!(ours.arc == Verdict::Pass || newest.instance > 1, "{id}: {:?}", ours.arc_reason);
        }
    }
    assert_eq!(whole, 12);
}
