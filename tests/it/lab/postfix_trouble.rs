//! What keeps target `postfix` from being built is told, with what to do.
//!
//! `apt-get install postfix postsrsd rspamd`, then `cargo test --test it postfix_trouble -- --ignored` as root.

use crate::{
    lab::{
        postfix::artifacts,
        rspamd::{assert_nothing_is_left, open_directory, script},
    },
    support::program::{Project, Ran, forward},
};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};
use tempfile::TempDir;

const RUN: [&str; 7] = ["run", "--target", "postfix", "--update", "all", "--artifacts", "all"];
const SRS: &str = "lab: { company: { srs: true } }\nsend:";

fn project(dir: &TempDir, change: &str) -> Project {
    let scenario = forward("postfix").replace("send:", change);
    Project::new().scenario("forward", &scenario).env("TMPDIR", dir.path().to_str().unwrap())
}

/// A run on a machine that was changed by this command for nobody but the run.
fn run_where(project: &Project, changed: &str) -> Ran {
    let script = format!("{changed} && exec \"$@\"");
    project.run_by(&["unshare", "--mount", "sh", "-c", &script, "sh"], &RUN)
}

#[track_caller]
fn assert_told(ran: &Ran, dir: &TempDir, words: &[&str]) {
    assert_eq!(ran.code, 3, "{ran}");
    for word in words {
        assert!(ran.stdout.contains(word), "{word} {ran}");
    }
    assert_nothing_is_left(dir.path());
}

/// A run as a user who may nothing.
fn run_as_nobody(dir: &TempDir, scenario: &str, args: &[&str]) -> (Option<i32>, String) {
    let program = dir.path().join("sealcheck");
    fs::copy(env!("CARGO_BIN_EXE_sealcheck"), &program).unwrap();
    let home = dir.path().join("home");
    fs::create_dir(&home).unwrap();
    std::os::unix::fs::chown(&home, Some(65_534), Some(65_534)).unwrap();
    let file = dir.path().join("forward.yaml");
    fs::write(&file, scenario).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(&program);
    let ran = command.args(["run", "--update", "never"]).args(args).arg(&file).current_dir(&home).output().unwrap();
    (ran.status.code(), String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned())
}

#[test]
#[ignore = "requires root; .ci/run has it"]
fn without_root_there_is_no_postfix() {
    let (code, said) = run_as_nobody(&open_directory(), &forward("postfix"), &["--target", "postfix"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("target postfix needs root") && said.contains("= next:  run it with sudo"), "{said}");
}

#[test]
#[ignore = "requires root and rspamd; .ci/run has them"]
fn a_key_of_another_user_is_told() {
    let dir = open_directory();
    let key = dir.path().join("private");
    fs::write(&key, include_str!("../../../src/lab/embedded/keys/company-dkim.pem")).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let local_d = dir.path().join("local.d");
    fs::create_dir(&local_d).unwrap();
    let text = format!("domain {{ corp.example {{ selector = \"s1\"; path = \"{}\"; }} }}\n", key.display());
    fs::write(local_d.join("arc.conf"), text).unwrap();
    let own = ["--target", "rspamd", "--rspamd-local-d", local_d.to_str().unwrap()];
    let (code, said) = run_as_nobody(&dir, &forward("rspamd"), &own);
    assert_eq!(code, Some(3), "{said}");
    let told = format!("{}: permission denied; rspamd would run as this user", key.display());
    assert!(said.contains(&told) && said.contains("run it with sudo, so that rspamd runs as its own user"), "{said}");
}

#[test]
#[ignore = "requires root; .ci/run has it"]
fn a_missing_postfix_is_told() {
    let dir = open_directory();
    let ran = run_where(&project(&dir, "send:"), "mount -t tmpfs tmpfs /usr/sbin");
    assert_told(&ran, &dir, &["needs Postfix, but postconf cannot be run", "= next:  apt-get install postfix"]);
}

#[test]
#[ignore = "requires root and Postfix; .ci/run has them"]
fn an_rspamd_that_cannot_be_used_is_told() {
    let (dir, home) = (open_directory(), open_directory());
    let project = project(&dir, "send:");
    let run = |args: &[&str]| project.run(&[&RUN[..], args].concat());
    let ran = run(&["--rspamd-bin", "/no/such/rspamd"]);
    assert_told(&ran, &dir, &["/no/such/rspamd is not there", "= next:  apt-get install rspamd"]);
    let slow = script(&home, "rspamd", "#!/bin/sh\nsleep 1000\n");
    let ran = run(&["--rspamd-bin", &slow, "--rspamd-timeout", "300ms"]);
    assert_told(&ran, &dir, &["rspamd was not ready within 0.3 s", "= next:  give it longer with --rspamd-timeout"]);
}

/// A postsrsd of another generation, as far as Postfix asks it: netstrings of `MAP ADDRESS` (socketmap_table(5)).
const SECOND: &str = r#"#!/usr/bin/python3
import re, socketserver, sys
if sys.argv[1:] == ["-v"]:
    print("postsrsd VERSION")
    sys.exit()
configuration = open(sys.argv[sys.argv.index("-C") + 1]).read()
value = lambda key: re.search(r'^%s = \{?"([^"]*)"' % key, configuration, re.M).group(1)
assert open(value("secrets-file")).read()
ours = value("domains")
def forward(user, domain):
    return f"OK SRS0=HHHH=TT={domain}={user}@{ours}" if user and domain != ours else "NOTFOUND "
def reverse(user, domain):
    return "OK {3}@{2}".format(*user.split("=")[1:], user.split("=")[-1]) if user.upper().startswith("SRS0=") else "NOTFOUND "
class Map(socketserver.StreamRequestHandler):
    def handle(self):
        while size := b"".join(iter(lambda: self.rfile.read(1).strip(b":"), b"")):
            name, address = self.rfile.read(int(size) + 1).decode().rstrip(",").split(" ", 1)
            answer = {"forward": forward, "reverse": reverse}[name](*address.rpartition("@")[::2]).encode()
            self.wfile.write(b"%d:%s," % (len(answer), answer))
_, host, port = value("socketmap").split(":")
socketserver.ThreadingTCPServer((host, int(port)), Map).serve_forever()
"#;

#[test]
#[ignore = "requires root, Postfix, postsrsd, rspamd and python3; .ci/run has them"]
fn postsrsd_of_another_generation_is_asked_in_its_own_way() {
    let (dir, home) = (open_directory(), open_directory());
    let bounce =
        forward("postfix").replace("send:", "lab: { company: { srs: true }, gmail: { reject: 550 5.7.26 } }\nsend:");
    let bounce = format!("{}  - bounced: external\n", bounce.split("  - delivered").next().unwrap());
    let project = project(&dir, SRS).scenario("bounce", &bounce);
    let instead = |version: &str| {
        let program = script(&home, "postsrsd", &SECOND.replace("VERSION", version));
        run_where(&project, &format!("mount --bind {program} /usr/sbin/postsrsd"))
    };
    let ran = instead("2.0.8");
    assert_eq!(ran.code, 0, "{ran}");
    assert_nothing_is_left(dir.path());
    let received = artifacts(&project, "received.eml").concat();
    assert!(received.contains("Return-Path: <SRS0=HHHH=TT=ext.example=probe@corp.example>"), "{received}");
    let ran = instead("3.1");
    assert_told(&ran, &dir, &["company.srs needs postsrsd 1 or 2, this is 3.1"]);
    assert!(Path::new("/usr/sbin/postsrsd").exists());
}
