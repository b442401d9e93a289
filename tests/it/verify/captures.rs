//! Messages that a real Postfix with rspamd forwarded, sound and broken, with the DNS of that day.

use sealcheck::{
    mail::Message,
    verify::{Dns, SignatureDefect, Verdict, ZoneFile, verify},
};
use std::{fs, path::Path};

/// File, the chain's verdict and cause, what its reason says, and whether the author's DKIM-Signature holds.
const CAPTURES: [(&str, Verdict, Option<SignatureDefect>, &str, bool); 15] = [
    ("01-forwarded-sealed", Verdict::Pass, None, "", true),
    ("17-second-hop", Verdict::Pass, None, "", true),
    (
        "18-second-hop-broken-i1",
        Verdict::Fail,
        Some(SignatureDefect::ChainMarkedFailed),
        "instance 2 ARC-Seal: cv=fail: mx.company.example found the chain broken (instance 1 ARC-Message-Signature: body \
         hash does not match: the body changed after list.example signed it (instance 1) and before mx.company.example \
         did (instance 2))",
        false,
    ),
    (
        "19-third-hop",
        Verdict::Fail,
        Some(SignatureDefect::SealOrder),
        "instance 3 ARC-Seal: it covers the older sets in the wrong order, and must cover every set in order",
        true,
    ),
    ("19b-third-hop-fixed", Verdict::Pass, None, "", true),
    (
        "20-arc-set-without-ams",
        Verdict::Fail,
        Some(SignatureDefect::Structure),
        "duplicate ARC-Seal for instance 1",
        true,
    ),
    (
        "21-arc-i1-cv-fail",
        Verdict::Fail,
        Some(SignatureDefect::ChainMarkedFailed),
        "instance 1 ARC-Seal: cv=fail: list.example found the chain broken",
        true,
    ),
    (
        "22-arc-set-without-aar",
        Verdict::Fail,
        Some(SignatureDefect::ChainMarkedFailed),
        "instance 2 ARC-Seal: cv=fail: mx.company.example found the chain broken (instance 1 has no \
         ARC-Authentication-Results)",
        true,
    ),
    (
        "23-subject-tag-after-seal",
        Verdict::Fail,
        Some(SignatureDefect::Signature),
        "instance 1 ARC-Message-Signature: signature does not match the key at 20231011._domainkey.company.example: a \
         signed header field changed after mx.company.example signed it (instance 1)",
        false,
    ),
    (
        "24-body-change-after-seal",
        Verdict::Fail,
        Some(SignatureDefect::BodyHash),
        "instance 1 ARC-Message-Signature: body hash does not match: the body changed after mx.company.example signed it \
         (instance 1)",
        false,
    ),
    ("24b-unsigned-header-added-after-seal", Verdict::Pass, None, "", true),
    ("25-subject-tag-before-milter", Verdict::Pass, None, "", false),
    ("33-8bit-8bitmime", Verdict::Pass, None, "", true),
    (
        "34-long-line",
        Verdict::Fail,
        Some(SignatureDefect::BodyHash),
        "instance 1 ARC-Message-Signature: body hash does not match: the body changed after mx.company.example signed it \
         (instance 1)",
        false,
    ),
    (
        "41-esld-com",
        Verdict::Fail,
        Some(SignatureDefect::NoKey),
        "instance 1 ARC-Message-Signature: no key at 20231011._domainkey.company.com (NXDOMAIN)",
        true,
    ),
];

#[test]
fn real_messages_get_their_verdict_and_its_cause() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures");
    let zone = ZoneFile::parse(&fs::read_to_string(dir.join("dns.zone")).unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for (name, arc, cause, reason, dkim) in CAPTURES {
        let message = Message::parse(fs::read(dir.join(name).with_added_extension("eml")).unwrap());
        let verdict = runtime.block_on(verify(&message, &Dns::zone(zone.clone()), 1_795_500_000));
        assert_eq!((verdict.arc, verdict.arc_cause), (arc, cause), "{name}");
        assert_eq!(verdict.arc_reason.as_deref().unwrap_or_default(), reason, "{name}");
        assert_eq!(verdict.dkim.iter().map(|d| d.result == Verdict::Pass).collect::<Vec<_>>(), [dkim], "{name}");
        let again = runtime.block_on(verify(&message, &Dns::zone(verdict.zone.clone()), 1_795_500_000));
        assert_eq!(again, verdict, "{name}");
    }
}

#[test]
fn a_seal_that_marks_a_broken_chain_is_judged_by_what_it_covers() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures");
    let zone = ZoneFile::parse(&fs::read_to_string(dir.join("dns.zone")).unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let message = Message::parse(fs::read(dir.join("18-second-hop-broken-i1.eml")).unwrap());
    let verdict = runtime.block_on(verify(&message, &Dns::zone(zone), 1_795_500_000));
    assert_eq!(
        verdict.sets[1].reason.as_deref(),
        Some("instance 2 ARC-Seal: it covers every set in order, and must cover only its own set")
    );
    assert_eq!((verdict.sets[0].seal, verdict.sets[1].ams), (Verdict::Pass, Verdict::Pass));
}
