//! What an attempt has found out stands, whatever happens after it.

use crate::{
    run::absence::{run, scenario},
    support::mail_script::{ALL, INBOX, Script, Session},
};
use serde_json::json;

fn arrives() -> Script {
    Script::new(|mailboxes, mail| {
        mailboxes.put(&mail.raw, &[INBOX, ALL]);
    })
}

/// Says nothing to whoever deletes.
fn keeps(session: &mut Session, _: &str, command: &str) -> bool {
    let deletes = ["UID MOVE", "UID STORE", "UID COPY"].iter().any(|verb| command.starts_with(verb));
    if deletes {
        session.fall_silent();
    }
    deletes
}

const WRONG: &str =
    "cleanup: delete\nexpect:\n  - delivered: { to: gmail, auth: { arc: any }, headers: { Subject: another } }\n";

#[test]
fn a_failure_is_not_forgotten_when_the_run_ends_in_its_cleanup() {
    let text = scenario("timeout: 60s", WRONG);
    let (ran, attempt, _) = run(arrives().imap(keeps).project(), &text, &["--global-timeout", "6s"]);
    assert_eq!((ran.code, &attempt["status"]), (1, &json!("failed")), "{ran}");
    assert!(attempt["notes"].to_string().contains("cleanup: what arrived is still there"), "{attempt}");
}

#[test]
fn a_cleanup_is_bounded_and_its_trouble_is_a_note() {
    let text = scenario("timeout: 60s", &WRONG.replace(", headers: { Subject: another }", ""));
    // Whoever waited for the server would be cut off.
    let (ran, attempt, failed) = run(arrives().imap(keeps).project(), &text, &["--global-timeout", "60s"]);
    assert!(ran.code == 0 && failed.is_empty(), "{failed:?}: {ran}");
    assert!(attempt["notes"].to_string().contains("cleanup: what arrived is still there"), "{attempt}");
    let steps = attempt["steps"].as_array().unwrap();
    let kinds: Vec<&str> = steps.iter().map(|step| step["kind"].as_str().unwrap()).collect();
    assert!(kinds.ends_with(&["assert", "cleanup"]), "{kinds:?}");
}

#[test]
fn the_checks_are_told_before_the_cleanup() {
    let project = arrives().project().scenario("a", &scenario("timeout: 60s", WRONG));
    let ran = project.run(&["run", "--record", "all.jsonl"]);
    assert_eq!(ran.code, 1, "{ran}");
    let events = project.read("all.jsonl");
    let at = |text: &str| events.find(text).unwrap_or_else(|| panic!("no {text}: {events}"));
    assert!(at("\"event\":\"assertion\"") < at("\"kind\":\"cleanup\""), "{events}");
}

#[test]
fn a_failure_stands_when_the_run_ends_before_the_next_attempt() {
    let more = WRONG.to_owned() + "retries: { max: 1, on: [fail], delay: 10m }\n";
    for status in ["failed", "timed_out"] {
        let text = match status {
            "failed" => scenario("timeout: 60s", &more),
            _ => scenario("timeout: 2s", "expect: [ bounced: external ]\nretries: { max: 1, delay: 10m }\n"),
        };
        let (ran, attempt, _) = run(arrives().project(), &text, &["--global-timeout", "9s"]);
        assert_eq!((ran.code, &attempt["status"]), (1, &json!(status)), "{ran}");
        assert!(ran.stdout.contains("1 failed") || ran.stdout.contains("1 timed out"), "{ran}");
    }
}
