//! The program itself: what is typed, what is printed, what it ends with.

use crate::support::{program::Project, scripted::serve_each};
use serde_json::Value;
use std::{fs, net::TcpListener};

pub(crate) const DIRECT: &str = "sealcheck: 1
name: direct mail reaches the inbox
tags: [smoke, direct]
send: { from: external, to: gmail }
wait: { timeout: 20s }
expect:
  - smtp: { code: 250 }
  - delivered: gmail
snapshot: none
";

const BOUNCES: &str = "sealcheck: 1
name: refused at once
send: { from: external, to: gmail }
wait: { timeout: 20s }
lab: { gmail: { reject: 550 5.7.1 no } }
expect:
  - bounced: { to: external, status: 5.7.1 }
snapshot: none
";

/// Wants a folder that the mail does not go to.
pub(crate) const WRONG: &str = "sealcheck: 1
name: wants spam
tags: [wrong]
send: { from: external, to: gmail }
wait: { timeout: 20s }
expect:
  - delivered: { to: gmail, folder: spam }
snapshot: none
";

/// Waits for what never comes; its first event tells a test that the run is going on.
const ENDLESS: &str = "sealcheck: 1
name: waits for ever
send: { from: external, to: gmail }
wait: { timeout: 10m }
expect:
  - delivered: gmail
  - bounced: external
snapshot: none
";

/// A port where nobody listens.
fn dead_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A project file whose target gmail is a server that is not there.
fn dead_target() -> String {
    local_target(dead_port())
}

/// A project file whose target gmail is this port.
fn local_target(port: u16) -> String {
    format!(
        "sealcheck: 1
target: gmail
accounts:
  external:
    address: probe@ext.example
    smtp: {{ host: 127.0.0.1, port: {port}, tls: none }}
  gmail:
    address: probe.inbox@gmail.com
    imap: {{ host: 127.0.0.1, port: {port}, tls: implicit, password: {{ env: GMAIL_PASSWORD }} }}
"
    )
}

#[test]
fn help_and_version_are_no_errors() {
    let project = Project::new();
    let help = project.run(&["--help"]);
    assert_eq!(help.code, 0);
    for command in [
        "run",
        "list",
        "check",
        "inspect",
        "doctor",
        "lab",
        "report",
        "merge",
        "history",
        "snapshots",
        "schema",
        "completions",
    ] {
        assert!(help.stdout.contains(command), "{command}\n{}", help.stdout);
    }
    assert!(project.run(&["--version"]).stdout.starts_with("sealcheck "));
    assert!(project.run(&["completions", "bash"]).stdout.contains("_sealcheck"));
}

