//! Chains of real signatures: which seal, set or key is wrong, and when it is the receiver that is.

use crate::{
    support::{
        by_hand::{RECEIVED, first, given, report},
        verify_signer::*,
    },
    verify::rules::judge,
};
use sealcheck::{catalogue::Cause, outcome::Diagnosis, verify::TxtAnswer};

/// The line of the server that has the mail last.
const TAKEN: &str = "Received: from mx.company.example (mx.company.example [198.51.100.7]) by mx.receiver.example with ESMTPS id 2 for <someone@receiver.example>; Tue, 24 Nov 2026 02:45:00 +0000\r\n";

/// A mail that its author signed and the company sealed.
fn forwarded() -> Vec<u8> {
    let signed = dkim(&SENDER, &dkim_recipe(&SENDER, RELAXED), PLAIN.as_bytes());
    arc(&COMPANY, &arc_recipe(&COMPANY, 1, RELAXED), &[RECEIVED.as_bytes(), &signed].concat())
}

/// The same at a receiver that says this of it, and sealed it with this `cv=`.
fn arrived(says: &str, cv: &str) -> Vec<u8> {
    let results = format!("mx.receiver.example; {says}");
    let taken = [format!("{TAKEN}Authentication-Results: {results}\r\n").as_bytes(), &forwarded()].concat();
    let mut own = arc_recipe(&RECEIVER, 2, RELAXED);
    own.aar = Some(format!("i=2; {results}"));
    own.seal = own.seal.map(|seal| seal.replace("cv=pass", &format!("cv={cv}")));
    own.older = if cv == "fail" { Older::None } else { Older::All };
    arc(&RECEIVER, &own, &taken)
}

fn without_field(mail: &[u8], name: &str) -> Vec<u8> {
    let (fields, body) = split(mail);
    let kept = fields.into_iter().filter(|field| !field.starts_with(name));
    [kept.collect::<String>().as_bytes(), b"\r\n", body].concat()
}

/// What is said where DNS has every key but these.
fn said(mail: &[u8], gone: &[&Key]) -> Vec<Diagnosis> {
    let mut zone = zone();
    gone.iter().for_each(|key| zone.insert(&key.name(), TxtAnswer::NxDomain));
    given(&String::from_utf8_lossy(mail), "", Some(&judge(mail, zone)))
}

fn without_dns(mail: &[u8]) -> Vec<Diagnosis> {
    given(&String::from_utf8_lossy(mail), "", None)
}

fn shows(found: &[Diagnosis], text: &str) -> bool {
    found.iter().flat_map(|d| &d.evidence).any(|e| e.text.contains(text))
}

#[test]
fn a_receiver_that_rejects_a_sound_chain_is_told_from_a_broken_chain() {
    for (says, cv, wanted) in [
        ("dkim=pass header.d=sender.example; arc=pass (i=1); dmarc=pass header.from=sender.example", "pass", ""),
        ("dkim=pass header.d=sender.example; arc=fail (signature failed)", "fail", "B20 high"),
        ("dkim=pass header.d=sender.example; arc=reject", "fail", "B20 high"),
        ("dkim=pass header.d=sender.example; arc=permerror", "none", "B20 high"),
        ("dkim=pass header.d=sender.example", "fail", "B20 high"),
        ("dkim=pass header.d=sender.example; arc=pass (i=1)", "fail", "B20 low"),
        ("dkim=temperror (no key for signature) header.d=sender.example; arc=fail", "fail", "B21 high"),
        ("dkim=permerror (no key for signature) header.d=sender.example; arc=fail", "fail", "B21 high"),
        ("dkim=pass header.d=sender.example; arc=fail (no key for signature)", "fail", "B21 high"),
        ("dkim=pass header.d=sender.example; arc=temperror", "pass", "B21 high"),
        ("dkim=pass header.d=sender.example; arc=fail (dns timeout)", "fail", "B21 high"),
        // It passed all the same.
        ("dkim=temperror header.d=sender.example; arc=pass; dmarc=pass header.from=sender.example", "pass", ""),
    ] {
        let mail = arrived(says, cv);
        let found = said(&mail, &[]);
        assert_eq!(first(&found), wanted, "{says}: {found:#?}");
        // The results that the receiver sealed are its word as well.
        let found = said(&without_field(&mail, "Authentication-Results"), &[]);
        assert_eq!(first(&found), wanted, "{says}, sealed: {found:#?}");
    }
    let no_key = arrived("dkim=permerror (no key for signature) header.d=sender.example; arc=fail", "fail");
    assert_eq!(first(&said(&no_key, &[&SENDER])), "B20 high", "the author has no key now either");
    let changed = String::from_utf8_lossy(&no_key).replace("First line", "Another line");
    assert_eq!(first(&said(changed.as_bytes(), &[])), "B04 certain");
}

