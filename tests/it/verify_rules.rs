//! Every rule of verification, on messages that are signed here, right or wrong in exactly one way.

use crate::verify_signer::*;
use sealcheck::{
    mail::Message,
    verify::{Cause, Dns, TxtAnswer, Verdict, Verification, ZoneFile, dns::DnsFailure, verify},
};

/// When the messages are verified: a minute after they were signed.
const NOW: i64 = 1_795_488_300;

/// Verifies offline, and again from what was recorded: both must say the same.
fn judge(message: &[u8], zone: ZoneFile) -> Verification {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let message = Message::parse(message);
    let verdict = runtime.block_on(verify(&message, &Dns::zone(zone), NOW));
    let recorded = ZoneFile::parse(&verdict.zone.to_text()).unwrap();
    let again = runtime.block_on(verify(&message, &Dns::zone(recorded), NOW));
    assert_eq!(again, verdict, "the replay differs");
    verdict
}

fn arc_of(message: &[u8]) -> (Verdict, String) {
    let verdict = judge(message, zone());
    (verdict.arc, verdict.arc_reason.unwrap_or_default())
}

/// One set by LIST, with a change to its recipe.
fn one_set(change: impl FnOnce(&mut ArcRecipe)) -> Vec<u8> {
    let mut recipe = arc_recipe(&LIST, 1, RELAXED);
    change(&mut recipe);
    arc(&LIST, &recipe, PLAIN.as_bytes())
}

fn ams(recipe: &mut ArcRecipe, from: &str, to: &str) {
    let ams = recipe.ams.as_mut().unwrap();
    assert!(ams.template.contains(from), "{}", ams.template);
    ams.template = ams.template.replace(from, to);
}

fn seal(recipe: &mut ArcRecipe, from: &str, to: &str) {
    let seal = recipe.seal.as_mut().unwrap();
    assert!(seal.contains(from), "{seal}");
    *seal = seal.replace(from, to);
}

