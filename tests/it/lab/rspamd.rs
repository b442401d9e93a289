//! Target `rspamd`: a real rspamd seals, with our settings or a person's own, and nothing of it is left at the end.
//!
//! `apt-get install rspamd`, then `cargo test --test it rspamd -- --ignored`.

use crate::{
    judge::diagnosis::first,
    support::program::{Project, forward},
};
use sealcheck::{
    core::Version,
    lab::embedded::keys::{ED25519_PEM, Keys},
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// A directory that rspamd's user can enter.
pub(crate) fn open_directory() -> TempDir {
    let dir = tempfile::tempdir_in("/tmp").unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

/// Every process that works below a directory.
pub(crate) fn processes_below(dir: &Path) -> Vec<PathBuf> {
    let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    processes.filter(|p| fs::read_link(p.join("cwd")).is_ok_and(|cwd| cwd.starts_with(dir))).collect()
}

pub(crate) fn assert_nothing_is_left(dir: &Path) {
    assert_eq!(processes_below(dir), [] as [&Path; 0]);
    let files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files, [] as [&Path; 0]);
}

/// Waits until the state of one lab is left below a directory: a shell ends what a killed one left.
pub(crate) fn until_one_is_left(dir: &Path) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while fs::read_dir(dir).unwrap().count() > 1 && Instant::now() < deadline {
        std::thread::yield_now();
    }
}

/// A program of the directory, for everybody.
pub(crate) fn script(dir: &TempDir, name: &str, text: &str) -> String {
    let path = dir.path().join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A project whose state directories are below a directory of its own.
fn project(dir: &TempDir) -> Project {
    Project::new().scenario("forward", &forward("rspamd")).env("TMPDIR", dir.path().to_str().unwrap())
}

const RUN: [&str; 5] = ["run", "--target", "rspamd", "--update", "all"];

#[test]
fn a_missing_rspamd_says_how_to_get_it() {
    let dir = open_directory();
    let ran = project(&dir).run(&[&RUN[..], &["--rspamd-bin", "/no/such/rspamd"]].concat());
    assert_eq!(ran.code, 3, "{ran}");
    assert!(ran.stdout.contains("H08 start target rspamd: /no/such/rspamd is not there"), "{ran}");
    assert!(ran.stdout.contains("= next:  apt-get install rspamd, or name the program with --rspamd-bin"), "{ran}");
    assert_nothing_is_left(dir.path());
}

#[test]
fn an_rspamd_that_ends_at_once_is_told_with_its_last_words() {
    let dir = open_directory();
    let program = script(&dir, "rspamd", "#!/bin/sh\necho no luck today; exit 7\n");
    let base = open_directory();
    let ran = project(&base).run(&[&RUN[..], &["--rspamd-bin", &program]].concat());
    assert_eq!(ran.code, 3, "{ran}");
    // As root it would start as rspamd's own user, which only an installed rspamd has.
    let user = "no user to run as";
    assert!(ran.stdout.contains("(exit status: 7); it said: no luck today") || ran.stdout.contains(user), "{ran}");
    assert_nothing_is_left(base.path());
}

#[test]
fn an_rspamd_that_never_gets_ready_is_told_and_ended() {
    let (dir, home) = (open_directory(), open_directory());
    let program = script(&home, "rspamd", "#!/bin/sh\ntrap '' TERM\nsleep 1000\n");
    let args = ["--rspamd-bin", &program, "--rspamd-timeout", "300ms"];
    let ran = project(&dir).run(&[&RUN[..], &args].concat());
    assert_eq!(ran.code, 3, "{ran}");
    let user = ran.stdout.contains("no user to run as");
    assert!(user || ran.stdout.contains("rspamd was not ready within 0.3 s; it said nothing"), "{ran}");
    assert!(user || ran.stdout.contains("= next:  give it longer with --rspamd-timeout"), "{ran}");
    assert_nothing_is_left(dir.path());
}

/// Takes the port of rspamd before rspamd does, once.
const THIEF: &str = r#"#!/bin/sh
if [ ! -e HOME/taken ]; then
  python3 -c 'import os, re, socket, sys, time
configuration = open(os.path.join(os.path.dirname(sys.argv[1]), "rspamd.conf")).read()
port = int(re.search(r"worker \"normal\" \{ bind_socket = \"127.0.0.1:(\d+)\"", configuration).group(1))
server = socket.create_server(("127.0.0.1", port))
open("HOME/taken", "w").close()
time.sleep(1000)' "$3" &
  until [ -e HOME/taken ]; do :; done
fi
exec rspamd "$@"
"#;

#[test]
#[ignore = "requires rspamd and python3"]
fn rspamd_takes_another_port_when_its_own_is_taken_meanwhile() {
    for own in [&[][..], &["--rspamd-local-d", "local.d"]] {
        let (dir, home) = (open_directory(), open_directory());
        let program = script(&home, "rspamd", &THIEF.replace("HOME", home.path().to_str().unwrap()));
        let project = project(&dir).open_to_all();
        let key = project.path("private");
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lab/embedded/keys/company-dkim.pem"), &key).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        fs::create_dir(project.path("local.d")).unwrap();
        let arc = format!("domain {{ corp.example {{ selector = \"s1\"; path = \"{}\"; }} }}\n", key.display());
        fs::write(project.path("local.d/arc.conf"), arc).unwrap();
        let ran = project.run(&[&RUN[..], &["--rspamd-bin", &program], own].concat());
        assert_eq!(ran.code, 0, "{ran}");
        assert!(home.path().join("taken").exists());
        assert_nothing_is_left(dir.path());
    }
}

/// Answers as rspamd does, says that it is of a version, and seals nothing.
const FAKE: &str = r#"#!/usr/bin/python3
import http.server, re, sys
configuration = open(sys.argv[sys.argv.index("--config") + 1]).read()
host, port = re.search(r'worker "normal" \{ bind_socket = "([^:"]+):(\d+)"', configuration).groups()
class Rspamd(http.server.BaseHTTPRequestHandler):
    server_version, sys_version = "rspamd/VERSION", ""
    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"action": "no action"}')
    do_POST = do_GET
