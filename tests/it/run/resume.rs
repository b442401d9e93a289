//! `run --resume`: looking again for mail that an earlier run sent; and `run --failed`.

use crate::support::program::{Lab, Project, Ran};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::{
    fs, io,
    net::TcpListener,
    path::PathBuf,
    time::{Duration, Instant},
};

/// A scenario for the lab in another process; the count sees a mail that is sent twice.
fn scenario(name: &str, timeout: &str) -> String {
    format!(
        "sealcheck: 1
name: {name}
targets: [gmail]
send: {{ from: external, to: company, subject: $token }}
wait: {{ timeout: {timeout} }}
snapshot: none
expect:
  - smtp: {{ code: 250 }}
  - delivered: gmail
  - count: {{ to: gmail, is: 1, settle: 100ms }}
"
    )
}

fn project(timeout: &str) -> Project {
    Project::new().scenario("slow", &scenario("slow", timeout))
}

fn lab(project: &Project, knobs: &[&str]) -> Lab {
    let knobs: Vec<&str> = knobs.iter().flat_map(|knob| ["--knob", knob]).collect();
    project.lab(&[&["--config-out", "sealcheck.yaml"], &knobs[..]].concat())
}

fn result(project: &Project) -> Value {
    serde_json::from_str(&project.read("r.json")).unwrap()
}

/// Runs, and reads what it came to.
fn run(project: &Project, args: &[&str]) -> (Ran, Value) {
    fs::remove_file(project.path("r.json")).ok();
    let ran =
        project.run(&[&["run", "--target", "gmail", "--report", "json=r.json", "--report", "console"], args].concat());
    let result = if project.path("r.json").exists() { result(project) } else { Value::Null };
    (ran, result)
}

/// Looks again until the mail is not missing any more.
fn resume_until_it_came(project: &Project) -> (Ran, Value) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let (ran, result) = run(project, &["--resume", "last"]);
        if result["totals"]["timed_out"] != 1 || Instant::now() > deadline {
            return (ran, result);
        }
    }
}

/// Puts a server that nobody may speak to in the place of the one that mail is handed to.
fn without_submission(project: &Project, lab: &Lab) -> TcpListener {
    let servers = lab.ready["servers"].as_array().unwrap();
    let server = servers.iter().find(|s| s["name"] == "submission").unwrap();
    let port = server["address"].as_str().unwrap().rsplit_once(':').unwrap().1.to_owned();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    silent.set_nonblocking(true).unwrap();
    let config = project.read("sealcheck.yaml");
    let other = config.replace(&format!("port: {port}"), &format!("port: {}", silent.local_addr().unwrap().port()));
    assert_ne!(config, other);
    fs::write(project.path("sealcheck.yaml"), other).unwrap();
    silent
}

/// The records of the runs that are kept, the oldest first.
fn records(project: &Project) -> Vec<PathBuf> {
    let mut all: Vec<_> = fs::read_dir(project.path(".sealcheck/runs")).unwrap().map(|e| e.unwrap().path()).collect();
    all.sort();
    all.into_iter().map(|dir| dir.join("events.jsonl")).collect()
}

/// A record whose mails were sent so much earlier.
pub(crate) fn earlier(record: &str, by: SignedDuration) -> String {
    let shift = |value: &mut Value| {
        let time: Timestamp = value.as_str().unwrap().parse().unwrap();
        *value = json!((time - by).to_string());
    };
    let line = |line: &str| {
        let mut event: Value = serde_json::from_str(line).unwrap();
        match event["event"].as_str() {
            Some("mail_composed") => shift(&mut event["mail"]["started_at"]),
            Some("mail_submitted") => shift(&mut event["submission"]["at"]),
            _ => {}
        }
        event.to_string() + "\n"
    };
    record.lines().map(line).collect()
}

