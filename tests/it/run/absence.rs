//! That something is not there is said only after every folder was searched anew on a connection that answers; what such a
//! search finds has arrived.

use crate::support::{
    mail_script::{ALL, INBOX, SPAM, Script, Session, later},
    program::{Project, Ran},
};
use serde_json::{Value, json};

/// What is told in a note of an attempt that passes, and the test that shows it.
pub(crate) const NOTED: [(&str, &str); 1] = [("E03 note", "absence::a_session_that_is_stale_is_told_in_a_note")];

pub(crate) fn scenario(wait: &str, more: &str) -> String {
    format!(
        "sealcheck: 1
name: x
send: {{ from: external, to: company }}
wait: {{ {wait} }}
snapshot: none
{more}"
    )
}

/// What a run of the one scenario came to: the run, its attempt, and the paths of the checks that failed with what was seen.
pub(crate) fn run(project: Project, text: &str, args: &[&str]) -> (Ran, Value, Vec<(String, String)>) {
    let project = project.scenario("a", text);
    let ran = project.run(&[&["run", "--report", "json=r.json"], args].concat());
    let result: Value = serde_json::from_str(&project.read("r.json")).unwrap_or_else(|e| panic!("{e}: {ran}"));
    let attempt = result["scenarios"][0]["attempts"][0].clone();
    let failed = attempt["assertions"].as_array().into_iter().flatten().filter(|c| c["passed"] == false);
    let text = |check: &Value, key: &str| check[key].as_str().unwrap().to_owned();
    let failed = failed.map(|c| (text(c, "path"), text(c, "actual"))).collect();
    (ran, attempt, failed)
}

/// Does it for every row at the same time: they wait more than they work, and share nothing.
fn side_by_side<T: Send>(rows: impl IntoIterator<Item = T>, check: impl Fn(T) + Sync) {
    let check = &check;
    std::thread::scope(|scope| rows.into_iter().for_each(|row| drop(scope.spawn(move || check(row)))));
}

/// A script whose mails all arrive in the inbox at once.
fn arrives() -> Script {
    Script::new(|mailboxes, mail| {
        mailboxes.put(&mail.raw, &[INBOX, ALL]);
    })
}

/// Falls silent in IDLE, for ever: only a session that never idled answers.
fn silent_in_idle(session: &mut Session, _: &str, command: &str) -> bool {
    if command != "IDLE" {
        return false;
    }
    session.say("+ idling");
    session.fall_silent();
    true
}

#[test]
fn what_a_watch_is_not_shown_is_not_absent() {
    side_by_side(["stale", "late"], |fault| {
        let lab = format!("lab: {{ gmail: {{ imap: {fault} }} }}\nexpect:\n");
        let absent = lab.clone() + "  - absent: { from: gmail, settle: 3s }\n";
        let (ran, _, failed) = run(Project::new(), &scenario("timeout: 20s", &absent), &[]);
        assert_eq!(ran.code, 1, "{fault}: {ran}");
        assert!(failed.len() == 1 && failed[0].1.starts_with("in inbox of gmail after "), "{fault}: {failed:?}");
        // A single count that is reached by what a search finds.
        let count =
            lab + "  - count: { to: gmail, is: 1, settle: 1s }\n  - delivered: { to: gmail, auth: { arc: any } }\n";
        let (ran, ..) = run(Project::new(), &scenario("timeout: 8s", &count), &[]);
        assert_eq!(ran.code, 0, "{fault}: {ran}");
    });
}

