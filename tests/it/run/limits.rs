//! Limits of accounts: what is refused, what waits, and what all runs count together.

use crate::support::{
    program::Project,
    scripted::{Conn, serve_each},
};
use serde_json::Value;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

const SCENARIO: &str = "sealcheck: 1
name: taken
send: { from: external, to: gmail }
wait: { timeout: 20s }
snapshot: none
expect:
  - smtp: { code: 250 }
";

fn take(c: &mut Conn) {
    take_and(c, || {});
}

/// Does something while the sender still waits.
fn take_and(c: &mut Conn, at_last: impl FnOnce()) {
    c.say("220 mx.example ESMTP\r\n").hear("EHLO");
    c.say("250 mx.example\r\n").hear("MAIL FROM:");
    c.say("250 2.1.0 ok\r\n").hear("RCPT TO:");
    c.say("250 2.1.5 ok\r\n").hear("DATA");
    c.say("354 go ahead\r\n").message();
    at_last();
    c.say("250 2.0.0 ok\r\n").hear("QUIT");
    c.say("221 2.0.0 bye\r\n");
}

fn project(port: u16, limit: &str) -> Project {
    let config = format!(
        "sealcheck: 1
target: gmail
accounts:
  external: {{ address: probe@ext.example, smtp: {{ host: 127.0.0.1, port: {port}, tls: none }} }}
  gmail: {{ address: probe.inbox@gmail.com }}
limits:
  gmail: {{ {limit} }}
"
    );
    Project::new().config(&config).scenario("taken", SCENARIO)
}

#[test]
fn a_plan_over_the_day_is_refused_with_the_arithmetic_and_runs_count_together() {
    let server = serve_each(3, |_, c| take(c));
    let project = project(server.port, "per_day: 3");
    let run = project.run(&["run", "--repeat", "4"]);
    assert_eq!(run.code, 2, "{run}");
    let says = "account `gmail` may have 3 mails in 24 hours: 4 of this plan and 0 sent before are 1 too many";
    assert!(run.stderr.contains(says) && run.stderr.contains("--> sealcheck.yaml:7:21"), "{run}");
    assert_eq!(project.run(&["run", "--repeat", "2"]).code, 0);
    let run = project.run(&["run", "--repeat", "2"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("2 of this plan and 2 sent before are 1 too many"), "{run}");
    assert!(run.stderr.contains("or run again after "), "{run}");
    assert_eq!(project.run(&["run"]).code, 0);
    server.done();
}

#[test]
fn a_retry_that_may_not_be_sent_hides_no_failure() {
    let server = serve_each(1, |_, c| take(c));
    let text = format!("{}retries: {{ max: 2, on: [fail], delay: 0s }}\n", SCENARIO.replace("250", "550"));
    let project = project(server.port, "per_day: 1").scenario("taken", &text);
    let run = project.run(&["run", "--report", "json=result.json"]);
    assert_eq!(run.code, 1, "{run}");
    let result: Value = serde_json::from_str(&project.read("result.json")).unwrap();
    let attempts = &result["scenarios"][0]["attempts"];
    assert_eq!(
        (&attempts[0]["status"], &attempts[1]["error"]["code"]),
        (&"failed".into(), &"H06".into()),
        "{attempts}"
    );
    server.done();
}

#[test]
fn pacing_that_does_not_fit_into_the_global_timeout_is_refused() {
    let project = project(1, "per_minute: 2");
    let run = project.run(&["run", "--repeat", "5", "--global-timeout", "90s"]);
    assert_eq!(run.code, 2, "{run}");
    let says = "5 mails to account `gmail` at 2 a minute take 2m at least, and the global timeout is 1m30s";
    assert!(run.stderr.contains(says) && run.stdout.is_empty(), "{run}");
}

#[test]
fn a_count_that_cannot_be_read_is_told_and_stops_nobody() {
    let server = serve_each(1, |_, c| take(c));
    let project = project(server.port, "per_day: 3");
    std::fs::create_dir(project.path(".sealcheck")).unwrap();
    std::fs::write(project.path(".sealcheck/sent.txt"), "what is this\n").unwrap();
    let run = project.run(&["run", "--record", "all.jsonl"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stdout.contains("sent.txt:1: no line of what was sent"), "{run}");
    assert_eq!(project.run(&["report", "all.jsonl", "--report", "json=again.json"]).code, 0);
    server.done();
}

/// As on a file system over the network whose lock server does not answer.
#[test]
fn a_count_that_stays_locked_is_told_and_stops_nobody() {
    let server = serve_each(2, |_, c| take(c));
    let project = project(server.port, "per_day: 3");
    std::fs::create_dir(project.path(".sealcheck")).unwrap();
    let other = std::fs::File::create(project.path(".sealcheck/sent.txt")).unwrap();
    other.lock().unwrap();
    let run = project.run(&["run", "--repeat", "2", "--report", "tap=r.tap", "--report", "console"]);
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(run.stdout.matches("limits hold for this run alone").count(), 1, "{run}");
    drop(other);
    let again = project.run(&["run", "--repeat", "4"]);
    assert!(again.code == 2 && again.stderr.contains("4 of this plan and 0 sent before"), "{again}");
    server.done();
}

#[test]
fn jobs_of_an_account_hold_for_its_scenarios_alone() {
    let together = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (inside, highest) = (Arc::clone(&together), Arc::clone(&most));
    let server = serve_each(6, move |_, c| {
        highest.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        take_and(c, || {
            inside.fetch_sub(1, Ordering::SeqCst);
        });
    });
    let project = project(server.port, "jobs: 1");
    let run = project.run(&["run", "--repeat", "6", "--jobs", "6"]);
    assert_eq!((run.code, most.load(Ordering::SeqCst)), (0, 1), "{run}");
    server.done();
}
