//! Causes that look alike: with less evidence a diagnosis is less sure, or `X00` of its family, never wrong and certain.

use crate::support::by_hand::{
    AUTHOR, AUTHOR_FAILS, AUTHOR_PASSES, DMARC_FAILS, PASSED, RECEIVED, UNSIGNED, as_rspamd, body_changed, broken,
    first, forwarded, given, google, header_changed, in_an_attempt, office_365, one, other_key, report, sealed, set,
    two, unsealed, verified,
};
use sealcheck::{
    catalogue::Cause,
    evidence::{Folder, MailboxFacts, OtherDeliveries, SearchedFolder},
    judge::diagnose::{Attempt, Facts, MailFacts, UnseenBounces, diagnose_facts, of_error},
    mail::{Message, arc::ArcChain, received},
    outcome::{Confidence, HarnessError, HarnessErrorKind, MailboxTrouble},
    verify::{Canonicalization, KeyFacts, SignatureDefect, Verdict, Verification},
};
use std::time::Duration;

/// A mail of one part whose body was changed after the seal; it was sealed with the hash of `was`.
fn changed(encoding: &str, body: &str, was: &str) -> (String, Verification) {
    let sealed = sealed(PASSED).replace("bh=AA==", "bh=hash");
    let text = format!("{sealed}{RECEIVED}{AUTHOR}Content-Transfer-Encoding: {encoding}\r\n\r\n{body}");
    let mut verification = body_changed();
    if let Some(hash) = &mut verification.sets[0].ams_facts.body_hash {
        hash.expected = Canonicalization::Relaxed.body_hash(was.as_bytes());
    }
    (text, verification)
}

#[test]
fn footers_encodings_and_folded_lines_are_told_apart_by_their_hash() {
    let long = "x".repeat(998);
    let folded = format!("{long}\r\n yy\r\n");
    let part = "--x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9\r\n--x--\r\n";
    for (encoding, body, was, wanted) in [
        ("7bit", "body\r\n-- \r\nfooter\r\n", "body\r\n", "B04 certain"),
        ("7bit", "one\r\n", "another\r\n", "B04 certain"),
        ("quoted-printable", "caf=C3=A9\r\n", "caf\u{e9}\r\n", "B05 certain"),
        ("quoted-printable", "caf=C3=A9\r\n", "coff\u{e9}e\r\n", "B04 certain"),
        // Which part was encoded anew cannot be tried.
        ("7bit", part, "another\r\n", "B04 high"),
        ("7bit", &folded, &format!("{long}yy\r\n"), "B17 certain"),
        ("7bit", &folded, "another\r\n", "B04 certain"),
    ] {
        let (text, verification) = changed(encoding, body, was);
        let found = given(&text, "", Some(&verification));
        assert_eq!(first(&found), wanted, "{encoding} {body} {found:#?}");
    }
}

#[test]
fn without_dns_the_receivers_word_is_believed_as_far_as_it_goes() {
    let long = format!("{}\r\n y\r\n", "x".repeat(998));
    for (says, body, wanted) in [
        ("body hash mismatch", "plain\r\n", "B04 high"),
        ("body hash mismatch", "caf=C3=A9\r\n", "B04 low"),
        ("body hash mismatch", &long, "B04 low"),
        ("signature failed", "plain\r\n", "B00 high"),
    ] {
        let encoding = if body.contains('=') { "quoted-printable" } else { "7bit" };
        let results = format!("arc=fail ({says}); spf=pass smtp.mailfrom=x@company.example");
        let text = format!(
            "{}{}{RECEIVED}{AUTHOR}Content-Transfer-Encoding: {encoding}\r\n\r\n{body}",
            google(&results, 1),
            sealed(PASSED)
        );
        let found = given(&text, "", None);
        assert_eq!(first(&found), wanted, "{says}: {found:#?}");
    }
}

