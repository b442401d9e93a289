//! Target staging: the server of a person, here the forwarder of another process that is told to hand Gmail's mail to our
//! look-alike.

use crate::support::{
    program::{Lab, Project, Ran},
    scripted::{Conn, serve_all, serve_each},
};
use serde_json::Value;
use std::{
    net::TcpListener,
    sync::atomic::{AtomicU32, Ordering},
};

/// Ports that are free now, below those that systems hand out by themselves, so that no other test gets them meanwhile.
pub(crate) fn free<const N: usize>() -> [u16; N] {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    [(); N].map(|()| {
        let base = std::process::id().wrapping_mul(97);
        let next = || base.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000 + 20_000;
        let mut ports = std::iter::repeat_with(|| u16::try_from(next()).unwrap()).take(1_000);
        ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
    })
}

/// A person's server and their project.
struct Staging {
    server: Lab,
    /// The directory that the server was started in.
    _home: Project,
    project: Project,
}

const FORWARD: &str = "sealcheck: 1
name: forward
targets: [staging]
send: { from: external, to: company, subject: $token }
wait: { timeout: 60s }
expect:
  - delivered:
      to: gmail
      auth: { arc: pass, dmarc: pass, dkim: { result: pass, d: $external.domain } }
      arc:
        seals:
          - { i: 1, by: corp.example, cv: none }
          - { i: last, by: google.com, cv: pass }
        verify: pass
      body: unchanged
snapshot: none
";

impl Staging {
    /// The embedded forwarder with these knobs.
    fn new(knobs: &[&str]) -> Self {
        Self::with(&knobs.iter().flat_map(|knob| ["--knob", *knob]).collect::<Vec<_>>())
    }

    /// A lab as the person's server, started with these arguments.
    fn with(more: &[&str]) -> Self {
        let [smtp, bounces, dns, company] = free();
        let routes = [format!("gmail.com=127.0.0.1:{smtp}"), format!("ext.example=127.0.0.1:{bounces}")];
        let port = company.to_string();
        let mut args = vec!["--port-company-mx", &port, "--route", &routes[0], "--route", &routes[1]];
        args.extend(more);
        let home = Project::new();
        let server = home.lab(&args);
        // What the world does not know, the company's key among it, is asked of this DNS.
        let upstream = server.ready["dns"].as_str().unwrap().to_owned();
        let config = format!(
            "sealcheck: 1
target: staging
dns: {upstream}
targets:
  staging: {{ smtp: {smtp}, bounces: {bounces}, dns: {dns} }}
accounts:
  company: {{ address: info@corp.example, mx: 127.0.0.1:{company}, forwards_to: gmail }}
  gmail: {{ address: probe.inbox@gmail.com }}
"
        );
        let project = Project::new().config(&config).scenario("forward", FORWARD);
        Self { server, _home: home, project }
    }

    fn run(&self) -> (i32, String, Value) {
        let ran = self.project.run(&["run", "--report", "json=r.json", "--report", "console"]);
        let result = std::fs::read_to_string(self.project.path("r.json")).unwrap_or_else(|_| "null".to_owned());
        (ran.code, ran.to_string(), serde_json::from_str(&result).unwrap())
    }
}

#[test]
fn a_sound_server_passes() {
    let staging = Staging::new(&[]);
    let (code, shown, result) = staging.run();
    assert_eq!(code, 0, "{shown}");
    assert_eq!(result["run"]["target"], "staging");
    let check = staging.project.run(&["check", "--target", "staging"]);
    assert_eq!(check.code, 0, "{check}");
    assert_eq!(staging.server.end(), 0);
}

#[test]
fn a_server_that_does_not_seal_is_told_so() {
    let staging = Staging::new(&["company.arc=false"]);
    let (code, shown, result) = staging.run();
    assert_eq!(code, 1, "{shown}");
    assert_eq!(result["scenarios"][0]["attempts"][0]["diagnosis"][0]["code"], "A00", "{shown}");
    assert_eq!(staging.server.end(), 0);
}

#[test]
fn a_bounce_of_the_server_comes_back_to_the_outside_sender() {
    let bounced = FORWARD.split("  - delivered:").next().unwrap().to_owned()
        + "  - bounced: { to: external, status: 5.1.1 }\nsnapshot: none\n";
    let mut staging = Staging::new(&[]);
    let config = staging.project.read("sealcheck.yaml");
    // The server forwards to a mailbox that this look-alike does not have.
    staging.project =
        staging.project.config(&config.replace("probe.inbox@", "nobody.here@")).scenario("forward", &bounced);
    let (code, shown, _) = staging.run();
    assert_eq!(code, 0, "{shown}");
    assert_eq!(staging.server.end(), 0);
}

