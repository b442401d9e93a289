//! Mails and log lines written by hand, each with the cause that it shows.

use sealcheck::{
    evidence::FirstServer,
    judge::diagnose::{
        Attempt, DiagnoseInput, Facts, MailFacts, Refusal, RefusedBy, ServerLog, diagnose_facts, diagnose_mail,
    },
    mail::{
        Message,
        arc::ArcChain,
        authres::{self, AuthenticationResults},
        dsn::Dsn,
        received,
        reply::Reply,
    },
    outcome::{Diagnosis, EvidenceRef},
    verify::{BodyHash, DkimVerification, SetVerification, SignatureDefect, SignatureFacts, Verdict, Verification},
};
use std::cell::RefCell;

/// A cause, and what shows it.
pub(crate) struct Row {
    /// The first code and its confidence.
    pub(crate) first: &'static str,
    pub(crate) found: fn() -> Vec<Diagnosis>,
}

const fn row(first: &'static str, found: fn() -> Vec<Diagnosis>) -> Row {
    Row { first, found }
}

pub(crate) const ROWS: &[Row] = &[
    row("A00 certain", || unsealed("something else")),
    row("A03 certain", || {
        unsealed(
            "x; arc; lua_dkim_tools.lua:191: mail was sent to us\n\
             x; arc; lua_dkim_tools.lua:255: skip signing: is_sign_network: nil, is_authed: nil, is_local: nil",
        )
    }),
    row("A04 high", || unsealed("arc; cannot read key from /a: No such file or directory")),
    row("A05 certain", || unsealed(&key_trouble("cannot map key file: /k Permission denied"))),
    row("A06 certain", || unsealed(&key_trouble("cannot stat key file: /k Permission denied"))),
    row("A08 certain", || unsealed(&key_trouble("cannot extract rsa key from evp key"))),
    row("A09 certain", || {
        unsealed(
            "arc; use domain(recipient) for signature: mail.corp.co.jp\narc; final DKIM domain: corp.co.jp\n\
             arc; cannot read key from /a: No such file or directory",
        )
    }),
    row("A11 high", || unsealed("lua; spf: skip SPF checks for local networks and authorized users")),
    row("A15 high", || unsealed("mx postfix/pickup[1]: A1B2C3D4: uid=1000 from=<vmail>")),
    row("A16 certain", || unsealed("arc; lua_dkim_tools.lua:1: user domain mismatch: a != b")),
    row("A18 certain", || {
        unsealed(
            "arc; lua_dkim_tools.lua:405: use domain(recipient) for signature: company.example\n\
             arc; lua_dkim_tools.lua:425: final DKIM domain: company.example\n\
             arc; lua_dkim_tools.lua:437: domain mismatch not allowed: sender.example != bounces.news.example",
        )
    }),
    row("A19 high", || {
        let exchange =
            RECEIVED.replace("(Postfix) with ESMTP", "(10.0.0.5) with Microsoft SMTP Server (version=TLS1_2)");
        diagnosed(&format!("{exchange}{AUTHOR}\r\nbody\r\n"), "", &verified(0, AUTHOR_PASSES))
    }),
    row("B01 certain", || {
        one("from", "", &broken(verified(1, AUTHOR_PASSES), 1, false, &[SignatureDefect::KeyRevoked]))
    }),
    row("B02 high", || one("from", "", &other_key())),
    row("B03 certain", || {
        one("from", "", &broken(verified(1, AUTHOR_PASSES), 1, false, &[SignatureDefect::KeyMalformed]))
    }),
    row("B05 high", recoded_in_a_part),
    row("B06 high", || one("from:subject", "", &header_changed())),
    row("B08 high", || one("from", "rspamd 3.10.1 is loading configuration", &other_key())),
    row("B09 high", || two("fail", &cv_fail())),
    row("B10 certain", || two("fail", &broken(verified(2, AUTHOR_PASSES), 1, false, &[SignatureDefect::BodyHash]))),
    row("B13 low", || one("from:received", "", &header_changed())),
    row("B14 certain", || {
        two("pass", &broken(verified(2, AUTHOR_PASSES), 2, true, &[SignatureDefect::SealLeavesSetsOut]))
    }),
    row("B15 certain", || {
        two("none", &broken(verified(2, AUTHOR_PASSES), 2, true, &[SignatureDefect::ChainValidationStatus]))
    }),
    row("B16 high", || office_365("arc=fail (40)", &as_rspamd(PASSED))),
    row("B18 certain", || one("from", "", &header_changed())),
    row("B19 certain", || second_pass("company.example", "by lists.company.example")),
    row("B20 high", || forwarded("arc=fail (signature failed)", &sealed(PASSED), AUTHOR, AUTHOR_PASSES)),
    row("B21 high", || {
        let results = "dkim=temperror (no key for signature) header.i=@sender.example; arc=fail (signature failed)";
        forwarded(results, &sealed(PASSED), AUTHOR, AUTHOR_PASSES)
    }),
    row("B22 low", || {
        let gone = broken(verified(2, AUTHOR_PASSES), 1, false, &[SignatureDefect::NoKey]);
        diagnosed(
            &format!("{}{}{RECEIVED}{AUTHOR}\r\nbody\r\n", google("arc=pass (i=1)", 1), sealed(PASSED)),
            "",
            &gone,
        )
    }),
    row("B23 high", || {
        let first = broken(verified(2, AUTHOR_PASSES), 1, true, &[SignatureDefect::Signature]);
        two("pass", &broken(first, 2, true, &[SignatureDefect::Signature]))
    }),
    row("B24 certain", || {
        let second = set(2, "company.example", "pass", PASSED, "from");
        let fails = Verification { arc: Verdict::Fail, ..verified(2, AUTHOR_PASSES) };
        diagnosed(&format!("{second}{RECEIVED}{AUTHOR}\r\nbody\r\n"), "", &fails)
    }),
    row("B25 high", || {
        let rejected = "x; proxy; rspamd_task_write_log: id: <a>, ip: 203.0.113.5, (default: F (no action): [0.1/15.00] [ARC_REJECT(1.00){signature check failed: fail, {[1] = sig:list.example:reject};},R_SPF_ALLOW(-0.20){+mx;}])";
        let newest =
            set(2, "company.example", "fail", PASSED, "from") + &set(1, "list.example", "none", PASSED, "from");
        let found = diagnosed(&format!("{newest}{RECEIVED}{AUTHOR}\r\nbody\r\n"), rejected, &cv_fail());
        let symbol = "ARC_REJECT(1.00){signature check failed: fail, {[1] = sig:list.example:reject};}";
        assert_eq!(found[0].evidence[0].text, symbol);
        found
    }),
    row("B26 high", || {
        let judged = "Received: from relay.behind.example by mx.google.com with ESMTPS id z3; Tue, 24 Nov 2026 02:42:09 +0000\r\nAuthentication-Results: mx.google.com; arc=fail\r\nReceived: from mx.company.example by relay.behind.example with ESMTPS id r2; Tue, 24 Nov 2026 02:42:07 +0000\r\nAuthentication-Results: relay.behind.example; arc=pass\r\n";
        let mut verification = broken(verified(1, AUTHOR_FAILS), 1, false, &[SignatureDefect::BodyHash]);
        let hash = BodyHash { expected: "AA==".into(), computed: "BB==".into(), uncovered: 0 };
        verification.sets[0].ams_facts.body_hash = Some(hash);
        diagnosed(&format!("{judged}{}{RECEIVED}{AUTHOR}\r\nbody\r\n", sealed(PASSED)), "", &verification)
    }),
    row("C00 high", || forwarded(DMARC_FAILS, &sealed(DISOWNED), AUTHOR, AUTHOR_FAILS)),
    row("C02 certain", || {
        let second = "mx.company.example; arc=pass (\"company.example:s=s1:i=1\")";
        let twice = set(2, "company.example", "pass", second, "from") + &sealed(PASSED);
        let text = format!("{}{twice}{RECEIVED}{AUTHOR}\r\nbody\r\n", google("arc=pass (i=2)", 2));
        diagnosed(&text, "", &verified(3, AUTHOR_PASSES))
    }),
    row("C03 high", || {
        let aar = "mx.company.example; spf=softfail (mx.company.example: domain of transitioning a@sender.example does not designate 198.51.100.8 as permitted sender) smtp.mailfrom=a@sender.example";
        let hops = RECEIVED.replace("by mx.company.example", "by front.company.example");
        let text = format!(
            "{}{}Received: from front.company.example (front.company.example [198.51.100.8]) by mx.company.example with ESMTP id B2; Tue, 24 Nov 2026 02:42:05 +0000\r\n{hops}{AUTHOR}\r\nbody\r\n",
            google("arc=pass (i=1); dmarc=pass (p=REJECT) header.from=sender.example", 1),
            sealed(aar)
        );
        diagnosed(&text, "", &verified(2, AUTHOR_PASSES))
    }),
    row("C04 low", || {
        let forged = sealed(&PASSED.replace("mx.company.example", "mail.evil.example"));
        forwarded("arc=pass (i=1)", &forged, AUTHOR, AUTHOR_PASSES)
    }),
    row("C05 high", || {
        // The author signed X-Mailer, and it is not there any more.
        let found = forwarded(DMARC_FAILS, &sealed(PASSED), AUTHOR, AUTHOR_FAILS);
        assert!(found[0].evidence[0].text.contains("x-mailer"), "{found:#?}");
        found
    }),
    row("C06 high", || forwarded(DMARC_FAILS, &sealed(PASSED), UNSIGNED, &[])),
    row("C07 high", || {
        let others = format!("dkim=pass header.i=@gappssmtp.example; {DMARC_FAILS}");
        forwarded(&others, &sealed(DISOWNED), UNSIGNED, &[("gappssmtp.example", Verdict::Pass)])
    }),
    row("C08 high", || {
        let own = &[("sender.example", Verdict::Fail), ("company.example", Verdict::Pass)];
        let aar = "mx.company.example; dkim=fail header.d=sender.example; dmarc=fail header.from=sender.example";
        forwarded(DMARC_FAILS, &sealed(aar), AUTHOR, own)
    }),
    row("C10 high", || changed_before_the_seal("h=from", "dkim=fail header.d=sender.example")),
    row("D06 certain", || {
        let deferred = "mx postfix/smtp[1]: A1B2C3D4: to=<x@gmail.com>, dsn=4.7.28, status=deferred (host mx said: 421-4.7.28 exceeded the quota for sending messages that have the same Message-ID (in reply to end of DATA command))";
        one("from", deferred, &verified(1, AUTHOR_PASSES))
    }),
    row("D10 high", || {
        let lookup = "mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from mx.sender.example[203.0.113.5]: 451 4.3.0 <user@company.example>: Temporary lookup failure; from=<a@sender.example> to=<user@company.example>";
        one("from", lookup, &verified(1, AUTHOR_PASSES))
    }),
    row("D10 high", || {
        in_log(
            "cleanup",
            "sender_canonical_maps map lookup problem for a@sender.example -- message not accepted, try again later",
        )
    }),
    row("D10 low", || {
        let lookup = "mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from mx.sender.example[203.0.113.5]: 451 4.3.0 <user@company.example>: Recipient address rejected: Temporary lookup failure; from=<a@sender.example> to=<user@company.example>";
        one("from", lookup, &verified(1, AUTHOR_PASSES))
    }),
    row("D10 certain", || {
        let lookup = "mx postfix/cleanup[1]: warning: tcp:127.0.0.1:10001 lookup error for \"a@sender.example\"\n\
                      mx postfix/smtpd[1]: A1B2C3D4: reject: END-OF-MESSAGE from mx.sender.example[203.0.113.5]: 451 4.3.0 Temporary lookup failure; from=<a@sender.example> to=<user@company.example>";
        one("from", lookup, &verified(1, AUTHOR_PASSES))
    }),
    row("D13 certain", || {
        let reply = Reply::parse("550 5.7.1 Service unavailable").unwrap();
        let at = EvidenceRef { artifact: "smtp.log".into(), line: 0, text: reply.to_string() };
        let refused = Refusal { reply, at, by: RefusedBy::First(FirstServer::Company), host: None };
        let refused = (!is_taken_away(|_, at| at.artifact == "smtp.log")).then_some(refused);
        diagnose_facts(&Facts { refused, ..Facts::default() })
    }),
    row("D13 certain", || in_log("cleanup", "write queue file: No space left on device")),
    row("D11 certain", || {
        let text = format!("Return-Path: <>\r\n{}{RECEIVED}{AUTHOR}\r\nbody\r\n", sealed(PASSED));
        diagnosed(&text, NOT_REWRITTEN, &verified(1, AUTHOR_PASSES))
    }),
    // Nothing failed, so nothing else is told: the sender asked to hear of success (RFC 3461 §4.1).
    row("D39 certain", || {
        let busy = "smtp; 421-4.4.5 Server busy, try again later. 421 4.4.5 a1 - gsmtp";
        diagnosed(&report("delayed", "4.4.5", busy), "", &Verification::default())
    }),
    row("D41 certain", || {
        let made = "Received: by mx.company.example (Postfix, from userid 33) id A1B2C3D4E5; Tue, 24 Nov 2026 02:42:04 +0000\r\nFrom: Shop <shop@company.example>\r\n\r\nbody\r\n";
        let log = "mx postfix/smtp[1]: A1B2C3D4E5: to=<someone@gmail.com>, dsn=5.7.26, status=bounced (host mx said: 550 5.7.26 Unauthenticated email from company.example is not accepted due to domain's DMARC policy. a1 - gsmtp (in reply to end of DATA command))";
        diagnosed(made, log, &verified(0, &[]))
    }),
    row("E09 high", || {
        let kept = format!("X-Gmail-Labels: Spam,Unread\r\n{}", google("arc=pass (i=1); dmarc=pass", 1));
        diagnosed(&format!("{kept}{}{RECEIVED}{AUTHOR}\r\nbody\r\n", sealed(PASSED)), "", &verified(2, AUTHOR_PASSES))
    }),
    row("F01 certain", || diagnosed(&report("relayed", "2.0.0", "smtp; 250 2.0.0 OK"), "", &Verification::default())),
    row("F00 certain", || {
        diagnosed(&report("failed", "5.0.0", "x-mta; the mailbox was closed in May"), "", &Verification::default())
    }),
    row("F02 high", || {
        diagnosed(
            &report("", "", "")
                .replace("Final-Recipient", "X-Final")
                .replace("Original-Recipient", "X-Original")
                .replace("Action: ", "X-Action: ")
                .replace("Status: ", "X-Status: ")
                .replace("Diagnostic-Code: ", "X-Code: "),
            "",
            &Verification::default(),
        )
    }),
    row("G00 certain", || not_handed_over("error", "bounced (closed for the summer)")),
    row("G01 certain", || {
        not_handed_over("smtp", "deferred (connect to mx.receiver.example[192.0.2.26]:25: Connection timed out)")
    }),
    row("G02 certain", || {
        not_handed_over("smtp", "deferred (connect to mx.receiver.example[2001:db8::26]:25: Network is unreachable)")
    }),
    row("G03 certain", || {
        not_handed_over(
            "smtp",
            "deferred (lost connection with mx.receiver.example[192.0.2.26] while sending message body)",
        )
    }),
    row("G04 certain", || {
        not_handed_over(
            "smtp",
            "deferred (Host or domain name not found. Name service error for name=receiver.example type=MX: Host not found, try again)",
        )
    }),
    row("G05 certain", || not_handed_over("smtp", "bounced (Domain receiver.example does not accept mail (nullMX))")),
    row("G06 certain", || in_log("qmgr", "from=<a@sender.example>, status=expired, returned to sender")),
    row("G07 certain", || not_handed_over("smtp", "bounced (mail for company.example loops back to myself)")),
    row("G08 certain", || {
        not_handed_over(
            "smtp",
            "deferred (TLS is required, but was not offered by host mx.receiver.example[192.0.2.26])",
        )
    }),
    row("G09 certain", || not_handed_over("smtp", "deferred (Server certificate not trusted)")),
    row("G10 certain", || {
        not_handed_over(
            "smtp",
            "bounced (message size 41943040 exceeds size limit 20971520 of server mx.receiver.example[192.0.2.26])",
        )
    }),
    row("G11 certain", || {
        not_handed_over(
            "smtp",
            "bounced (SMTPUTF8 is required, but was not offered by host mx.receiver.example[192.0.2.26])",
        )
    }),
    row("G12 certain", || not_handed_over("local", "bounced (unknown user: \"office\")")),
    row("G13 certain", || not_handed_over("pipe", "deferred (Command died with status 75: \"/usr/local/bin/filter\")")),
    row("G14 certain", || {
        in_log(
            "cleanup",
            "milter-hold: END-OF-MESSAGE from mx.sender.example[203.0.113.5]: milter triggers HOLD action; from=<a@sender.example> to=<user@company.example> proto=ESMTP",
        )
    }),
    row("G15 high", || not_handed_over("local", "sent (delivered to mailbox)")),
    row("G16 certain", || {
        diagnosed(&report("delayed", "4.0.0", "x-mta; it has to wait"), "", &Verification::default())
    }),
];

