//! Causes on mails and log lines written by hand, sound mails among them.

use crate::support::by_hand::{
    AUTHOR, AUTHOR_PASSES, DMARC_FAILS, NOT_REWRITTEN, PASSED, RECEIVED, ROWS, UNSIGNED, as_rspamd, broken, diagnosed,
    first, forwarded, google, office_365, one, sealed, set, verified, without_ground,
};
use sealcheck::{
    judge::diagnose::{DiagnoseInput, ServerLog, diagnose_mail},
    mail::{Message, arc::ArcChain, log::about, received},
    outcome::Confidence,
    verify::{SignatureDefect, Verdict, Verification},
};

#[test]
fn every_cause_written_by_hand_comes_first() {
    for row in ROWS {
        let found = (row.found)();
        assert_eq!(first(&found), row.first, "{found:#?}");
        assert!(!found[0].evidence.is_empty() && !found[0].next.is_empty(), "{found:#?}");
    }
}

#[test]
fn nothing_is_certain_without_what_it_rests_on() {
    let (mut tried, mut stayed) = (0, Vec::new());
    for row in ROWS {
        for diagnosis in (row.found)().iter().filter(|d| d.confidence == Confidence::Certain) {
            tried += 1;
            let found = without_ground(diagnosis, row.found);
            if found.iter().any(|d| d.code == diagnosis.code && d.confidence == Confidence::Certain) {
                stayed.push((diagnosis.clone(), found));
            }
        }
    }
    for (d, _) in &stayed {
        println!("STAYED {} {:?}", d.code, d.evidence.iter().map(|e| (e.line, &e.text)).collect::<Vec<_>>());
    }
    println!("{tried} certain diagnoses tried, {} stayed certain", stayed.len());
    assert!(tried > 40 && stayed.is_empty(), "{stayed:#?}");
}