/// Postfix offers XCLIENT to the address that the lab says the sender has, and takes it.
#[test]
#[ignore = "requires root, Postfix and rspamd; .ci/run installs them"]
fn a_real_postfix_is_judged() {
    let carries = "      arc:\n        carries: { i: 1, spf: pass, dkim: pass, dmarc: pass }\n";
    let sealed = FORWARD.replace("      arc:\n", carries);
    let mut staging = Staging::with(&["--target", "postfix"]);
    staging.project = staging.project.scenario("forward", &sealed);
    let (code, shown, _) = staging.run();
    assert_eq!(code, 0, "{shown}");
    assert_eq!(staging.server.end(), 0);
}

#[test]
fn what_cannot_work_is_said_before_anything_is_sent() {
    let project = Project::new().scenario("forward", FORWARD);
    let none = project.run(&["run", "--target", "staging"]);
    assert!(none.code == 2 && none.stderr.contains("target staging has no server"), "{none}");
    let project = project.config(
        "sealcheck: 1
accounts:
  company: { address: info@corp.example, mx: 127.0.0.1:2525, forwards_to: gmail }
  company-2: { address: sales@corp.example, mx: 127.0.0.1:2526, forwards_to: gmail }
  gmail: { address: probe.inbox@gmail.com }
",
    );
    let two = project.run(&["run", "--target", "staging"]);
    assert!(two.code == 2 && two.stderr.contains("two servers are to take mail for corp.example"), "{two}");
    assert!(two.stderr.contains("sealcheck.yaml:4:"), "{two}");
    let listen = project.run(&["run", "--target", "embedded", "--listen", "127.0.0.1"]);
    assert!(listen.code == 2 && listen.stderr.contains("--listen has no effect on target embedded"), "{listen}");
    for wrong in ["targets.staging.listen=here", "targets.staging.smtp=0", "targets.staging.pop=110"] {
        assert_eq!(project.run(&["run", "--target", "staging", "--set", wrong]).code, 2, "{wrong}");
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let project = project.config(&format!(
        "sealcheck: 1
targets: {{ staging: {{ smtp: {port} }} }}
accounts:
  company: {{ address: info@corp.example, mx: 127.0.0.1:{port}, forwards_to: gmail }}
  gmail: {{ address: probe.inbox@gmail.com }}
"
    ));
    let taken = project.run(&["run", "--target", "staging"]);
    assert!(taken.code == 3 && taken.stdout.contains("the receiver's MX on port"), "{taken}");
}

/// A project whose server is the one at this port, with one attempt.
fn in_front_of(port: u16) -> Project {
    let [smtp, bounces, dns] = free();
    let config = format!(
        "sealcheck: 1
target: staging
targets: {{ staging: {{ smtp: {smtp}, bounces: {bounces}, dns: {dns} }} }}
accounts:
  company: {{ address: info@corp.example, mx: 127.0.0.1:{port}, forwards_to: gmail }}
  gmail: {{ address: probe.inbox@gmail.com }}
"
    );
    let once = FORWARD.replace("snapshot: none", "retries: { max: 0 }\nsnapshot: none");
    Project::new().config(&config).scenario("forward", &once)
}

fn run_with_result(project: &Project) -> (Ran, Value) {
    let ran = project.run(&["run", "--artifacts", "all", "--report", "json=r.json", "--record", "e.jsonl"]);
    let attempt =
        serde_json::from_str::<Value>(&project.read("r.json")).unwrap()["scenarios"][0]["attempts"][0].clone();
    (ran, attempt)
}

/// The file of the attempt's artifacts.
fn artifact(project: &Project, attempt: &Value, name: &str) -> String {
    let mut text = String::new();
    project.each_file(".sealcheck/runs", &mut |path, bytes| {
        if path.ends_with(format!("artifacts/forward/{}/{name}", attempt["n"])) {
            text = String::from_utf8_lossy(bytes).into_owned();
        }
    });
    text
}

#[test]
fn a_server_that_is_down_is_told_before_anything_is_sent() {
    let [nobody] = free();
    let (ran, attempt) = run_with_result(&in_front_of(nobody));
    assert_eq!(ran.code, 3, "{ran}");
    let (error, place) = (&attempt["error"], format!("127.0.0.1:{nobody}"));
    assert!(error["code"] == "H04" && error["message"].as_str().unwrap().contains(&place), "{error}");
    assert_eq!(attempt["message_id"], "", "nothing was sent");
}

#[test]
fn a_server_that_goes_down_is_told_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let project = in_front_of(listener.local_addr().unwrap().port());
    // The look before the first mail is all that it takes part in.
    let gone = std::thread::spawn(move || drop(listener.accept().unwrap()));
    let (ran, attempt) = run_with_result(&project);
    gone.join().unwrap();
    assert_eq!((ran.code, &attempt["error"]["code"]), (3, &"H04".into()), "{ran}");
    assert!(attempt["error"]["stage"].as_str().unwrap().starts_with("hand the mail to 127.0.0.1:"), "{attempt}");
    assert!(attempt["duration_ms"].as_u64().unwrap() < 50_000, "it is not waited for to the end");
    let log = artifact(&project, &attempt, "smtp.log");
    assert!(log.contains("the outside sender hands it to 127.0.0.1:") && log.contains("refused"), "{log}");
}

