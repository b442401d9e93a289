//! Every rule of verification, on messages that are signed here, right or wrong in exactly one way.

use crate::support::verify_signer::*;
use sealcheck::{
    mail::Message,
    verify::{Dns, SignatureDefect, TxtAnswer, Verdict, Verification, ZoneFile, dns::DnsFailure, verify},
};

/// When the messages are verified: a minute after they were signed.
pub(crate) const NOW: i64 = 1_795_488_300;

/// Verifies offline, and again from what was recorded: both must say the same.
pub(crate) fn judge(message: &[u8], zone: ZoneFile) -> Verification {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let message = Message::parse(message);
    let verdict = runtime.block_on(verify(&message, &Dns::zone(zone), NOW));
    let recorded = ZoneFile::parse(&verdict.zone.to_text()).unwrap();
    let again = runtime.block_on(verify(&message, &Dns::zone(recorded), NOW));
    assert_eq!(again, verdict, "the replay differs");
    verdict
}

pub(crate) fn arc_of(message: &[u8]) -> (Verdict, String) {
    let verdict = judge(message, zone());
    (verdict.arc, verdict.arc_reason.unwrap_or_default())
}

/// One set by LIST, with a change to its recipe.
pub(crate) fn one_set(change: impl FnOnce(&mut ArcRecipe)) -> Vec<u8> {
    let mut recipe = arc_recipe(&LIST, 1, RELAXED);
    change(&mut recipe);
    arc(&LIST, &recipe, PLAIN.as_bytes())
}

pub(crate) fn ams(recipe: &mut ArcRecipe, from: &str, to: &str) {
    let ams = recipe.ams.as_mut().unwrap();
    assert!(ams.template.contains(from), "{}", ams.template);
    ams.template = ams.template.replace(from, to);
}

pub(crate) fn seal(recipe: &mut ArcRecipe, from: &str, to: &str) {
    let seal = recipe.seal.as_mut().unwrap();
    assert!(seal.contains(from), "{seal}");
    *seal = seal.replace(from, to);
}

