//! Causes that no world here can have, on mails and log lines written by hand.

use sealcheck::{
    judge::diagnose::{Attempt, Case, Given, Log, Mail, diagnose_case, diagnose_mail},
    mail::{
        Message,
        arc::ArcChain,
        authres::{self, AuthenticationResults},
        dsn::Dsn,
        received,
    },
    outcome::{Confidence, Diagnosis},
    verify::{Cause, DkimVerification, SetVerification, SignatureFacts, Verdict, Verification},
};

const RECEIVED: &str = "Received: from mx.sender.example (mx.sender.example [203.0.113.5]) by mx.company.example (Postfix) with ESMTP id A1 for <user@company.example>; Tue, 24 Nov 2026 02:42:04 +0000\r\n";
const AUTHOR: &str = "DKIM-Signature: v=1; a=rsa-sha256; d=sender.example; s=ext; h=from:x-mailer; bh=AA==; b=AA==\r\nFrom: Alice <alice@sender.example>\r\nTo: user@company.example\r\nSubject: hello\r\n";
const PASSED: &str = "mx.company.example; dkim=pass header.d=sender.example; spf=pass smtp.mailfrom=alice@sender.example; dmarc=pass (policy=reject) header.from=sender.example";

/// One ARC Set.
fn set(i: u32, d: &str, cv: &str, aar: &str, h: &str) -> String {
    format!(
        "ARC-Seal: i={i}; a=rsa-sha256; cv={cv}; d={d}; s=s1; b=AA==\r\nARC-Message-Signature: i={i}; a=rsa-sha256; c=relaxed/relaxed; d={d}; s=s1; h={h}; bh=AA==; b=AA==\r\nARC-Authentication-Results: i={i}; {aar}\r\n"
    )
}

/// What Google says on top of a mail.
fn google(results: &str, sets: u32) -> String {
    format!(
        "{}Received: from mx.company.example (mx.company.example [198.51.100.7]) by mx.google.com with ESMTPS id z3 for <probe.inbox@gmail.com>; Tue, 24 Nov 2026 02:42:05 +0000\r\nAuthentication-Results: mx.google.com; {results}\r\n",
        set(sets + 1, "google.com", "pass", "mx.google.com; arc=pass", "from")
    )
}

/// Every part of so many sets holds, and the author's signature is judged so.
fn verified(sets: u32, dkim: &[(&str, Verdict)]) -> Verification {
    let set =
        |instance| SetVerification { instance, ams: Verdict::Pass, seal: Verdict::Pass, ..SetVerification::default() };
    let dkim = dkim.iter().map(|(d, result)| DkimVerification {
        d: (*d).to_owned(),
        s: "ext".to_owned(),
        result: *result,
        ..DkimVerification::default()
    });
    Verification {
        arc: if sets == 0 { Verdict::None } else { Verdict::Pass },
        sets: (1..=sets).map(set).collect(),
        dkim: dkim.collect(),
        ..Verification::default()
    }
}

/// The chain fails over one part of the set `i`, for these causes.
fn broken(mut verification: Verification, i: usize, seal: bool, causes: &[Cause]) -> Verification {
    let set = &mut verification.sets[i - 1];
    let facts = SignatureFacts { causes: causes.to_vec(), ..SignatureFacts::default() };
    match seal {
        true => (set.seal, set.seal_facts) = (Verdict::Fail, facts),
        false => (set.ams, set.ams_facts) = (Verdict::Fail, facts),
    }
    verification.arc = Verdict::Fail;
    verification
}

fn diagnosed(text: &str, log: &str, verification: &Verification) -> Vec<Diagnosis> {
    let message = Message::parse(text);
    let trusted = authres::receiver(&message).and_then(|id| authres::trusted(&message, &id).trusted);
    diagnose_mail(Given {
        artifact: "received.eml",
        message: &message,
        trusted: trusted.as_ref(),
        arc: &ArcChain::of(&message),
        hops: &received::hops(&message),
        verification: Some(verification),
        dsn: Dsn::of(&message).as_ref(),
        sent: None,
        forwarder: Some("company.example"),
        log: Log::of(log.lines(), "server.log"),
    })
}

#[track_caller]
fn is_first(found: &[Diagnosis], code: &str, confidence: Confidence) {
    let first = found.first().map(|d| (d.code.as_str(), d.confidence));
    assert_eq!(first, Some((code, confidence)), "{found:#?}");
    assert!(!found[0].evidence.is_empty(), "{found:#?}");
}