#[test]
fn a_good_run_ends_with_0() {
    let project = Project::new().scenario("direct", DIRECT);
    let run = project.run(&["run", "direct"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stdout.starts_with("sealcheck "), "{run}");
    assert!(run.stdout.contains("PASS") && run.stdout.contains("1 run: 1 passed"), "{run}");
    assert!(!run.stdout.contains('\u{1b}'), "no terminal, no colours: {run}");
    assert_eq!(fs::read_to_string(project.path(".sealcheck/.gitignore")).unwrap(), "*\n");
}

#[test]
fn a_failing_run_ends_with_1_and_names_the_check() {
    let project = Project::new().scenario("wrong", WRONG);
    let run = project.run(&["run", "--report", "json=out/result.json", "--report", "junit=out/junit.xml"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stdout.contains("error[expect[0].delivered]"), "{run}");
    assert!(run.stdout.contains("scenarios/wrong.yaml:7"), "{run}");
    let result: Value = serde_json::from_str(&project.read("out/result.json")).unwrap();
    let attempt = &result["scenarios"][0]["attempts"][0];
    assert_eq!(result["totals"]["failed"], 1);
    assert_eq!(attempt["status"], "failed");
    for artifact in attempt["artifacts"].as_array().unwrap() {
        let path =
            format!(".sealcheck/runs/{}/{}", result["run"]["id"].as_str().unwrap(), artifact["path"].as_str().unwrap());
        assert!(project.path(&path).exists(), "{path}");
    }
    let names: Vec<_> = attempt["artifacts"].as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap()).collect();
    for name in ["sent.eml", "received.eml", "smtp.log", "imap.log", "dns.zone", "diagnosis.txt"] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    assert!(project.read("out/junit.xml").contains(r#"type="expect[0].delivered""#));
}

#[test]
fn an_unknown_key_ends_with_2_and_nothing_is_sent() {
    let project = Project::new().scenario("direct", DIRECT).scenario("typo", &DIRECT.replace("tags:", "tag:"));
    for command in ["run", "check", "list"] {
        let run = project.run(&[command]);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains("scenarios/typo.yaml:3:1"), "{run}");
        assert!(run.stderr.contains("tag: [smoke, direct]"), "no excerpt: {run}");
    }
    assert!(!project.path(".sealcheck").exists(), "something was run");
}

#[test]
fn what_cannot_work_ends_with_2_before_anything_is_sent() {
    let unknown = DIRECT.replace("to: gmail }", "to: gmail, subject: hello $nobdy }");
    let account = DIRECT.replace("to: gmail }", "to: gmial }");
    let mailbox = DIRECT.replace("delivered: gmail", "delivered: company");
    for (text, place, word) in [(unknown, ":4:", "$nobdy"), (account, ":4:", "gmial"), (mailbox, ":8:", "company")] {
        let project = Project::new().scenario("direct", DIRECT).scenario("odd", &text);
        let run = project.run(&["run"]);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains(&format!("scenarios/odd.yaml{place}")) && run.stderr.contains(word), "{run}");
        assert!(!project.path(".sealcheck").exists(), "something was run");
    }
}

/// A project file with an account that nobody can log in to without a secret.
const ACCOUNTS: &str = "sealcheck: 1
accounts:
  external:
    address: probe@ext.example
    smtp: { host: smtp.ext.example, tls: none, password: { env: NOBODY_HAS_IT } }
  gmail:
    address: probe.inbox@gmail.com
    imap: { provider: gmail, auth: app_password, password: { env: NOBODY_HAS_IT } }
  gmail-2:
    address: second@gmail.com
";

#[test]
fn check_looks_up_names_without_secrets() {
    let both = DIRECT.replace("name:", "targets: [embedded, gmail]\nname:");
    let sound = both.replace("to: gmail }", "to: gmail, headers: { Cc: $gmail-2.address } }");
    let project = Project::new().config(ACCOUNTS).scenario("direct", &sound);
    let check = project.run(&["check"]);
    assert_eq!(check.code, 0, "{check}");
    assert_eq!(check.stdout, "1 scenario in 1 file is sound, with 1 warning\n", "{check}");
    assert!(check.stderr.contains("warning[W08]") && check.stderr.contains("without TLS"), "{check}");
    assert_eq!(project.run(&["check", "--deny-warnings"]).code, 2);
    assert_eq!(project.run(&["check", "--deny-warnings", "--target", "embedded"]).code, 0);
    for (wrong, place, words) in [
        (both.replace("to: gmail }", "to: gmail-3 }"), ":5:", ["target embedded", "target gmail"]),
        (both.replace("to: gmail }", "to: gmail, subject: $who }"), ":5:", ["$who", "--var who=VALUE"]),
        (both.replace("to: gmail }", "to: gmail, subject: $gmial.user }"), ":5:", ["$gmial.user", "$gmail.user"]),
        (both.replace("delivered: gmail", "delivered: gmail-2"), ":9:", ["gmail-2", "`imap`"]),
        (both.replace("to: gmail }", "to: gmail, attach: [ { file: none.pdf } ] }"), ":5:", ["none.pdf", "relative"]),
    ] {
        let project = Project::new().config(ACCOUNTS).scenario("sound", &both).scenario("odd", &wrong);
        let check = project.run(&["check"]);
        assert_eq!(check.code, 2, "{check}");
        assert!(check.stderr.contains(&format!("scenarios/odd.yaml{place}")), "{check}");
        assert!(words.iter().all(|w| check.stderr.contains(w)), "{words:?} {check}");
    }
    let named = both.replace("to: gmail }", "to: gmail, subject: $who }");
    let project = Project::new().config(ACCOUNTS).scenario("named", &named);
    assert_eq!(project.run(&["check", "--var", "who=me"]).code, 0);
    // Without accounts nobody means to run against real servers.
    assert_eq!(Project::new().scenario("direct", &both).run(&["check"]).code, 0);
    assert_eq!(Project::new().scenario("direct", &both).run(&["check", "--target", "gmail"]).code, 2);
}

#[test]
fn check_reads_the_project_file_to_its_end() {
    for (config, place, word) in [
        ("sealcheck: 1\nprofiles:\n  ci: { tags: [smoke, a and] }\n", ":3:23", "column 6: a tag is missing"),
        ("sealcheck: 1\nprofiles:\n  ci: { report: [json, pdf=x] }\n", ":3:24", "unknown report format `pdf`"),
        ("sealcheck: 1\nlimits:\n  gmial: { jobs: 2 }\n", ":3:3", "no account `gmial` to limit"),
        ("sealcheck: 1\nscenarioss: x\n", ":2:1", "did you mean `scenarios`?"),
    ] {
        let project = Project::new().config(config).scenario("direct", DIRECT);
        let check = project.run(&["check"]);
        assert_eq!(check.code, 2, "{check}");
        assert!(check.stderr.contains(&format!("sealcheck.yaml{place}")) && check.stderr.contains(word), "{check}");
        let check = project.run(&["check", "--format", "json"]);
        let document: Value = serde_json::from_str(&check.stdout).unwrap();
        assert_eq!((check.code, document["errors"][0]["file"].as_str()), (2, Some("sealcheck.yaml")), "{check}");
    }
}

#[test]
fn checking_nothing_ends_with_4() {
    let project = Project::new().scenario("direct", DIRECT);
    fs::create_dir(project.path("scenarios/folder.yaml")).unwrap();
    let check = project.run(&["check", "scenarios/folder.yaml"]);
    assert_eq!(check.code, 4, "{check}");
    assert!(check.stderr.contains("no scenario"), "{check}");
    assert_eq!(project.run(&["check"]).code, 0);
}

#[test]
fn check_warns_about_what_proves_little() {
    let odd = DIRECT.replace("  - delivered: gmail\n", "");
    let project = Project::new().scenario("odd", &odd).scenario("direct", DIRECT);
    let check = project.run(&["check"]);
    assert_eq!((check.code, check.stdout.as_str()), (0, "2 scenarios in 2 files are sound, with 1 warning\n"));
    assert!(check.stderr.contains("warning[W03]") && check.stderr.contains("scenarios/odd.yaml:7:"), "{check}");
    let check = project.run(&["check", "--format", "json", "--deny-warnings"]);
    let document: Value = serde_json::from_str(&check.stdout).unwrap();
    assert_eq!((check.code, document["scenarios"].as_u64()), (2, Some(2)), "{check}");
    assert_eq!((&document["warnings"][0]["code"], &document["warnings"][0]["line"]), (&"W03".into(), &7.into()));
}

#[test]
fn wrong_arguments_end_with_2() {
    let project = Project::new().scenario("direct", DIRECT);
    for (args, word) in [
        (vec!["run", "--report", "xml"], "console, github, html"),
        (vec!["run", "--report", "json", "--report", "jsonl"], "standard output"),
        (vec!["run", "-t", "a and"], "a tag is missing"),
        (vec!["run", "--target", "moon"], "unknown target"),
        (vec!["run", "--shard", "3/2"], "2/5"),
        (vec!["run", "--timeout", "5"], "unit"),
        (vec!["run", "--profile", "ci"], "unknown profile"),
        (vec!["run", "--var", "1=2"], "a name"),
        (vec!["run", "nothing-like-it"], "nothing-like-it"),
        (vec!["fly"], "fly"),
    ] {
        let run = project.run(&args);
        assert_eq!(run.code, 2, "{args:?} {run}");
        assert!(run.stderr.contains(word), "{args:?} {run}");
    }
    assert!(!project.path(".sealcheck").exists(), "something was run");
}

#[test]
fn a_dead_port_ends_with_3() {
    let project =
        Project::new().config(&dead_target()).scenario("direct", &DIRECT.replace("name:", "targets: [gmail]\nname:"));
    let project = project.env("GMAIL_PASSWORD", "abcdefghijklmnop");
    let run = project.run(&["run", "--report", "junit=j.xml"]);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stdout.contains("error[H04]"), "{run}");
    assert!(project.read("j.xml").contains(r#"type="H04""#));
}

#[test]
fn a_missing_secret_ends_with_2() {
    let project =
        Project::new().config(&dead_target()).scenario("direct", &DIRECT.replace("name:", "targets: [gmail]\nname:"));
    let run = project.run(&["run"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("GMAIL_PASSWORD") && run.stderr.contains("sealcheck.yaml:9:"), "{run}");
}

#[test]
fn a_failure_does_not_hide_behind_an_inconclusive_neighbour() {
    let inconclusive = "sealcheck: 1
name: DNS gives no answer
send: { from: external, to: company }
wait: { timeout: 20s }
lab: { dns: [ { name: arc-20260327._domainkey.google.com, type: TXT, answer: servfail } ] }
expect:
  - delivered: { to: gmail, folder: any, arc: { verify: true } }
snapshot: none
";
    let project = Project::new().scenario("dark", inconclusive).scenario("wrong", WRONG);
    let alone = project.run(&["run", "dark"]);
    assert_eq!(alone.code, 3, "{alone}");
    assert!(alone.stdout.contains("error[H03]"), "{alone}");
    let both = project.run(&["run"]);
    assert_eq!(both.code, 1, "{both}");
    assert!(both.stdout.contains("1 failed, 1 errored"), "{both}");
}

#[test]
fn nothing_selected_ends_with_4() {
    let project = Project::new().scenario("direct", DIRECT);
    let run = project.run(&["run", "-t", "slow"]);
    assert_eq!(run.code, 4, "{run}");
    assert!(run.stderr.contains("sealcheck list"), "{run}");
    assert_eq!(project.run(&["run", "-t", "slow", "--no-tests", "pass"]).code, 0);
}

#[test]
fn a_snapshot_that_nobody_has_accepted_ends_with_5_then_0_then_1() {
    let text = DIRECT.replace("snapshot: none\n", "");
    let project = Project::new().scenario("direct", &text);
    let first = project.run(&["run"]);
    assert_eq!(first.code, 5, "{first}");
    let snap = "snapshots/embedded/direct.snap";
    assert!(project.path(&format!("{snap}.new")).exists());
    assert_eq!(project.run(&["snapshots", "accept"]).code, 0);
    assert!(project.path(snap).exists());
    let second = project.run(&["run"]);
    assert_eq!(second.code, 0, "{second}");
    assert!(second.stdout.contains("snapshots 1 ok"), "{second}");
    let accepted = project.read(snap);
    fs::write(project.path(snap), accepted.replace("folder: inbox", "folder: spam")).unwrap();
    let third = project.run(&["run", "--update", "never"]);
    assert_eq!(third.code, 1, "{third}");
    assert!(third.stdout.contains("error[snapshot]"), "{third}");
    fs::write(project.path(snap), accepted).unwrap();
    fs::rename(project.path("scenarios/direct.yaml"), project.path("scenarios/other.yaml")).unwrap();
    let renamed = project.run(&["run", "--update", "new", "--obsolete", "fail"]);
    assert_eq!(renamed.code, 5, "{renamed}");
    assert!(renamed.stdout.contains("obsolete snapshot snapshots/embedded/direct.snap"), "{renamed}");
}

#[test]
fn a_failure_leaves_no_snapshot() {
    let project = Project::new().scenario("wrong", &WRONG.replace("snapshot: none\n", ""));
    let run = project.run(&["run", "--update", "all", "--report", "json=result.json"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(!project.path("snapshots").exists(), "{run}");
    let result: Value = serde_json::from_str(&project.read("result.json")).unwrap();
    assert_eq!(result["scenarios"][0]["snapshot"]["status"], "skipped");
}

#[test]
fn a_pass_after_a_retry_leaves_no_snapshot_either() {
    let server = serve_each(4, |number, c| {
        if number % 2 == 0 {
            c.say("554 5.3.2 not now\r\n").until_hangup();
            return;
        }
        c.say("220 mx.example ESMTP\r\n").hear("EHLO");
        c.say("250 mx.example\r\n").hear("MAIL FROM:");
        c.say("250 2.1.0 ok\r\n").hear("RCPT TO:");
        c.say("250 2.1.5 ok\r\n").hear("DATA");
        c.say("354 go ahead\r\n").message();
        c.say("250 2.0.0 ok\r\n").hear("QUIT");
        c.say("221 2.0.0 bye\r\n");
    });
    let text = "sealcheck: 1
name: taken at the second try
send: { from: external, to: gmail }
wait: { timeout: 20s }
retries: { max: 1, on: [error], delay: 0s }
expect:
  - smtp: { code: 250 }
snapshot: none
";
    let project = Project::new().config(&local_target(server.port)).scenario("flaky", text);
    let project = project.env("GMAIL_PASSWORD", "abcdefghijklmnop");
    for (policy, code) in [("pass", 0), ("fail", 5)] {
        let run = project.run(&["run", "--update", "all", "--flaky", policy]);
        assert_eq!(run.code, code, "{run}");
        assert!(run.stdout.contains("FLKY 2/2"), "{run}");
        assert!(!project.path("snapshots").exists(), "{run}");
    }
    server.done();
}

#[test]
fn a_report_that_cannot_be_written_is_found_before_anything_is_sent() {
    let project = Project::new().scenario("direct", DIRECT);
    fs::create_dir(project.path("taken")).unwrap();
    fs::write(project.path("file"), "mine").unwrap();
    let reports = ["--report", "junit=taken", "--report", "jsonl=file/below", "--report", "json=good/good.json"];
    let run = project.run(&[&["run"], &reports[..]].concat());
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run}");
    for wrong in ["cannot write report junit=taken: is a directory", "cannot write report jsonl=file/below: "] {
        assert!(run.stderr.contains(wrong), "{run}");
    }
    assert!(!run.stderr.contains("good.json"), "{run}");
    assert!(!project.path(".sealcheck").exists() && !project.path("good").exists());
    fs::write(project.path(".sealcheck"), "").unwrap();
    let run = project.run(&["run"]);
    assert!(run.code == 2 && run.stderr.contains("cannot write report jsonl=.sealcheck/runs/"), "{run}");
    assert_eq!(project.read("file"), "mine");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_ends_with_130_and_writes_its_reports() {
    let project = Project::new().scenario("a-waits", ENDLESS).scenario("b-direct", DIRECT);
    let args = ["run", "-j", "1", "--report", "jsonl", "--report", "json=r.json", "--report", "junit=j.xml"];
    let run = project.run_until(&args, |line| line.contains("\"kind\":\"wait\""), "INT");
    assert_eq!(run.code, 130, "{run}");
    let result: Value = serde_json::from_str(&project.read("r.json")).unwrap();
    assert_eq!(result["totals"]["not_run"], 2, "{result:#}");
    assert_eq!(result["run"]["complete"], false);
    assert_eq!(result["run"]["stopped"], "interrupted");
    assert_eq!(result["run"]["exit_code"], 130);
    assert_eq!(project.read("j.xml").matches("not run: interrupted").count(), 2);
    let last: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "run_finished");
}

#[cfg(unix)]
#[test]
fn a_terminated_run_ends_with_143() {
    let project = Project::new().scenario("waits", ENDLESS);
    let run = project.run_until(&["run", "--report", "jsonl"], |line| line.contains("\"kind\":\"wait\""), "TERM");
    assert_eq!(run.code, 143, "{run}");
}

#[test]
fn the_global_timeout_ends_what_runs() {
    let project = Project::new().scenario("waits", ENDLESS);
    let run = project.run(&["run", "--global-timeout", "2s"]);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stdout.contains("global timeout: 1 not run"), "{run}");
}

#[test]
fn fail_fast_starts_no_more() {
    let project = Project::new().scenario("a-wrong", WRONG).scenario("b", DIRECT).scenario("c", DIRECT);
    let run = project.run(&["run", "-j", "1", "--fail-fast"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stdout.contains("1 run: 0 passed, 1 failed, 2 not run"), "{run}");
}

#[test]
fn every_retry_sends_a_new_mail() {
    let project = Project::new().scenario("wrong", WRONG);
    let run = project.run(&["run", "--retries", "2", "--report", "json=r.json"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stdout.contains("TRY 1 FAIL") && run.stdout.contains("TRY 2 FAIL"), "{run}");
    let result: Value = serde_json::from_str(&project.read("r.json")).unwrap();
    let attempts = result["scenarios"][0]["attempts"].as_array().unwrap();
    let ids: std::collections::BTreeSet<_> = attempts.iter().map(|a| a["message_id"].as_str().unwrap()).collect();
    assert_eq!((attempts.len(), ids.len()), (3, 3), "{ids:?}");
}

#[test]
fn a_known_issue_is_expected_until_its_day() {
    let known = |until: &str| {
        WRONG.replace("tags:", &format!("known_issue: {{ reason: lands in the inbox, until: {until} }}\ntags:"))
    };
    let project = Project::new().scenario("wrong", &known("2999-01-01"));
    let run = project.run(&["run"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stdout.contains("XFAIL") && run.stdout.contains("lands in the inbox"), "{run}");
    let run = Project::new().scenario("wrong", &known("2001-01-01")).run(&["run"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stdout.contains("known only until 2001-01-01"), "{run}");
    let passes = DIRECT.replace("tags:", "known_issue: { reason: no more }\ntags:");
    let run = Project::new().scenario("direct", &passes).run(&["run"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stdout.contains("XPASS"), "{run}");
}

#[test]
fn a_matrix_is_one_scenario_a_row_and_shards_share_them() {
    let matrix = DIRECT
        .replace("tags:", "matrix: { word: [one, two, three] }\ntags:")
        .replace("gmail }", "gmail, subject: $word }");
    let project = Project::new()
        .scenario("direct", &matrix)
        .scenario("skipped", &DIRECT.replace("tags:", "skip: not now\ntags:"));
    let list: Value = serde_json::from_str(&project.run(&["list", "--format", "json"]).stdout).unwrap();
    let ids: Vec<_> = list["scenarios"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["direct[word=one]", "direct[word=two]", "direct[word=three]", "skipped"]);
    assert_eq!(list["scenarios"][1]["params"]["word"], "two");
    let run = project.run(&["run"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stdout.contains("3 run: 3 passed, 1 skipped"), "{run}");
    let first = project.run(&["run", "--shard", "1/2", "--list"]).stdout;
    let second = project.run(&["run", "--shard", "2/2", "--list"]).stdout;
    let mut both: Vec<_> = first.lines().chain(second.lines()).collect();
    both.sort_unstable();
    assert_eq!(both.len(), 4);
    assert_eq!(project.run(&["run", "direct[word=two]", "--list"]).stdout, "direct[word=two]\n");
}

#[test]
fn machine_output_stands_alone_on_standard_output() {
    let project = Project::new().scenario("direct", DIRECT);
    let run = project.run(&["run", "--report", "json"]);
    assert_eq!(run.code, 0, "{run}");
    let result: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(result["totals"]["passed"], 1);
    assert!(run.stderr.contains("1 run: 1 passed"), "{run}");
}

#[test]
fn a_profile_counts_where_the_command_line_says_nothing() {
    let config = "sealcheck: 1
profiles:
  smoke: { tags: [smoke], fail_fast: true }
  ci: { inherits: smoke, report: [junit=from-profile.xml] }
";
    let project = Project::new().config(config).scenario("direct", DIRECT).scenario("wrong", WRONG);
    let run = project.run(&["run", "--profile", "ci"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stdout.contains("1 run: 1 passed"), "{run}");
    assert!(project.path("from-profile.xml").exists());
    let run = project.run(&["run", "--profile", "ci", "-t", "wrong", "--report", "console"]);
    assert_eq!(run.code, 1, "{run}");
}

#[test]
fn a_mail_that_bounces_is_seen_in_the_senders_mailbox() {
    let project = Project::new().scenario("bounces", BOUNCES);
    let run = project.run(&["run", "--artifacts", "all", "--report", "json=r.json"]);
    assert_eq!(run.code, 0, "{run}");
    let result: Value = serde_json::from_str(&project.read("r.json")).unwrap();
    let attempt = &result["scenarios"][0]["attempts"][0];
    assert_eq!(attempt["observed"][0]["kind"], "bounce");
    assert!(attempt["artifacts"].as_array().unwrap().iter().any(|a| a["name"] == "bounce.eml"));
}

#[test]
fn what_is_no_project_file_ends_with_2() {
    let project = Project::new().scenario("direct", DIRECT);
    fs::create_dir(project.path("sealcheck.yaml")).unwrap();
    for args in [&["check"][..], &["check", "--config", "none.yaml"]] {
        let check = project.run(args);
        assert_eq!(check.code, 2, "{check}");
        assert!(check.stderr.contains("the file cannot be read"), "{check}");
    }
    fs::write(project.path("large.yaml"), vec![b' '; 1_000_001]).unwrap();
    let check = project.run(&["check", "--config", "large.yaml"]);
    assert!(check.code == 2 && check.stderr.contains("too large"), "{check}");
}

#[test]
fn the_committed_schemas_of_results_are_those_of_the_code() {
    for name in ["result", "event", "doctor", "settings", "inspect"] {
        let now = Project::new().run(&["schema", name]).stdout;
        let path = format!("{}/schemas/{name}.v1.json", env!("CARGO_MANIFEST_DIR"));
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == now,
            "schemas/{name}.v1.json is stale: cargo run -- schema {name} > schemas/{name}.v1.json"
        );
    }
}