#[test]
fn without_dns_it_is_seen_whose_seal_it_is_and_whether_it_can_be_read() {
    let says = |why: &str| google(&format!("arc=fail ({why}); spf=pass smtp.mailfrom=x@company.example"), 1);
    let rest = format!("{RECEIVED}{AUTHOR}\r\nbody\r\n");
    let theirs = set(1, "list.example", "none", &PASSED.replace("mx.company", "mx.list"), "from");
    let rejected = "x; proxy; rspamd_task_write_log: id: <a>, ip: 203.0.113.5, (default: F (no action): [1/15] [ARC_REJECT(1.00){signature check failed: fail, {[1] = sig:list.example:reject};}])";
    for (text, log, wanted) in [
        (format!("{}{theirs}{rest}", says("body hash mismatch")), rejected, "B10 certain"),
        (format!("{}{theirs}{rest}", says("body hash mismatch")), "", "A00 high"),
        (
            format!("{}{}{rest}", says("signature failed"), sealed(PASSED).replace("h=from", "h=3;x:from")),
            "",
            "B18 high",
        ),
    ] {
        let found = given(&text, log, None);
        assert_eq!(first(&found), wanted, "{found:#?}");
        assert!(!found.iter().any(|d| d.confidence == Confidence::Certain && d.code != Cause::B10), "{found:#?}");
    }
}

#[test]
fn a_changed_header_is_told_from_a_volatile_one_by_what_was_sent() {
    let copy = |subject: &str| {
        let sealed = set(1, "company.example", "none", PASSED, "from:subject:x-virus-scanned");
        let rest = AUTHOR.replace("hello", subject);
        format!("X-Virus-Scanned: b\r\n{sealed}{RECEIVED}{rest}\r\nbody\r\n")
    };
    let sent = format!("{AUTHOR}\r\nbody\r\n");
    let said = |copy: &str, sent| first(&in_an_attempt(copy, sent, &header_changed(), Attempt::default()));
    assert_eq!(said(&copy("[tag] hello"), Some(&sent)), "B06 certain");
    assert_eq!(said(&copy("hello"), Some(&sent)), "B13 high");
    assert_eq!(said(&copy("hello"), None), "B13 low");
    // Nothing says that the key is the right one.
    assert_eq!(first(&one("from:subject", "", &other_key())), "B02 high");
}

#[test]
fn a_key_that_is_gone_now_is_no_cause_of_what_was_found_with_it() {
    let mut gone = body_changed();
    gone.sets[0].ams_facts.causes = vec![SignatureDefect::NoKey, SignatureDefect::BodyHash];
    let said = |says: &str| {
        let results = format!("{says}; spf=pass smtp.mailfrom=x@company.example");
        let text = format!("{}{}{RECEIVED}{AUTHOR}\r\nbody\r\n", google(&results, 1), sealed(PASSED));
        first(&given(&text, "", Some(&gone)))
    };
    assert_eq!(said("arc=fail (signature failed)"), "B01 certain");
    assert_eq!(said("arc=fail (body hash mismatch)"), "B04 certain");
    assert_eq!(said("arc=pass (i=1)"), "B22 low", "it held when it came");
}

#[test]
fn several_records_are_no_cause_of_a_changed_body() {
    let key = KeyFacts { records: 2, ..KeyFacts::default() };
    let (mut body, mut other) = (body_changed(), other_key());
    body.sets[0].ams_facts.key = Some(key.clone());
    other.sets[0].ams_facts.key = Some(key);
    assert_eq!(first(&one("from", "", &body)), "B04 certain");
    assert_eq!(first(&one("from", "", &other)), "B03 high");
}

#[test]
fn a_dropped_header_is_told_from_one_that_never_was() {
    let author = |h: &str| AUTHOR.replace("h=from:x-mailer", &format!("h={h}"));
    let said = |h: &str| first(&forwarded(DMARC_FAILS, &sealed(PASSED), &author(h), AUTHOR_FAILS));
    assert_eq!(said("from:x-mailer"), "C05 high");
    // Signed out of habit; what broke the signature is not known.
    assert_eq!(said("from:cc:reply-to:list-id"), "C06 high");
    let mut body = verified(2, AUTHOR_FAILS);
    body.dkim[0].facts.causes = vec![SignatureDefect::BodyHash];
    let text = format!("{}{}{RECEIVED}{AUTHOR}\r\nbody\r\n", google(DMARC_FAILS, 1), sealed(PASSED));
    assert_eq!(first(&given(&text, "", Some(&body))), "C06 high", "its body was changed");
    let forwarders = format!("dkim=pass header.i=@company.example; {DMARC_FAILS}");
    let own = &[("company.example", Verdict::Pass)];
    assert_eq!(first(&forwarded(&forwarders, &sealed(PASSED), UNSIGNED, own)), "C06 high", "nobody signed for it");
}