#[test]
fn what_became_of_a_bounce_is_not_what_became_of_the_mail() {
    let log = "mx postfix/smtp[1]: A1B2C3D4: to=<x@gmail.com>, relay=a[192.0.2.1]:25, status=bounced (host a[192.0.2.1] said: 552 5.2.2 over quota)\n\
               mx postfix/bounce[2]: A1B2C3D4: sender non-delivery notification: B1B2C3D4\n\
               mx postfix/smtp[1]: B1B2C3D4: to=<a@sender.example>, relay=b[192.0.2.2]:25, status=bounced (host b[192.0.2.2] said: 550 5.1.1 user unknown)";
    let codes = |log: &str| {
        one("from", log, &verified(1, AUTHOR_PASSES)).iter().map(|d| d.code.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(codes(log), ["D15"]);
    let forwarded =
        "mx postfix/local[2]: A1B2C3D4: to=<u@company.example>, relay=local, status=sent (forwarded as B1B2C3D4)";
    assert_eq!(codes(&format!("{forwarded}\n{}", log.lines().last().unwrap())), ["D14"]);
}

#[test]
fn what_is_taken_after_all_was_not_refused() {
    let line = |text: &str| format!("mx postfix/cleanup[1]: A1B2C3D4: {text}");
    let full = line("write queue file: No space left on device");
    let sent = "mx postfix/smtp[1]: B1B2C3D4: to=<x@gmail.com>, relay=a[192.0.2.1]:25, status=sent (250 OK)";
    assert_eq!(first(&one("from", &full, &verified(1, AUTHOR_PASSES))), "D13 certain");
    assert_eq!(one("from", &format!("{full}\n{sent}"), &verified(1, AUTHOR_PASSES)), []);
}

#[test]
fn a_sound_mail_is_told_nothing() {
    let sealed = sealed(PASSED);
    let results = "dkim=pass header.i=@sender.example; arc=pass (i=1 spf=pass dkim=pass dmarc=pass); spf=softfail smtp.mailfrom=alice@sender.example; dmarc=pass (p=REJECT) header.from=sender.example";
    let text = format!("{}{sealed}{RECEIVED}{AUTHOR}\r\nbody\r\n", google(results, 1));
    assert_eq!(diagnosed(&text, "", &verified(2, AUTHOR_PASSES)), []);
    let direct =
        text.replace("d=company.example", "d=sender.example").replace("mx.company.example", "mx.sender.example");
    let message = Message::parse(direct);
    let given = DiagnoseInput {
        artifact: "a.eml",
        message: &message,
        trusted: None,
        arc: &ArcChain::of(&message),
        hops: &received::hops(&message),
        verification: None,
        dsn: None,
        returned: None,
        sent: None,
        forwarder: None,
        spf: &[],
        log: ServerLog::default(),
    };
    assert_eq!(diagnose_mail(given), [], "nobody says that it was forwarded");
}

#[test]
fn what_holds_or_cannot_be_judged_is_no_cause() {
    let unanswered = Verification { arc: Verdict::TempError, ..verified(1, AUTHOR_PASSES) };
    assert_eq!(one("from", "", &unanswered), [], "DNS that does not answer proves nothing");
    let trusted = DMARC_FAILS.replace("dis=QUARANTINE", "dis=NONE arc=pass");
    assert_eq!(forwarded(&trusted, &sealed(PASSED), UNSIGNED, &[]), []);
    assert_eq!(office_365("arc=pass (0 oda=0 ltdi=0)", &as_rspamd(PASSED)), [], "it is content");
    let harmless = format!("{}{RECEIVED}{AUTHOR}\r\nbody\r\n", sealed(PASSED));
    assert_eq!(diagnosed(&harmless, NOT_REWRITTEN, &verified(1, AUTHOR_PASSES)), [], "it has a sender");
    let bounce = format!("Return-Path: <>\r\n{harmless}");
    assert_eq!(diagnosed(&bounce, "", &verified(1, AUTHOR_PASSES)), [], "nobody asked for its sender");
}

#[test]
fn a_key_that_will_not_do_is_named_where_the_catalogue_knows_it() {
    for (cause, wanted) in [
        (SignatureDefect::NoKey, "B01 certain"),
        (SignatureDefect::KeyRevoked, "B01 certain"),
        (SignatureDefect::NotAKey, "B03 certain"),
        (SignatureDefect::KeyMalformed, "B03 certain"),
        (SignatureDefect::KeyType, "B00 certain"),
        (SignatureDefect::Expired, "B00 certain"),
    ] {
        let found = one("from", "", &broken(verified(1, AUTHOR_PASSES), 1, false, &[cause]));
        assert_eq!(first(&found), wanted, "{cause:?}");
    }
}

#[test]
fn refusals_in_logs_count_until_the_mail_was_sent() {
    let deferred = "mx postfix/smtp[1]: A1B2C3D4: to=<x@gmail.com>, dsn=4.7.28, status=deferred (host mx said: 421-4.7.28 exceeded the quota for sending messages that have the same Message-ID (in reply to end of DATA command))";
    let sent = "mx postfix/smtp[1]: A1B2C3D4: to=<x@gmail.com>, dsn=2.0.0, status=sent (250 2.0.0 OK)";
    assert_eq!(first(&one("from", deferred, &verified(1, AUTHOR_PASSES))), "D06 certain");
    assert_eq!(one("from", &format!("{deferred}\n{sent}"), &verified(1, AUTHOR_PASSES)), []);
}

#[test]
fn lines_of_other_messages_are_left_out_of_a_log() {
    let log = "10:00:00 #1(proxy) <aaaa11>; arc; arc.lua:738: cannot read key from /other: Permission denied\n\
               10:00:00 #1(proxy) <aaaa11>; proxy; rspamd_task_write_log: id: <other@sender.example>, qid: <0AAAAAAAAA>, ip: 203.0.113.5\n\
               10:00:01 #1(proxy) <bbbb22>; arc; lua_dkim_tools.lua:193: mail is ineligible for signing\n\
               10:00:01 #1(proxy) <bbbb22>; proxy; rspamd_task_write_log: id: <mine@sender.example>, qid: <0BBBBBBBBB>, ip: 203.0.113.5, (default: F (no action): [R_SPF_ALLOW(-0.20){},ARC_NA(0.00){}])\n";
    let text = format!("{RECEIVED}{AUTHOR}Message-ID: <mine@sender.example>\r\n\r\nbody\r\n");
    let message = Message::parse(text);
    let verification = verified(0, AUTHOR_PASSES);
    let lines: Vec<&str> = log.lines().collect();
    let found = diagnose_mail(DiagnoseInput {
        artifact: "a.eml",
        message: &message,
        trusted: None,
        arc: &ArcChain::of(&message),
        hops: &received::hops(&message),
        verification: Some(&verification),
        dsn: None,
        returned: None,
        sent: None,
        forwarder: Some("company.example"),
        spf: &[],
        log: ServerLog::of_numbered(
            about(&lines, "<mine@sender.example>").into_iter().map(|at| (at as u32 + 1, lines[at])),
            "rspamd.log",
        ),
    });
    assert_eq!(first(&found), "A01 high");
    assert_eq!((found[0].evidence[0].artifact.as_str(), found[0].evidence[0].line), ("rspamd.log", 3));
}

/// A number in what is wrong with a chain is not always that of a set.
#[test]
fn only_the_fields_of_the_set_that_is_wrong_are_shown() {
    let mut fails = verified(1, AUTHOR_PASSES);
    fails.arc = Verdict::Fail;
    let shown = |fields: &str| {
        let text = format!("{fields}{}{RECEIVED}{AUTHOR}\r\nbody\r\n", sealed(PASSED));
        let found = diagnosed(&text, "", &fails).remove(0);
        found.evidence.into_iter().map(|e| e.text.chars().take(30).collect::<String>()).collect::<Vec<_>>()
    };
    assert_eq!(
        shown(&set(0, "list.example", "none", PASSED, "from")),
        [
            "instance 0 is outside 1 to 50",
            "ARC-Seal: i=0; a=rsa-sha256; c",
            "ARC-Message-Signature: i=0; a=",
            "ARC-Authentication-Results: i="
        ]
    );
    assert_eq!(shown("ARC-Seal: cv=none\r\n"), ["ARC-Seal in line 1 has no read"]);
}
