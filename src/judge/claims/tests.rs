//! Claims on mails by hand.

use super::*;
use crate::verify::{DkimVerification, SetVerification, SignatureFacts};

const SIGNED: &str = "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; s=ext; h=from; bh=AA==; b=abcdefghij\r\nFrom: alice@sender.example\r\n\r\nbody\r\n";

fn set(i: u32, d: &str, aar: &str) -> String {
    format!(
        "ARC-Seal: i={i}; a=rsa-sha256; cv=none; d={d}; s=s1; b=AA==\r\nARC-Message-Signature: i={i}; a=rsa-sha256; c=relaxed/relaxed; d={d}; s=s1; h=from; bh=AA==; b=AA==\r\nARC-Authentication-Results: i={i}; {aar}\r\n"
    )
}

fn facts(causes: &[SignatureDefect]) -> SignatureFacts {
    SignatureFacts { causes: causes.to_vec(), ..SignatureFacts::default() }
}

/// The sets as judged, and the signature as judged.
fn verification(sets: &[(&[SignatureDefect], &[SignatureDefect])], dkim: &[SignatureDefect]) -> Verification {
    let verdict = |causes: &[SignatureDefect]| match causes {
        [] => Verdict::Pass,
        [SignatureDefect::Dns] => Verdict::TempError,
        _ => Verdict::Fail,
    };
    let sets = sets.iter().zip(1..).map(|((ams, seal), instance)| SetVerification {
        instance,
        ams: verdict(ams),
        seal: verdict(seal),
        reason: Some(format!("instance {instance}")),
        ams_facts: facts(ams),
        seal_facts: facts(seal),
    });
    let dkim = DkimVerification { result: verdict(dkim), facts: facts(dkim), ..DkimVerification::default() };
    Verification { sets: sets.collect(), dkim: vec![dkim], ..Verification::default() }
}

/// `by method=claimed found agreement`.
fn told(text: &str, verification: &Verification) -> Vec<String> {
    let message = Message::parse(text);
    let trusted = crate::mail::authres::trusted(&message, "mx.google.com").trusted;
    let arc = ArcChain::of(&message);
    let judged =
        VerifiedMail { message: &message, trusted: trusted.as_ref(), arc: &arc, verification, seal_domain: None };
    let word = |a: Agreement| format!("{a:?}").to_lowercase();
    let claim = |c: &Claim| {
        assert_eq!(c.reason.is_none(), c.agreement == Agreement::Agrees, "{c:?}");
        let by = c.i.map_or_else(|| "receiver".to_owned(), |i| format!("i={i}"));
        format!("{by} {}={} {} {}", c.method, c.claims, c.found, word(c.agreement))
    };
    claims(judged).iter().map(claim).collect()
}

#[test]
fn the_receiver_is_held_to_the_mail_as_it_is() {
    const FORM: (&[SignatureDefect], &[SignatureDefect]) = (&[], &[]);
    const AMS: (&[SignatureDefect], &[SignatureDefect]) = (&[SignatureDefect::BodyHash], &[]);
    const KEY: (&[SignatureDefect], &[SignatureDefect]) = (&[SignatureDefect::NoKey], &[]);
    const DNS: (&[SignatureDefect], &[SignatureDefect]) = (&[SignatureDefect::Dns], &[]);
    for (arc, own, wanted) in [
        ("pass", FORM, "pass agrees"),
        ("fail", FORM, "pass disagrees"),
        ("none", FORM, "pass disagrees"),
        ("temperror", FORM, "pass open"),
        ("pass", AMS, "fail disagrees"),
        ("fail", AMS, "fail agrees"),
        ("none", AMS, "fail open"),
        ("pass", KEY, "fail open"),
        ("fail", DNS, "temperror open"),
        ("pass", DNS, "temperror open"),
    ] {
        let google = set(2, "google.com", "mx.google.com; arc=pass");
        let text = format!(
            "{google}Authentication-Results: mx.google.com; arc={arc}\r\n{}{SIGNED}",
            set(1, "company.example", "none")
        );
        // What the receiver's own seal says is not what it found.
        let verification = verification(&[own, (&[], &[SignatureDefect::Signature])], &[]);
        assert_eq!(told(&text, &verification), [format!("receiver arc={arc} {wanted}")], "{own:?}");
    }
    let unsealed = format!("Authentication-Results: mx.google.com; arc=pass\r\n{SIGNED}");
    assert_eq!(told(&unsealed, &verification(&[], &[])), ["receiver arc=pass none disagrees"]);
}

