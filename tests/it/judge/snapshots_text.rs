//! The text of a snapshot: what changes it and what does not.

use crate::support::seen::{accepted, bounced, copy, forwarded, received, refused, scenario, target};
use sealcheck::{
    evidence::{Evidence, FirstServer, Folder},
    judge::snapshot::{changes, normalise},
    scenario::model::SnapshotPreset,
    verify::Verdict,
};
use std::time::Duration;

fn text_with(evidence: &Evidence, preset: SnapshotPreset) -> String {
    normalise(evidence, &scenario("forward-arc", Vec::new()), &target(), preset).unwrap()
}

pub(crate) fn text(evidence: &Evidence) -> String {
    text_with(evidence, SnapshotPreset::Full)
}

/// What a change of the received mail does to a snapshot, in words.
fn after(from: &str, to: &str) -> Vec<String> {
    assert!(received(1).contains(from), "{from}");
    changes(&text(&forwarded(1, |t| t)), &text(&forwarded(1, |t| t.replace(from, to))))
}

#[test]
fn a_sound_forward_reads_as_documented() {
    let wanted = "\
folder: inbox
authentication_results:
  by: mx.google.com
  methods:
    - arc=pass i=1 spf=pass spfdomain=$external dkim=pass dkdomain=$company dkim=pass dkdomain=$external dmarc=pass fromdomain=$external
    - dkim=pass header.i=@$company header.s=[selector]
    - dkim=pass header.i=@$external header.s=[selector]
    - dmarc=pass p=reject sp=reject dis=none header.from=$external
    - spf=pass smtp.mailfrom=[srs]@$company client=[ip]
arc:
  - i: 1
    by: $company
    cv: none
    algorithm: rsa-sha256
    canonicalization: relaxed/relaxed
    selector: \"[selector]\"
    signed_headers: [date, from, message-id, subject, to]
    carries: dkim=pass dmarc=pass spf=pass
    verifies: true
  - i: 2
    by: $gmail.seal_domain
    cv: pass
    algorithm: rsa-sha256
    canonicalization: relaxed/relaxed
    selector: \"[selector]\"
    signed_headers: \"[signed by receiver]\"
    carries: arc=pass dkim=pass dkim=pass dmarc=pass spf=pass
    verifies: true
hops:
  - client -> external ESMTPSA
  - external -> company ESMTPS
  - company -> gmail ESMTPS
body: unchanged";
    assert_eq!(text_with(&forwarded(1, |t| t), SnapshotPreset::Trace), wanted);
    let auth = text_with(&forwarded(1, |t| t), SnapshotPreset::Auth);
    assert!(!auth.contains("hops") && auth.contains("body: unchanged"), "{auth}");
    assert_eq!(normalise(&accepted(1), &scenario("x", Vec::new()), &target(), SnapshotPreset::None), None);
}

#[test]
fn the_full_preset_adds_fields_without_what_is_unique() {
    let full = text(&forwarded(1, |t| t));
    for line in [
        "\"date: [date]\"",
        "\"delivered-to: $gmail.address\"",
        "\"dkim-signature: d=$external a=rsa-sha256 c=relaxed/relaxed h=from:subject:to\"",
        "\"from: Probe <$external.address>\"",
        "\"message-id: [message-id]\"",
        "\"return-path: <[srs]@$company>\"",
        "\"subject: ARC check [token]\"",
        "\"x-sealcheck-run: [token]; run=[run]\"",
        "\"content-type: multipart/mixed; boundary=[boundary]\"",
    ] {
        assert!(full.contains(line), "{line} in\n{full}");
    }
    for gone in ["x-gm-", "x-received", "01jd8q6v", "2026", "198.51", "179548"] {
        assert!(!full.to_lowercase().contains(gone), "{gone} in\n{full}");
    }
}