#[test]
fn log_lines_say_why_nothing_was_sealed() {
    let text = format!("{RECEIVED}{AUTHOR}\r\nbody\r\n");
    for (log, code, confidence) in [
        (
            "x; arc; lua_dkim_tools.lua:51: set domain to a\nx; proxy; cannot load dkim key /k: cannot stat key file: /k Permission denied",
            "A06",
            Confidence::Certain,
        ),
        (
            "x; arc; lua_dkim_tools.lua:51: set domain to a\nx; proxy; cannot load dkim key /k: cannot map key file: /k Permission denied",
            "A05",
            Confidence::Certain,
        ),
        (
            "x; arc; lua_dkim_tools.lua:51: set domain to a\nx; proxy; cannot load dkim key /k: cannot extract rsa key from evp key",
            "A08",
            Confidence::Certain,
        ),
        ("arc; lua_dkim_tools.lua:1: user domain mismatch: a != b", "A16", Confidence::Certain),
        ("mx postfix/pickup[1]: A1B2C3D4: uid=1000 from=<vmail>", "A15", Confidence::High),
        ("lua; spf: skip SPF checks for local networks and authorized users", "A11", Confidence::Certain),
        (
            "arc; use domain(recipient) for signature: mail.corp.co.jp\narc; final DKIM domain: corp.co.jp\narc; cannot read key from /a: No such file or directory",
            "A09",
            Confidence::Certain,
        ),
        ("arc; cannot read key from /a: No such file or directory", "A04", Confidence::High),
        ("something else", "A00", Confidence::Certain),
    ] {
        is_first(&diagnosed(&text, log, &verified(0, &[("sender.example", Verdict::Pass)])), code, confidence);
    }
}

#[test]
fn a_sound_mail_is_told_nothing() {
    let sealed = set(1, "company.example", "none", PASSED, "from");
    let results = "dkim=pass header.i=@sender.example; arc=pass (i=1 spf=pass dkim=pass dmarc=pass); spf=softfail smtp.mailfrom=alice@sender.example; dmarc=pass (p=REJECT) header.from=sender.example";
    let text = format!("{}{sealed}{RECEIVED}{AUTHOR}\r\nbody\r\n", google(results, 1));
    assert_eq!(diagnosed(&text, "", &verified(2, &[("sender.example", Verdict::Pass)])), []);
    let direct =
        text.replace("d=company.example", "d=sender.example").replace("mx.company.example", "mx.sender.example");
    let message = Message::parse(direct);
    let given = Given {
        artifact: "a.eml",
        message: &message,
        trusted: None,
        arc: &ArcChain::of(&message),
        hops: &received::hops(&message),
        verification: None,
        dsn: None,
        sent: None,
        forwarder: None,
        log: Log::default(),
    };
    assert_eq!(diagnose_mail(given), [], "nobody says that it was forwarded");
}

#[test]
fn chains_that_do_not_verify() {
    let one = |h: &str| format!("{}{RECEIVED}{AUTHOR}\r\nbody\r\n", set(1, "company.example", "none", PASSED, h));
    let two = |cv: &str| {
        let (newest, oldest) =
            (set(2, "company.example", cv, PASSED, "from"), set(1, "list.example", "none", PASSED, "from"));
        format!("{newest}{oldest}{RECEIVED}{AUTHOR}\r\nbody\r\n")
    };
    let author = &[("sender.example", Verdict::Pass)];
    let volatile = broken(verified(1, author), 1, false, &[Cause::Signature]);
    is_first(&diagnosed(&one("from:received"), "", &volatile), "B13", Confidence::Low);
    is_first(&diagnosed(&one("from:subject"), "", &volatile), "B06", Confidence::Certain);
    let other_key = broken(volatile, 1, true, &[Cause::Signature]);
    is_first(&diagnosed(&one("from"), "", &other_key), "B02", Confidence::High);
    is_first(&diagnosed(&one("from"), "rspamd 3.10.1 is loading configuration", &other_key), "B08", Confidence::High);
    let marked = Verification { arc: Verdict::Fail, ..verified(2, author) };
    is_first(&diagnosed(&two("fail"), "", &marked), "B09", Confidence::High);
    is_first(&diagnosed(&two("fail"), "", &broken(marked, 1, false, &[Cause::BodyHash])), "B10", Confidence::Certain);
    let none = broken(verified(2, author), 2, true, &[Cause::ChainValidationStatus]);
    is_first(&diagnosed(&two("none"), "", &none), "B15", Confidence::Certain);
    for (cause, code) in
        [(Cause::SealOrder, "B07"), (Cause::SealLeavesSetsOut, "B14"), (Cause::SealCoversTooMuch, "B00")]
    {
        let covers = broken(verified(2, author), 2, true, &[cause]);
        is_first(&diagnosed(&two("pass"), "", &covers), code, Confidence::Certain);
    }
    for (cause, code) in
        [(Cause::KeyMalformed, "B03"), (Cause::KeyRevoked, "B01"), (Cause::KeyType, "B00"), (Cause::Expired, "B00")]
    {
        let key = broken(verified(1, author), 1, false, &[cause]);
        is_first(&diagnosed(&one("from"), "", &key), code, Confidence::Certain);
    }
    let unanswered = Verification { arc: Verdict::TempError, ..verified(1, author) };
    assert_eq!(diagnosed(&one("from"), "", &unanswered), [], "DNS that does not answer proves nothing");
}