#[test]
fn a_chain_that_broke_before_is_told_from_one_that_the_forwarder_broke() {
    let body = broken(verified(2, AUTHOR_PASSES), 1, false, &[SignatureDefect::BodyHash]);
    assert_eq!(first(&two("fail", &body)), "B10 certain");
    let no_key = broken(verified(2, AUTHOR_PASSES), 1, false, &[SignatureDefect::NoKey]);
    assert_eq!(first(&two("fail", &no_key)), "B10 high", "the key may have been there");
    let marked =
        format!("{}{RECEIVED}{AUTHOR}\r\nbody\r\n", set(1, "list.example", "fail", "list.example; spf=pass", "from"));
    let fails = Verification { arc: Verdict::Fail, ..verified(1, AUTHOR_PASSES) };
    assert_eq!(first(&given(&marked, "", Some(&fails))), "A12 high");
    let cut = marked.replace("cv=fail", "cv=none").replace("ARC-Authentication-Results", "X-Cut");
    let found = given(&cut, "", Some(&fails));
    assert_eq!(first(&found), "B11 certain", "the forwarder may have cut it: {found:#?}");
}

#[test]
fn refusals_are_named_by_what_they_say_and_blame_nobody_else() {
    let said = |reply: &str| first(&given(&report("failed", "5.7.26", &format!("smtp; {reply}")), "", None));
    let hard = "550-5.7.26 The MAIL FROM domain [sender.example] has an SPF record with a hard fail policy (-all)";
    assert_eq!(said(hard), "D02 certain");
    assert_eq!(said(&hard.replace("sender.example", "company.example")), "D40 high", "the sender was rewritten");
    let neither = "550-5.7.26 the sender is unauthenticated. DKIM = did not pass SPF [sender.example] with ip: [198.51.100.7] = did not pass";
    assert_eq!(said(neither), "D01 certain");
    assert_eq!(said(&neither.replace("sender.example", "srs.company.example")), "D40 high");
    let policy = "550-5.7.26 Unauthenticated email from sender.example is not accepted due to domain's DMARC policy";
    assert_eq!(said(policy), "D03 certain");
    assert_eq!(said("550 5.7.26 no"), "D00 certain", "three causes share this status");
    assert_eq!(said("550 5.7.25 no"), "D07 high", "only the status says it");
    assert_eq!(first(&given(&report("failed", "5.4.4", "X-Postfix; closed for the summer"), "", None)), "F00 certain");
}

#[test]
fn a_status_code_is_read_by_the_host_that_gave_it() {
    for (host, wanted) in [
        ("gmail-smtp-in.l.google.com", "D09 high"),
        ("company-example.mail.protection.outlook.com", "D29 high"),
        ("mx.receiver.example", "D29 high"),
    ] {
        let logged = format!(
            "mx postfix/smtp[1]: A1B2C3D4: to=<x@receiver.example>, relay={host}[192.0.2.9]:25, dsn=5.7.29, \
             status=bounced (host {host}[192.0.2.9] said: 550 5.7.29 no (in reply to end of DATA command))"
        );
        assert_eq!(first(&one("from", &logged, &verified(1, AUTHOR_PASSES))), wanted, "{host} in a log");
        let bounce = report("failed", "5.7.29", &format!("smtp; 550 5.7.29 no\r\nRemote-MTA: dns; {host}"));
        assert_eq!(first(&given(&bounce, "", None)), wanted, "{host} in a bounce");
    }
}