pub(crate) fn replace(message: &[u8], from: &str, to: &str) -> Vec<u8> {
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
    insta::assert_snapshot!(format!("{json:#}"), @r#"
    {
      "arc": "pass",
      "arc_reason": null,
      "arc_cause": null,
      "oldest_pass": 0,
      "sets": [
        {
          "instance": 1,
          "ams": "pass",
          "seal": "pass",
          "reason": null,
          "ams_facts": {
            "causes": [],
            "key": {
              "name": "hop1._domainkey.list.example",
              "records": 1,
              "k": "rsa",
              "bits": 2048,
              "testing": false
            },
            "body_hash": {
              "expected": "7JGc2ovJhRy6r7bHLY1mDIZnByMFslAU/C9cKVkgc5U=",
              "computed": "7JGc2ovJhRy6r7bHLY1mDIZnByMFslAU/C9cKVkgc5U=",
              "uncovered": 0
            }
          },
          "seal_facts": {
            "causes": [],
            "key": {
              "name": "hop1._domainkey.list.example",
              "records": 1,
              "k": "rsa",
              "bits": 2048,
              "testing": false
            },
            "body_hash": null
          }
        },
        {
          "instance": 2,
          "ams": "pass",
          "seal": "pass",
          "reason": null,
          "ams_facts": {
            "causes": [],
            "key": {
              "name": "20231011._domainkey.company.example",
              "records": 1,
              "k": "rsa",
              "bits": 2048,
              "testing": false
            },
            "body_hash": {
              "expected": "7JGc2ovJhRy6r7bHLY1mDIZnByMFslAU/C9cKVkgc5U=",
              "computed": "7JGc2ovJhRy6r7bHLY1mDIZnByMFslAU/C9cKVkgc5U=",
              "uncovered": 0
            }
          },
          "seal_facts": {
            "causes": [],
            "key": {
              "name": "20231011._domainkey.company.example",
              "records": 1,
              "k": "rsa",
              "bits": 2048,
              "testing": false
            },
            "body_hash": null
          }
        }
      ],
      "dkim": [
        {
          "d": "sender.example",
          "s": "ext",
          "result": "pass",
          "reason": null,
          "facts": {
            "causes": [],
            "key": {
              "name": "ext._domainkey.sender.example",
              "records": 1,
              "k": "rsa",
              "bits": 2048,
              "testing": false
            },
            "body_hash": {
              "expected": "7JGc2ovJhRy6r7bHLY1mDIZnByMFslAU/C9cKVkgc5U=",
              "computed": "7JGc2ovJhRy6r7bHLY1mDIZnByMFslAU/C9cKVkgc5U=",
              "uncovered": 0
            }
          }
        }
      ]
    }
    "#);
}

/// What the signature really is over stays right; only the rule is broken.
#[test]
fn rules_for_the_fields_of_a_set() {
    type Change = fn(&mut ArcRecipe);
    let cases: Vec<(Change, &str, SignatureDefect)> = vec![
        (
            |r| ams(r, "a=rsa-sha256", "a=rsa-sha1"),
            "instance 1 ARC-Message-Signature: a=rsa-sha1 must not be used any more (RFC 8301)",
            SignatureDefect::Algorithm,
        ),
        (
            |r| seal(r, "a=rsa-sha256", "a=rsa-sha1"),
            "instance 1 ARC-Seal: a=rsa-sha1 must not be used any more (RFC 8301)",
            SignatureDefect::Algorithm,
        ),
        (
            |r| ams(r, "a=rsa-sha256", "a=rsa-sha512"),
            "instance 1 ARC-Message-Signature: a=rsa-sha512 is not known",
            SignatureDefect::Algorithm,
        ),
        (|r| ams(r, "a=rsa-sha256; ", ""), "instance 1 ARC-Message-Signature: a= is missing", SignatureDefect::Syntax),
        (|r| seal(r, "a=rsa-sha256; ", ""), "instance 1 ARC-Seal: a= is missing", SignatureDefect::Syntax),
        (|r| seal(r, "a=rsa-sha256", "a="), "instance 1 ARC-Seal: a= is empty", SignatureDefect::Syntax),
        (|r| seal(r, "cv=none; ", ""), "instance 1 ARC-Seal: cv= is missing", SignatureDefect::Syntax),
        (
            |r| seal(r, "cv=none", "cv=maybe"),
            "instance 1 ARC-Seal: cv=maybe is none of none, pass and fail",
            SignatureDefect::Syntax,
        ),
        (
            |r| seal(r, "cv=none", "cv=pass"),
            "instance 1 ARC-Seal: cv=pass, where the first seal must say cv=none",
            SignatureDefect::ChainValidationStatus,
        ),
        (|r| seal(r, "t=", "t=x"), "instance 1 ARC-Seal: t= is no number", SignatureDefect::Syntax),
        (
            |r| seal(r, "t=1795488240", "h=from"),
            "instance 1 ARC-Seal: h= is not allowed in a seal",
            SignatureDefect::SignedHeaders,
        ),
        (
            |r| seal(r, "t=1795488240", "d=list.example"),
            "instance 1 ARC-Seal: duplicate tag `d`",
            SignatureDefect::Syntax,
        ),
        (|r| seal(r, "t=1795488240", "_=x"), "instance 1 ARC-Seal: illegal tag name `_`", SignatureDefect::Syntax),
        (|r| seal(r, "t=1795488240", ""), "instance 1 ARC-Seal: empty tag", SignatureDefect::Syntax),
        (|r| seal(r, "s=hop1", "S=hop1"), "instance 1 ARC-Seal: s= is missing", SignatureDefect::Syntax),
        (
            |r| seal(r, "d=list.example", "d=list..example"),
            "instance 1 ARC-Seal: d= is no domain name: \"list..example\"",
            SignatureDefect::Syntax,
        ),
        (|r| seal(r, "{b}", "{b}!"), "instance 1 ARC-Seal: b= is no base64", SignatureDefect::Syntax),
        (|r| seal(r, "{b}", ""), "instance 1 ARC-Seal: b= is empty", SignatureDefect::Syntax),
        (
            |r| ams(r, "s=hop1", "s=hop1; s=hop1"),
            "instance 1 ARC-Message-Signature: duplicate tag `s`",
            SignatureDefect::Syntax,
        ),
        (
            |r| ams(r, "bh={bh}", "bh=***"),
            "instance 1 ARC-Message-Signature: bh= is no base64",
            SignatureDefect::Syntax,
        ),
        (|r| ams(r, "bh={bh};", ""), "instance 1 ARC-Message-Signature: bh= is missing", SignatureDefect::Syntax),
        (
            |r| ams(r, "c=relaxed/relaxed", "c=strict"),
            "instance 1 ARC-Message-Signature: c=strict is not known: simple and relaxed are",
            SignatureDefect::Syntax,
        ),
        (
            |r| ams(r, "c=relaxed", "q=dns/txt; x=1795488240; t=1795488240; c=relaxed"),
            "instance 1 ARC-Message-Signature: x= is not later than t=",
            SignatureDefect::Syntax,
        ),
        (
            |r| ams(r, "c=relaxed", "x=1795488299; c=relaxed"),
            "instance 1 ARC-Message-Signature: it expired at 2026-11-24T02:44:59Z (x=)",
            SignatureDefect::Expired,
        ),
        (
            |r| ams(r, "c=relaxed", "x=soon; c=relaxed"),
            "instance 1 ARC-Message-Signature: x= is no number",
            SignatureDefect::Syntax,
        ),
        (
            |r| ams(r, "c=relaxed", "q=dns/other; c=relaxed"),
            "instance 1 ARC-Message-Signature: q=dns/other is not known: only dns/txt is",
            SignatureDefect::Syntax,
        ),
        (
            |r| ams(r, "c=relaxed", "l=-1; c=relaxed"),
            "instance 1 ARC-Message-Signature: l= is no number",
            SignatureDefect::Syntax,
        ),
        (
            |r| ams(r, "c=relaxed", "l=100000; c=relaxed"),
            "instance 1 ARC-Message-Signature: l=100000 counts more octets than the 27 of the body: its end was cut off",
            SignatureDefect::BodyHash,
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
        ("to:subject", "h= does not name From", SignatureDefect::SignedHeaders),
        ("", "h= is empty", SignatureDefect::SignedHeaders),
        ("from::to", "h= holds \"\", which is no field name", SignatureDefect::Syntax),
        (
            "from:arc-seal",
            "h= names arc-seal, which is made over this field (RFC 8617 section 4.1.2)",
            SignatureDefect::SignedHeaders,
        ),
        ("from: ARC-Seal", "h= names arc-seal", SignatureDefect::SignedHeaders),
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
    assert_eq!(verdict.facts.causes, [SignatureDefect::KeyRestricted]);
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
    assert_eq!(verdict.dkim[0].facts.causes, [SignatureDefect::BodyHash, SignatureDefect::Signature]);
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
    for case in crate::interop::cases::all(NOW).iter().step_by(9) {
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

#[test]
fn domains_in_u_labels_are_asked_for_in_a_labels() {
    let unicode = rsa("日本語.example", "例");
    let mut zone = zone();
    zone.insert("xn--fsq._domainkey.xn--wgv71a119e.example", records(&[&unicode.record()]));
    let signed = |identity: &str| {
        let mut recipe = dkim_recipe(&unicode, RELAXED);
        recipe.template = recipe.template.replace("; bh=", &format!(";{identity} bh="));
        dkim(&unicode, &recipe, PLAIN.as_bytes())
    };
    for identity in [
        "",
        " i=情報@日本語.example;",
        " i=@mail.xn--wgv71a119e.example;",
        " i==E6=83=85@=E6=97=A5=E6=9C=AC=E8=AA=9E.example;",
    ] {
        let mail = arc(&unicode, &arc_recipe(&unicode, 1, RELAXED), &signed(identity));
        let verdict = judge(&mail, zone.clone());
        assert_eq!((verdict.arc, verdict.dkim[0].result), (Verdict::Pass, Verdict::Pass), "{identity}: {verdict:#?}");
    }
    let other = judge(&signed(" i=@=E6=97=A5.example;"), zone);
    assert_eq!(
        (other.dkim[0].result, &other.dkim[0].facts.causes[..]),
        (Verdict::Fail, &[SignatureDefect::Syntax][..])
    );
}