#[test]
fn without_dns_a_chain_of_cv_fail_is_broken_by_the_word_of_who_sealed_it() {
    for (says, cv, wanted) in [
        ("dkim=pass header.d=sender.example; arc=fail (signature failed)", "fail", "B00 high"),
        ("dkim=pass header.d=sender.example; arc=fail (body hash mismatch)", "fail", "B04 high"),
        ("dkim=pass header.d=sender.example", "fail", "B00 high"),
        ("dkim=pass header.d=sender.example; arc=pass (i=1)", "fail", "B00 low"),
        ("dkim=temperror header.d=sender.example; arc=fail", "fail", "B21 high"),
        ("dkim=pass header.d=sender.example; arc=pass", "pass", ""),
    ] {
        let mail = arrived(says, cv);
        for mail in [&mail, &without_field(&mail, "Authentication-Results")] {
            let found = without_dns(mail);
            assert_eq!(first(&found), wanted, "{says}: {found:#?}");
            assert!(cv == "pass" || wanted == "B21 high" || shows(&found, "i=2 by receiver.example says cv=fail"));
        }
    }
    // Nobody can continue it (RFC 8617 §5.2), whoever was right.
    let mut failed = arc_recipe(&COMPANY, 2, RELAXED);
    failed.seal = failed.seal.map(|seal| seal.replace("cv=pass", "cv=fail"));
    failed.older = Older::None;
    let signed = [RECEIVED.as_bytes(), PLAIN.as_bytes()].concat();
    let mail = arc(&COMPANY, &failed, &arc(&LIST, &arc_recipe(&LIST, 1, RELAXED), &signed));
    let found = without_dns(&mail);
    assert!(first(&found) == "B00 certain" && shows(&found, "i=2 by company.example says cv=fail"), "{found:#?}");
    assert_eq!(first(&said(&mail, &[])), "B09 high", "with DNS it is seen that the chain was sound");
}

#[test]
fn a_key_that_is_gone_since_is_no_fault_of_the_mail() {
    let passed = "dkim=pass header.d=sender.example; arc=pass (i=1); dmarc=pass header.from=sender.example";
    assert_eq!(first(&said(&arrived(passed, "pass"), &[&RECEIVER])), "B22 low");
    assert_eq!(first(&said(&arrived(passed, "pass"), &[&COMPANY])), "B22 low");
    assert_eq!(said(&arrived(passed, "pass"), &[&SENDER]), []);
    assert_eq!(first(&said(&arrived("arc=fail (signature failed)", "fail"), &[&COMPANY])), "B01 certain");
    // The company found the list's chain valid.
    let listed = [RECEIVED.as_bytes(), PLAIN.as_bytes()].concat();
    assert_eq!(first(&said(&two_sets(&listed), &[&LIST])), "B22 low");
    assert_eq!(first(&said(&forwarded(), &[&COMPANY])), "B01 certain", "nobody says that there was one");
}

/// Three sets: by the company, a list, and the company again with a seal over these.
fn three_sets(older: Older) -> Vec<u8> {
    let second = arc(&LIST, &arc_recipe(&LIST, 2, RELAXED), &forwarded());
    arc(&COMPANY, &ArcRecipe { older, ..arc_recipe(&COMPANY, 3, RELAXED) }, &second)
}

#[test]
fn what_a_seal_leaves_out_is_found_by_trying() {
    assert_eq!(said(&three_sets(Older::All), &[]), []);
    for (older, wanted) in [
        (Older::Without(1), "it covers every set but i=1, and must cover every set in order"),
        (Older::Without(2), "it covers every set but i=2, and must cover every set in order"),
        (Older::None, "it covers only its own set, and must cover every set in order"),
        (Older::Reversed, "it covers the older sets from the newest to the oldest, and must cover every set in order"),
    ] {
        let found = said(&three_sets(older), &[]);
        assert!(first(&found) == "B14 certain" && shows(&found, wanted), "{wanted}: {found:#?}");
    }
}