/// A mail that the company sealed, and this line of its log about a recipient.
pub(crate) fn not_handed_over(service: &str, status: &str) -> Vec<Diagnosis> {
    in_log(
        service,
        &format!(
            "to=<someone@receiver.example>, orig_to=<user@company.example>, relay=none, delay=1, dsn=4.0.0, status={status}"
        ),
    )
}

/// A mail that the company sealed, and this line of its log.
pub(crate) fn in_log(service: &str, text: &str) -> Vec<Diagnosis> {
    one("from", &format!("Nov 24 02:42:05 mx postfix/{service}[7]: A1B2C3D4E5: {text}"), &verified(1, AUTHOR_PASSES))
}

pub(crate) const UNSIGNED: &str = "From: Alice <alice@sender.example>\r\n";
pub(crate) const DMARC_FAILS: &str = "arc=pass (i=1 spf=pass dkim=pass dmarc=pass); spf=pass smtp.mailfrom=x@company.example; dmarc=fail (p=REJECT dis=QUARANTINE) header.from=sender.example";
pub(crate) const DISOWNED: &str =
    "mx.company.example; spf=softfail smtp.mailfrom=a@sender.example; dmarc=fail header.from=sender.example";
pub(crate) const NOT_REWRITTEN: &str = "mx postsrsd: srs_forward: <\"\"> not rewritten: No at sign";
pub(crate) const AUTHOR_PASSES: &[(&str, Verdict)] = &[("sender.example", Verdict::Pass)];
pub(crate) const AUTHOR_FAILS: &[(&str, Verdict)] = &[("sender.example", Verdict::Fail)];
pub(crate) const RECEIVED: &str = "Received: from mx.sender.example (mx.sender.example [203.0.113.5]) by mx.company.example (Postfix) with ESMTP id A1 for <user@company.example>; Tue, 24 Nov 2026 02:42:04 +0000\r\n";
pub(crate) const AUTHOR: &str = "DKIM-Signature: v=1; a=rsa-sha256; d=sender.example; s=ext; h=from:x-mailer; bh=AA==; b=AA==\r\nFrom: Alice <alice@sender.example>\r\nTo: user@company.example\r\nSubject: hello\r\n";
pub(crate) const PASSED: &str = "mx.company.example; dkim=pass header.d=sender.example; spf=pass smtp.mailfrom=alice@sender.example; dmarc=pass (policy=reject) header.from=sender.example";

