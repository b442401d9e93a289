//! A run that is ended at any moment leaves whole files and nothing that runs, and looking again sends nothing twice.

use crate::{
    program::{Project, Ran, forward},
    rspamd::{open_directory, processes_below},
};
use serde_json::Value;
use std::{
    cell::Cell,
    collections::BTreeMap,
    fs,
    net::TcpListener,
    path::Path,
    time::{Duration, Instant},
};

/// Every signal, and what a run ends with that it ends.
const SIGNALS: [(&str, i32); 4] = [("INT", 130), ("TERM", 143), ("HUP", 143), ("KILL", -1)];

/// Three scenarios whose snapshots are written; the state of programs is below `dir`.
fn project(target: &str, dir: &Path) -> Project {
    let text = |name: &str| forward(target).replace("name: forwarded copy", &format!("name: {name}"));
    let mut project = Project::new().env("TMPDIR", dir.to_str().unwrap());
    for name in ["one", "two", "three"] {
        project = project.scenario(name, &text(name));
    }
    project
}

fn args(target: &str) -> [&str; 11] {
    ["run", "--target", target, "-j", "2", "--update", "all", "--report", "json=r.json", "--report", "jsonl"]
}

fn snapshots(project: &Project) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    if project.path("snapshots").exists() {
        project.each_file("snapshots", &mut |path, bytes| {
            all.insert(path.file_name().unwrap().to_str().unwrap().to_owned(), bytes.to_vec());
        });
    }
    all
}

/// Sends the signal when so many lines were told; one that comes after the last finds a run that has ended.
fn end_at(project: &Project, target: &str, line: usize, signal: &str) -> Ran {
    let told = Cell::new(0);
    let is_it = |text: &str| {
        told.set(told.get() + 1);
        told.get() >= line || text.contains("\"event\":\"run_finished\"")
    };
    project.run_until(&args(target), is_it, signal)
}

/// Whether what a run left is whole; `all` are the snapshots that it writes when nobody ends it.
fn is_whole(project: &Project, signal: &str, all: &BTreeMap<String, Vec<u8>>) {
    fs::create_dir_all(project.path(".sealcheck")).unwrap();
    let result = fs::read_to_string(project.path("r.json"));
    assert!(signal == "KILL" || result.is_ok(), "{result:?}");
    if let Ok(result) = result {
        let result: Value = serde_json::from_str(&result).unwrap();
        assert_eq!(result["scenarios"].as_array().unwrap().len(), 3, "{result}");
    }
    let mut records = 0;
    project.each_file(".sealcheck", &mut |path, text| {
        // Of a run that was killed before its first event was written nobody knows.
        if path.ends_with("events.jsonl") && !(signal == "KILL" && text.is_empty()) {
            records += 1;
            let again = project.run(&["report", path.to_str().unwrap(), "--report", "json=again.json"]);
            assert_eq!(again.code, 0, "{again}");
        }
    });
    assert!(records == 1 || signal == "KILL");
    for (name, text) in snapshots(project) {
        // What was to become a file when the run was killed is none.
        let is_unfinished = signal == "KILL" && name.starts_with(".sealcheck-");
        assert!(is_unfinished || all.get(&name) == Some(&text), "{name}: {}", String::from_utf8_lossy(&text));
    }
}

/// Nothing that runs is left, nor what it wrote; who was killed is followed by a shell that ends it.
fn nothing_is_left(dir: &Path, signal: &str) {
    let is_clean = || processes_below(dir).is_empty() && fs::read_dir(dir).unwrap().next().is_none();
    let deadline = Instant::now() + Duration::from_secs(60);
    while signal == "KILL" && !is_clean() && Instant::now() < deadline {
        std::thread::yield_now();
    }
    let files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(is_clean(), "{signal}: {:?} {files:?}", processes_below(dir));
}