fn replace(message: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(message.to_vec()).unwrap();
    assert!(text.contains(from), "{from:?} is not in {text}");
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn sound_messages_pass() {
    for c in [("relaxed", "relaxed"), ("relaxed", "simple"), ("simple", "relaxed"), ("simple", "simple")] {
        for body in ["First.\r\n", "", "\r\n\r\n", "a \t b \r\n \t\r\n  \r\n\r\n", "no end", "a\r\n\r\n\r\nb\r\n"] {
            let plain = [PLAIN.split_once("\r\n\r\n").unwrap().0, "\r\n\r\n", body].concat();
            let signed = dkim(&SENDER, &dkim_recipe(&SENDER, c), plain.as_bytes());
            let first = arc(&ED25519, &arc_recipe(&ED25519, 1, c), &signed);
            let second = arc(&COMPANY, &arc_recipe(&COMPANY, 2, c), &first);
            let verdict = judge(&second, zone());
            assert_eq!((verdict.arc, &verdict.arc_reason), (Verdict::Pass, &None), "{c:?} {body:?}");
            assert_eq!(verdict.oldest_pass, Some(0));
            let sets: Vec<_> = verdict.sets.iter().map(|s| (s.instance, s.ams, s.seal, s.reason.clone())).collect();
            assert_eq!(sets, [(1, Verdict::Pass, Verdict::Pass, None), (2, Verdict::Pass, Verdict::Pass, None)]);
            assert_eq!((verdict.dkim[0].result, verdict.dkim[0].d.as_str()), (Verdict::Pass, "sender.example"));
            let key = verdict.dkim[0].facts.key.clone().unwrap();
            assert_eq!((key.name.as_str(), key.bits), ("ext._domainkey.sender.example", Some(2048)));
            assert_eq!(verdict.zone.answers().count(), 3);
        }
    }
}

#[test]
fn a_message_stored_with_line_feeds_passes() {
    let stored = String::from_utf8(two_sets(PLAIN.as_bytes())).unwrap().replace("\r\n", "\n");
    assert_eq!(arc_of(stored.as_bytes()), (Verdict::Pass, String::new()));
}

#[test]
fn without_signatures_there_is_nothing_to_judge() {
    let verdict = judge(PLAIN.as_bytes(), zone());
    assert_eq!((verdict.arc, verdict.arc_reason, verdict.sets.len(), verdict.dkim.len()), (Verdict::None, None, 0, 0));
    assert_eq!(verdict.zone, ZoneFile::default());
    assert_eq!(judge(b"", zone()).arc, Verdict::None);
    assert_eq!(judge(b"\x00\xff\r\n\r\n:::", zone()).arc, Verdict::None);
}

#[test]
fn the_json_shape_is_kept() {
    let verdict = judge(&two_sets(PLAIN.as_bytes()), zone());
    let json = serde_json::to_value(&verdict).unwrap();
    assert_eq!(json["arc"], "pass");
    assert_eq!(json["sets"][1]["instance"], 2);
    assert_eq!((&json["sets"][0]["ams"], &json["sets"][0]["seal"]), (&"pass".into(), &"pass".into()));
    assert_eq!(json["sets"][0]["reason"], serde_json::Value::Null);
    assert_eq!(json["dkim"][0]["d"], "sender.example");
    assert_eq!((&json["dkim"][0]["s"], &json["dkim"][0]["result"]), (&"ext".into(), &"pass".into()));
    assert_eq!(json["dkim"][0]["facts"]["key"]["bits"], 2048);
    assert_eq!(json["zone"], serde_json::Value::Null);
}

/// What the signature really is over stays right; only the rule is broken.
#[test]
fn rules_for_the_fields_of_a_set() {
    type Change = fn(&mut ArcRecipe);
    let cases: Vec<(Change, &str, Cause)> = vec![
        (
            |r| ams(r, "a=rsa-sha256", "a=rsa-sha1"),
            "instance 1 ARC-Message-Signature: a=rsa-sha1 must not be used any more (RFC 8301)",
            Cause::Algorithm,
        ),
        (
            |r| seal(r, "a=rsa-sha256", "a=rsa-sha1"),
            "instance 1 ARC-Seal: a=rsa-sha1 must not be used any more (RFC 8301)",
            Cause::Algorithm,
        ),
        (
            |r| ams(r, "a=rsa-sha256", "a=rsa-sha512"),
            "instance 1 ARC-Message-Signature: a=rsa-sha512 is not known",
            Cause::Algorithm,
        ),
        (|r| ams(r, "a=rsa-sha256; ", ""), "instance 1 ARC-Message-Signature: a= is missing", Cause::Syntax),
        (|r| seal(r, "a=rsa-sha256; ", ""), "instance 1 ARC-Seal: a= is missing", Cause::Syntax),
        (|r| seal(r, "a=rsa-sha256", "a="), "instance 1 ARC-Seal: a= is empty", Cause::Syntax),
        (|r| seal(r, "cv=none; ", ""), "instance 1 ARC-Seal: cv= is missing", Cause::Syntax),
        (
            |r| seal(r, "cv=none", "cv=maybe"),
            "instance 1 ARC-Seal: cv=maybe is none of none, pass and fail",
            Cause::Syntax,
        ),
        (
            |r| seal(r, "cv=none", "cv=pass"),
            "instance 1 ARC-Seal: cv=pass, where the first seal must say cv=none",
            Cause::ChainValidationStatus,
        ),
        (|r| seal(r, "t=", "t=x"), "instance 1 ARC-Seal: t= is no number", Cause::Syntax),
        (
            |r| seal(r, "t=1795488240", "h=from"),
            "instance 1 ARC-Seal: h= is not allowed in a seal",
            Cause::SignedHeaders,
        ),
        (|r| seal(r, "t=1795488240", "d=list.example"), "instance 1 ARC-Seal: duplicate tag `d`", Cause::Syntax),
        (|r| seal(r, "t=1795488240", "_=x"), "instance 1 ARC-Seal: illegal tag name `_`", Cause::Syntax),
        (|r| seal(r, "t=1795488240", ""), "instance 1 ARC-Seal: empty tag", Cause::Syntax),
        (|r| seal(r, "s=hop1", "S=hop1"), "instance 1 ARC-Seal: s= is missing", Cause::Syntax),
        (
            |r| seal(r, "d=list.example", "d=list..example"),
            "instance 1 ARC-Seal: d= is no domain name: \"list..example\"",
            Cause::Syntax,
        ),
        (|r| seal(r, "{b}", "{b}!"), "instance 1 ARC-Seal: b= is no base64", Cause::Syntax),
        (|r| seal(r, "{b}", ""), "instance 1 ARC-Seal: b= is empty", Cause::Syntax),
        (|r| ams(r, "s=hop1", "s=hop1; s=hop1"), "instance 1 ARC-Message-Signature: duplicate tag `s`", Cause::Syntax),
        (|r| ams(r, "bh={bh}", "bh=***"), "instance 1 ARC-Message-Signature: bh= is no base64", Cause::Syntax),
        (|r| ams(r, "bh={bh};", ""), "instance 1 ARC-Message-Signature: bh= is missing", Cause::Syntax),
        (
            |r| ams(r, "c=relaxed/relaxed", "c=strict"),
            "instance 1 ARC-Message-Signature: c=strict is not known: simple and relaxed are",
            Cause::Syntax,
        ),
        (
            |r| ams(r, "c=relaxed", "q=dns/txt; x=1795488240; t=1795488240; c=relaxed"),
            "instance 1 ARC-Message-Signature: x= is not later than t=",
            Cause::Syntax,
        ),
        (
            |r| ams(r, "c=relaxed", "x=1795488299; c=relaxed"),
            "instance 1 ARC-Message-Signature: it expired at 2026-11-24T02:44:59Z (x=)",
            Cause::Expired,
        ),
        (
            |r| ams(r, "c=relaxed", "x=soon; c=relaxed"),
            "instance 1 ARC-Message-Signature: x= is no number",
            Cause::Syntax,
        ),
        (
            |r| ams(r, "c=relaxed", "q=dns/other; c=relaxed"),
            "instance 1 ARC-Message-Signature: q=dns/other is not known: only dns/txt is",
            Cause::Syntax,
        ),
        (
            |r| ams(r, "c=relaxed", "l=-1; c=relaxed"),
            "instance 1 ARC-Message-Signature: l= is no number",
            Cause::Syntax,
        ),
        (
            |r| ams(r, "c=relaxed", "l=100000; c=relaxed"),
            "instance 1 ARC-Message-Signature: l=100000 counts more octets than the 27 of the body: its end was cut off",
            Cause::BodyHash,
        ),
    ];
    for (change, expected, cause) in cases {
        let verdict = judge(&one_set(change), zone());
        assert_eq!(verdict.arc, Verdict::Fail, "{expected}");
        let reason = verdict.arc_reason.unwrap();
        assert!(reason.starts_with(expected), "expected {expected}\n     got {reason}");
        assert_eq!(verdict.arc_cause, Some(cause), "{expected}");
        let facts =
            if expected.contains("ARC-Seal") { &verdict.sets[0].seal_facts } else { &verdict.sets[0].ams_facts };
        assert_eq!(facts.causes.first(), Some(&cause), "{expected}");
    }
}

#[test]
fn rules_for_the_list_of_signed_fields() {
    for (h, expected, cause) in [
        ("to:subject", "h= does not name From", Cause::SignedHeaders),
        ("", "h= is empty", Cause::SignedHeaders),
        ("from::to", "h= holds \"\", which is no field name", Cause::Syntax),
        ("from:arc-seal", "h= names arc-seal, which only a seal covers (RFC 8617 section 4.1.2)", Cause::SignedHeaders),
        ("from:ARC-Message-Signature", "h= names arc-message-signature", Cause::SignedHeaders),
    ] {
        let message = one_set(|r| {
            ams(r, &format!("h={H}"), &format!("h={h}"));
            r.ams.as_mut().unwrap().h = h.to_owned();
        });
        let verdict = judge(&message, zone());
        assert_eq!((verdict.arc, verdict.arc_cause), (Verdict::Fail, Some(cause)), "{h}");
        let reason = verdict.arc_reason.unwrap();
        assert!(reason.starts_with(&format!("instance 1 ARC-Message-Signature: {expected}")), "{reason}");
    }
    // Fields that do not exist may be signed, so that nobody can add them, and any field more than once.
    let message = one_set(|r| {
        ams(r, &format!("h={H}"), "h=From : from:Subject:Subject:List-Id : to");
        r.ams.as_mut().unwrap().h = "From : from:Subject:Subject:List-Id : to".to_owned();
    });
    assert_eq!(arc_of(&message), (Verdict::Pass, String::new()));
    for added in ["Subject: other\r\n", "List-Id: <x>\r\n", "From: b@sender.example\r\n"] {
        let (verdict, reason) = arc_of(&[added.as_bytes(), &message].concat());
        assert_eq!(verdict, Verdict::Fail, "{added}");
        assert_eq!(
            reason,
            "instance 1 ARC-Message-Signature: signature does not match the key at hop1._domainkey.list.example: \
             a signed header field changed after mx.list.example signed it (instance 1)"
        );
    }
    assert_eq!(arc_of(&[&b"X-Other: 1\r\n"[..], &message].concat()).0, Verdict::Pass);
}

#[test]
fn without_c_the_default_of_dkim_counts() {
    let without = |c: (&'static str, &'static str)| {
        one_set(|r| {
            ams(r, "c=relaxed/relaxed; ", "");
            r.ams.as_mut().unwrap().c = c;
        })
    };
    assert_eq!(arc_of(&without(("simple", "simple"))).0, Verdict::Pass);
    assert_eq!(arc_of(&without(("relaxed", "relaxed"))).0, Verdict::Fail);
    let half = one_set(|r| {
        ams(r, "c=relaxed/relaxed", "c=relaxed");
        r.ams.as_mut().unwrap().c = ("relaxed", "simple");
    });
    assert_eq!(arc_of(&half).0, Verdict::Pass);
}

#[test]
fn a_length_leaves_the_rest_of_the_body_uncovered() {
    let message = one_set(|r| {
        ams(r, "c=relaxed", "l=5; c=relaxed");
        r.ams.as_mut().unwrap().l = Some(5);
    });
    let verdict = judge(&message, zone());
    assert_eq!(verdict.arc, Verdict::Pass);
    assert_eq!(verdict.sets[0].ams_facts.body_hash.as_ref().unwrap().uncovered, 22);
    assert_eq!(judge(&[&message[..], b"more\r\n"].concat(), zone()).arc, Verdict::Pass);
}

#[test]
fn key_records() {
    let name = "hop1._domainkey.list.example";
    let key = LIST.public();
    let (rsa512, rsa768) =
        (include_str!("../fixtures/verify/rsa512.txt"), include_str!("../fixtures/verify/rsa768.txt"));
    type Expected = Option<(String, Cause)>;
    let cases: Vec<(Vec<String>, Expected)> = vec![
        (vec![format!("p={key}")], None),
        (vec![format!("v=DKIM1; k=rsa; h=sha1:sha256; s=email:tlsrpt; t=y:s; n=note; p={key};")], None),
        (vec![format!("v=DKIM1; s=*; p={key}")], None),
        (vec!["v=spf1 -all".into(), format!("v=DKIM1; p={key}")], None),
        (vec![format!("v=DKIM1; p={}", COMPANY.public()), format!("v=DKIM1; p={key}")], None),
        (
            vec![format!("v=DKIM2; p={key}")],
            Some((format!("the key at {name} does not count: its v= is not DKIM1"), Cause::NotAKey)),
        ),
        (
            vec![format!("p={key}; v=DKIM1")],
            Some((format!("the key at {name} is malformed: v= is not its first tag"), Cause::KeyMalformed)),
        ),
        (
            vec![format!("v=DKIM1; p={key}; p={key}")],
            Some((format!("the key at {name} is malformed: duplicate tag `p`"), Cause::KeyMalformed)),
        ),
        (
            vec!["v=DKIM1; p=".into()],
            Some((format!("the key at {name} was revoked: its p= is empty"), Cause::KeyRevoked)),
        ),
        (
            vec!["v=DKIM1; k=rsa".into()],
            Some((format!("the key at {name} is malformed: it has no p="), Cause::KeyMalformed)),
        ),
        (
            vec!["v=spf1 -all".into()],
            Some((format!("the key at {name} does not count: its v= is not DKIM1"), Cause::NotAKey)),
        ),
        (
            vec!["v=DKIM1; p=%%%".into()],
            Some((format!("the key at {name} is malformed: p= is no base64"), Cause::KeyMalformed)),
        ),
        (
            vec!["v=DKIM1; p=AAAA".into()],
            Some((format!("the key at {name} is malformed: p= holds no rsa public key"), Cause::KeyMalformed)),
        ),
        (
            vec![format!("v=DKIM1; k=ed25519; p={key}")],
            Some((format!("the key at {name} is of type ed25519, and a= needs rsa"), Cause::KeyType)),
        ),
        (
            vec![format!("v=DKIM1; k=dsa; p={key}")],
            Some((format!("the key at {name} is of type dsa, and a= needs rsa"), Cause::KeyType)),
        ),
        (
            vec![format!("v=DKIM1; h=sha1; p={key}")],
            Some((
                format!("the key at {name} may not be used with sha256: its h= leaves it out"),
                Cause::KeyRestricted,
            )),
        ),
        (
            vec![format!("v=DKIM1; s=tlsrpt; p={key}")],
            Some((
                format!("the key at {name} may not be used for mail: its s= leaves email out"),
                Cause::KeyRestricted,
            )),
        ),
        (
            vec![rsa512.into()],
            Some((
                format!("the key at {name} is too short: it has 512 bits, and less than 1024 do not count"),
                Cause::KeyTooShort,
            )),
        ),
        (
            vec![rsa768.into()],
            Some((
                format!("the key at {name} is too short: it has 768 bits, and less than 1024 do not count"),
                Cause::KeyTooShort,
            )),
        ),
        (
            vec!["a".into(), "b".into()],
            Some((
                format!(
                    "the key at {name} is no DKIM key: its TXT record has no p= (the name has 2 TXT records, and none fits)"
                ),
                Cause::NotAKey,
            )),
        ),
        (
            vec![format!("v=DKIM1; p={}", COMPANY.public())],
            Some((
                format!(
                    "signature does not match the key at {name}: a signed header field changed after mx.list.example signed it (instance 1), or another key signed"
                ),
                Cause::Signature,
            )),
        ),
    ];
    let message = one_set(|_| {});
    for (texts, expected) in cases {
        let mut zone = zone();
        zone.insert(name, records(&texts.iter().map(String::as_str).collect::<Vec<_>>()));
        let verdict = judge(&message, zone);
        let own = verdict.arc_reason.as_deref().map(|r| r.strip_prefix("instance 1 ARC-Message-Signature: ").unwrap());
        assert_eq!((own, verdict.arc_cause), (expected.as_ref().map(|e| e.0.as_str()), expected.as_ref().map(|e| e.1)));
        assert_eq!(verdict.sets[0].ams_facts.key.as_ref().unwrap().records, texts.len());
    }
}

#[test]
fn ed25519_keys_are_32_octets() {
    let message = arc(&ED25519, &arc_recipe(&ED25519, 1, RELAXED), PLAIN.as_bytes());
    assert_eq!(judge(&message, zone()).sets[0].ams_facts.key.as_ref().unwrap().bits, Some(256));
    let mut zone = zone();
    zone.insert(&ED25519.name(), records(&["v=DKIM1; k=ed25519; p=AAAA"]));
    let verdict = judge(&message, zone);
    assert_eq!(verdict.arc_cause, Some(Cause::KeyMalformed));
    let damaged = replace(&message, "Subject: hello", "Subject: Hello");
    assert_eq!(judge(&damaged, crate::verify_signer::zone()).arc_cause, Some(Cause::Signature));
}

#[test]
fn a_key_of_1024_bits_counts() {
    let zone = ZoneFile::parse(include_str!("../fixtures/verify/rsa1024.zone")).unwrap();
    let verdict = judge(include_bytes!("../fixtures/verify/rsa1024.eml"), zone);
    assert_eq!(verdict.dkim[0].reason, None);
    assert_eq!(verdict.dkim[0].facts.key.as_ref().unwrap().bits, Some(1024));
}

#[test]
fn dns_that_gives_no_key() {
    let message = two_sets(PLAIN.as_bytes());
    let name = "20231011._domainkey.company.example";
    for (answer, verdict, cause, reason) in [
        (TxtAnswer::NxDomain, Verdict::Fail, Cause::NoKey, format!("no key at {name} (NXDOMAIN)")),
        (TxtAnswer::NoData, Verdict::Fail, Cause::NotAKey, format!("no key at {name} (it has no TXT record)")),
        (
            TxtAnswer::Failed(DnsFailure::ServFail),
            Verdict::TempError,
            Cause::Dns,
            format!("no answer for the key at {name} (SERVFAIL): try again later"),
        ),
        (
            TxtAnswer::Failed(DnsFailure::Timeout),
            Verdict::TempError,
            Cause::Dns,
            format!("no answer for the key at {name} (TIMEOUT): try again later"),
        ),
    ] {
        let mut zone = zone();
        zone.insert(name, answer);
        let got = judge(&message, zone);
        assert_eq!((got.arc, got.arc_cause), (verdict, Some(cause)));
        assert_eq!(got.arc_reason.unwrap(), format!("instance 2 ARC-Message-Signature: {reason}"));
        assert_eq!((got.sets[1].ams, got.sets[1].seal), (verdict, verdict));
        assert_eq!(
            got.sets[1].reason.as_deref().unwrap(),
            format!("instance 2 ARC-Message-Signature: {reason}; instance 2 ARC-Seal: {reason}")
        );
        assert_eq!(
            (got.sets[0].ams, got.sets[0].seal, got.dkim[0].result),
            (Verdict::Pass, Verdict::Pass, Verdict::Pass)
        );
    }
    // What surely fails is not excused by DNS.
    let mut zone = zone();
    zone.insert(name, TxtAnswer::Failed(DnsFailure::ServFail));
    let broken = replace(&message, "cv=none", "cv=None");
    assert_eq!(judge(&broken, zone).arc, Verdict::Fail);
}

#[test]
fn the_structure_of_a_chain() {
    let plain = PLAIN.as_bytes();
    let first = arc(&LIST, &arc_recipe(&LIST, 1, RELAXED), plain);
    let set = |i, message: &[u8]| arc(&COMPANY, &arc_recipe(&COMPANY, i, RELAXED), message);
    let without = |part: fn(&mut ArcRecipe)| {
        let mut recipe = arc_recipe(&LIST, 1, RELAXED);
        part(&mut recipe);
        arc(&LIST, &recipe, plain)
    };
    for (message, expected) in [
        (set(3, &first), "gap: instance 2 missing"),
        (set(2, plain), "gap: instance 1 missing"),
        (arc(&COMPANY, &arc_recipe(&COMPANY, 1, RELAXED), &first), "duplicate ARC-Seal for instance 1"),
        (set(51, plain), "instance 51 is outside 1 to 50"),
        (set(0, plain), "instance 0 is outside 1 to 50"),
        (without(|r| r.aar = None), "instance 1 has no ARC-Authentication-Results"),
        (without(|r| r.ams = None), "instance 1 has no ARC-Message-Signature"),
        (without(|r| r.seal = None), "instance 1 has no ARC-Seal"),
        (without(|r| (r.aar, r.ams) = (None, None)), "instance 1 has no ARC-Authentication-Results"),
        (without(|r| seal(r, "i=1; ", "")), "ARC-Seal in line 1 has no readable instance"),
        (set(2, &without(|r| r.aar = None)), "instance 1 has no ARC-Authentication-Results"),
    ] {
        let verdict = judge(&message, zone());
        assert_eq!(verdict.arc, Verdict::Fail, "{expected}");
        let reason = verdict.arc_reason.unwrap_or_default();
        assert!(reason.contains(expected), "expected {expected}, got {reason}");
        assert_eq!(verdict.arc_cause, Some(Cause::Structure), "{expected}");
    }
    let broken = judge(&set(2, &without(|r| r.aar = None)), zone());
    assert_eq!(
        (broken.sets[0].ams, broken.sets[0].seal, broken.sets[1].ams),
        (Verdict::Pass, Verdict::Fail, Verdict::Pass)
    );
    assert_eq!(
        broken.sets[1].reason.as_deref(),
        Some("instance 2 ARC-Seal: it cannot hold: instance 1 has no ARC-Authentication-Results")
    );
    let lost = judge(&without(|r| r.ams = None), zone());
    assert_eq!(lost.sets[0].ams, Verdict::None);
    assert!(lost.sets[0].reason.as_ref().unwrap().starts_with("instance 1 has no ARC-Message-Signature; "));
}

#[test]
fn fifty_sets_are_the_most() {
    let mut message = PLAIN.as_bytes().to_vec();
    for i in 1..=50 {
        message = arc(&LIST, &arc_recipe(&LIST, i, RELAXED), &message);
    }
    assert_eq!(arc_of(&message), (Verdict::Pass, String::new()));
    let one_more = judge(&arc(&LIST, &arc_recipe(&LIST, 51, RELAXED), &message), zone());
    assert_eq!((one_more.arc, one_more.arc_reason.as_deref()), (Verdict::Fail, Some("instance 51 is outside 1 to 50")));
    let last = &one_more.sets[50];
    assert_eq!((last.ams, last.seal, &last.reason), (Verdict::None, Verdict::None, &one_more.arc_reason));
    assert_eq!((one_more.sets[49].ams, one_more.sets[49].seal), (Verdict::Pass, Verdict::Pass));
}

#[test]
fn chain_validation_statuses() {
    let first = arc(&LIST, &arc_recipe(&LIST, 1, RELAXED), PLAIN.as_bytes());
    let second = |cv: &str, own_set_only| {
        let mut recipe = arc_recipe(&COMPANY, 2, RELAXED);
        seal(&mut recipe, "cv=pass", &format!("cv={cv}"));
        recipe.own_set_only = own_set_only;
        arc(&COMPANY, &recipe, &first)
    };
    assert_eq!(arc_of(&second("PASS", false)).0, Verdict::Pass);
    let none = judge(&second("none", false), zone());
    assert_eq!((none.arc, none.arc_cause), (Verdict::Fail, Some(Cause::ChainValidationStatus)));
    assert_eq!(none.arc_reason.unwrap(), "instance 2 ARC-Seal: cv=none, which only the first seal may say");

    // A seal that marks a broken chain covers its own set, and is sound; the chain is not.
    let failed = judge(&second("fail", true), zone());
    assert_eq!((failed.arc, failed.arc_cause), (Verdict::Fail, Some(Cause::ChainMarkedFailed)));
    assert_eq!(failed.arc_reason.unwrap(), "instance 2 ARC-Seal: cv=fail: mx.company.example found the chain broken");
    assert_eq!((failed.sets[1].ams, failed.sets[1].seal), (Verdict::Pass, Verdict::Pass));
    let whole = judge(&second("fail", false), zone());
    assert_eq!((whole.arc, whole.sets[1].seal), (Verdict::Fail, Verdict::Fail));
    assert_eq!(
        whole.sets[1].reason.as_deref(),
        Some("instance 2 ARC-Seal: it covers every set in order, and must cover only its own set")
    );

    let third = arc(&LIST, &arc_recipe(&LIST, 3, RELAXED), &second("fail", true));
    assert_eq!(
        arc_of(&third),
        (Verdict::Fail, "instance 2 ARC-Seal: cv=fail ends a chain, and instance 3 goes on".to_owned())
    );
    let alone = one_set(|r| seal(r, "cv=none", "cv=fail"));
    assert_eq!(judge(&alone, zone()).arc_cause, Some(Cause::ChainMarkedFailed));
    let because = replace(&second("fail", true), "First line", "Changed line");
    assert_eq!(
        arc_of(&because).1,
        "instance 2 ARC-Seal: cv=fail: mx.company.example found the chain broken (instance 1 ARC-Message-Signature: body \
         hash does not match: the body changed after mx.company.example signed it (instance 2))"
    );
}

#[test]
fn which_hop_changed_the_message() {
    let signed = dkim(&SENDER, &dkim_recipe(&SENDER, RELAXED), PLAIN.as_bytes());
    let first = arc(&LIST, &arc_recipe(&LIST, 1, RELAXED), &signed);
    let second = |message: &[u8]| arc(&COMPANY, &arc_recipe(&COMPANY, 2, RELAXED), message);

    // Between the two: the chain holds, and the older set tells.
    let between = judge(&second(&[&first[..], b"footer\r\n"].concat()), zone());
    assert_eq!((between.arc, between.oldest_pass), (Verdict::Pass, Some(2)));
    assert_eq!(
        between.sets[0].reason.as_deref(),
        Some(
            "instance 1 ARC-Message-Signature: body hash does not match: the body changed after mx.list.example signed \
             it (instance 1) and before mx.company.example did (instance 2)"
        )
    );
    assert_eq!(between.sets[0].ams_facts.causes, [Cause::BodyHash]);
    assert_eq!(
        between.dkim[0].reason.as_deref(),
        Some(
            "DKIM-Signature: body hash does not match: the body changed after sender.example signed it and before \
             mx.company.example sealed it (instance 2)"
        )
    );

    // Before the first: only the author's signature is broken.
    let before =
        judge(&second(&arc(&LIST, &arc_recipe(&LIST, 1, RELAXED), &replace(&signed, "First", "Other"))), zone());
    assert_eq!((before.arc, before.oldest_pass), (Verdict::Pass, Some(0)));
    assert!(before.dkim[0].reason.as_ref().unwrap().ends_with("and before mx.list.example sealed it (instance 1)"));

    // After the last: everything is broken, by the same change.
    let after = judge(&replace(&second(&first), "First", "Other"), zone());
    assert_eq!((after.arc, after.arc_cause, after.oldest_pass), (Verdict::Fail, Some(Cause::BodyHash), None));
    let reason = "body hash does not match: the body changed after mx.company.example signed it (instance 2)";
    assert_eq!(after.arc_reason.unwrap(), format!("instance 2 ARC-Message-Signature: {reason}"));
    assert_eq!(after.sets[0].reason.as_ref().unwrap(), &format!("instance 1 ARC-Message-Signature: {reason}"));
    assert_eq!((after.sets[0].seal, after.sets[1].seal), (Verdict::Pass, Verdict::Pass));
    let hashes = after.sets[0].ams_facts.body_hash.clone().unwrap();
    assert_ne!(hashes.expected, hashes.computed);

    // A header field between the two.
    let subject = judge(&second(&replace(&first, "Subject: hello", "Subject: [list] hello")), zone());
    assert_eq!(subject.arc, Verdict::Pass);
    assert_eq!(
        subject.sets[0].reason.as_deref(),
        Some(
            "instance 1 ARC-Message-Signature: signature does not match the key at hop1._domainkey.list.example: a signed \
             header field changed after mx.list.example signed it (instance 1) and before mx.company.example did (instance 2)"
        )
    );
    assert_eq!(
        subject.dkim[0].reason.as_deref(),
        Some(
            "DKIM-Signature: signature does not match the key at ext._domainkey.sender.example: a signed header field \
             changed after sender.example signed it and before mx.company.example sealed it (instance 2), or another key \
             signed"
        )
    );

    // Both.
    let both = judge(&replace(&replace(&second(&first), "First", "Other"), "Subject: hello", "Subject: Hello"), zone());
    assert_eq!(both.sets[1].ams_facts.causes, [Cause::BodyHash, Cause::Signature]);
}

#[test]
fn seals_and_what_they_cover() {
    let message = two_sets(PLAIN.as_bytes());
    for (from, to, broken) in [
        ("i=1; mx.list.example; spf=pass", "i=1; mx.list.example; spf=fail", [true, true]),
        ("i=2; mx.company.example; spf=pass", "i=2; mx.company.example; spf=fail", [false, true]),
    ] {
        let verdict = judge(&replace(&message, from, to), zone());
        assert_eq!(verdict.sets.iter().map(|s| s.seal == Verdict::Fail).collect::<Vec<_>>(), broken);
        assert!(verdict.sets.iter().all(|s| s.ams == Verdict::Pass));
        assert_eq!((verdict.arc, verdict.arc_cause), (Verdict::Fail, Some(Cause::Signature)));
        assert_eq!(
            verdict.arc_reason.unwrap(),
            "instance 2 ARC-Seal: signature does not match the key at 20231011._domainkey.company.example: a header field \
             of the sets that it covers changed, or another key signed"
        );
    }
    // Seals are canonicalized relaxed, and the order of the fields in the header does not matter.
    let folded = replace(&message, "ARC-Seal: i=2; a=", "arc-seal:\r\n i=2;\r\n\ta=");
    assert_eq!(arc_of(&folded).0, Verdict::Pass);
    let (fields, body) = split(&message);
    let mut fields: Vec<String> = fields;
    fields.reverse();
    let reversed = [fields.concat().as_bytes(), b"\r\n", body].concat();
    assert_eq!(arc_of(&reversed), (Verdict::Pass, String::new()));
}

#[test]
fn dkim_signatures() {
    type Change = fn(&mut Recipe);
    fn set(recipe: &mut Recipe, from: &str, to: &str) {
        assert!(recipe.template.contains(from));
        recipe.template = recipe.template.replace(from, to);
    }
    let cases: Vec<(Change, Option<&str>)> = vec![
        (|r| set(r, "v=1", "i=alice@sender.example; v=1"), None),
        (|r| set(r, "v=1", "v=1; i=@sub.sender.example; z=From:a|To:b; q=dns/txt; t=1"), None),
        (
            |r| set(r, "v=1", "v=1; i=@other.example"),
            Some("i= names \"other.example\", which is not in d=sender.example"),
        ),
        (|r| set(r, "v=1", "v=1; i=@evilsender.example"), Some("i= names \"evilsender.example\", which is not in d=")),
        (|r| set(r, "v=1", "v=1; i=alice"), Some("i= has no @")),
        (|r| set(r, "v=1", "v=2"), Some("v= is not 1")),
        (|r| set(r, "v=1; ", ""), Some("v= is missing")),
        (|r| set(r, "a=rsa-sha256", "a=rsa-sha1"), Some("a=rsa-sha1 must not be used any more (RFC 8301)")),
        (|r| set(r, "v=1", "v=1; x=5; t=4"), Some("it expired at 1970-01-01T00:00:05Z (x=)")),
        (|r| set(r, "s=ext", "s=ext; s=ext"), Some("duplicate tag `s`")),
        (|r| set(r, "s=ext", "s=other"), Some("no key at other._domainkey.sender.example (NXDOMAIN)")),
        (
            |r| {
                set(r, "h=from:", "h=");
                r.h = r.h.replace("from:", "");
            },
            Some("h= does not name From"),
        ),
    ];
    for (change, expected) in cases {
        let mut recipe = dkim_recipe(&SENDER, RELAXED);
        change(&mut recipe);
        let verdict = judge(&dkim(&SENDER, &recipe, PLAIN.as_bytes()), zone()).dkim.remove(0);
        match expected {
            None => assert_eq!((verdict.result, verdict.reason), (Verdict::Pass, None)),
            Some(text) => {
                let reason = verdict.reason.unwrap();
                assert_eq!(verdict.result, Verdict::Fail, "{text}");
                assert!(reason.starts_with(&format!("DKIM-Signature: {text}")), "expected {text}, got {reason}");
            }
        }
    }
    let mut strict = zone();
    strict.insert(&SENDER.name(), records(&[&format!("v=DKIM1; t=s; p={}", SENDER.public())]));
    let mut recipe = dkim_recipe(&SENDER, RELAXED);
    set(&mut recipe, "v=1", "v=1; i=@sub.sender.example");
    let verdict = judge(&dkim(&SENDER, &recipe, PLAIN.as_bytes()), strict).dkim.remove(0);
    assert_eq!(verdict.facts.causes, [Cause::KeyRestricted]);
    let mut failing = zone();
    failing.insert(&SENDER.name(), TxtAnswer::Failed(DnsFailure::Refused));
    let verdict = judge(&two_sets(PLAIN.as_bytes()), failing);
    assert_eq!((verdict.arc, verdict.dkim[0].result), (Verdict::Pass, Verdict::TempError));
}

#[test]
fn a_message_does_not_decide_how_much_work_it_makes() {
    let mut message = PLAIN.to_owned();
    for n in 0..60 {
        message = format!(
            "DKIM-Signature: v=1; a=rsa-sha256; d=sender.example; s=s{n}; h=from; bh=AAAA; b=AAAA\r\n{message}"
        );
    }
    let verdict = judge(message.as_bytes(), zone());
    assert_eq!((verdict.dkim.len(), verdict.zone.answers().count()), (60, 50));
    assert_eq!((verdict.dkim[49].result, verdict.dkim[50].result), (Verdict::Fail, Verdict::None));
    assert_eq!(verdict.dkim[50].reason.as_deref(), Some("DKIM-Signature: not judged: only the first 50 are"));

    // As many names in h= as fields in the header.
    let (h, fields) = (format!("from{}", ":x".repeat(100_000)), "x: y\r\n".repeat(100_000));
    let mut recipe = dkim_recipe(&SENDER, RELAXED);
    recipe.template = recipe.template.replace(H, &h).replace("{b}", "AAAA");
    let field = recipe.template.replace("{bh}", "AAAA");
    let verdict = judge(format!("DKIM-Signature: {field}\r\n{fields}{PLAIN}").as_bytes(), zone());
    assert_eq!(verdict.dkim[0].facts.causes, [Cause::BodyHash, Cause::Signature]);
}

#[test]
fn several_signatures_are_judged_in_order() {
    let inner = dkim(&SENDER, &dkim_recipe(&SENDER, ("simple", "simple")), PLAIN.as_bytes());
    let outer = dkim(&ED25519, &dkim_recipe(&ED25519, RELAXED), &inner);
    let verdict = judge(&replace(&outer, "Subject: hello  there", "Subject: hello there"), zone());
    let results: Vec<_> = verdict.dkim.iter().map(|d| (d.s.as_str(), d.result)).collect();
    assert_eq!(results, [("ed", Verdict::Pass), ("ext", Verdict::Fail)]);
}

#[test]
fn changed_messages_are_judged_the_same_from_the_record() {
    for case in crate::interop_cases::all(NOW).iter().step_by(9) {
        let verdict = judge(&case.message, zone());
        let failed = verdict.sets.iter().any(|s| s.seal == Verdict::Fail);
        assert!(!failed || verdict.arc == Verdict::Fail, "{}", case.name);
        assert_eq!(verdict.arc == Verdict::Fail, verdict.arc_reason.is_some(), "{}", case.name);
        assert_eq!(verdict.arc_reason.is_some(), verdict.arc_cause.is_some(), "{}", case.name);
    }
}

proptest::proptest! {
    #[test]
    fn no_message_makes_it_panic(header in "((ARC-Seal|ARC-Message-Signature|ARC-Authentication-Results|DKIM-Signature):( ?(i|a|b|bh|c|cv|d|h|l|s|t|x|v|q)=(1|2|rsa-sha256|AA==|relaxed/simple|none|pass|fail|d.example|from:to|9999999999|\\PC{0,4});?){0,12}\r\n){0,6}", body in "\\PC{0,20}") {
        judge(format!("{header}\r\n{body}").as_bytes(), zone());
    }
}
