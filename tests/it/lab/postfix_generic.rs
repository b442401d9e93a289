//! Mailboxes and an outside account that are not ours: a real Dovecot and a real Postfix, provider `imap`.
//!
//! `apt-get install dovecot-imapd dovecot-lmtpd libsasl2-modules postfix`, then
//! `cargo test --test it postfix_generic -- --ignored` as root.

use crate::{
    run::staging::free,
    support::{
        generic_servers::{Dovecot, NAME, OUTSIDE, PASSWORD, Postfix, RECEIVER},
        program::{Lab, Project, Ran},
    },
};
use sealcheck::lab::process::until;
use serde_json::Value;
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    time::Duration,
};
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
    runtime: Runtime,
}

impl Generic {
    /// With these folders in every mailbox, and more arguments for `lab up`.
    fn new(folders: &[(&str, Option<&str>)], more: &[&str]) -> Self {
        Self::limited(folders, more, "", "")
    }

    /// The same, with more settings of Dovecot and more fields of the receiver's entry.
    fn limited(folders: &[(&str, Option<&str>)], more: &[&str], settings: &str, receiver: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let [mx] = free();
        let dovecot = runtime.block_on(Dovecot::start(folders, settings, receiver));
        let (lmtp, route) = (dovecot.lmtp.to_string(), format!("ext.example=127.0.0.1:{mx}"));
        let home = Project::new();
        let lab = home.lab(&[&["--deliver-to", &lmtp, "--route", &route], more].concat());
        let postfix = runtime.block_on(Postfix::start(mx, &lab.ready, &dovecot));
        let project = Project::new().config(&config(&lab.ready, &postfix, &dovecot)).env("PROBE", PASSWORD);
        Self { lab, _home: home, project, postfix, dovecot, runtime }
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

/// A mail to the receiver.
const FORWARD: &str = "sealcheck: 1
name: forward
targets: [gmail]
send: { from: external, to: company }
wait: { timeout: 20s }
expect:
  - delivered: gmail
snapshot: none
";

/// A mail that comes back to the sender, whose mailbox is another.
const REFUSED: &str = "sealcheck: 1
name: refused
targets: [gmail]
send: { from: external, to: nobody@$company.domain }
wait: { timeout: 20s }
expect:
  - bounced: { to: external, status: 5.1.1 }
snapshot: none
";

/// The scenario of this id in a result.
fn told(generic: &Generic, id: &str) -> Value {
    let result: Value = serde_json::from_str(&generic.project.read("r.json")).unwrap();
    result["scenarios"].as_array().unwrap().iter().find(|s| s["id"] == id).unwrap().clone()
}

#[test]
#[ignore = "requires root, Dovecot and Postfix; .ci/run installs them"]
fn postfix_takes_back_what_a_full_mailbox_refuses_and_the_reason_is_told() {
    let quota = "protocol lmtp {\n  mail_plugins = quota\n}\nplugin {\n  quota = maildir:User quota\n}\n";
    let generic = Generic::limited(&[JUNK], &[], quota, "userdb_quota_rule=*:bytes=1").scenario("forward", FORWARD);
    let ran = generic.run(&["--report", "json=r.json"], 1);
    let forward = told(&generic, "forward");
    assert_eq!(
        (&forward["status"], &forward["attempts"][0]["diagnosis"][0]["code"]),
        (&"failed".into(), &"D15".into())
    );
    assert!(ran.stdout.contains("saw bounce 5.2.2 to external") && ran.stdout.contains("Quota exceeded"), "{ran}");
    let mut bounce = PathBuf::new();
    generic.project.each_file(".sealcheck", &mut |path, _| {
        if path.ends_with("bounce.eml") {
            bounce = path.to_owned();
        }
    });
    let inspected = generic.project.run(&["inspect", bounce.to_str().unwrap(), "--dns", "none"]);
    assert!(inspected.stdout.contains("mailbox is full"), "{inspected}");
    assert!(generic.dovecot.log().contains("Quota exceeded"), "{}", generic.dovecot.log());
    assert!(generic.dovecot.log().contains("lmtp(probe@ext.example)"), "the bounce: {}", generic.dovecot.log());
    assert_eq!(generic.lab.end(), 0);
}

/// What Dovecot says when an account has too many connections.
const CROWDED: &str = "Maximum number of connections from user+IP exceeded";

/// Sessions of the receiver's account that somebody else has.
fn hold(generic: &Generic, sessions: usize) -> Vec<native_tls::TlsStream<TcpStream>> {
    let mut anybody = native_tls::TlsConnector::builder();
    let anybody = anybody.danger_accept_invalid_certs(true).build().unwrap();
    let session = || {
        let tcp = TcpStream::connect(("127.0.0.1", generic.dovecot.imaps)).unwrap();
        let mut tls = anybody.connect(NAME, tcp).unwrap();
        write!(tls, "a LOGIN {RECEIVER} {PASSWORD}\r\n").unwrap();
        let mut said = String::new();
        let mut some = [0; 1024];
        while !said.contains("a OK") {
            let n = tls.read(&mut some).unwrap();
            assert!(n > 0, "{said}");
            said.push_str(&String::from_utf8_lossy(&some[..n]));
        }
        tls
    };
    (0..sessions).map(|_| session()).collect()
}

#[test]
#[ignore = "requires root, Dovecot and Postfix; .ci/run installs them"]
fn connections_that_dovecot_has_no_room_for_are_waited_for_beside_postfix() {
    let generic = Generic::limited(&[JUNK], &[], "mail_max_userip_connections = 3\n", "")
        .scenario("forward", FORWARD)
        .scenario("refused", REFUSED);
    let arguments = ["run", "--target", "gmail", "--report", "json=r.json"];
    let others = hold(&generic, 3);
    // Somebody else keeps every connection: that account waits in vain, and the other one is unharmed.
    let ran = generic.project.run(&arguments);
    assert_eq!(ran.code, 3, "{ran}");
    let forward = told(&generic, "forward");
    let error = &forward["attempts"][0]["error"];
    assert!(error["code"] == "H06" && error["message"].as_str().unwrap().contains(CROWDED), "{error}");
    assert_eq!(told(&generic, "refused")["status"], "passed", "{ran}");
    // They go as soon as the run was refused one.
    let before = generic.dovecot.log().matches(CROWDED).count();
    let ran = std::thread::scope(|s| {
        let running = s.spawn(|| generic.project.run(&arguments));
        let refused = until(async || (generic.dovecot.log().matches(CROWDED).count() > before).then_some(()));
        let waited = async { tokio::time::timeout(Duration::from_secs(20), refused).await };
        let waited = generic.runtime.block_on(waited);
        waited.unwrap_or_else(|_| panic!("no connection was refused: {}", generic.dovecot.log()));
        drop(others);
        running.join().unwrap()
    });
    assert_eq!(ran.code, 0, "{ran}\n{}", generic.dovecot.log());
    // Where nobody could look, nothing was sent; each other mail was sent once.
    assert_eq!(generic.postfix.log().matches("sasl_username=probe@ext.example").count(), 3);
    assert_eq!(generic.lab.end(), 0);
}