http.server.ThreadingHTTPServer((host, int(port)), Rspamd).serve_forever()
"#;

#[test]
#[ignore = "requires python3, and the user of rspamd as root"]
fn an_issue_of_some_versions_is_known_with_these_alone() {
    let (dir, home) = (open_directory(), open_directory());
    let known = "known_issue: { reason: of old ones, when: { rspamd: '<3.6' } }\nsend:";
    let fails = forward("rspamd").replace("send:", known);
    let passes = format!("{}      auth: {{ arc: absent }}\n", fails.split("      folder").next().unwrap());
    let project = project(&dir).scenario("fails", &fails).scenario("passes", &passes);
    for (version, scenario, status, code) in [
        ("3.5.9", "fails", "XFAIL", 0),
        ("3.5.9", "passes", "XPASS", 1),
        ("3.11.1", "fails", "FAIL", 1),
        ("3.11.1", "passes", "PASS", 0),
    ] {
        let program = script(&home, "rspamd", &FAKE.replace("VERSION", version));
        let ran = project.run(&[&RUN[..], &[scenario, "--rspamd-bin", &program]].concat());
        assert_eq!(ran.code, code, "{version} {scenario} {ran}");
        assert!(ran.stdout.lines().any(|line| line.trim_start().starts_with(status)), "{version} {scenario} {ran}");
    }
    assert_nothing_is_left(dir.path());
}

/// The version of rspamd.
pub(crate) fn rspamd_version() -> Version {
    let said = Command::new("rspamd").arg("--version").output().unwrap().stdout;
    Version::find(&String::from_utf8_lossy(&said)).unwrap()
}