#[test]
fn what_differs_in_every_run_changes_nothing() {
    let first = text(&forwarded(1, |t| t));
    for n in 2..10 {
        assert_ne!(received(1), received(n));
        assert_eq!(text(&forwarded(n, |t| t)), first);
        assert_eq!(text(&bounced(n)), text(&bounced(1)));
    }
    let mut slow = forwarded(2, |t| t);
    slow.copies[0].after = Duration::from_secs(3_600);
    slow.waited = Duration::from_secs(9);
    assert_eq!(text(&slow), first);
}

#[test]
fn a_changed_system_is_told_in_words() {
    for (from, to, words) in [
        ("cv=pass;\r\n        d=google.com", "cv=fail;\r\n        d=google.com", "arc[i=2].cv: pass → fail"),
        ("cv=none; d=corp.example", "cv=none; d=other.example", "signer of i=1: $company → other.example"),
        ("dmarc=pass (p=REJECT sp=REJECT dis=NONE)", "dmarc=fail (p=REJECT sp=REJECT dis=NONE)", "dmarc: pass → fail"),
        ("dis=NONE", "dis=QUARANTINE", "dmarc dis: none → quarantine"),
        ("Nothing here", "Everything here", "body: unchanged → changed"),
        ("X-A: a", "X-A: changed", "headers: x-a: a → x-a: changed"),
        (
            "(Postfix) with ESMTPS",
            "(Postfix) with ESMTP",
            "hops: external -> company ESMTPS → external -> company ESMTP",
        ),
        (
            "spf=pass (203",
            "spf=fail (203",
            "arc[i=1].carries: dkim=pass dmarc=pass spf=pass → dkim=pass dmarc=pass spf=fail",
        ),
    ] {
        let said = after(from, to);
        assert!(said.iter().any(|w| w == words), "{words} in {said:?}");
    }
    let unknown = after("       spf=pass", "       dara=pass header.i=@gmail.com;\r\n       spf=pass");
    assert!(unknown.iter().any(|w| w == "dara: absent → pass header.i=@$gmail"), "{unknown:?}");
}

#[test]
fn what_is_not_the_same_is_not_masked_as_the_same() {
    let other_domain = after("d=google.com; s=arc", "d=gmail.com; s=arc");
    let seal = "signer of i=2: $gmail.seal_domain → $gmail";
    assert!(other_domain.iter().any(|w| w == seal), "{other_domain:?}");
    let address = after("X-A: a", "X-A: probe@ext.example");
    assert_eq!(address, ["headers: x-a: a → x-a: $external.address"]);
    let domain = after("X-A: a", "X-A: ext.example");
    assert_eq!(domain, ["headers: x-a: a → x-a: $external"]);
    let hop = after("from mx.corp.example (mx.corp.example.", "from company (mx.corp.example.");
    assert_eq!(hop, ["hops: company -> gmail ESMTPS → host company -> gmail ESMTPS"]);
    let twice = after("Return-Path: <SRS0=", "Return-Path: <SRS1=");
    assert_eq!(twice, ["headers: return-path: <[srs]@$company> → return-path: <[srs1]@$company>"]);
    let rewritten = after("Message-ID: <sc-", "Message-ID: <x-");
    assert_eq!(rewritten, ["headers: message-id: [message-id] → message-id: [another message-id]"]);
    let dated = after("Date: Tue, 24 Nov 2026 02:3", "Date: Tue, 24 Nov 2026 12:3");
    assert_eq!(dated, ["headers: date: [date] → date: [another date]"]);
}

#[test]
fn the_full_preset_keeps_what_other_servers_say_of_authentication() {
    let field = "Authentication-Results: mx.corp.example; spf=pass smtp.mailfrom=probe@ext.example;\r\n\tdkim=pass \
                 header.i=@ext.example header.s=ext1\r\nX-A: a";
    let with = |other: &str| forwarded(1, |t| t.replace("X-A: a", &field.replace("spf=pass", other)));
    let (before, one) = (text(&forwarded(1, |t| t)), text(&with("spf=pass")));
    let lines = "other_authentication_results:\n  - by: mx.$company\n    methods:\n      - dkim=pass header.i=@$external \
                 header.s=[selector]\n      - spf=pass smtp.mailfrom=$external.address\n";
    assert!(one.contains(lines), "{one}");
    assert!(
        changes(&before, &one)[0].starts_with("other_authentication_results: absent → "),
        "{:?}",
        changes(&before, &one)
    );
    assert_eq!(changes(&one, &text(&with("spf=fail"))).len(), 1);
    let auth = |evidence: &Evidence| text_with(evidence, SnapshotPreset::Auth);
    assert_eq!(auth(&with("spf=pass")), auth(&forwarded(1, |t| t)));
}

