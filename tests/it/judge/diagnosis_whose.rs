//! Whose mail, and whose server: services that forward under names of their own, mail of one's own, and SPF records of one's own.

use crate::support::{
    by_hand::{AUTHOR, AUTHOR_PASSES, PASSED, RECEIVED, cv_fail, diagnosed, first, google, set, unsealed, verified},
    program::Project,
};
use sealcheck::{outcome::Diagnosis, verify::Verification};
use serde_json::Value;
use std::fs;

const MADE: &str =
    "Received: by mx.corp.example (Postfix, from userid 33)\n\tid 4A5B6C7D8E; Tue, 24 Nov 2026 02:42:04 +0000\n";
const FROM_OUTSIDE: &str = "Received: from out.sender.example (out.sender.example [203.0.113.5])\n\tby mx.corp.example (Postfix) with ESMTPS id 4A5B6C7D8E\n\tfor <info@corp.example>; Tue, 24 Nov 2026 02:42:04 +0000\n";
const REWRITTEN: &str = "SRS0=aBcD=7Q=sender.example=bob@corp.example";
const POLICY: &str =
    "550 5.7.26 Unauthenticated email from corp.example is not accepted due to domain's DMARC policy. a1 - gsmtp";

fn unauthenticated(domain: &str, address: &str) -> String {
    format!(
        "550-5.7.26 This mail has been blocked because the sender is unauthenticated. 550-5.7.26 DKIM = did not pass \
         550-5.7.26 SPF [{domain}] with ip: [{address}] = did not pass 550 5.7.26 a1 - gsmtp"
    )
}

/// A bounce of Postfix over a mail of this envelope sender, which it gives back with these hops and From.
fn bounce(sender: &str, reply: &str, hops: &str, from: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.corp.example\nTo: {sender}\nSubject: Undelivered Mail\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\n\
         I'm sorry.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.corp.example\n\
         X-Postfix-Sender: rfc822; {sender}\n\nFinal-Recipient: rfc822; someone@gmail.com\nAction: failed\nStatus: 5.7.26\n\
         Remote-MTA: dns; gmail-smtp-in.l.google.com\nDiagnostic-Code: smtp; {reply}\n\n--b\nContent-Type: message/rfc822\n\n\
         {hops}From: {from}\nTo: someone@gmail.com\nSubject: hello\nMessage-ID: <1@x.example>\n\nhello\n--b--\n"
    )
}

/// What `inspect` says first of a mail, with these records and this log.
fn inspect(mail: &str, zone: &str, log: &str) -> (String, Value) {
    let project = Project::new();
    fs::write(project.path("mail.eml"), mail).unwrap();
    fs::write(project.path("dns.zone"), zone).unwrap();
    fs::write(project.path("mail.log"), log).unwrap();
    let mut args = vec!["inspect", "mail.eml", "--format", "json", "--dns"];
    args.push(if zone.is_empty() { "none" } else { "dns.zone" });
    if !log.is_empty() {
        args.extend(["--log", "mail.log"]);
    }
    let ran = project.run(&args);
    let said: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    let diagnosis = said["diagnosis"][0].clone();
    let word = |key: &str| diagnosis[key].as_str().unwrap_or_default().to_owned();
    (format!("{} {}", word("code"), word("confidence")).trim().to_owned(), diagnosis)
}

#[test]
fn an_own_spf_record_without_the_address_is_looked_up_and_named() {
    let record = |text: &str| format!("corp.example. 300 IN TXT \"{text}\"\n");
    let six = "2001:db8:5::25";
    for (record, wanted) in [
        (record("v=spf1 ip4:198.51.100.20 -all"), "D40 certain"),
        (record("v=spf1 ip6:2001:db8:6::/48 ~all"), "D40 certain"),
        (
            record("v=spf1 include:_spf.corp.example ?all")
                + "_spf.corp.example. 300 IN TXT \"v=spf1 ip4:198.51.100.0/24 -all\"\n",
            "D40 certain",
        ),
        (record("v=spf1 ip6:2001:db8:5::/48 -all"), "D40 low"),
        (record("other"), "D40 high"),
        (record("v=spf1 mx -all"), "D40 high"),
        (String::new(), "D40 high"),
    ] {
        let (code, diagnosis) = inspect(
            &bounce(REWRITTEN, &unauthenticated("corp.example", six), FROM_OUTSIDE, "bob@sender.example"),
            &record,
            "",
        );
        assert_eq!(code, wanted, "{record}: {diagnosis:#}");
        assert!(diagnosis["evidence"][0]["text"].as_str().unwrap().contains(six), "{diagnosis:#}");
    }
}

