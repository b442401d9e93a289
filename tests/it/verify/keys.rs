//! The rules for keys, and DNS that has none.

use crate::{
    support::verify_signer::*,
    verify::rules::{judge, one_set, replace},
};
use sealcheck::verify::{SignatureDefect, TxtAnswer, Verdict, ZoneFile, dns::DnsFailure};

#[test]
fn key_records() {
    let name = "hop1._domainkey.list.example";
    let key = LIST.public();
    let (rsa512, rsa768) =
        (include_str!("../../fixtures/verify/rsa512.txt"), include_str!("../../fixtures/verify/rsa768.txt"));
    type Expected = Option<(String, SignatureDefect)>;
    let cases: Vec<(Vec<String>, Expected)> = vec![
        (vec![format!("p={key}")], None),
        (vec![format!("v=DKIM1; k=rsa; h=sha1:sha256; s=email:tlsrpt; t=y:s; n=note; p={key};")], None),
        (vec![format!("v=DKIM1; s=*; p={key}")], None),
        (vec!["v=spf1 -all".into(), format!("v=DKIM1; p={key}")], None),
        (vec![format!("v=DKIM1; p={}", COMPANY.public()), format!("v=DKIM1; p={key}")], None),
        (
            vec![format!("v=DKIM2; p={key}")],
            Some((format!("the key at {name} does not count: its v= is not DKIM1"), SignatureDefect::NotAKey)),
        ),
        (
            vec![format!("p={key}; v=DKIM1")],
            Some((format!("the key at {name} is malformed: v= is not its first tag"), SignatureDefect::KeyMalformed)),
        ),
        (
            vec![format!("v=DKIM1; p={key}; p={key}")],
            Some((format!("the key at {name} is malformed: duplicate tag `p`"), SignatureDefect::KeyMalformed)),
        ),
        (
            vec!["v=DKIM1; p=".into()],
            Some((format!("the key at {name} was revoked: its p= is empty"), SignatureDefect::KeyRevoked)),
        ),
        (
            vec!["v=DKIM1; k=rsa".into()],
            Some((format!("the key at {name} is malformed: it has no p="), SignatureDefect::KeyMalformed)),
        ),
        (
            vec!["v=spf1 -all".into()],
            Some((format!("the key at {name} does not count: its v= is not DKIM1"), SignatureDefect::NotAKey)),
        ),
        (
            vec!["v=DKIM1; p=%%%".into()],
            Some((format!("the key at {name} is malformed: p= is no base64"), SignatureDefect::KeyMalformed)),
        ),
        (
            vec!["v=DKIM1; p=AAAA".into()],
            Some((
                format!("the key at {name} is malformed: p= holds no rsa public key"),
                SignatureDefect::KeyMalformed,
            )),
        ),
        (
            vec![format!("v=DKIM1; k=ed25519; p={key}")],
            Some((format!("the key at {name} is of type ed25519, and a= needs rsa"), SignatureDefect::KeyType)),
        ),
        (
            vec![format!("v=DKIM1; k=dsa; p={key}")],
            Some((format!("the key at {name} is of type dsa, and a= needs rsa"), SignatureDefect::KeyType)),
        ),
        (
            vec![format!("v=DKIM1; h=sha1; p={key}")],
            Some((
                format!("the key at {name} may not be used with sha256: its h= leaves it out"),
                SignatureDefect::KeyRestricted,
            )),
        ),
        (
            vec![format!("v=DKIM1; s=tlsrpt; p={key}")],
            Some((
                format!("the key at {name} may not be used for mail: its s= leaves email out"),
                SignatureDefect::KeyRestricted,
            )),
        ),
        (
            vec![rsa512.into()],
            Some((
                format!("the key at {name} is too short: it has 512 bits, and less than 1024 do not count"),
                SignatureDefect::KeyTooShort,
            )),
        ),
        (
            vec![rsa768.into()],
            Some((
                format!("the key at {name} is too short: it has 768 bits, and less than 1024 do not count"),
                SignatureDefect::KeyTooShort,
            )),
        ),
        (
            vec!["a".into(), "b".into()],
            Some((
                format!(
                    "the key at {name} is no DKIM key: its TXT record has no p= (the name has 2 TXT records, and none fits)"
                ),
                SignatureDefect::NotAKey,
            )),
        ),
        (
            vec![format!("v=DKIM1; p={}", COMPANY.public())],
            Some((
                format!(
                    "signature does not match the key at {name}: a signed header field changed after mx.list.example signed it (instance 1), or another key signed"
                ),
                SignatureDefect::Signature,
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
    assert_eq!(verdict.arc_cause, Some(SignatureDefect::KeyMalformed));
    let damaged = replace(&message, "Subject: hello", "Subject: Hello");
    assert_eq!(judge(&damaged, crate::support::verify_signer::zone()).arc_cause, Some(SignatureDefect::Signature));
}

#[test]
fn a_key_of_1024_bits_counts() {
    let zone = ZoneFile::parse(include_str!("../../fixtures/verify/rsa1024.zone")).unwrap();
    let verdict = judge(include_bytes!("../../fixtures/verify/rsa1024.eml"), zone);
    assert_eq!(verdict.dkim[0].reason, None);
    assert_eq!(verdict.dkim[0].facts.key.as_ref().unwrap().bits, Some(1024));
}

#[test]
fn dns_that_gives_no_key() {
    let message = two_sets(PLAIN.as_bytes());
    let name = "20231011._domainkey.company.example";
    for (answer, verdict, cause, reason) in [
        (TxtAnswer::NxDomain, Verdict::Fail, SignatureDefect::NoKey, format!("no key at {name} (NXDOMAIN)")),
        (
            TxtAnswer::NoData,
            Verdict::Fail,
            SignatureDefect::NotAKey,
            format!("no key at {name} (it has no TXT record)"),
        ),
        (
            TxtAnswer::Failed(DnsFailure::ServFail),
            Verdict::TempError,
            SignatureDefect::Dns,
            format!("no answer for the key at {name} (SERVFAIL): try again later"),
        ),
        (
            TxtAnswer::Failed(DnsFailure::Timeout),
            Verdict::TempError,
            SignatureDefect::Dns,
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