/// One ARC Set.
pub(crate) fn set(i: u32, d: &str, cv: &str, aar: &str, h: &str) -> String {
    format!(
        "ARC-Seal: i={i}; a=rsa-sha256; cv={cv}; d={d}; s=s1; b=AA==\r\nARC-Message-Signature: i={i}; a=rsa-sha256; c=relaxed/relaxed; d={d}; s=s1; h={h}; bh=AA==; b=AA==\r\nARC-Authentication-Results: i={i}; {aar}\r\n"
    )
}

/// What Google says on top of a mail.
pub(crate) fn google(results: &str, sets: u32) -> String {
    format!(
        "{}Received: from mx.company.example (mx.company.example [198.51.100.7]) by mx.google.com with ESMTPS id z3 for <probe.inbox@gmail.com>; Tue, 24 Nov 2026 02:42:05 +0000\r\nAuthentication-Results: mx.google.com; {results}\r\n",
        set(sets + 1, "google.com", "pass", "mx.google.com; arc=pass", "from")
    )
}

/// Every part of so many sets holds, and the author's signature is judged so.
pub(crate) fn verified(sets: u32, dkim: &[(&str, Verdict)]) -> Verification {
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
pub(crate) fn broken(mut verification: Verification, i: usize, seal: bool, causes: &[SignatureDefect]) -> Verification {
    let set = &mut verification.sets[i - 1];
    let facts = SignatureFacts { causes: causes.to_vec(), ..SignatureFacts::default() };
    match seal {
        true => (set.seal, set.seal_facts) = (Verdict::Fail, facts),
        false => (set.ams, set.ams_facts) = (Verdict::Fail, facts),
    }
    verification.arc = Verdict::Fail;
    verification
}

/// A chain whose parts all hold, and whose newest set says that it failed.
pub(crate) fn cv_fail() -> Verification {
    Verification { arc: Verdict::Fail, ..verified(2, AUTHOR_PASSES) }
}

/// The company's set.
pub(crate) fn sealed(aar: &str) -> String {
    set(1, "company.example", "none", aar, "from")
}

/// A signed header field changed: the body hash and the seal hold.
pub(crate) fn header_changed() -> Verification {
    broken(verified(1, AUTHOR_PASSES), 1, false, &[SignatureDefect::Signature])
}

/// Neither signature of the set fits its key.
pub(crate) fn other_key() -> Verification {
    broken(header_changed(), 1, true, &[SignatureDefect::Signature])
}

/// The body is not the one that was sealed.
pub(crate) fn body_changed() -> Verification {
    let mut verification = broken(verified(1, AUTHOR_FAILS), 1, false, &[SignatureDefect::BodyHash]);
    verification.dkim[0].facts.causes = vec![SignatureDefect::BodyHash];
    verification.sets[0].ams_facts.body_hash =
        Some(BodyHash { expected: "AA==".into(), computed: "BB==".into(), uncovered: 0 });
    verification
}

/// rspamd had chosen a domain to seal for, and could not load its key.
fn key_trouble(text: &str) -> String {
    format!("x; arc; lua_dkim_tools.lua:51: set domain to a\nx; proxy; cannot load dkim key /k: {text}")
}

/// A mail that nobody sealed.
pub(crate) fn unsealed(log: &str) -> Vec<Diagnosis> {
    diagnosed(&format!("{RECEIVED}{AUTHOR}\r\nbody\r\n"), log, &verified(0, AUTHOR_PASSES))
}

/// A mail that the company sealed, covering these fields.
pub(crate) fn one(h: &str, log: &str, verification: &Verification) -> Vec<Diagnosis> {
    let sealed = set(1, "company.example", "none", PASSED, h);
    diagnosed(&format!("{sealed}{RECEIVED}{AUTHOR}\r\nbody\r\n"), log, verification)
}

/// A mail that a list sealed and then the company.
pub(crate) fn two(cv: &str, verification: &Verification) -> Vec<Diagnosis> {
    let newest = set(2, "company.example", cv, PASSED, "from");
    let oldest = set(1, "list.example", "none", &PASSED.replace("mx.company", "mx.list"), "from");
    diagnosed(&format!("{newest}{oldest}{RECEIVED}{AUTHOR}\r\nbody\r\n"), "", verification)
}

/// A mail that a server sealed, whose body then changed, and that was sealed as broken by `d` after it was taken in between.
pub(crate) fn second_pass(d: &str, between: &str) -> Vec<Diagnosis> {
    let mut verification = verified(2, AUTHOR_FAILS);
    verification.dkim[0].facts.causes = vec![SignatureDefect::BodyHash];
    verification = broken(verification, 1, false, &[SignatureDefect::BodyHash]);
    let hash = BodyHash { expected: "AA==".into(), computed: "BB==".into(), uncovered: 0 };
    verification.sets[0].ams_facts.body_hash = Some(hash);
    let second = set(2, d, "fail", "mx.company.example; arc=fail", "from");
    let handed_back = format!(
        "Received: from list (localhost [127.0.0.1]) {between} with ESMTP id B2; Tue, 24 Nov 2026 02:42:05 +0000\r\n"
    );
    diagnosed(&format!("{second}{handed_back}{}{RECEIVED}{AUTHOR}\r\nbody\r\n", sealed(PASSED)), "", &verification)
}

/// The author's signature over `h` does not fit, and the company's seal, which says `results` of it, holds.
pub(crate) fn changed_before_the_seal(h: &str, results: &str) -> Vec<Diagnosis> {
    let mut verification = verified(2, AUTHOR_FAILS);
    verification.dkim[0].facts.causes = vec![SignatureDefect::Signature];
    let author =
        AUTHOR.replace("a=rsa-sha256; d=", "a=rsa-sha256; c=relaxed/relaxed; d=").replace("h=from:x-mailer", h);
    let sealed = sealed(&format!("mx.company.example; {results}; dmarc=fail header.from=sender.example"));
    diagnosed(&format!("{}{sealed}{RECEIVED}{author}\r\nbody\r\n", google(DMARC_FAILS, 1)), "", &verification)
}

/// A mail with these sets, of which Google says `results`.
pub(crate) fn forwarded(results: &str, sets: &str, rest: &str, dkim: &[(&str, Verdict)]) -> Vec<Diagnosis> {
    let text = format!("{}{sets}{RECEIVED}{rest}\r\nbody\r\n", google(results, 1));
    diagnosed(&text, "", &verified(2, dkim))
}

/// The company's set in the order AMS, AAR, AS.
pub(crate) fn as_rspamd(aar: &str) -> String {
    let set = sealed(aar);
    let mut fields: Vec<&str> = set.split_inclusive("\r\n").collect();
    fields.rotate_left(1);
    fields.concat()
}

/// A mail with these sets, of which Office 365 says this.
pub(crate) fn office_365(says: &str, sets: &str) -> Vec<Diagnosis> {
    let text = format!(
        "Received: from mx.company.example (198.51.100.7) by am1.mail.protection.outlook.com (10.0.0.1) with Microsoft SMTP Server; Tue, 24 Nov 2026 02:42:06 +0000\r\nAuthentication-Results: spf=pass (sender IP is 198.51.100.7) smtp.mailfrom=company.example; dkim=pass (signature was verified) header.d=sender.example; dmarc=pass action=none header.from=sender.example; {says}\r\n{sets}{RECEIVED}{AUTHOR}\r\nbody\r\n"
    );
    diagnosed(&text, "", &verified(1, AUTHOR_PASSES))
}

/// A report on a mail to the company, which sent it on to Gmail.
pub(crate) fn report(action: &str, status: &str, diagnostic: &str) -> String {
    format!(
        "From: MAILER-DAEMON@company.example\r\nTo: alice@sender.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nYour message to <someone@gmail.com> (expanded from <user@company.example>)\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.company.example\r\n\r\nFinal-Recipient: rfc822; someone@gmail.com\r\nOriginal-Recipient: rfc822; user@company.example\r\nAction: {action}\r\nStatus: {status}\r\nDiagnostic-Code: {diagnostic}\r\n\r\n--b--\r\n"
    )
}

/// 8-bit text was sent in a part, and arrived quoted-printable.
fn recoded_in_a_part() -> Vec<Diagnosis> {
    let part = |encoding: &str, text: &str| {
        format!("Content-Transfer-Encoding: {encoding}\r\n\r\n--x\r\n\r\n{text}\r\n--x--\r\n")
    };
    let received = format!("{}{RECEIVED}{AUTHOR}{}", sealed(PASSED), part("7bit", "caf=C3=A9"));
    in_an_attempt(&received, Some(&part("8bit", "caf\u{e9}")), &body_changed(), Attempt::default())
}

/// What is said of a mail and its log by somebody who has both.
pub(crate) fn diagnosed(text: &str, log: &str, verification: &Verification) -> Vec<Diagnosis> {
    given(text, log, Some(verification))
}

/// The same, where DNS may not have been asked.
pub(crate) fn given(text: &str, log: &str, verification: Option<&Verification>) -> Vec<Diagnosis> {
    let (text, log) = (without_fields(text), without_lines(log));
    let sound = if is_taken_away(|family, at| family == 'B' || at.line == 0) { verification } else { None };
    let sound = sound.map(|v| all_holds(&text, v));
    let (text, log, verification) = (text.as_str(), log.as_str(), sound.as_ref().or(verification));
    let message = Message::parse(text);
    let trusted = authres::receiver(&message).and_then(|id| authres::trusted(&message, &id).trusted);
    diagnose_mail(DiagnoseInput {
        artifact: "received.eml",
        message: &message,
        trusted: trusted.as_ref(),
        arc: &ArcChain::of(&message),
        hops: &received::hops(&message),
        verification,
        dsn: Dsn::of(&message).as_ref(),
        returned: None,
        sent: None,
        forwarder: Some("company.example"),
        spf: &[],
        log: ServerLog::of(log.lines(), "server.log"),
    })
}

thread_local! {
    /// What a diagnosis rests on that is taken away, with the letter of its family.
    static TAKEN_AWAY: RefCell<Option<(Diagnosis, char)>> = const { RefCell::new(None) };
}

/// What is said where everything that a diagnosis rests on is not so: no line of a log and no field that it quotes is there, and
/// where it is about a signature, every signature holds.
pub(crate) fn without_ground(diagnosis: &Diagnosis, found: fn() -> Vec<Diagnosis>) -> Vec<Diagnosis> {
    let family = diagnosis.code.to_string().chars().next().unwrap();
    TAKEN_AWAY.set(Some((diagnosis.clone(), family)));
    let found = found();
    TAKEN_AWAY.set(None);
    found
}

/// Whether evidence of this kind is taken away.
fn is_taken_away(is: impl Fn(char, &EvidenceRef) -> bool) -> bool {
    TAKEN_AWAY.with_borrow(|away| away.as_ref().is_some_and(|(d, family)| d.evidence.iter().any(|at| is(*family, at))))
}

fn without_lines(log: &str) -> String {
    let is_there = |n: u32| !is_taken_away(|_, at| at.artifact == "server.log" && at.line == n);
    let kept = log.lines().zip(1..).map(|(line, n)| if is_there(n) { line } else { "" });
    kept.collect::<Vec<_>>().join("\n")
}

/// A mail without the fields that are quoted by their line or by their text. What is said of signatures quotes their fields too.
fn without_fields(text: &str) -> String {
    // What a report tells of a recipient stands in several of its lines.
    let told = ["Action:", "Status:", "Diagnostic-Code:", "Final-Recipient:", "Original-Recipient:", "(expanded from"];
    let is_there = |line: &str, n: u32| {
        let is_told = told.iter().any(|mark| line.contains(mark));
        !is_taken_away(|family, at| {
            let is_it = at.line == n || at.line == 0 && is_told;
            family != 'B' && at.artifact == "received.eml" && is_it
        })
    };
    let lines = text.split_inclusive("\r\n").zip(1..);
    let kept = lines.filter(|(line, n)| is_there(line, *n)).map(|(line, _)| line);
    let lacks = ["no ARC-Seal", "gap: instance 1 missing"];
    let lacked = is_taken_away(|_, at| lacks.iter().any(|text| at.text.starts_with(text))).then(|| sealed(PASSED));
    lacked.unwrap_or_default() + &kept.collect::<String>()
}

/// The sets and signatures of a mail, each of which holds.
fn all_holds(text: &str, verification: &Verification) -> Verification {
    let dkim: Vec<_> = verification.dkim.iter().map(|dkim| (dkim.d.as_str(), Verdict::Pass)).collect();
    verified(text.matches("ARC-Seal:").count() as u32, &dkim)
}

/// What is said of a mail in an attempt, where what was sent is known.
pub(crate) fn in_an_attempt(
    copy: &str,
    sent: Option<&str>,
    verification: &Verification,
    attempt: Attempt,
) -> Vec<Diagnosis> {
    let message = Message::parse(copy);
    let (arc, hops) = (ArcChain::of(&message), received::hops(&message));
    let sent = sent.map(Message::parse);
    diagnose_facts(&Facts {
        mail: Some(MailFacts {
            artifact: "received.eml".into(),
            message: &message,
            trusted: None::<&AuthenticationResults>,
            arc: &arc,
            hops: &hops,
            verification: Some(verification),
            misplaced: None,
            folder_name: "",
            seal_domain: None,
            returned: None,
            is_header_alone: false,
        }),
        survival: sent
            .as_ref()
            .map(|sent| sealcheck::judge::survival(sent, &message, Some(verification)))
            .unwrap_or_default(),
        sent: sent.as_ref(),
        forwarder: Some("company.example".into()),
        attempt: Some(Attempt { accepted: true, ..attempt }),
        ..Facts::default()
    })
}

/// `B04 certain`: the first code and its confidence; nothing when there is none.
pub(crate) fn first(diagnoses: &[Diagnosis]) -> String {
    diagnoses.first().map_or_else(String::new, |d| {
        format!("{} {}", d.code, serde_json::to_value(d.confidence).unwrap().as_str().unwrap())
    })
}
