//! `smtp:` and what hangs on the first server's reply, against replies written by hand.

use crate::{
    judge::checks::{result, says},
    support::seen::{accepted, forwarded, refused},
};
use sealcheck::evidence::{Evidence, FirstServer};

#[test]
fn smtp_looks_at_the_reply_that_decided() {
    let no = refused(FirstServer::Company, "550 5.1.1 <x@corp.example>: no such user");
    says("  - smtp: 250", "smtp.code", &forwarded(1, |text| text), true, "250", "250");
    says("  - smtp: 250", "smtp.code", &no, false, "250", "550 5.1.1 <x@corp.example>: no such user (at rcpt)");
    says("  - smtp: { code: 550, stage: rcpt }", "smtp.stage", &no, true, "rcpt", "rcpt");
    says("  - smtp: { stage: mail }", "smtp.stage", &no, false, "mail", "rcpt");
    says("  - smtp: { status: 5.1.1 }", "smtp.status", &no, true, "5.1.1", "5.1.1");
    let text = "<x@corp.example>: no such user";
    says("  - smtp: { text: { contains: NO such } }", "smtp.text", &no, true, "contains \"NO such\"", text);
    says("  - smtp: { text: { matches: '^no' } }", "smtp.text", &no, false, "matches /^no/", text);
    let nothing = Evidence { submission: Default::default(), ..accepted(1) };
    says("  - smtp: 250", "smtp.code", &nothing, false, "250", "no reply");
    let bare = refused(FirstServer::Company, "550 no");
    says("  - smtp: { status: 5.1.1 }", "smtp.status", &bare, false, "5.1.1", "no enhanced status in 550 no");
}

#[test]
fn what_the_sender_s_own_server_refuses_fails_only_what_asks_for_another_refusal() {
    let own = |reply| refused(FirstServer::Sender, reply);
    let inconclusive = |expect: &str, path: &str, reply| result(expect, path, &own(reply)).inconclusive;
    for (expect, path) in [
        ("  - smtp: 250", "smtp.code"),
        ("  - smtp: { status: 2.0.0 }", "smtp.status"),
        ("  - smtp: { stage: message }", "smtp.stage"),
        ("  - delivered: gmail", "delivered"),
        ("  - bounced: external", "bounced"),
        ("  - count: { to: gmail, is: 1 }", "count"),
    ] {
        assert!(inconclusive(expect, path, "550 5.1.1 no"), "{expect}");
        assert!(!result(expect, path, &refused(FirstServer::Company, "550 5.1.1 no")).inconclusive, "{expect}");
        assert!(result(expect, path, &refused(FirstServer::Company, "450 4.2.0 later")).inconclusive, "{expect}");
    }
    for (expect, path) in [("  - smtp: 554", "smtp.code"), ("  - smtp: { stage: mail }", "smtp.stage")] {
        assert!(!inconclusive(expect, path, "550 5.1.1 no"), "{expect}");
        assert!(inconclusive(expect, path, "550 5.4.5 Daily sending quota exceeded"), "{expect}");
        assert!(inconclusive(expect, path, "450 4.2.0 later"), "{expect}");
    }
}

#[test]
fn one_recipient_that_is_kept_back_leaves_only_what_hangs_on_it_open() {
    let mut partly = accepted(1);
    let kept = refused(FirstServer::Sender, "550 5.1.1 no").submission.replies;
    partly.submission.replies = kept.into_iter().chain(partly.submission.replies).collect();
    assert!(partly.submission.accepted() && partly.submission.kept_back().is_some());
    assert!(result("  - smtp: 250", "smtp.code", &partly).inconclusive);
    // The mail is waited for: it may have had another recipient.
    assert!(result("  - delivered: gmail", "delivered", &partly).timed_out);
    partly.submission.server = FirstServer::Company;
    assert!(partly.submission.kept_back().is_none());
    assert!(!result("  - smtp: 250", "smtp.code", &partly).inconclusive);
}