#[test]
#[ignore = "requires rspamd"]
fn the_third_seal_is_a_known_issue_of_old_versions() {
    let dir = open_directory();
    let shipped = include_str!("../../../scenarios/sender-seals-twice.yaml");
    let project = project(&dir).scenario("twice", shipped);
    let ran = project.run(&[&RUN[..], &["twice", "--report", "json=r.json"]].concat());
    assert_eq!(ran.code, 0, "{ran}");
    let result: serde_json::Value = serde_json::from_str(&project.read("r.json")).unwrap();
    let scenario = &result["scenarios"][0];
    let wanted =
        if rspamd_version() >= Version(3, 6, 0) { ("passed", "") } else { ("expected_failure", "B07 certain") };
    assert_eq!((scenario["status"].as_str().unwrap(), first(&scenario["attempts"][0]).as_str()), wanted, "{ran}");
    assert_nothing_is_left(dir.path());
}

#[test]
#[ignore = "requires rspamd"]
fn rspamd_seals_with_either_key() {
    let dir = open_directory();
    let dedicated = "lab: { company: { arc: dedicated } }\nsend:";
    let project = project(&dir).scenario("dedicated", &forward("rspamd").replace("send:", dedicated));
    let ran = project.run(&RUN);
    assert_eq!(ran.code, 0, "{ran}");
    assert_nothing_is_left(dir.path());
}

/// The settings of `arc`, what DNS has of the company, the exit code, and what is said.
type Case<'c> = (&'c str, Option<&'c str>, i32, &'c str);

#[test]
#[ignore = "requires rspamd"]
fn rspamd_runs_with_a_persons_own_settings() {
    let (dir, home) = (open_directory(), open_directory());
    let file = |name: &str, text: &str| {
        let path = home.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let keys = Keys::load().unwrap();
    let key = file("company.example.private", keys.company_dkim.pem());
    // As an administrator makes one, with the record as it is printed.
    let made = home.path().join("arc.private");
    let mut keygen = Command::new("rspamadm");
    keygen.args(["dkim_keygen", "-s", "arc2023", "-b", "2048", "-d", "company.example", "-k"]).arg(&made);
    let printed = keygen.output().unwrap();
    assert!(printed.status.success(), "{printed:?}");
    fs::set_permissions(&made, fs::Permissions::from_mode(0o644)).unwrap();
    let printed = file("arc2023.txt", &String::from_utf8(printed.stdout).unwrap());
    let other = keys.other.record();
    let (first, rest) = other.split_at(200);
    let other = file("other.zone", &format!("20231011._domainkey IN TXT ( \"{first}\"\n\t\"{rest}\" )\n"));
    let nothing = file("nothing.zone", "");

    let reused =
        format!("domain {{\n  company.example {{\n    selector = \"20231011\";\n    path = \"{key}\";\n  }}\n}}\n");
    let made = made.to_str().unwrap();
    let dedicated = reused.replace("20231011", "arc2023").replace(&key, made);
    let lost = reused.replace(&key, "/no/such/key");
    let unlisted = reused.replace("company.example {", "other.example {");
    let header = format!("use_domain = \"header\";\n{reused}");
    let outbound = format!("sign_inbound = false;\n{reused}");
    let checked = format!("check_pubkey = true;\n{reused}");
    let broken = reused.replace("\"20231011\"", "\"20231011");
    let weak = |bits: &str| {
        let path = home.path().join(bits);
        let made = Command::new("rspamadm")
            .args(["dkim_keygen", "-s", "s", "-b", bits, "-d", "x.example", "-k"])
            .arg(&path)
            .output();
        assert!(made.unwrap().status.success());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        reused.replace(&key, path.to_str().unwrap())
    };
    let (short, useless) = (weak("1024"), weak("768"));
    let ed25519 = reused.replace(&key, &file("ed25519", ED25519_PEM));
    let cases: [Case<'_>; 14] = [
        (&short, None, 0, "has 1024 bits: seal with at least 2048"),
        (&useless, None, 1, "error[B00]"),
        (&ed25519, None, 1, "error[A08]"),
        (&reused, None, 0, "the lab's DNS publishes the public half of"),
        (&dedicated, Some(&printed), 0, "PASS"),
        (&lost, None, 1, "error[A04]"),
        (&unlisted, None, 1, "error[A04]"),
        (&header, None, 1, "error[A02]"),
        (&outbound, None, 1, "error[A01]"),
        (&checked, Some(&nothing), 1, "error[A14]"),
        (&checked, Some(&other), 1, "error[A14]"),
        (&reused, Some(&other), 1, "error[B02]"),
        (&reused, Some(&nothing), 1, "error[B01]"),
        (&broken, None, 1, "local.d/arc.conf: line: 3, column: "),
    ];
    let project = project(&dir);
    let local_d = home.path().join("local.d");
    fs::create_dir(&local_d).unwrap();
    for (settings, dns, code, said) in cases {
        fs::write(local_d.join("arc.conf"), settings).unwrap();
        let own = ["--rspamd-local-d", local_d.to_str().unwrap(), "--company", "info@company.example"];
        let dns = dns.map_or_else(Vec::new, |dns| vec!["--company-dns", dns]);
        let ran = project.run(&[&RUN[..], &own, &dns].concat());
        assert_eq!(ran.code, code, "{settings}{ran}");
        assert!(ran.stdout.contains(said), "{settings}wanted {said}; {ran}");
        let is_unread = settings == broken;
        assert!(!is_unread || ran.stdout.contains(local_d.to_str().unwrap()), "the person's own path: {ran}");
        assert_eq!(ran.stdout.contains("error[A17]"), is_unread, "{ran}");
        assert_eq!(fs::read_to_string(local_d.join("arc.conf")).unwrap(), settings);
        assert_nothing_is_left(dir.path());
    }
    let files = fs::read_dir(&local_d).unwrap().count();
    assert_eq!(files, 1, "nothing is written there");

    // Nobody names the company: it is the first that arc.conf names.
    fs::write(local_d.join("arc.conf"), &reused).unwrap();
    let ran = project.run(&[&RUN[..], &["--rspamd-local-d", local_d.to_str().unwrap(), "-v"]].concat());
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stdout.contains("company.example"), "{ran}");
}