#[test]
fn own_mail_that_the_receiver_took_is_told_from_mail_that_was_forwarded() {
    let at_google = |results: &str, hops: &str, from: &str| {
        let text = format!("{}{hops}From: {from}\r\nTo: someone@gmail.com\r\n\r\nbody\r\n", google(results, 0));
        first(&diagnosed(&text, "", &verified(1, &[])))
    };
    let made = "Received: by mx.company.example (Postfix, from userid 111) id A1; Tue, 24 Nov 2026 02:42:04 +0000\r\n";
    let fails = "spf=none; dmarc=fail (p=NONE sp=NONE dis=NONE) header.from=company.example";
    assert_eq!(at_google(fails, made, "cron@company.example"), "D41 certain");
    assert_eq!(at_google(&fails.replace("NONE", "QUARANTINE"), made, "cron@other.example"), "D41 certain");
    assert_eq!(at_google(fails, RECEIVED, "cron@company.example"), "A00 certain", "it came from outside");
    assert_eq!(
        at_google("dkim=pass header.d=company.example; dmarc=pass", made, "cron@company.example"),
        "A00 certain"
    );
    let own = |path: &str, to: &str| {
        let results = google("dkim=pass header.d=company.example; dmarc=pass", 0);
        let text =
            format!("Return-Path: <{path}>\r\n{results}{made}From: cron@company.example\r\nTo: {to}\r\n\r\nbody\r\n");
        first(&diagnosed(&text, "", &verified(1, &[])))
    };
    assert_eq!(own("cron@company.example", "someone@gmail.com"), "", "it was not forwarded");
    assert_eq!(own("cron@company.example", "Root <root@company.example>"), "A00 certain", "an alias of its own");
    assert_eq!(own("alice@sender.example", "someone@gmail.com"), "A00 certain", "another's envelope sender");
}

#[test]
fn a_server_that_nothing_names_did_not_leave_the_seal_out() {
    let direct = |to: &str| {
        let results = google("dkim=pass header.d=sender.example; dmarc=pass", 0)
            .replace("mx.company.example", "mx.sender.example");
        let text = format!(
            "Return-Path: <alice@sender.example>\r\n{results}{}\r\nbody\r\n",
            AUTHOR.replace("user@company.example", to)
        );
        first(&diagnosed(&text, "", &verified(1, AUTHOR_PASSES)))
    };
    assert_eq!(direct("someone@gmail.com"), "A00 low");
    assert_eq!(direct("user@company.example"), "A00 certain");
}

#[test]
fn a_sender_that_came_rewritten_is_not_the_servers_own() {
    let kept = "SRS0=aBcD=7Q=sender.example=bob@earlier.example";
    let zone = "earlier.example. 300 IN TXT \"v=spf1 ip4:192.0.2.9 -all\"\n";
    let reply = unauthenticated("earlier.example", "198.51.100.99");
    let earlier = FROM_OUTSIDE.replace("out.sender.example", "mx.earlier.example");
    let said = |hops: &str, log: &str| inspect(&bounce(kept, &reply, hops, "bob@sender.example"), zone, log).0;
    assert_eq!(said(&earlier, ""), "D01 certain");
    assert_eq!(said(FROM_OUTSIDE, ""), "D01 certain", "nothing tells who rewrote it");
    let arrived = |sender: &str| {
        let entry = format!(
            "Nov 24 02:42:04 mx postfix/qmgr[6]: 4A5B6C7D8E: from=<{sender}>, size=900, nrcpt=1 (queue active)\n"
        );
        format!("{entry}Nov 24 02:42:04 mx postfix/cleanup[5]: 4A5B6C7D8E: message-id=<1@x.example>\n")
    };
    assert_eq!(said(FROM_OUTSIDE, &arrived(kept)), "D01 certain");
    assert_eq!(said(FROM_OUTSIDE, &arrived("bob@sender.example")), "D40 high", "it may rewrite to a domain apart");
    assert_eq!(said(&earlier, &arrived("bob@sender.example")), "D01 certain");
}