#[test]
fn mail_that_came_after_the_run_is_found_and_nothing_is_sent() {
    let project = Project::new().scenario("slow", &(scenario("slow", "1s") + "cleanup: delete\n"));
    let lab = lab(&project, &["gmail.delay=2500ms"]);
    let (ran, first) = run(&project, &[]);
    assert_eq!((ran.code, &first["scenarios"][0]["status"]), (1, &json!("timed_out")), "{ran}");
    let silent = without_submission(&project, &lab);

    let (ran, missing) = run(&project, &["--resume", "last"]);
    if missing["totals"]["timed_out"] == 1 {
        assert!(ran.stdout.contains("absent in gmail, sent ") && ran.stdout.contains(" ago"), "{ran}");
    }
    assert!(ran.stderr.contains("warning: the project file is not the one of run"), "{ran}");
    let (ran, found) = resume_until_it_came(&project);
    // The receiver got it in time, and showed it later.
    assert_eq!((ran.code, &found["scenarios"][0]["status"]), (0, &json!("passed")), "{ran}");
    let (old, new) = (&first["scenarios"][0]["attempts"][0], &found["scenarios"][0]["attempts"][0]);
    for same in ["token", "message_id", "queue_ids", "n"] {
        assert_eq!(old[same], new[same], "{same}");
    }
    assert_ne!(first["run"]["id"], found["run"]["id"]);
    // The scenario cleans up: what looks again from the first record finds nothing any more, and says so.
    let record = records(&project).remove(0);
    let (ran, gone) = run(&project, &["--resume", record.to_str().unwrap()]);
    assert_eq!((ran.code, &gone["scenarios"][0]["status"]), (1, &json!("timed_out")), "{ran}");
    // By its id, the run is what was found out since.
    let (ran, known) = run(&project, &["--resume", first["run"]["id"].as_str().unwrap()]);
    assert_eq!(ran.code, 1, "{ran}");
    assert_eq!(known["run"]["resumes"], gone["run"]["id"], "{ran}");
    assert_eq!(silent.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock, "somebody connected to send");
    // Told once, however often it was looked at.
    let history: Value = serde_json::from_str(&project.run(&["history", "--format", "json"]).stdout).unwrap();
    assert!(history["scenarios"][0]["runs"].as_u64().unwrap() <= 2, "{history}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn mail_that_came_after_its_time_is_late() {
    let project = project("1s");
    let lab = lab(&project, &["gmail.delay=1500ms"]);
    let (ran, _) = run(&project, &["--record", "all.jsonl"]);
    assert_eq!(ran.code, 1, "{ran}");
    // As if it had been sent an hour before the receiver got it.
    fs::write(project.path("all.jsonl"), earlier(&project.read("all.jsonl"), SignedDuration::from_hours(1))).unwrap();
    let _silent = without_submission(&project, &lab);
    let deadline = Instant::now() + Duration::from_secs(30);
    let (ran, late) = loop {
        let (ran, result) = run(&project, &["--resume", "all.jsonl"]);
        if result["totals"]["timed_out"] != 1 || Instant::now() > deadline {
            break (ran, result);
        }
        assert!(ran.stdout.contains("sent 1h"), "{ran}");
    };
    assert_eq!((ran.code, &late["totals"]["late"]), (1, &json!(1)), "{ran}");
    assert!(ran.stdout.contains("LATE") && ran.stdout.contains("came late: inbox"), "{ran}");
    let attempt = &late["scenarios"][0]["attempts"][0];
    let after = attempt["observed"][0]["after_ms"].as_u64().unwrap();
    assert!((3_590_000..3_660_000).contains(&after), "{after}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_run_that_was_cut_off_is_completed() {
    for (signal, code) in [("KILL", -1), ("INT", 130)] {
        cut_off(signal, code);
    }
}

fn cut_off(signal: &str, code: i32) {
    let project = project("60s").scenario("unsent", &scenario("unsent", "60s"));
    let lab = lab(&project, &["gmail.delay=1s"]);
    let args = ["run", "--target", "gmail", "-j", "1", "--shard", "1/1", "--report", "jsonl"];
    let ran = project.run_until(&args, |line| line.contains("\"kind\":\"wait\""), signal);
    assert_eq!(ran.code, code, "{ran}");
    let silent = without_submission(&project, &lab);
    let (ran, whole) = run(&project, &["--resume", "last", "--record", "shard.jsonl"]);
    // What was never sent is not for good.
    assert_eq!((ran.code, &whole["totals"]["passed"], &whole["totals"]["not_run"]), (3, &json!(1), &json!(1)), "{ran}");
    assert_eq!(whole["run"]["complete"], false);
    let statuses: Vec<_> = whole["scenarios"].as_array().unwrap().iter().map(|s| (&s["id"], &s["status"])).collect();
    assert_eq!(statuses, [(&json!("slow"), &json!("passed")), (&json!("unsent"), &json!("not_run"))], "{ran}");
    assert_eq!(silent.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock, "somebody connected to send");
    let listed = project.run(&["run", "--target", "gmail", "--failed", "--list"]);
    assert_eq!(listed.stdout, "unsent\n", "{listed}");
    // Nothing is left to look at, and what was decided stays.
    let (ran, again) = run(&project, &["--resume", "last"]);
    assert_eq!((ran.code, &again["totals"], &again["scenarios"]), (3, &whole["totals"], &whole["scenarios"]), "{ran}");
    let merged = project.run(&["merge", "shard.jsonl", "--expect-shards", "1", "--report", "json=merged.json"]);
    let all: Value = serde_json::from_str(&project.read("merged.json")).unwrap();
    assert_eq!((merged.code, &all["totals"]), (3, &whole["totals"]), "{merged}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn what_was_deleted_before_a_run_was_cut_off_is_not_lost() {
    let project = Project::new().scenario("slow", &format!("{}cleanup: delete\n", scenario("slow", "20s")));
    let lab = lab(&project, &[]);
    assert_eq!(run(&project, &[]).0.code, 0);
    let _silent = without_submission(&project, &lab);
    // As if the run had been killed when it had deleted the mail.
    let record = fs::read_to_string(&records(&project)[0]).unwrap();
    let lines: Vec<&str> = record.lines().collect();
    let cleanup = lines.iter().rposition(|line| line.contains(r#""event":"step""#)).unwrap();
    assert!(lines[cleanup].contains(r#""kind":"cleanup""#), "{record}");
    fs::write(project.path("cut.jsonl"), lines[..=cleanup].join("\n") + "\n").unwrap();
    let (ran, result) = run(&project, &["--resume", "cut.jsonl"]);
    assert_eq!(ran.code, 3, "{ran}");
    assert_eq!(result["scenarios"][0]["status"], "not_run");
    let reason = "the run broke off while it deleted what had arrived, which cannot be looked for again";
    assert_eq!(result["scenarios"][0]["reason"], reason);
}

#[test]
fn a_copy_in_the_inbox_and_in_all_mail_is_seen_once_and_deleted_once() {
    let project = project("20s");
    let lab = lab(&project, &[]);
    assert_eq!(run(&project, &[]).0.code, 0);
    let _silent = without_submission(&project, &lab);
    // As if the run had been killed when it had handed the mail over.
    let record = fs::read_to_string(&records(&project)[0]).unwrap();
    let lines: Vec<&str> = record.lines().collect();
    let submitted = lines.iter().position(|line| line.contains(r#""event":"mail_submitted""#)).unwrap();
    fs::write(project.path("cut.jsonl"), lines[..=submitted].join("\n") + "\n").unwrap();
    fs::write(project.path("scenarios/slow.yaml"), scenario("slow", "20s") + "cleanup: delete\n").unwrap();
    let (ran, result) = run(&project, &["--resume", "cut.jsonl"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(!ran.stdout.contains("cleanup:"), "{ran}");
    assert_eq!(result["scenarios"][0]["attempts"][0]["observed"].as_array().unwrap().len(), 1, "{result}");
}

#[test]
fn a_bounce_that_came_after_the_run_is_found() {
    let text = "sealcheck: 1
name: bounce
targets: [gmail]
send: { from: external, to: company }
wait: { timeout: 1s }
snapshot: none
expect:
  - bounced: { to: external, action: failed }
  - absent: { from: gmail, settle: 100ms }
";
    let project = Project::new().scenario("bounce", text);
    let lab = lab(&project, &["external.patience=3s", "company.reject=\"450 4.7.1 later\""]);
    let (ran, _) = run(&project, &[]);
    assert_eq!(ran.code, 1, "{ran}");
    let _silent = without_submission(&project, &lab);
    let (ran, late) = resume_until_it_came(&project);
    assert_eq!((ran.code, &late["totals"]["late"]), (1, &json!(1)), "{ran}");
    let attempt = &late["scenarios"][0]["attempts"][0];
    assert_eq!(attempt["observed"][0]["kind"], "bounce", "{attempt}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn what_was_decided_stays_and_its_files_are_found() {
    let bad = scenario("bad", "20s").replace("code: 250", "code: 252");
    let project = project("1s").scenario("bad", &bad);
    let lab = lab(&project, &["gmail.delay=1500ms"]);
    let (ran, first) = run(&project, &["-j", "1", "--record", "all.jsonl"]);
    let statuses = |of: &Value| {
        let all = of["scenarios"].as_array().unwrap();
        all.iter().map(|s| s["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((ran.code, statuses(&first)), (1, vec!["failed".to_owned(), "timed_out".to_owned()]), "{ran}");
    let _silent = without_submission(&project, &lab);
    let (ran, found) = resume_until_it_came(&project);
    assert_eq!((ran.code, statuses(&found)), (1, vec!["failed".to_owned(), "passed".to_owned()]), "{ran}");
    let (old, new) = (&first["scenarios"][0], &found["scenarios"][0]);
    assert_eq!(
        (&old["attempts"][0]["assertions"], &old["duration_ms"]),
        (&new["attempts"][0]["assertions"], &new["duration_ms"])
    );
    let folder = project.path(".sealcheck/runs").join(found["run"]["id"].as_str().unwrap());
    let artifacts = new["attempts"][0]["artifacts"].as_array().unwrap();
    assert!(!artifacts.is_empty());
    for artifact in artifacts {
        let path = folder.join(artifact["path"].as_str().unwrap());
        assert!(path.exists(), "{}", path.display());
    }
    // Limited to others, nothing is looked at.
    let (ran, limited) = run(&project, &["--resume", "all.jsonl", "bad"]);
    assert_eq!((ran.code, statuses(&limited)), (1, statuses(&first)), "{ran}");

    // A run that broke off while the mail was handed over: it came, but nobody knows what the server said.
    let until = |line: &&str| !(line.contains("mail_submitted") && line.contains("\"slow\""));
    let cut: String = project.read("all.jsonl").lines().take_while(until).map(|line| format!("{line}\n")).collect();
    fs::write(project.path("cut.jsonl"), cut).unwrap();
    let path = project.path("scenarios/slow.yaml");
    fs::write(&path, project.read("scenarios/slow.yaml") + "cleanup: delete\n").unwrap();
    let (ran, doubt) = run(&project, &["--resume", "cut.jsonl"]);
    let attempt = &doubt["scenarios"][1]["attempts"][0];
    let error = attempt["error"]["message"].as_str().unwrap();
    assert!(ran.code == 1 && error.contains("the run broke off while the mail was handed over"), "{ran}");
    assert_eq!(attempt["observed"][0]["kind"], "copy", "{attempt}");
    // It was deleted then, so nobody looks for it again.
    let (ran, kept) = run(&project, &["--resume", "last"]);
    let again = &kept["scenarios"][1]["attempts"][0];
    assert_eq!((ran.code, &again["error"], &again["observed"]), (1, &attempt["error"], &attempt["observed"]), "{ran}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_record_with_senseless_numbers_is_no_reason_to_panic() {
    let project = project("1s");
    let lab = lab(&project, &["gmail.delay=1h"]);
    let (ran, _) = run(&project, &["--record", "all.jsonl"]);
    assert_eq!(ran.code, 1, "{ran}");
    let bend = |change: &dyn Fn(&mut Value)| {
        let line = |line: &str| {
            let mut event: Value = serde_json::from_str(line).unwrap();
            change(&mut event);
            event.to_string() + "\n"
        };
        let text: String = project.read("all.jsonl").lines().map(line).collect();
        fs::write(project.path("bent.jsonl"), text).unwrap();
        let (ran, _) = run(&project, &["--resume", "bent.jsonl", "--global-timeout", "3s"]);
        assert!([1, 2, 3].contains(&ran.code) && !ran.stderr.contains("panicked"), "{ran}");
    };
    let mail = |event: &mut Value, key: &str, value: Value| {
        if event["event"] == "mail_composed" {
            event["mail"][key] = value;
        }
    };
    bend(&|event| {
        mail(event, "timeout_ms", json!(u64::MAX));
        mail(event, "started_at", json!("9999-01-01T00:00:00Z"));
    });
    bend(&|event| {
        mail(event, "started_at", json!("-9999-01-02T01:59:59Z"));
        if event["event"] == "mail_submitted" {
            event["submission"]["at"] = json!("-009999-01-02T01:59:59Z");
            event["submission"]["replies"][0]["at_ms"] = json!(u64::MAX);
        }
    });
    bend(&|event| mail(event, "date", json!(i64::MIN)));
    bend(&|event| {
        if event.get("attempt").is_some() {
            event["attempt"] = json!(u32::MAX);
        }
        if event["event"] == "scenario_finished" {
            event["report"]["attempts"] = json!([]);
        }
    });
    assert_eq!(lab.end(), 0);
}

#[test]
fn what_cannot_be_looked_at_is_refused_and_says_why() {
    let project = project("1s");
    let text = "sealcheck: 1\nname: here\nsend: { from: external, to: gmail }\nexpect: [ smtp: { code: 250 } ]\nsnapshot: none\n";
    let project = project.scenario("here", text);
    let lab = lab(&project, &["gmail.delay=1h"]);
    let refused = |args: &[&str], says: &str| {
        let ran = project.run(&[&["run"], args].concat());
        assert_eq!(ran.code, 2, "{args:?}: {ran}");
        assert!(ran.stderr.contains(says), "{args:?}: {ran}");
    };
    refused(&["--resume", "last"], "this project keeps no run; `sealcheck run` makes one");
    refused(&["--failed"], "this project keeps no run on target gmail");
    assert_eq!(project.run(&["run", "--target", "embedded"]).code, 0);
    refused(&["--resume", "last"], "nothing to look at: the world of target embedded ended with run");
    refused(&["--resume", "last", "--target", "gmail"], "this project keeps no run on target gmail");
    let (ran, _) = run(&project, &["slow", "--record", "all.jsonl"]);
    assert_eq!(ran.code, 1, "{ran}");
    let record = project.read("all.jsonl");
    refused(&["--resume", "all.jsonl", "--target", "rspamd"], "was against target gmail; leave --target out");
    refused(&["--resume", "all.jsonl", "--profile", "none"], "unknown profile `none`");
    refused(&["--resume", "all.jsonl", "--shard", "1/2"], "was not divided; leave --shard out");
    refused(&["--resume", "nothing"], "there is no file, folder or run `nothing`");
    refused(&["--resume", "last", "--failed"], "cannot be used with");
    refused(&["--resume", "last", "--repeat", "2"], "cannot be used with");
    refused(&["--resume", "scenarios/slow.yaml"], "no event of a run");
    fs::write(project.path("two.jsonl"), record.replace("\"target\":\"gmail\"", "\"target\":\"moon\"")).unwrap();
    refused(&["--resume", "two.jsonl"], "unknown target `moon`");
    fs::write(project.path("cut.jsonl"), record.lines().next().unwrap()).unwrap();
    let (ran, result) = run(&project, &["--resume", "cut.jsonl"]);
    assert_eq!((ran.code, &result["totals"]["not_run"]), (3, &json!(1)), "{ran}");
    // Others can be judged anew, another mail cannot.
    let path = project.path("scenarios/slow.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}# more\n")).unwrap();
    let (ran, _) = run(&project, &["--resume", "all.jsonl"]);
    assert!(ran.code == 1 && ran.stdout.contains("scenarios/slow.yaml has changed since run"), "{ran}");
    fs::write(&path, text.replace("$token", "other $token")).unwrap();
    refused(&["--resume", "all.jsonl"], "the mail of slow is not the one that was sent in run");
    fs::write(&path, text).unwrap();
    let config = project.read("sealcheck.yaml");
    let another = config.replace("address: probe.inbox@gmail.com", "address: probe.second@gmail.com");
    assert_ne!(config, another);
    fs::write(project.path("sealcheck.yaml"), another).unwrap();
    refused(&["--resume", "all.jsonl"], "account gmail was probe.inbox@gmail.com in run");
    fs::write(project.path("sealcheck.yaml"), config).unwrap();
    fs::remove_file(path).unwrap();
    refused(&["--resume", "all.jsonl"], "scenario slow of run");
    assert_eq!(lab.end(), 0);
}

#[test]
fn only_what_did_not_pass_is_run_again() {
    let text = |code: u16| {
        format!(
            "sealcheck: 1\nname: x\nsend: {{ from: external, to: gmail }}\nexpect: [ smtp: {{ code: {code} }} ]\nsnapshot: none\n"
        )
    };
    let project = Project::new().scenario("good", &text(250)).scenario("bad", &text(550)).scenario("worse", &text(551));
    assert_eq!(project.run(&["run"]).code, 1);
    let listed = |args: &[&str]| project.run(&[&["run", "--list"], args].concat()).stdout;
    assert_eq!(listed(&["--failed"]), "bad\nworse\n");
    assert_eq!(listed(&["--failed", "bad"]), "bad\n");
    let first = records(&project).remove(0);
    let ran = project.run(&["run", "--failed", "good"]);
    assert!(ran.code == 4 && ran.stderr.contains("that did not pass in run"), "{ran}");
    assert_eq!(project.run(&["run", "--failed", "good", "--no-tests", "pass"]).code, 0);
    let project = project.scenario("bad", &text(250)).scenario("worse", &text(250));
    let ran = project.run(&["run", "--failed"]);
    assert!(ran.code == 0 && ran.stdout.contains("2 run: 2 passed"), "{ran}");
    assert_eq!(project.run(&["run", "--failed"]).code, 4);
    let named = format!("--failed={}", first.display());
    let ran = project.run(&["run", "--list", &named]);
    assert_eq!(ran.stdout, "bad\nworse\n");
    let ran = project.run(&["run", "--target", "gmail", "--failed"]);
    assert!(ran.code == 2 && ran.stderr.contains("keeps no run on target gmail"), "{ran}");
}