#[test]
fn log_lines_of_somebody_else_prove_less() {
    let key = "cannot load dkim key /k: cannot map key file: /k Permission denied";
    let sealing = format!("x; arc; lua_dkim_tools.lua:51: set domain to a\nx; proxy; {key}");
    assert_eq!(first(&unsealed(&sealing)), "A05 certain");
    assert_eq!(first(&unsealed(&format!("x; proxy; {key}"))), "A05 high", "it may be the key of DKIM");
    let unread = "x; lua; arc.lua:738: cannot read key from /k: Permission denied";
    assert_eq!(first(&unsealed(unread)), "A05 high", "a directory that cannot be entered says the same");
    let tables = "lua_dkim_tools.lua:255: skip signing: is_sign_network: nil, is_authed: nil, is_local: nil";
    assert_eq!(first(&unsealed(&format!("x; arc; {tables}"))), "A03 certain");
    assert_eq!(first(&unsealed(&format!("x; dkim_signing; {tables}"))), "A00 certain");
    // A line is judged whole, and shown as far as there is room.
    let long = format!("{}.company.example", "x".repeat(60));
    let prefix = "2026-11-24T02:42:04.123456+00:00 mx.company.example rspamd[31607]: <8a5425>; lua; ".repeat(2);
    let missing =
        format!("{prefix}; arc.lua:682: public key for domain {long}/s is not found: no records, skip signing");
    assert_eq!(first(&unsealed(&missing)), "A14 certain");
    let ineligible = "dkim_signing; lua_dkim_tools.lua:193: mail is ineligible for signing";
    assert_eq!(first(&unsealed(&format!("x; {ineligible}\n{sealing}"))), "A05 certain", "ARC does seal it");
}

#[test]
fn office_365_is_blamed_for_what_it_minds_only() {
    assert_eq!(first(&office_365("arc=fail (40)", &as_rspamd(PASSED))), "B16 high");
    assert_eq!(first(&office_365("arc=fail (other)", &as_rspamd(PASSED))), "B16 low");
    assert_eq!(first(&office_365("arc=fail (40)", &sealed(PASSED))), "B20 high");
    // What stands below the line of the forwarder came with the mail.
    let forged = "Authentication-Results: spf=pass; arc=fail (40)\r\n";
    let text = format!("{}{RECEIVED}{forged}{AUTHOR}\r\nbody\r\n", as_rspamd(PASSED));
    assert_eq!(given(&text, "", Some(&verified(1, AUTHOR_PASSES))), []);
}

/// What is said when the mail came late or not at all.
fn waited(copy: Option<&str>, mailboxes: &MailboxFacts, attempt: Attempt) -> String {
    let message = Message::parse(copy.unwrap_or_default());
    let (arc, hops) = (ArcChain::of(&message), received::hops(&message));
    let mail = copy.map(|_| MailFacts {
        artifact: "received.eml".into(),
        message: &message,
        trusted: None,
        arc: &arc,
        hops: &hops,
        verification: None,
        misplaced: None,
        folder_name: "",
        seal_domain: None,
        returned: None,
        is_header_alone: false,
    });
    let attempt = Some(Attempt { accepted: true, ..attempt });
    first(&diagnose_facts(&Facts { mail, mailboxes: Some(mailboxes), attempt, ..Facts::default() }))
}

#[test]
fn silence_after_a_search_is_told_from_mail_to_oneself() {
    let silent = || Attempt { silent: true, ..Attempt::default() };
    let searched = MailboxFacts {
        searched: vec![SearchedFolder { account: "gmail".into(), folder: Folder::Inbox, found: false }],
        ..MailboxFacts::default()
    };
    assert_eq!(waited(None, &MailboxFacts::default(), silent()), "E00 certain");
    assert_eq!(waited(None, &searched, silent()), "E00 certain");
    let itself = Attempt { to_itself: Some("a@gmail.com".into()), ..silent() };
    assert_eq!(waited(None, &searched, itself), "E01 certain");
}