#[test]
fn chains_that_do_not_help() {
    let fails = "arc=pass (i=1 spf=pass dkim=pass dmarc=pass); spf=pass smtp.mailfrom=x@company.example; dmarc=fail (p=REJECT dis=QUARANTINE) header.from=sender.example";
    let sealed = |aar: &str| set(1, "company.example", "none", aar, "from");
    let mail =
        |results: &str, sets: &str, rest: &str| format!("{}{sets}{RECEIVED}{rest}\r\nbody\r\n", google(results, 1));
    let broken = &[("sender.example", Verdict::Fail)];
    // The author signed X-Mailer, and it is not there any more.
    let found = diagnosed(&mail(fails, &sealed(PASSED), AUTHOR), "", &verified(2, broken));
    is_first(&found, "C05", Confidence::High);
    assert!(found[0].evidence[0].text.contains("x-mailer"), "{found:#?}");
    let unsigned = "From: Alice <alice@sender.example>\r\n";
    is_first(&diagnosed(&mail(fails, &sealed(PASSED), unsigned), "", &verified(2, &[])), "C06", Confidence::High);
    let trusted = fails.replace("dis=QUARANTINE", "dis=NONE arc=pass");
    assert_eq!(diagnosed(&mail(&trusted, &sealed(PASSED), unsigned), "", &verified(2, &[])), []);
    let others = format!("dkim=pass header.i=@gappssmtp.example; {fails}");
    let aar = "mx.company.example; spf=softfail smtp.mailfrom=a@sender.example; dmarc=fail header.from=sender.example";
    let found =
        diagnosed(&mail(&others, &sealed(aar), unsigned), "", &verified(2, &[("gappssmtp.example", Verdict::Pass)]));
    is_first(&found, "C07", Confidence::High);
    let own = &[("sender.example", Verdict::Fail), ("company.example", Verdict::Pass)];
    let aar = "mx.company.example; dkim=fail header.d=sender.example; dmarc=fail header.from=sender.example";
    is_first(&diagnosed(&mail(fails, &sealed(aar), AUTHOR), "", &verified(2, own)), "C08", Confidence::High);
    let relayed = "mx.company.example; spf=softfail (mx.company.example: domain of transitioning a@sender.example does not designate 198.51.100.8 as permitted sender) smtp.mailfrom=a@sender.example";
    let hops = RECEIVED.replace("by mx.company.example", "by front.company.example");
    let text = format!(
        "{}{}Received: from front.company.example (front.company.example [198.51.100.8]) by mx.company.example with ESMTP id B2; Tue, 24 Nov 2026 02:42:05 +0000\r\n{hops}{AUTHOR}\r\nbody\r\n",
        google("arc=pass (i=1); dmarc=pass (p=REJECT) header.from=sender.example", 1),
        sealed(relayed)
    );
    is_first(&diagnosed(&text, "", &verified(2, &[("sender.example", Verdict::Pass)])), "C03", Confidence::High);
    let forged = sealed(&PASSED.replace("mx.company.example", "mail.evil.example"));
    let found =
        diagnosed(&mail("arc=pass (i=1)", &forged, AUTHOR), "", &verified(2, &[("sender.example", Verdict::Pass)]));
    is_first(&found, "C04", Confidence::Low);
    let twice =
        set(2, "company.example", "pass", "mx.company.example; arc=pass (\"company.example:s=s1:i=1\")", "from")
            + &sealed(PASSED);
    let text = format!("{}{twice}{RECEIVED}{AUTHOR}\r\nbody\r\n", google("arc=pass (i=2)", 2));
    is_first(&diagnosed(&text, "", &verified(3, &[("sender.example", Verdict::Pass)])), "C02", Confidence::Certain);
}