#[test]
fn folder_verification_and_absence_are_told_too() {
    let sound = text(&forwarded(1, |t| t));
    let mut spam = forwarded(2, |t| t);
    spam.copies[0].arrival.folder = Folder::Spam;
    assert_eq!(changes(&sound, &text(&spam)), ["folder: inbox → spam"]);

    let mut broken = forwarded(2, |t| t);
    broken.copies[0].verification.sets[0].ams = Verdict::Fail;
    assert_eq!(changes(&sound, &text(&broken)), ["arc[i=1].verifies: true → false (message signature fail)"]);

    let gone = changes(&sound, &text(&bounced(1)));
    assert!(gone.contains(&"folder: inbox → absent".to_owned()), "{gone:?}");
    assert!(gone.iter().any(|w| w.starts_with("bounces: absent → ")), "{gone:?}");

    let forged = changes(
        &sound,
        &text(&forwarded(1, |t| t.replace("X-A: a", "Authentication-Results: mx.google.com; dmarc=pass\r\nX-A: a"))),
    );
    assert_eq!(forged, ["forged_authentication_results: absent → 1"]);
}

#[test]
fn bounces_and_refusals_are_kept() {
    let text = text(&bounced(3));
    assert_eq!(
        text,
        "\
folder: absent
bounces:
  - to: external
    folder: inbox
    from: MAILER-DAEMON@$company (Mail Delivery System)
    reporting_mta: mx.$company
    final_recipient: $gmail.address
    action: failed
    status: 5.7.26
    diagnostic: \"550 5.7.26 This mail has been blocked because the sender is unauthenticated. SPF [$external] with ip: [[ip]] = did not pass [id] - gsmtp\"
    returns: headers"
    );
    let other = text.replace("status: 5.7.26", "status: 5.7.1");
    assert_eq!(changes(&text, &other), ["bounces[to=external].status: 5.7.26 → 5.7.1"]);
    let refused = text_with(
        &refused(FirstServer::Company, "550 5.1.1 <forward-me@corp.example>: no such user"),
        SnapshotPreset::Auth,
    );
    assert_eq!(refused, "refused: \"550 5.1.1 <$company.address>: no such user at rcpt\"\nfolder: absent");
}

#[test]
fn several_copies_stand_in_a_fixed_order() {
    let (inbox, spam) = (
        copy("gmail", Folder::Inbox, &received(1), Duration::from_secs(1)),
        copy("gmail", Folder::Spam, &received(1), Duration::from_secs(2)),
    );
    let mut all = inbox.clone();
    all.arrival.folder = Folder::All;
    let one = Evidence { copies: vec![inbox.clone(), spam.clone()], ..accepted(1) };
    let two = Evidence { copies: vec![spam, inbox.clone(), all.clone()], ..accepted(1) };
    assert_eq!(text(&one), text(&two));
    assert!(text(&one).starts_with("copies:\n  - to: gmail\n    folder: inbox\n"));
    let twice = Evidence { copies: vec![all, inbox], ..accepted(1) };
    assert_eq!(text(&twice), text(&forwarded(1, |t| t)));
}

#[test]
fn the_text_is_yaml_whatever_a_mail_holds() {
    let hostile =
        forwarded(1, |t| t.replace("X-A: a", "X-A: - {x: [\"y\", 'z']}: #\u{1} ---\u{7f}\r\nX-C: \"\\\r\nX-D:"));
    for evidence in [forwarded(1, |t| t), bounced(1), accepted(1), hostile] {
        let text = text(&evidence);
        serde_yaml::from_str::<serde_json::Value>(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    }
}