#[test]
fn a_reply_that_does_not_blame_the_envelope_senders_spf_names_no_record_of_the_servers() {
    let level = |spf: &str| {
        format!(
            "550 5.7.515 Access denied, sending domain SENDER.EXAMPLE does not meet the required authentication level. Spf= {spf} , Dkim= Fail , DMARC= Fail [AM1.prod.outlook.com]"
        )
    };
    for (reply, wanted) in [
        (level("Pass"), "D01 certain"),
        (level("Fail"), "D01 certain"),
        ("550 5.7.1 HELO SPF check failed for mx.corp.example".to_owned(), "D28 certain"),
        ("550 5.7.1 SPF check failed".to_owned(), "D40 high"),
    ] {
        let mail = bounce(REWRITTEN, &reply, FROM_OUTSIDE, "bob@sender.example");
        assert_eq!(inspect(&mail, "", "").0, wanted, "{reply}");
    }
}

#[test]
fn a_filter_on_the_same_machine_is_no_receiver() {
    let virus = "550 5.7.1 Message contains a virus";
    let spam = "554 5.7.0 Reject, id=1-01 - spam";
    for (to, relay, reply, wanted) in [
        ("<info@corp.example>", "localhost[::1]:10026", virus, "D13 certain"),
        ("<info@corp.example>", "127.0.0.1[127.0.0.1]:10024", spam, "D13 certain"),
        ("<jan@corp.example>, orig_to=<info@corp.example>", "127.0.0.1[127.0.0.1]:10024", spam, "D13 certain"),
        // It was forwarded: the way to the receiver leads through this machine.
        ("<a@next.example>, orig_to=<info@corp.example>", "127.0.0.1[127.0.0.1]:41511", "550 No", "D00 certain"),
    ] {
        let log = format!(
            "Nov 24 02:42:05 mx postfix/cleanup[5]: 4A5B6C7D8E: message-id=<1@x.example>\n\
             Nov 24 02:42:07 mx postfix/smtp[7]: 4A5B6C7D8E: to={to}, relay={relay}, delay=1, dsn=5.7.1, status=bounced (host {relay} said: {reply} (in reply to end of DATA command))\n"
        );
        let mail = format!("{FROM_OUTSIDE}From: bob@sender.example\nMessage-ID: <1@x.example>\n\nhello\n");
        assert_eq!(inspect(&mail, "", &log).0, wanted, "{to} {relay}");
    }
}

#[test]
fn whose_spf_record_it_is_tells_whether_rewriting_helps() {
    let zone = "corp.example. 300 IN TXT \"v=spf1 ip4:198.51.100.20 -all\"\nsender.example. 300 IN TXT \"v=spf1 ip4:203.0.113.5 -all\"\n";
    let hard = |domain: &str| {
        format!(
            "550 5.7.26 The MAIL FROM domain [{domain}] has an SPF record with a hard fail policy (-all) but it fails to pass SPF checks with the ip: [198.51.100.99]. a1 - gsmtp"
        )
    };
    let violation =
        "550 5.7.23 The message was rejected because of Sender Policy Framework violation; ip=198.51.100.99";
    for (sender, reply, wanted) in [
        (REWRITTEN, unauthenticated("corp.example", "198.51.100.99"), "D40 certain"),
        (REWRITTEN, hard("corp.example"), "D40 certain"),
        (REWRITTEN, violation.to_owned(), "D40 certain"),
        ("list-bounces@corp.example", violation.to_owned(), "D40 certain"),
        ("bob@sender.example", violation.to_owned(), "D28 certain"),
        ("bob@sender.example", hard("sender.example"), "D02 certain"),
        ("bob@sender.example", unauthenticated("sender.example", "198.51.100.99"), "D01 certain"),
    ] {
        let (code, diagnosis) = inspect(&bounce(sender, &reply, FROM_OUTSIDE, "bob@sender.example"), zone, "");
        assert_eq!(code, wanted, "{sender} {reply}: {diagnosis:#}");
        let log = format!(
            "Nov 24 02:42:05 mx postfix/qmgr[6]: 4A5B6C7D8E: from=<{sender}>, size=900, nrcpt=1 (queue active)\n\
             Nov 24 02:42:05 mx postfix/cleanup[5]: 4A5B6C7D8E: message-id=<1@x.example>\n\
             Nov 24 02:42:07 mx postfix/smtp[7]: 4A5B6C7D8E: to=<someone@gmail.com>, orig_to=<info@corp.example>, relay=mx.receiver.example[192.0.2.9]:25, delay=1, dsn=5.7.26, status=bounced (host mx.receiver.example[192.0.2.9] said: {reply} (in reply to end of DATA command))\n"
        );
        let mail = format!(
            "{FROM_OUTSIDE}From: bob@sender.example\nTo: info@corp.example\nMessage-ID: <1@x.example>\n\nhello\n"
        );
        let (code, diagnosis) = inspect(&mail, zone, &log);
        assert_eq!(code, wanted, "{sender} {reply} in a log: {diagnosis:#}");
    }
}