#[test]
fn a_session_that_is_stale_is_told_in_a_note() {
    let expect = "lab: { fault: E03 }\nexpect: [ delivered: gmail ]\n";
    let (ran, attempt, _) = run(Project::new(), &scenario("timeout: 6s", expect), &[]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(attempt["notes"][0].as_str().unwrap().starts_with("E03: "), "{}", attempt["notes"]);
}

#[test]
fn a_server_that_does_not_answer_leaves_it_open() {
    let text = "lab: { gmail: { imap: mute } }\nexpect:\n  - absent: { from: gmail, settle: 1s }\n";
    let (ran, attempt, failed) = run(Project::new(), &scenario("timeout: 20s", text), &[]);
    assert_eq!((ran.code, &attempt["error"]["code"]), (3, &json!("H04")), "{ran}");
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn nothing_is_absent_of_a_mail_that_is_not_known_to_have_been_taken() {
    let rows = [
        // The sender's server hangs up in the message: nobody knows whether it took it.
        ("external: { submission: drop }", "", "H04"),
        // What is there proves that it left.
        ("external: { submission: lost }", "  - delivered: { to: gmail, auth: { arc: pass } }\n", ""),
    ];
    side_by_side(rows, |(lab, more, code)| {
        let from = if more.is_empty() { "gmail" } else { "gmail-2" };
        let text = format!("lab: {{ {lab} }}\nexpect:\n  - absent: {{ from: {from}, settle: 1s }}\n{more}");
        let (ran, attempt, failed) = run(Project::new(), &scenario("timeout: 20s", &text), &[]);
        let (exit, error) = if code.is_empty() { (0, Value::Null) } else { (3, json!(code)) };
        assert_eq!((ran.code, &attempt["error"]["code"]), (exit, &error), "{lab}: {ran}");
        assert!(failed.is_empty(), "{failed:?}");
    });
}

#[test]
fn settling_without_a_working_idle_ends_in_a_search() {
    let rows: [(&str, &'static str, &str); 3] =
        [("none", "IMAP4rev1 X-GM-EXT-1", ""), ("no", "", "NO not now"), ("bad", "", "BAD what")];
    side_by_side(rows, |(name, capabilities, refusal)| {
        let refusal = refusal.to_owned();
        let mut script = arrives().imap(move |session, tag, command| {
            let refused = command == "IDLE" && !refusal.is_empty();
            if refused {
                session.say(format!("{tag} {refusal}"));
            }
            refused
        });
        if !capabilities.is_empty() {
            script.capabilities = capabilities;
        }
        // The default settle, 5 s, is shorter than the default poll, 15 s.
        let text = scenario("timeout: 60s", "expect:\n  - absent: gmail\n");
        let (ran, _, failed) = run(script.project(), &text, &[]);
        assert!(ran.code == 1 && failed.len() == 1 && failed[0].0 == "expect[0].absent", "{name}: {failed:?} {ran}");
    });
}

#[test]
fn mail_that_skips_the_inbox_is_not_absent() {
    let script = Script::new(|mailboxes, mail| {
        mailboxes.put(&mail.raw, &[ALL]);
    });
    let text = scenario("timeout: 60s", "expect:\n  - absent: { from: gmail, settle: 1s }\n");
    let (ran, _, failed) = run(script.project(), &text, &[]);
    assert_eq!(ran.code, 1, "{ran}");
    assert!(failed.len() == 1 && failed[0].1.starts_with("in all mail of gmail after "), "{failed:?}");
}

#[test]
fn one_copy_too_many_is_found_where_nobody_was_told_of_it() {
    let script = Script::new(|mailboxes, mail| {
        mailboxes.put(&mail.raw, &[INBOX, ALL]);
        mailboxes.put(&mail.raw, &[SPAM]);
    });
    // Spam says nothing in IDLE.
    let script = script.imap(|session, tag, command| {
        if command.starts_with("EXAMINE") && command.contains("Spam") {
            session.has_idled = true;
        }
        session.has_idled && command == "IDLE" && silent_in_idle(session, tag, command)
    });
    let text = scenario("timeout: 60s", "expect:\n  - count: { to: gmail, is: 1, settle: 1s }\n");
    let (ran, _, failed) = run(script.project(), &text, &[]);
    assert_eq!(ran.code, 1, "{ran}");
    assert!(failed.len() == 1 && failed[0].1.starts_with("2 copies"), "{failed:?}");
}

#[test]
fn mail_behind_a_silent_session_is_fetched_over_another() {
    let expect = "expect:\n  - delivered: { to: gmail, within: 6s, auth: { arc: any } }\n";
    let (ran, attempt, _) =
        run(arrives().imap(silent_in_idle).project(), &scenario("timeout: 20s", expect), &["--artifacts", "all"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(attempt["observed"][0]["folder"], "inbox", "{attempt}");
}

#[test]
fn the_receiver_s_clock_says_whether_such_mail_was_late() {
    let script = Script::new(|mailboxes, mail| {
        later(4000);
        mailboxes.put(&mail.raw, &[INBOX, ALL]);
    });
    let expect = "expect:\n  - delivered: { to: gmail, within: 2s, auth: { arc: any } }\n  - bounced: external\n";
    let (ran, _, failed) = run(script.imap(silent_in_idle).project(), &scenario("timeout: 7s", expect), &[]);
    assert_eq!(ran.code, 1, "{ran}");
    let late = failed.iter().find(|(path, _)| path == "expect[0].delivered.within");
    assert!(late.is_some_and(|(_, seen)| seen.starts_with("after ")), "{failed:?}");
}

#[test]
fn where_no_connection_answers_nothing_is_said() {
    let script = arrives().imap(|session, _, command| {
        let is_silent = command == "IDLE" || (command.starts_with("UID SEARCH") && session.user == "gmail");
        if is_silent {
            session.say("+ idling");
            session.fall_silent();
        }
        is_silent
    });
    let expect = "expect:\n  - delivered: { to: gmail, auth: { arc: any } }\n";
    let (ran, attempt, _) = run(script.project(), &scenario("timeout: 3s", expect), &[]);
    assert_eq!((ran.code, &attempt["error"]["code"]), (3, &json!("H04")), "{ran}");
}

#[test]
fn a_settling_time_is_never_cut() {
    // A second copy, after the timeout and before the settling is over.
    let script = Script::new(|mailboxes, mail| {
        later(2000);
        mailboxes.put(&mail.raw, &[INBOX, ALL]);
        later(6500);
        mailboxes.put(&mail.raw, &[INBOX, ALL]);
    });
    let text = scenario("timeout: 8s", "expect:\n  - count: { to: gmail, is: 1, settle: 7900ms }\n");
    let (ran, _, failed) = run(script.project(), &text, &[]);
    assert!(ran.code == 1 && failed[0].1.starts_with("2 copies"), "{failed:?}: {ran}");
}

/// The time of a search counts from when the account's connection is free, not while others are searched for.
#[test]
fn where_nothing_arrives_slow_searches_for_many_leave_nothing_open() {
    const MANY: usize = 16;
    let script = Script::new(|_, _| ()).imap(|session, _, command| {
        if command.starts_with("UID SEARCH") && session.user == "gmail" {
            later(2000);
        }
        false
    });
    let text = scenario("timeout: 3s", "expect: [ delivered: gmail ]\n");
    // A search of the three folders takes longer than one folder may: at half the usual limits 5 s.
    let project = script.project().env("SEALCHECK_TEST_TIME_SCALE", "0.5");
    let project = (0..MANY).fold(project, |project, n| project.scenario(&format!("a{n}"), &text));
    let ran = project.run(&["run", "-j", "16", "--report", "json=r.json"]);
    let result: Value = serde_json::from_str(&project.read("r.json")).unwrap_or_else(|e| panic!("{e}: {ran}"));
    let statuses: Vec<&Value> = result["scenarios"].as_array().unwrap().iter().map(|s| &s["status"]).collect();
    assert_eq!((ran.code, statuses), (1, vec![&json!("timed_out"); MANY]), "{ran}");
}
