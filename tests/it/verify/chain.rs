//! The rules for sets and chains, and which hop changed a message.

use crate::{
    support::verify_signer::*,
    verify::rules::{arc_of, judge, one_set, replace, seal},
};
use sealcheck::verify::{SignatureDefect, Verdict};

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
        assert_eq!(verdict.arc_cause, Some(SignatureDefect::Structure), "{expected}");
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
    let second = |cv: &str, own_set_only: bool| {
        let mut recipe = arc_recipe(&COMPANY, 2, RELAXED);
        seal(&mut recipe, "cv=pass", &format!("cv={cv}"));
        recipe.older = if own_set_only { Older::None } else { Older::All };
        arc(&COMPANY, &recipe, &first)
    };
    assert_eq!(arc_of(&second("PASS", false)).0, Verdict::Pass);
    let none = judge(&second("none", false), zone());
    assert_eq!((none.arc, none.arc_cause), (Verdict::Fail, Some(SignatureDefect::ChainValidationStatus)));
    assert_eq!(none.arc_reason.unwrap(), "instance 2 ARC-Seal: cv=none, which only the first seal may say");

    // A seal that marks a broken chain covers its own set, and is sound; the chain is not.
    let failed = judge(&second("fail", true), zone());
    assert_eq!((failed.arc, failed.arc_cause), (Verdict::Fail, Some(SignatureDefect::ChainMarkedFailed)));
    assert_eq!(failed.arc_reason.unwrap(), "instance 2 ARC-Seal: cv=fail: mx.company.example found the chain broken");
    assert_eq!((failed.sets[1].ams, failed.sets[1].seal), (Verdict::Pass, Verdict::Pass));
    let whole = judge(&second("fail", false), zone());
    assert_eq!((whole.arc, whole.sets[1].seal), (Verdict::Fail, Verdict::Fail));
    assert_eq!(
        whole.sets[1].reason.as_deref(),
        Some("instance 2 ARC-Seal: it covers every set in order, and must cover only its own set")
    );
    assert_eq!(whole.sets[1].seal_facts.causes, [SignatureDefect::SealCoversTooMuch]);
    let own = judge(&second("pass", true), zone());
    assert_eq!((own.arc, own.arc_cause), (Verdict::Fail, Some(SignatureDefect::SealLeavesSetsOut)));
    assert_eq!(
        own.arc_reason.as_deref(),
        Some("instance 2 ARC-Seal: it covers only its own set, and must cover every set in order")
    );

    let third = arc(&LIST, &arc_recipe(&LIST, 3, RELAXED), &second("fail", true));
    assert_eq!(
        arc_of(&third),
        (Verdict::Fail, "instance 2 ARC-Seal: cv=fail ends a chain, and instance 3 goes on".to_owned())
    );
    let alone = one_set(|r| seal(r, "cv=none", "cv=fail"));
    assert_eq!(judge(&alone, zone()).arc_cause, Some(SignatureDefect::ChainMarkedFailed));
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
    assert_eq!(between.sets[0].ams_facts.causes, [SignatureDefect::BodyHash]);
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
    assert_eq!((after.arc, after.arc_cause, after.oldest_pass), (Verdict::Fail, Some(SignatureDefect::BodyHash), None));
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
    assert_eq!(both.sets[1].ams_facts.causes, [SignatureDefect::BodyHash, SignatureDefect::Signature]);
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
        assert_eq!((verdict.arc, verdict.arc_cause), (Verdict::Fail, Some(SignatureDefect::Signature)));
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