/// Ends runs on a target by every signal at so many moments, spread over what a run tells.
fn ends_in_good_order(target: &str, moments: usize) {
    let dir = open_directory();
    let whole = project(target, dir.path());
    let ran = whole.run(&args(target));
    assert_eq!(ran.code, 0, "{ran}");
    let (lines, all) = (ran.stdout.lines().count(), snapshots(&whole));
    assert_eq!(all.len(), 3);
    std::thread::scope(|scope| {
        for (signal, code) in SIGNALS {
            let all = &all;
            scope.spawn(move || {
                for moment in 0..moments {
                    let dir = open_directory();
                    let project = project(target, dir.path());
                    let ran = end_at(&project, target, 1 + lines * moment / moments, signal);
                    assert!([code, 0].contains(&ran.code), "{signal} at {moment}: {ran}");
                    nothing_is_left(dir.path(), signal);
                    is_whole(&project, signal, all);
                }
            });
        }
    });
}

#[test]
fn an_embedded_run_ends_in_good_order_at_any_moment() {
    ends_in_good_order("embedded", 8);
}

#[test]
#[ignore = "requires rspamd"]
fn a_run_on_rspamd_ends_in_good_order_at_any_moment() {
    ends_in_good_order("rspamd", 4);
}

#[test]
#[ignore = "requires root, Postfix and rspamd; .ci/run installs them"]
fn a_run_on_postfix_ends_in_good_order_at_any_moment() {
    ends_in_good_order("postfix", 4);
}

/// The count sees a mail that is sent twice.
const COUNTED: &str = "sealcheck: 1
name: counted
targets: [gmail]
send: { from: external, to: company, subject: $token }
wait: { timeout: 30s }
snapshot: none
expect:
  - delivered: gmail
  - count: { to: gmail, is: 1, settle: 100ms }
";

/// What is told when a run has just begun, handed its mail over, waits, and has seen it.
const TOLD: [&str; 4] = ["run_started", "mail_submitted", "\"kind\":\"wait\"", "\"kind\":\"verify\""];

#[test]
fn looking_again_after_any_moment_sends_nothing_twice() {
    std::thread::scope(|scope| {
        for (signal, code) in SIGNALS {
            scope.spawn(move || {
                let project = Project::new().scenario("counted", COUNTED);
                let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
                let config = project.read("sealcheck.yaml");
                let servers = lab.ready["servers"].as_array().unwrap();
                let address = servers.iter().find(|s| s["name"] == "submission").unwrap()["address"].as_str().unwrap();
                let port = address.rsplit_once(':').unwrap().1;
                for told in TOLD {
                    fs::write(project.path("sealcheck.yaml"), &config).unwrap();
                    let args = ["run", "--target", "gmail", "--report", "jsonl"];
                    let ran = project.run_until(&args, |line| line.contains(told), signal);
                    assert!([code, 0].contains(&ran.code), "{signal} at {told}: {ran}");
                    // A run that was over before the signal came left nothing to look for.
                    if ran.code == 0 {
                        continue;
                    }
                    // In the place of the server that mail is handed to is one that nobody may speak to.
                    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
                    silent.set_nonblocking(true).unwrap();
                    let other = format!("port: {}", silent.local_addr().unwrap().port());
                    let other = config.replace(&format!("port: {port}"), &other);
                    assert_ne!(other, config);
                    fs::write(project.path("sealcheck.yaml"), other).unwrap();
                    fs::remove_file(project.path("r.json")).ok();
                    let again =
                        project.run(&["run", "--target", "gmail", "--resume", "last", "--report", "json=r.json"]);
                    assert!(silent.accept().is_err(), "somebody connected to send");
                    assert!(project.path("r.json").exists(), "{signal} at {told}: {ran}{again}");
                    let result: Value = serde_json::from_str(&project.read("r.json")).unwrap();
                    let status = result["scenarios"][0]["status"].as_str().unwrap();
                    // A mail that was handed over is found; of one that was not, nobody knows or nothing is left to see.
                    let submitted = ran.stdout.contains("mail_submitted");
                    let fits = if submitted { &["passed"][..] } else { &["passed", "not_run", "timed_out"] };
                    assert!(fits.contains(&status), "{signal} at {told}: {again}");
                }
                assert_eq!(lab.end(), 0);
            });
        }
    });
}
