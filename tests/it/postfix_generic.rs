//! Mailboxes and an outside account that are not ours: a real Dovecot and a real Postfix, provider `imap`.
//!
//! `apt-get install dovecot-imapd dovecot-lmtpd libsasl2-modules postfix`, then
//! `cargo test --test it postfix_generic -- --ignored` as root.

use crate::{
    generic_servers::{Dovecot, NAME, OUTSIDE, PASSWORD, Postfix, RECEIVER},
    program::{Lab, Project, Ran},
    staging::free,
};
use serde_json::Value;
use std::{fs, path::Path};
use tokio::runtime::Runtime;

const JUNK: (&str, Option<&str>) = ("Junk", Some("\\Junk"));

/// The lab between two servers of other people, and a project that knows only these.
struct Generic {
    lab: Lab,
    /// The directory that the lab was started in.
    _home: Project,
    project: Project,
    postfix: Postfix,
    dovecot: Dovecot,
    _runtime: Runtime,
}

impl Generic {
    /// With these folders in every mailbox, and more arguments for `lab up`.
    fn new(folders: &[(&str, Option<&str>)], more: &[&str]) -> Self {
        let runtime = Runtime::new().unwrap();
        let [mx] = free();
        let dovecot = runtime.block_on(Dovecot::start(folders));
        let (lmtp, route) = (dovecot.lmtp.to_string(), format!("ext.example=127.0.0.1:{mx}"));
        let home = Project::new();
        let lab = home.lab(&[&["--deliver-to", &lmtp, "--route", &route], more].concat());
        let postfix = runtime.block_on(Postfix::start(mx, &lab.ready, &dovecot));
        let project = Project::new().config(&config(&lab.ready, &postfix, &dovecot)).env("PROBE", PASSWORD);
        Self { lab, _home: home, project, postfix, dovecot, _runtime: runtime }
    }

    /// Adds a scenario for target gmail.
    fn scenario(mut self, name: &str, text: &str) -> Self {
        self.project = self.project.scenario(name, text);
        self
    }

    /// Runs, and says what the servers said when the exit code is another.
    fn run(&self, args: &[&str], code: i32) -> Ran {
        let ran = self.project.run(&[&["run", "--target", "gmail"], args].concat());
        assert_eq!(ran.code, code, "{ran}\n--- postfix\n{}\n--- dovecot\n{}", self.postfix.log(), self.dovecot.log());
        ran
    }
}

/// The project file.
fn config(lab: &Value, postfix: &Postfix, dovecot: &Dovecot) -> String {
    let server = |port: u16, ca: &Path| {
        format!(
            "host: 127.0.0.1, port: {port}, tls_name: {NAME}, ca_file: {}, password: {{ env: PROBE }}",
            ca.display()
        )
    };
    let imap = server(dovecot.imaps, &dovecot.ca_file());
    format!(
        "sealcheck: 1
target: gmail
dns: {dns}
accounts:
  external:
    address: {OUTSIDE}
    smtp: {{ tls: starttls, {smtp} }}
    imap: {{ tls: implicit, {imap} }}
  company:
    address: info@corp.example
    forwards_to: gmail
    seal_domain: corp.example
    authserv_id: mx.corp.example
  gmail:
    address: {RECEIVER}
    imap: {{ provider: generic, tls: implicit, {imap} }}
    seal_domain: google.com
    authserv_id: mx.google.com
",
        dns = lab["dns"].as_str().unwrap(),
        smtp = server(postfix.submission, &postfix.ca_file()),
    )
}

/// A shipped scenario for target gmail, where the lab around it already is as its `lab` says.
fn shipped(name: &str) -> String {
    let path = format!("{}/scenarios/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap();
    let mut in_lab = false;
    let kept = text.lines().filter(|line| {
        in_lab = line.starts_with("lab:") || in_lab && (line.is_empty() || line.starts_with(' '));
        !in_lab
    });
    let text: String = kept
        .map(|line| if line.starts_with("targets:") { "targets: [gmail]" } else { line }.to_owned() + "\n")
        .collect();
    assert!(text.contains("targets: [gmail]"), "{path} names no targets");
    text
}

#[test]
#[ignore = "requires root, Dovecot and Postfix; .ci/run installs them"]
fn the_shipped_scenarios_pass_with_dovecot_and_postfix() {
    let generic = Generic::new(&[JUNK], &[]).scenario("refused", &shipped("unknown-user"));
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let ran = generic.run(&["--update", "all", all.to_str().unwrap(), "scenarios/refused.yaml"], 0);
    assert!(ran.stdout.contains("8 run: 8 passed"), "{ran}");
    // Neither server was bypassed, on the way there and on the way back.
    let (mail, mailbox) = (generic.postfix.log(), generic.dovecot.log());
    assert_eq!(mail.matches("sasl_username=probe@ext.example").count(), 8, "{mail}");
    assert_eq!(mailbox.matches("saved mail to INBOX").count(), 8, "{mailbox}");
    assert!(mailbox.contains("lmtp(probe@ext.example)"), "the bounce: {mailbox}");
    assert_eq!(generic.lab.end(), 0);
}

#[test]
#[ignore = "requires root, Dovecot and Postfix; .ci/run installs them"]
fn spam_is_found_by_its_special_use_whatever_its_name() {
    let generic = Generic::new(
        &[("Spamverdacht", Some("\\Junk"))],
        &["--knob", "gmail.folder=spam", "--deliver-spam", "Spamverdacht"],
    )
    .scenario("spam", &shipped("spam"));
    generic.run(&["--update", "all"], 0);
    assert!(generic.dovecot.log().contains("saved mail to Spamverdacht"), "{}", generic.dovecot.log());
    assert_eq!(generic.lab.end(), 0);
}

#[test]
#[ignore = "requires root, Dovecot and Postfix; .ci/run installs them"]
fn postfix_of_the_sender_is_told_why_the_receiver_refuses() {
    let knobs = ["company.arc=false", "external.dkim=none", "external.dmarc=reject"].map(|k| ["--knob", k]).concat();
    let generic = Generic::new(&[JUNK], &knobs).scenario("bounces", &shipped("forward-no-arc-bounces"));
    generic.run(&["--update", "all"], 0);
    assert_eq!(generic.lab.end(), 0);
}

#[test]
#[ignore = "requires root, Dovecot and Postfix; .ci/run installs them"]
fn a_spam_folder_that_nothing_marks_is_the_one_that_the_project_file_names() {
    let generic =
        Generic::new(&[("Quarantine", None)], &["--knob", "gmail.folder=spam", "--deliver-spam", "Quarantine"])
            .scenario("spam", &shipped("spam"));
    let named = ["--set", "accounts.gmail.imap.folders.spam=Quarantine"];
    generic.run(&[&["--update", "all"], &named[..]].concat(), 0);
    let doctor = |more: &[&str]| generic.project.run(&[&["doctor", "--target", "gmail"], more].concat()).to_string();
    assert!(doctor(&named).contains("`Quarantine`, as the project file says"));
    let missing = doctor(&[]);
    assert!(missing.contains("no folder is marked as spam; LIST shows"), "{missing}");
    let wrong = doctor(&["--set", "accounts.gmail.imap.folders.spam=Rubbish"]);
    assert!(wrong.contains("there is no folder `Rubbish`"), "{wrong}");
    assert_eq!(generic.lab.end(), 0);
}