#[test]
fn mail_that_was_made_on_the_server_is_its_own() {
    let hop = |from: &str, with: &str| {
        format!("Received: {from} by mx.corp.example {with} id 4A5B6C7D8E; Tue, 24 Nov 2026 02:42:04 +0000\n")
    };
    let relayed = "Received: from web.corp.example (web.corp.example [198.51.100.30]) by mx.corp.example (Postfix) with ESMTP id 5B; Tue, 24 Nov 2026 02:42:05 +0000\n\
                   Received: by web.corp.example (Postfix, from userid 48) id 4A5B6C7D8E; Tue, 24 Nov 2026 02:42:04 +0000\n";
    let signed = "DKIM-Signature: v=1; a=rsa-sha256; d=corp.example; s=mail; h=from; bh=AA==; b=AA==\n";
    for (hops, wanted) in [
        (MADE.to_owned(), "D41 certain"),
        (hop("from localhost (localhost [127.0.0.1])", "(Postfix) with ESMTP"), "D41 certain"),
        (hop("from app-7f9c (unknown [172.18.0.4])", "(Postfix) with ESMTP"), "D41 certain"),
        (hop("from www-data", "with local (Exim 4.96)"), "D41 certain"),
        ("Received: (qmail 4711 invoked by uid 33); 24 Nov 2026 02:42:04 -0000\n".to_owned(), "D41 certain"),
        (hop("from app.corp.example (app.corp.example [10.0.0.8])", "(Postfix) with ESMTP"), "D41 certain"),
        (hop("from [192.0.2.77] (home.isp.example [192.0.2.77])", "(Postfix) with ESMTPSA"), "D41 certain"),
        (relayed.to_owned(), "D41 certain"),
        (format!("{MADE}{signed}"), "D41 high"),
        // Somebody else's mail, also through a gateway that hides its address.
        (FROM_OUTSIDE.to_owned(), "D03 certain"),
        (format!("{MADE}{FROM_OUTSIDE}"), "D03 certain"),
        (hop("from out.sender.example (unknown [172.17.0.1])", "(Postfix) with ESMTP"), "D03 certain"),
        (String::new(), "D03 certain"),
    ] {
        let (code, diagnosis) =
            inspect(&bounce("www-data@mx.corp.example", POLICY, &hops, "Shop <shop@corp.example>"), "", "");
        assert_eq!(code, wanted, "{hops}: {diagnosis:#}");
    }
    let list = format!("List-Id: <talk.corp.example>\n{FROM_OUTSIDE}");
    let by_list = |sender: &str, hops: &str, from: &str| inspect(&bounce(sender, POLICY, hops, from), "", "").0;
    assert_eq!(by_list("talk-bounces@corp.example", &list, "Bob via Talk <talk@corp.example>"), "D41 certain");
    assert_eq!(
        by_list("talk-bounces@corp.example", FROM_OUTSIDE, "talk@corp.example"),
        "D03 certain",
        "it may be forged"
    );
    assert_eq!(by_list("talk-bounces@corp.example", &list, "bob@sender.example"), "D03 certain", "it is the author's");
    assert_eq!(by_list(REWRITTEN, &list, "talk@corp.example"), "D03 certain", "another server's list");
    let log = "Nov 24 02:42:04 mx postfix/pickup[5]: 4A5B6C7D8E: uid=33 from=<www-data>\n\
               Nov 24 02:42:04 mx postfix/cleanup[5]: 4A5B6C7D8E: message-id=<1@x.example>\n";
    let refused = format!(
        "{log}Nov 24 02:42:07 mx postfix/smtp[7]: 4A5B6C7D8E: to=<someone@gmail.com>, relay=gmail-smtp-in.l.google.com[192.0.2.9]:25, delay=1, dsn=5.7.26, status=bounced (host gmail-smtp-in.l.google.com[192.0.2.9] said: {POLICY} (in reply to end of DATA command))\n"
    );
    let written = "From: Shop <shop@corp.example>\nTo: someone@gmail.com\nMessage-ID: <1@x.example>\n\nhello\n";
    assert_eq!(inspect(written, "", &refused).0, "D41 certain", "as it was handed to Postfix");
    let forwarded = bounce(REWRITTEN, POLICY, MADE, "shop@corp.example");
    assert_eq!(inspect(&forwarded, "", "").0, "D03 certain", "what was rewritten came from elsewhere");
}