#[test]
fn silence_means_something_else_when_other_mail_came() {
    let next = |others: OtherDeliveries, attempt: Attempt| {
        let mailboxes = MailboxFacts { others: vec![others], ..MailboxFacts::default() };
        let attempt = Some(Attempt { accepted: true, silent: true, ..attempt });
        let found = diagnose_facts(&Facts { mailboxes: Some(&mailboxes), attempt, ..Facts::default() });
        found[0].next.clone()
    };
    let others =
        |sent, came, meanwhile| OtherDeliveries { account: "gmail".into(), sent, came, meanwhile, slowest: None };
    for (others, says) in [
        (others(3, 2, 1), "this one mail is lost or slow"),
        (others(3, 0, 0), "nothing comes at all"),
        (others(0, 0, 0), "a longer --timeout"),
        (others(3, 3, 0), "a longer --timeout"),
    ] {
        let next = next(others, Attempt::default());
        assert!(next[0].ends_with(says) && next.len() == 2, "{next:?}");
    }
    let unseen = UnseenBounces { why: "no imap".into(), next: Some("write `imap`".into()) };
    let blind = Attempt { unseen_bounces: Some(unseen), ..Attempt::default() };
    assert_eq!(next(others(0, 0, 0), blind)[1], "write `imap`");
}

#[test]
fn a_late_mail_is_told_from_one_that_was_seen_late() {
    let copy = |seconds: u32| {
        let google = google("dmarc=pass", 0).replace("02:42:05", &format!("02:42:{:02}", 4 + seconds));
        format!("{google}{RECEIVED}{AUTHOR}\r\nbody\r\n")
    };
    let goodbye = MailboxFacts { bye_lines: vec!["1.000 inbox S: * BYE x".into()], ..MailboxFacts::default() };
    let after = |seconds| Attempt { late: Some(Duration::from_secs(seconds)), ..Attempt::default() };
    assert_eq!(waited(Some(&copy(40)), &MailboxFacts::default(), after(41)), "E06 high");
    assert_eq!(waited(Some(&copy(40)), &goodbye, after(41)), "E06 high", "it waited on the way");
    assert_eq!(waited(Some(&copy(1)), &goodbye, after(41)), "E07 high");
    assert_eq!(waited(Some(&copy(1)), &MailboxFacts::default(), after(41)), "E06 high");
    assert_eq!(waited(Some(&copy(1)), &goodbye, Attempt::default()), "", "nobody minded");
}

#[test]
fn errors_of_the_mailbox_name_their_cause_where_they_tell_it() {
    let said = |code, trouble, message: &str| {
        let error = HarnessError::new(code, "login imap.gmail.com as probe", message, "next");
        let error = HarnessError { mailbox: trouble, ..error };
        first(&of_error(&error).into_iter().collect::<Vec<_>>())
    };
    for (code, trouble, message, wanted) in [
        (
            HarnessErrorKind::Login,
            None,
            "the server answered: [ALERT] Application-specific password required",
            "E04 certain",
        ),
        (HarnessErrorKind::Login, None, "the server answered: [ALERT] Web login required: https", "E04 certain"),
        (
            HarnessErrorKind::Login,
            None,
            "the server answered: [AUTHENTICATIONFAILED] Invalid credentials (Failure)",
            "",
        ),
        (HarnessErrorKind::Login, None, "the server answered: no", ""),
        (HarnessErrorKind::Grant, None, "the server answered: Invalid credentials", ""),
        (
            HarnessErrorKind::ProviderLimit,
            Some(MailboxTrouble::Limit),
            "the server answered: [OVERQUOTA] Account exceeded bandwidth limits",
            "E05 certain",
        ),
        (
            HarnessErrorKind::Connection,
            Some(MailboxTrouble::Expired),
            "the server said BYE: Session expired, please login again.",
            "E07 high",
        ),
        (HarnessErrorKind::Connection, Some(MailboxTrouble::Bye), "the server said BYE: down for maintenance", ""),
        (HarnessErrorKind::Connection, None, "the server closed the connection", ""),
        (HarnessErrorKind::Tls, None, "BYE", ""),
        // Limits of a token server and of the server that mail is handed to.
        (HarnessErrorKind::ProviderLimit, None, "the token server answered HTTP 429", ""),
        (
            HarnessErrorKind::ProviderLimit,
            None,
            "the sender's own server put the mail off at auth: 454 4.7.0 later",
            "",
        ),
    ] {
        assert_eq!(said(code, trouble, message), wanted, "{code} {message}");
    }
}