#[test]
#[ignore = "requires rspamd"]
fn rspamd_is_gone_after_ctrl_c_and_after_the_end_of_lab_up() {
    let dir = open_directory();
    // The second is still waiting when the first has passed.
    let slow = "lab: { gmail: { delay: 1h } }\nsend:";
    let project = project(&dir).scenario("slow", &forward("rspamd").replace("send:", slow));
    let args = [&RUN[..], &["-j", "2"]].concat();
    let ran = project.run_until(&args, |line| line.contains("PASS"), "INT");
    assert_eq!(ran.code, 130, "{ran}");
    assert_nothing_is_left(dir.path());

    let lab = project.lab(&["--target", "rspamd"]);
    assert!(processes_below(dir.path()).len() >= 3);
    assert_eq!(lab.end(), 0);
    assert_nothing_is_left(dir.path());
}

#[test]
#[ignore = "requires rspamd"]
fn rspamd_of_a_killed_run_is_ended_at_once_and_that_of_a_living_one_stays() {
    let dir = open_directory();
    let project = project(&dir);
    let living = project.lab(&["--target", "rspamd"]);
    let of_living = processes_below(dir.path());
    // Dropping it kills it, and it can clean up nothing itself.
    drop(project.lab(&["--target", "rspamd"]));
    until_one_is_left(dir.path());
    assert_eq!(processes_below(dir.path()), of_living);
    let ran = project.run(&RUN);
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(processes_below(dir.path()), of_living);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!(living.end(), 0);
    assert_nothing_is_left(dir.path());
}