/// A mail for the company that a service forwarded to Google, with what stands above and below the service's line.
fn by_service(above: &str, set: &str, below: &str, sets: u32) -> Vec<Diagnosis> {
    let handed = google("arc=pass (i=1)", sets)
        .replace("from mx.company.example (mx.company.example", "from out7.hosting.example (out7.hosting.example");
    let taken = RECEIVED.replace("by mx.company.example", "by in3.hosting.example");
    let text = format!("{handed}{above}{set}{taken}{below}{AUTHOR}\r\nbody\r\n");
    diagnosed(&text, "", &verified(sets + 1, AUTHOR_PASSES))
}

#[test]
fn a_service_seals_under_its_own_name() {
    let own =
        set(1, "hosting-mail.example", "none", &PASSED.replace("mx.company.example", "in.hosting.example"), "from");
    let inside = RECEIVED.replace(
        "from mx.sender.example (mx.sender.example [203.0.113.5]) by mx.company.example",
        "from in3.hosting.example by out7.hosting.example",
    );
    assert_eq!(by_service("", &own, "", 1), []);
    assert_eq!(by_service(&inside, &own, "", 1), [], "it has several hosts");
    // Not every service writes for which address it took the mail.
    let silent = own.replace("d=hosting-mail", "d=mail2")
        + &RECEIVED
            .replace("by mx.company.example", "by in3.hosting.example")
            .replace(" for <user@company.example>", "");
    let rest = |trace: &str| {
        let handed = google("arc=pass (i=1)", 1).replace("mx.company.example", "out7.hosting.example");
        first(&diagnosed(&format!("{trace}{handed}{silent}{AUTHOR}\r\nbody\r\n"), "", &verified(2, AUTHOR_PASSES)))
    };
    for trace in [
        "Return-Path: <SRS0=x=y=sender.example=alice@company.example>",
        "X-Forwarded-For: user@company.example someone@gmail.com",
        "Delivered-To: user@company.example",
    ] {
        assert_eq!(rest(&format!("{trace}\r\n")), "", "{trace}");
    }
    assert_eq!(rest("Return-Path: <alice@sender.example>\r\n"), "A00 high");
    let microsoft = set(1, "microsoft.com", "none", "mx.microsoft.com 1; spf=pass; dkim=pass", "from");
    let online = |path: &str| {
        let handed =
            google("arc=pass (i=1)", 1).replace("mx.company.example", "mail-x.outbound.protection.outlook.com");
        let inner = "Received: from AM1.prod.outlook.com (2001:db8::1) by AM2.prod.outlook.com (2001:db8::2) with Microsoft SMTP Server; Tue, 24 Nov 2026 02:42:05 +0000\r\n";
        first(&diagnosed(
            &format!("Return-Path: <{path}>\r\n{handed}{inner}{microsoft}{AUTHOR}\r\nbody\r\n"),
            "",
            &verified(2, AUTHOR_PASSES),
        ))
    };
    assert_eq!(online("user+SRS=x=y=sender.example=alice@company.example"), "");
    assert_eq!(online("alice@sender.example"), "A00 high", "it is the sender's own");
    // What the sender's own server sealed is not the service's: that did not seal.
    let senders = set(1, "sender.example", "none", &PASSED.replace("mx.company.example", "mx.sender.example"), "from");
    assert_eq!(first(&by_service("", "", &senders, 1)), "A00 high");
    assert_eq!(first(&by_service("", "", "", 0)), "A00 certain");
    // Another server took it from the service, and did not seal.
    let stranger = RECEIVED.replace(
        "from mx.sender.example (mx.sender.example [203.0.113.5]) by mx.company.example",
        "from out7.hosting.example by vps.rented.example",
    );
    assert_eq!(first(&by_service(&stranger, &own, "", 1)), "A00 high");
    // The company's own server stands in the path.
    let companys = RECEIVED.replace(
        "from mx.sender.example (mx.sender.example [203.0.113.5])",
        "from out7.hosting.example (out7.hosting.example [198.51.100.9])",
    );
    assert_eq!(first(&by_service(&companys, &own, "", 1)), "A00 high");
}