#[test]
fn a_statement_means_the_signature_that_it_names() {
    let google = |result: &str| format!("Authentication-Results: mx.google.com; dkim={result}\r\n{SIGNED}");
    for (result, causes, wanted) in [
        ("pass header.i=@sender.example header.s=ext header.b=abcdefgh", &[][..], "dkim=pass pass agrees"),
        ("fail header.i=@sender.example", &[], "dkim=fail pass disagrees"),
        ("neutral (body hash did not verify) header.d=sender.example", &[], "dkim=neutral pass disagrees"),
        ("neutral header.i=@sender.example", &[SignatureDefect::BodyHash], "dkim=neutral fail agrees"),
        ("pass header.i=@sender.example", &[SignatureDefect::BodyHash], "dkim=pass fail disagrees"),
        ("pass header.i=@sender.example", &[SignatureDefect::KeyRevoked], "dkim=pass fail open"),
        ("pass header.i=@bank.example", &[], "dkim=pass none disagrees"),
        ("pass header.d=sender.example header.s=other", &[], "dkim=pass none disagrees"),
        ("pass header.d=sender.example header.b=zzzz", &[], "dkim=pass none disagrees"),
        ("policy header.d=sender.example", &[SignatureDefect::Signature], "dkim=policy fail open"),
        ("none", &[], "dkim=none pass disagrees"),
        ("none", &[SignatureDefect::Signature], "dkim=none none open"),
    ] {
        assert_eq!(told(&google(result), &verification(&[], causes)), [format!("receiver {wanted}")], "{result}");
    }
}

#[test]
fn a_sealer_is_held_to_what_cannot_have_changed_since() {
    let sealed = |aar: &str| format!("{}{SIGNED}", set(1, "company.example", &format!("mx.company.example; {aar}")));
    let dkim = |aar: &str, ams: &[SignatureDefect], causes: &[SignatureDefect]| {
        told(&sealed(aar), &verification(&[(ams, &[])], causes))
    };
    let pass = "dkim=pass header.d=sender.example";
    assert_eq!(dkim(pass, &[], &[]), ["i=1 dkim=pass pass agrees"]);
    // Its own signature covers the same header fields and the same body, and holds.
    assert_eq!(dkim(pass, &[], &[SignatureDefect::BodyHash]), ["i=1 dkim=pass fail disagrees"]);
    assert_eq!(dkim(pass, &[], &[SignatureDefect::Signature]), ["i=1 dkim=pass fail disagrees"]);
    // It does not hold, or does not cover as much: the change may have come later.
    assert_eq!(dkim(pass, &[SignatureDefect::BodyHash], &[SignatureDefect::BodyHash]), ["i=1 dkim=pass fail open"]);
    let more = |from: &str, to: &str, causes: &[SignatureDefect]| {
        told(&sealed(pass).replacen(from, to, 1), &verification(&[(&[], &[])], causes))
    };
    let dropped = ("d=sender.example; s=ext; h=from", "d=sender.example; s=ext; h=from:x-mailer");
    assert_eq!(more(dropped.0, dropped.1, &[SignatureDefect::Signature]), ["i=1 dkim=pass fail open"]);
    let strict = ("c=relaxed/relaxed; d=sender.example", "c=relaxed/simple; d=sender.example");
    assert_eq!(more(strict.0, strict.1, &[SignatureDefect::BodyHash]), ["i=1 dkim=pass fail open"]);
    assert_eq!(dkim("dkim=fail header.d=sender.example", &[], &[]), ["i=1 dkim=fail pass disagrees"]);
    assert_eq!(dkim("dkim=pass header.d=gone.example", &[], &[]), ["i=1 dkim=pass none open"]);
    assert_eq!(dkim("dkim=none", &[], &[]), ["i=1 dkim=none none open"]);
}

#[test]
fn a_sealer_s_word_on_the_chain_before_it() {
    let chain = |claim: &str, first: (&[SignatureDefect], &[SignatureDefect])| {
        let text = format!(
            "{}{}{SIGNED}",
            set(2, "company.example", &format!("mx.company.example; arc={claim}")),
            set(1, "list.example", "mx.list.example; arc=none")
        );
        let mut all = told(&text, &verification(&[first, (&[], &[])], &[]));
        assert_eq!(all.remove(0), "i=1 arc=none none agrees");
        all.remove(0)
    };
    assert_eq!(chain("pass", (&[], &[])), "i=2 arc=pass pass agrees");
    assert_eq!(chain("fail", (&[], &[])), "i=2 arc=fail pass disagrees");
    assert_eq!(chain("none", (&[], &[])), "i=2 arc=none pass disagrees");
    // It may change the message before it seals, but no seal.
    assert_eq!(chain("pass", (&[SignatureDefect::BodyHash], &[])), "i=2 arc=pass fail open");
    assert_eq!(chain("pass", (&[], &[SignatureDefect::Signature])), "i=2 arc=pass fail disagrees");
    assert_eq!(chain("pass", (&[], &[SignatureDefect::NoKey])), "i=2 arc=pass fail open");
    assert_eq!(chain("fail", (&[SignatureDefect::BodyHash], &[])), "i=2 arc=fail fail agrees");
    let first = set(1, "company.example", "mx.company.example; arc=pass") + SIGNED;
    assert_eq!(told(&first, &verification(&[(&[], &[])], &[])), ["i=1 arc=pass none disagrees"]);
}