/// A look, then mail.
fn server(mail: impl Fn(usize, &mut Conn) + Send + Sync + 'static, mails: usize) -> crate::support::scripted::Server {
    serve_each(1 + mails, move |n, c| {
        if n > 0 {
            mail(n, c)
        }
    })
}

fn refuse(c: &mut Conn, reply: &str) {
    c.say("220 mx.corp.example ESMTP\r\n").hear("EHLO");
    c.say("250 mx.corp.example\r\n").hear("MAIL FROM:");
    c.say("250 2.1.0 ok\r\n").hear("RCPT TO:");
    c.say(format!("{reply}\r\n")).until_hangup();
}

#[test]
fn a_server_that_refuses_is_named_as_the_one_that_does() {
    let server = server(|_, c| refuse(c, "550 5.7.1 not here"), 1);
    let project = in_front_of(server.port);
    let (ran, attempt) = run_with_result(&project);
    assert_eq!((ran.code, &attempt["diagnosis"][0]["code"]), (1, &"D13".into()), "{ran}");
    assert!(!ran.stdout.contains("the receiver refused"), "{ran}");
    let log = artifact(&project, &attempt, "smtp.log");
    assert!(log.contains("S: 550 5.7.1 not here (rcpt info@corp.example)"), "{log}");
    server.done();
}

#[test]
fn a_server_that_defers_is_told_while_it_is_waited_for() {
    let server = server(
        |n, c| match n {
            1 | 2 => refuse(c, "451 4.7.1 greylisted, come back"),
            _ => refuse(c, "550 5.7.1 not here"),
        },
        3,
    );
    let project = in_front_of(server.port);
    let (ran, attempt) = run_with_result(&project);
    assert_eq!((ran.code, &attempt["diagnosis"][0]["code"]), (1, &"D13".into()), "{ran}");
    let begun =
        format!("\"detail\":\"by 127.0.0.1:{}: 451 4.7.1 greylisted, come back, in answer to rcpt\"", server.port);
    let events = project.read("e.jsonl");
    assert_eq!(
        events.lines().filter(|l| l.contains("\"kind\":\"deferred\"") && l.contains(&begun)).count(),
        1,
        "{events}"
    );
    assert_eq!(artifact(&project, &attempt, "smtp.log").matches("the outside sender hands it").count(), 3, "{ran}");
    server.done();
}

#[test]
fn what_a_server_said_last_is_what_was_checked() {
    let port = serve_all(|n, c| {
        if n > 0 {
            refuse(c, "451 4.3.2 not now")
        }
    });
    let project = in_front_of(port);
    let ran = project.run(&["run", "--timeout", "5s", "--report", "json=r.json", "--report", "console"]);
    assert!(ran.code == 3 && ran.stdout.contains("error[H06]"), "{ran}");
    assert!(ran.stdout.contains("put it off, the last time with 451 4.3.2 not now, in answer to rcpt"), "{ran}");
    // Nor is it absent for good.
    let absent = FORWARD.split_once("expect:").unwrap().0.to_owned()
        + "expect: [ absent: { from: gmail, settle: 10s } ]\nsnapshot: none\n";
    let project = project.scenario("forward", &absent);
    let ran = project.run(&["run", "--report", "console"]);
    assert!(ran.code == 3 && ran.stdout.contains("error[H06]"), "{ran}");
}