#[test]
fn the_seal_of_the_mailbox_s_provider_is_no_forwarders() {
    let microsoft = set(1, "microsoft.com", "none", "mx.microsoft.com 1; spf=pass; dkim=pass; dmarc=pass", "from");
    let at_outlook = |from: &str| {
        format!(
            "Received: from {from} (198.51.100.7) by AM1PEPF0001.mail.protection.outlook.com (10.0.0.1) with Microsoft SMTP Server; Tue, 24 Nov 2026 02:42:06 +0000\r\n"
        )
    };
    let hosted = RECEIVED.replace("by mx.company.example", "by srv9.hosting.example");
    for (from, taken) in [("mx.company.example", RECEIVED), ("srv9.hosting.example", &*hosted)] {
        let text = format!("{microsoft}{}{taken}{AUTHOR}\r\nbody\r\n", at_outlook(from));
        assert_eq!(first(&diagnosed(&text, "", &verified(1, AUTHOR_PASSES))), "A00 certain", "{from}");
    }
}

#[test]
fn a_verifier_that_rejects_what_holds_is_told_from_a_result_that_was_read_wrongly() {
    let told = |results: &str, log: &str| {
        let sets = set(2, "company.example", "fail", &format!("mx.company.example; {results}"), "from")
            + &set(1, "list.example", "none", PASSED, "from");
        first(&diagnosed(&format!("{sets}{RECEIVED}{AUTHOR}\r\nbody\r\n"), log, &cv_fail()))
    };
    let task = |symbols: &str| {
        format!(
            "x; proxy; rspamd_task_write_log: id: <a>, ip: 203.0.113.5, (default: F (no action): [0.1/15.00] [{symbols}])"
        )
    };
    assert_eq!(told("dmarc=pass; arc=fail (bad)", ""), "B25 high");
    assert_eq!(told("dmarc=pass", &task("ARC_REJECT(1.00){}")), "B25 high");
    assert_eq!(told("dmarc=fail; arc=fail", &task("ARC_REJECT(1.00){no key;},R_SPF_ALLOW(-0.20){}")), "B25 high");
    assert_eq!(told("dmarc=fail; arc=fail", ""), "B09 high", "dmarc=fail may have been read as that of ARC");
    assert_eq!(told("dmarc=pass", &task("ARC_DNSFAIL(0.00){},R_SPF_ALLOW(-0.20){+mx;}")), "B25 high");
    assert_eq!(told("dmarc=fail", &task("ARC_ALLOW(-1.00){}")), "B09 high");
}