#[test]
fn refusals_in_logs_count_until_the_mail_was_sent() {
    let text = format!("{}{RECEIVED}{AUTHOR}\r\nbody\r\n", set(1, "company.example", "none", PASSED, "from"));
    let verification = verified(1, &[("sender.example", Verdict::Pass)]);
    let deferred = "mx postfix/smtp[1]: A1B2C3D4: to=<x@gmail.com>, dsn=4.7.28, status=deferred (host mx said: 421-4.7.28 exceeded the quota for sending messages that have the same Message-ID (in reply to end of DATA command))";
    is_first(&diagnosed(&text, deferred, &verification), "D06", Confidence::Certain);
    let sent = "mx postfix/smtp[1]: A1B2C3D4: to=<x@gmail.com>, dsn=2.0.0, status=sent (250 2.0.0 OK)";
    assert_eq!(diagnosed(&text, &format!("{deferred}\n{sent}"), &verification), []);
    let lookup = "mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from mx.sender.example[203.0.113.5]: 451 4.3.0 <user@company.example>: Temporary lookup failure; from=<a@sender.example> to=<user@company.example>";
    is_first(&diagnosed(&text, lookup, &verification), "D10", Confidence::Certain);
    let harmless = "mx postsrsd: srs_forward: <\"\"> not rewritten: No at sign";
    assert_eq!(diagnosed(&text, harmless, &verification), []);
}

#[test]
fn a_re_encoded_body_is_seen_beside_what_was_sent() {
    let text = format!(
        "{}{RECEIVED}{AUTHOR}Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9\r\n",
        set(1, "company.example", "none", PASSED, "from")
    );
    let message = Message::parse(text);
    let mut verification = broken(verified(1, &[("sender.example", Verdict::Fail)]), 1, false, &[Cause::BodyHash]);
    verification.sets[0].ams_facts.body_hash =
        Some(sealcheck::verify::BodyHash { expected: "AA==".into(), computed: "BB==".into(), uncovered: 0 });
    let (arc, hops) = (ArcChain::of(&message), received::hops(&message));
    let case = Case {
        mail: Some(Mail {
            artifact: "received.eml".into(),
            message: &message,
            trusted: None::<&AuthenticationResults>,
            arc: &arc,
            hops: &hops,
            verification: Some(&verification),
            misplaced: None,
            folder_name: "",
            seal_domain: None,
        }),
        sent: Some(Message::parse("Content-Transfer-Encoding: 8bit\r\n\r\ncaf\u{e9}\r\n")),
        forwarder: Some("company.example".into()),
        attempt: Some(Attempt { accepted: true, ..Attempt::default() }),
        ..Case::default()
    };
    is_first(&diagnose_case(&case), "B05", Confidence::High);
}

#[test]
fn lines_of_other_messages_are_left_out_of_a_log() {
    let log = "10:00:00 #1(proxy) <aaaa11>; arc; arc.lua:738: cannot read key from /other: Permission denied\n\
               10:00:00 #1(proxy) <aaaa11>; proxy; rspamd_task_write_log: id: <other@sender.example>, qid: <0AAAAAAAAA>, ip: 203.0.113.5\n\
               10:00:01 #1(proxy) <bbbb22>; arc; lua_dkim_tools.lua:193: mail is ineligible for signing\n\
               10:00:01 #1(proxy) <bbbb22>; proxy; rspamd_task_write_log: id: <mine@sender.example>, qid: <0BBBBBBBBB>, ip: 203.0.113.5, (default: F (no action): [R_SPF_ALLOW(-0.20){},ARC_NA(0.00){}])\n";
    let text = format!("{RECEIVED}{AUTHOR}Message-ID: <mine@sender.example>\r\n\r\nbody\r\n");
    let message = Message::parse(text);
    let verification = verified(0, &[("sender.example", Verdict::Pass)]);
    let found = diagnose_mail(Given {
        artifact: "a.eml",
        message: &message,
        trusted: None,
        arc: &ArcChain::of(&message),
        hops: &received::hops(&message),
        verification: Some(&verification),
        dsn: None,
        sent: None,
        forwarder: Some("company.example"),
        log: Log::of_message(log, "rspamd.log", "<mine@sender.example>"),
    });
    is_first(&found, "A01", Confidence::High);
    assert_eq!((found[0].evidence[0].artifact.as_str(), found[0].evidence[0].line), ("rspamd.log", 3));
}