#[test]
fn a_set_that_was_taken_out_is_missing_and_not_unsealed() {
    let took_out = |mail: &[u8], instance: &str| {
        let (fields, body) = split(mail);
        let kept = fields.into_iter().filter(|f| !(f.starts_with("ARC-") && f.contains(&format!(": i={instance};"))));
        [kept.collect::<String>().as_bytes(), b"\r\n", body].concat()
    };
    let passed = arrived("dkim=pass header.d=sender.example; arc=pass (i=1)", "pass");
    let found = said(&took_out(&passed, "1"), &[]);
    assert!(first(&found) == "B24 certain" && found.len() == 1, "{found:#?}");
    assert!(shows(&found, "gap: instance 1 missing") && shows(&found, "it was taken out after instance 2 was sealed"));
    assert_eq!(first(&without_dns(&took_out(&passed, "1"))), "B24 certain");
    let found = said(&took_out(&three_sets(Older::All), "2"), &[]);
    assert!(first(&found) == "B24 certain" && shows(&found, "taken out after instance 3 was sealed"), "{found:#?}");
    let counted_wrongly = arc(&COMPANY, &arc_recipe(&COMPANY, 3, RELAXED), &forwarded());
    let found = said(&counted_wrongly, &[]);
    assert!(first(&found) == "B24 certain" && shows(&found, "gone before instance 3 was sealed"), "{found:#?}");
}

#[test]
fn the_set_whose_field_was_changed_is_named() {
    let changed = |mail: Vec<u8>, instance: u32| {
        let text = String::from_utf8(mail).unwrap();
        let (from, to) = (format!("ARC-Authentication-Results: i={instance}; mx."), "ARC-Authentication-Results: i=");
        assert!(text.contains(&from));
        text.replace(&from, &format!("{to}{instance}; relay.")).into_bytes()
    };
    for (instance, wanted, text) in [
        (1, "B23 high", "the seals from i=1 on fail, 3 of them"),
        (2, "B23 high", "the seals from i=2 on fail, 2 of them"),
        (3, "B00 certain", "only the seal of i=3 fails"),
    ] {
        let found = said(&changed(three_sets(Older::All), instance), &[]);
        assert!(first(&found) == wanted && shows(&found, text), "{text}: {found:#?}");
        assert!(shows(&found, "for its ARC-Message-Signature holds with the same key"), "{found:#?}");
    }
    // The list sealed what the company's seal does not fit any more: it was changed before, or made so.
    let before = arc(&LIST, &arc_recipe(&LIST, 2, RELAXED), &changed(forwarded(), 1));
    assert_eq!(first(&said(&before, &[])), "B00 certain");
}

#[test]
fn only_the_policy_of_the_author_counts_and_what_was_found_of_it() {
    let list = |from: &str, aar: &str, sign: &Key| {
        let plain = PLAIN.replace("Alice <alice@sender.example>", from);
        let signed = dkim(sign, &dkim_recipe(sign, RELAXED), plain.as_bytes());
        let mut set = arc_recipe(&COMPANY, 1, RELAXED);
        set.aar = Some(format!("i=1; mx.company.example; {aar}"));
        arc(&COMPANY, &set, &[RECEIVED.as_bytes(), &signed].concat())
    };
    let strict = "dmarc=pass (p=REJECT) header.from=sender.example";
    let rewritten = list("Talk <talk@list.example>", strict, &LIST);
    assert_eq!(said(&rewritten, &[&LIST]), [], "it is the policy of another, and the key is gone since");
    let own = list("Alice <alice@sender.example>", strict, &SENDER);
    assert_eq!(said(&own, &[&SENDER]), [], "it passed when it was sealed");
}

#[test]
fn how_a_key_record_is_damaged_stands_in_the_evidence() {
    let key = COMPANY.public();
    for (record, damage) in [
        (format!("v=DKIM1\\; k=rsa\\; p={key}"), "it holds backslashes"),
        (COMPANY.record()[..255].to_owned(), "it was cut off"),
        (format!("v=DKIM1; k=rsa; p={}\" \"{}", &key[..200], &key[200..]), "it holds quotation marks"),
    ] {
        let mut zone = zone();
        zone.insert(&COMPANY.name(), records(&[&record]));
        let mail = forwarded();
        let found = given(&String::from_utf8_lossy(&mail), "", Some(&judge(&mail, zone)));
        assert!(first(&found) == "B03 certain" && shows(&found, damage), "{damage}: {found:#?}");
    }
}

#[test]
fn an_address_in_other_letters_is_no_address_that_the_sender_did_not_know() {
    let bounce = |original: &str, last: &str| {
        let report = report("failed", "5.1.1", "smtp; 550 5.1.1 no such user");
        let text = report
            .replace("someone@gmail.com", last)
            .replace("rfc822; user@company.example", &format!("rfc822;{original}"));
        without_dns(text.as_bytes()).iter().any(|d| d.code == Cause::F01)
    };
    for (original, last) in [
        ("\"user\"@company.example", "user@COMPANY.EXAMPLE"),
        ("user+tag@company.example", "user@company.example"),
        ("Some.One@gmail.com", "someone@googlemail.com"),
    ] {
        assert!(!bounce(original, last), "{original} {last}");
    }
    assert!(bounce("user@company.example", "some.one@company.example"));
}