#[test]
fn the_domain_that_rspamd_chose_comes_before_the_key_that_it_did_not_find() {
    let chosen = |by: &str, domain: &str, then: &str| {
        first(&unsealed(&format!(
            "arc; use domain({by}) for signature: {domain}\narc; final DKIM domain: {domain}\narc; {then}"
        )))
    };
    let unconfigured = "dkim unconfigured and fallback disabled";
    let missing = "cannot read key from /k: No such file or directory";
    for then in [unconfigured, missing, "cannot read key from /k: Permission denied"] {
        assert_eq!(chosen("header", "sender.example", then), "A02 certain", "{then}");
    }
    for then in [unconfigured, missing] {
        assert_eq!(chosen("recipient", "company.example", then), "A04 certain", "{then}");
        assert_eq!(chosen("header", "company.example", then), "A04 certain", "{then}: it is its own domain");
        assert_eq!(chosen("envelope", "sender.example", then), "A02 high", "{then}");
    }
    assert_eq!(first(&unsealed(&format!("arc; {unconfigured}"))), "A04 high", "which domain it chose is not told");
    let skipped = "spf; skip SPF checks for local networks and authorized users";
    let after_skip = |rest: &str| first(&unsealed(&format!("{skipped}\n{rest}")));
    let chose = "arc; use domain(recipient) for signature: company.example\narc; final DKIM domain: company.example";
    assert_eq!(after_skip(&format!("{chose}\narc; {missing}")), "A04 certain", "it was going to seal");
    assert_eq!(after_skip("arc; mail is ineligible for signing"), "A11 certain");
    assert_eq!(after_skip(chose), "A00 certain");
    let sealed = "x; proxy; rspamd_task_write_log: id: <a>, ip: 10.0.0.9, (default: F (no action): [0.1/15.00] [ARC_SIGNED(0.00){company.example:s=arc:i=1;}])";
    let taken_off = unsealed(&format!("{skipped}\n{sealed}"));
    assert_eq!(first(&taken_off), "A00 high");
    assert!(taken_off[0].evidence[0].text.contains("ARC_SIGNED"), "{taken_off:#?}");
    let mismatch = "domain mismatch not allowed: sender.example != news.example";
    assert_eq!(chosen("recipient", "company.example", mismatch), "A18 certain");
    assert_eq!(
        first(&unsealed(&format!("dkim_signing; {mismatch}"))),
        "A00 certain",
        "DKIM signing has a setting of its own"
    );
}

#[test]
fn another_milter_that_is_down_is_not_rspamd() {
    let down = |milter: &str| {
        first(&unsealed(&format!(
            "mx postfix/smtpd[1]: warning: connect to Milter service {milter}: Connection refused"
        )))
    };
    assert_eq!(down("inet:127.0.0.1:11332"), "A17 high");
    assert_eq!(down("unix:/run/rspamd/milter.sock"), "A17 high");
    for other in [
        "inet:localhost:8891",
        "unix:/run/opendkim/opendkim.sock",
        "inet:127.0.0.1:8893",
        "unix:/run/clamav/milter.ctl",
    ] {
        assert_eq!(down(other), "A00 certain", "{other}");
    }
}

#[test]
fn nobody_is_told_to_set_up_rspamd_where_it_is_not() {
    let exchange = RECEIVED.replace("(Postfix) with ESMTP", "(10.0.0.5) with Microsoft SMTP Server");
    let found = diagnosed(&format!("{exchange}{AUTHOR}\r\nbody\r\n"), "", &Verification::default());
    assert_eq!(first(&found), "A19 high");
    assert!(!format!("{found:?}").contains("rspam"), "{found:#?}");
    let at_google = |by: &str, with: &str| {
        let taken =
            RECEIVED.replace("by mx.company.example (Postfix) with ESMTP", &format!("by {by} (10.0.0.5) with {with}"));
        first(&diagnosed(
            &format!("{}{taken}{AUTHOR}\r\nbody\r\n", google("dmarc=pass", 0)),
            "",
            &verified(1, AUTHOR_PASSES),
        ))
    };
    assert_eq!(at_google("EX01.inner.local", "Microsoft SMTP Server id 15.2.1"), "A19 high");
    assert_eq!(
        at_google("AM1.eurprd01.prod.outlook.com", "Microsoft SMTP Server"),
        "A00 certain",
        "Exchange Online seals"
    );
    assert_eq!(at_google("mx.rented.example", "ESMTP"), "A00 certain");
}
