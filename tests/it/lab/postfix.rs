//! Target `postfix`: a real Postfix forwards, other programs can use it, and nothing of it is left at the end.
//!
//! `apt-get install postfix postsrsd rspamd swaks`, then `cargo test --test it postfix -- --ignored` as root.

use crate::{
    lab::rspamd::{assert_nothing_is_left, open_directory, processes_below, until_one_is_left},
    support::program::{Project, forward},
};
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const RUN: [&str; 5] = ["run", "--target", "postfix", "--update", "all"];

/// A project whose state directories are below a directory of its own.
fn project(dir: &TempDir) -> Project {
    Project::new().scenario("forward", &forward("postfix")).env("TMPDIR", dir.path().to_str().unwrap())
}

/// The forwarding scenario in a lab that is changed.
fn changed(lab: &str) -> String {
    forward("postfix").replace("send:", &format!("lab: {lab}\nsend:"))
}

/// The files of a run with this name.
pub(crate) fn artifacts(project: &Project, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    project.each_file(".sealcheck/runs", &mut |path: &Path, bytes: &[u8]| {
        if path.file_name().is_some_and(|n| n == name) {
            found.push(String::from_utf8_lossy(bytes).into_owned());
        }
    });
    found
}

#[test]
#[ignore = "requires root, Postfix and rspamd; .ci/run installs them"]
fn postfix_is_gone_after_success_failure_and_ctrl_c() {
    let dir = open_directory();
    let project = project(&dir)
        .scenario("fails", &changed("{ company: { modify: subject, srs: true } }"))
        .scenario("slow", &changed("{ gmail: { delay: 1h } }"));
    let ran = project.run(&[&RUN[..], &["fails"]].concat());
    assert_eq!(ran.code, 1, "{ran}");
    assert_nothing_is_left(dir.path());
    let ran = project.run_until(&[&RUN[..], &["forward", "slow", "-j", "2"]].concat(), |l| l.contains("PASS"), "INT");
    assert_eq!(ran.code, 130, "{ran}");
    assert_nothing_is_left(dir.path());
}

#[test]
#[ignore = "requires root, Postfix, postsrsd and rspamd; .ci/run installs them"]
fn postfix_of_a_killed_run_is_ended_at_once_and_that_of_a_living_one_stays() {
    let dir = open_directory();
    let project = project(&dir);
    let srs = ["--target", "postfix", "--knob", "company.srs=true"];
    let living = project.lab(&srs);
    // Dropping it kills it, and it can clean up nothing itself.
    drop(project.lab(&srs));
    until_one_is_left(dir.path());
    assert!(processes_below(dir.path()).len() >= 3, "the living one stays");
    let ran = project.run(&RUN);
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!(living.end(), 0);
    assert_nothing_is_left(dir.path());
}

#[test]
#[ignore = "requires root, Postfix and rspamd; .ci/run installs them"]
fn postfix_retries_with_the_seal_that_it_has() {
    let dir = open_directory();
    let project = project(&dir).scenario("forward", &changed("{ gmail: { defer: { reply: 451 4.7.24, times: 1 } } }"));
    let ran = project.run(&[&RUN[..], &["--artifacts", "all"]].concat());
    assert_eq!(ran.code, 0, "{ran}");
    let (mail, rspamd) = (artifacts(&project, "mail.log").concat(), artifacts(&project, "rspamd.log").concat());
    let deferred = mail.lines().find(|line| line.contains("status=deferred")).unwrap_or_else(|| panic!("{mail}"));
    let queue_id = deferred.split(": ").nth(1).unwrap();
    assert!(artifacts(&project, "received.eml").concat().contains(queue_id), "{deferred}");
    assert_eq!(rspamd.matches("ARC_SIGNED").count(), 1, "{rspamd}");
}

#[test]
#[ignore = "requires root, Postfix and rspamd; .ci/run installs them"]
fn a_taken_port_is_told() {
    let (dir, taken) = (open_directory(), TcpListener::bind("127.0.0.1:0").unwrap());
    let port = taken.local_addr().unwrap().port().to_string();
    let ran = project(&dir).run(&["lab", "up", "--target", "postfix", "--port-company-mx", &port]);
    assert_eq!(ran.code, 3, "{ran}");
    assert!(ran.stderr.contains(&format!("the company's MX on 127.0.0.1:{port}")), "{ran}");
    assert_nothing_is_left(dir.path());
}

/// Waits until a file below the only state directory has a text.
fn wait_for(dir: &Path, file: &str, text: &str) {
    let state = fs::read_dir(dir).unwrap().next().unwrap().unwrap().path();
    let (path, deadline): (PathBuf, _) = (state.join(file), Instant::now() + Duration::from_secs(30));
    loop {
        let found = fs::read_to_string(&path).unwrap_or_default();
        if found.contains(text) {
            return;
        }
        assert!(Instant::now() < deadline, "no {text} in {found}");
        std::thread::yield_now();
    }
}

#[test]
#[ignore = "requires root, Postfix, rspamd and swaks; .ci/run installs them"]
fn other_programs_hand_mail_to_postfix() {
    let dir = open_directory();
    let lab = project(&dir).lab(&["--target", "postfix"]);
    let servers = lab.ready["servers"].as_array().unwrap();
    let mx = servers.iter().find(|s| s["name"] == "company-mx").unwrap()["address"].as_str().unwrap();
    let swaks = |more: &[&str]| {
        let mut command = Command::new("swaks");
        command.args(["--server", mx, "--ehlo", "smtp.ext.example", "--from", "probe@ext.example"]);
        let output = command.args(["--to", "info@corp.example"]).args(more).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    };
    swaks(&["--tls"]);
    wait_for(dir.path(), "rspamd/log/rspamd.log", "ARC_SIGNED(0.00){corp.example:s=s2026:i=1;}");
    // It may say that it is somebody else: rspamd seals nothing for a client of its own machine.
    swaks(&["--xclient", "ADDR=127.0.0.1"]);
    wait_for(dir.path(), "rspamd/log/rspamd.log", "mail is ineligible for signing");
    assert_eq!(lab.end(), 0);
    assert_nothing_is_left(dir.path());
}
