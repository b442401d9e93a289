//! Mail of which only the beginning was read.

use crate::{
    run::absence::{run, scenario},
    support::mail_script::{ALL, INBOX, Mail, Script},
};
use serde_json::json;

fn large() -> String {
    "x".repeat(1_200_000)
}

/// The mail as it comes from the null reverse-path, with a large attachment.
fn null_sender(mail: &Mail) -> String {
    format!("Return-Path: <>\r\n{}{}\r\n", mail.raw, large())
}

/// A mail from nobody that has lost its mark looks like a report, of which no more than a megabyte is read.
#[test]
fn nothing_is_said_of_a_copy_that_was_cut() {
    for (expect, failed) in [
        ("delivered: { to: gmail, auth: { arc: any } }", 0),
        ("delivered: { to: gmail, folder: spam, auth: { arc: any } }", 1),
        ("absent: { from: gmail, settle: 1s }", 1),
    ] {
        let script = Script::new(|mailboxes, mail| {
            let raw = null_sender(&mail).replace("X-Sealcheck-Run:", "X-Other:");
            mailboxes.put(&raw, &[INBOX, ALL]);
        });
        let text = scenario("timeout: 20s", &format!("expect:\n  - {expect}\n"));
        let (ran, attempt, seen) = run(script.project(), &text, &[]);
        assert_eq!((ran.code, &attempt["error"]["code"]), (3, &json!("H07")), "{expect}: {ran}");
        let stage = attempt["error"]["stage"].as_str().unwrap();
        assert!(
            stage.starts_with("read the copy in the ") && ran.stdout.contains("the first 1000000 of them"),
            "{ran}"
        );
        let copy = &attempt["observed"][0];
        assert!(copy["cut_from"].as_u64().unwrap() > 1_200_000 && copy["survival"] == json!([]), "{copy}");
        assert_eq!((seen.len(), &attempt["diagnosis"]), (failed, &json!([])), "{attempt}");
    }
}

#[test]
fn a_copy_from_the_null_reverse_path_is_read_whole() {
    let script = Script::new(|mailboxes, mail| {
        mailboxes.put(&null_sender(&mail), &[INBOX, ALL]);
    });
    let text = scenario("timeout: 20s", "expect:\n  - delivered: { to: gmail, auth: { arc: any } }\n");
    let (ran, attempt, _) = run(script.project(), &text, &[]);
    assert_eq!((ran.code, &attempt["observed"][0]["cut_from"]), (0, &json!(null)), "{ran}");
}

/// A bounce that ends before what it returns may report on more recipients than were read.
#[test]
fn nothing_is_said_of_a_bounce_that_was_cut_before_its_end() {
    let script = Script::new(|mailboxes, mail| {
        let id = mail.raw.lines().find(|line| line.starts_with("Message-ID")).unwrap().to_owned();
        let status = format!("Status: 5.1.1\r\nX-Notes: {}", large());
        let bounce = mail.bounce("bob@corp.example", "failed", "5.1.1").replace("sorry", &format!("sorry\r\n{id}"));
        mailboxes.put(&bounce.replace("Status: 5.1.1", &status), &[crate::support::mail_script::SENDER]);
    });
    let expect = "expect:\n  - bounced: { to: external, final_recipient: ann@corp.example }\n";
    let (ran, attempt, _) = run(script.project(), &scenario("timeout: 6s", expect), &[]);
    assert_eq!((ran.code, &attempt["error"]["code"]), (3, &json!("H07")), "{ran}");
    assert_eq!(attempt["error"]["stage"], "read the bounce in the inbox of external", "{attempt}");
}
