//! Servers of a run that misbehave: what every fault comes to, that no other scenario suffers, and that no mail is sent
//! twice. Two scenarios share the world with the fault, a third has a world without.

use crate::support::program::{Project, Ran};
use serde_json::Value;

fn scenario(lab: &str, wait: &str, more: &str) -> String {
    let lab = if lab.is_empty() { String::new() } else { format!("lab: {{ {lab} }}\n") };
    format!(
        "sealcheck: 1
name: arrives
send: {{ from: external, to: company }}
wait: {{ {wait} }}
{lab}expect:
  - delivered: {{ to: gmail, folder: inbox }}
  - count: {{ to: gmail, is: 1, settle: 200ms }}
snapshot: none
{more}"
    )
}

/// What a run of the three scenarios came to.
struct Outcome {
    run: Ran,
    result: Value,
    /// How many messages were begun at the submission servers.
    messages: usize,
}

impl Outcome {
    fn of(project: &Project) -> Self {
        Self::with(project, &[])
    }

    fn with(project: &Project, args: &[&str]) -> Self {
        let run = project.run(&[&["run", "--artifacts", "all", "--report", "json=r.json"], args].concat());
        let result = serde_json::from_str(&project.read("r.json")).unwrap_or_else(|e| panic!("{e}: {run}"));
        let mut messages = 0;
        project.each_file(".sealcheck", &mut |path, bytes| {
            if path.ends_with("smtp.log") {
                messages += String::from_utf8_lossy(bytes).lines().filter(|l| *l == "C: DATA").count();
            }
        });
        Self { run, result, messages }
    }

    fn faulty(lab: &str, wait: &str, more: &str) -> Self {
        let project = Project::new();
        let project = project.scenario("a", &scenario(lab, wait, more)).scenario("b", &scenario(lab, wait, more));
        Self::of(&project.scenario("other", &scenario("", "timeout: 20s", "")))
    }

    fn attempts(&self, id: &str) -> &[Value] {
        let scenarios = self.result["scenarios"].as_array().unwrap();
        scenarios.iter().find(|s| s["id"] == id).unwrap()["attempts"].as_array().unwrap()
    }

    /// The errors of the two that met the fault, as `H06: …`.
    fn errors(&self) -> Vec<String> {
        let last = ["a", "b"].map(|id| self.attempts(id).last().unwrap());
        let errors = last.iter().filter(|a| a["status"] != "passed").map(|a| {
            assert_eq!(a["status"], "errored", "{}", self.run);
            format!("{}: {}", a["error"]["code"].as_str().unwrap(), a["error"]["message"].as_str().unwrap())
        });
        errors.collect()
    }

    #[track_caller]
    fn other_is_unharmed(&self) {
        let other = self.attempts("other");
        assert_eq!((other.len(), &other[0]["status"]), (1, &Value::from("passed")), "{}", self.run);
    }
}

/// Does it for every row at the same time: they wait more than they work, and share nothing.
fn side_by_side<T: Send>(rows: impl IntoIterator<Item = T>, check: impl Fn(T) + Sync) {
    let check = &check;
    std::thread::scope(|scope| rows.into_iter().for_each(|row| drop(scope.spawn(move || check(row)))));
}

#[test]
fn mailbox_faults_that_pass_lose_nothing() {
    side_by_side(["bye", "cut", "early", "late", "garbage", "crowded", "throttled"], |fault| {
        let outcome = Outcome::faulty(&format!("gmail: {{ imap: {fault} }}"), "timeout: 30s, poll: { max: 1s }", "");
        assert_eq!(outcome.run.code, 0, "{fault}: {}", outcome.run);
        assert_eq!(outcome.messages, 3, "{fault}");
        outcome.other_is_unharmed();
    });
}

/// What is told of a certificate beside what is wrong with it.
const EXPIRED: &str = "from CN=sealcheck lab CA, from 2019-01-01 to 2020-01-01, and ended ";
const OTHER_NAME: &str = "`: it is for mail.other.example, from CN=sealcheck lab CA, from 1975-01-01 to 4096-01-01";

#[test]
fn mailbox_faults_that_stay_are_the_harness_s() {
    let rows = [
        ("imap: silent", "H04", "did not answer in time", 1),
        ("imap: mute", "H04", "the server did not answer ", 3),
        ("imap: login", "H01", "Application-specific password", 1),
        ("imap: limit", "H06", "Too many simultaneous connections", 1),
        ("certificate: expired", "H05", EXPIRED, 1),
        ("certificate: other-name", "H05", OTHER_NAME, 1),
        ("certificate: unknown-ca", "H05", "CA that is not trusted here: it is for", 1),
    ];
    side_by_side(rows, |(fault, code, text, messages)| {
        // Only who says nothing is waited for until the end.
        let wait = match fault {
            "imap: silent" => "timeout: 3s",
            // Long enough for the folders to open on any machine.
            "imap: mute" => "timeout: 20s",
            _ => "timeout: 30s",
        };
        let outcome = Outcome::faulty(&format!("gmail: {{ {fault} }}"), wait, "");
        assert_eq!(outcome.run.code, 3, "{fault}: {}", outcome.run);
        let errors = outcome.errors();
        assert_eq!(errors.len(), 2, "{fault}: {}", outcome.run);
        assert!(errors.iter().all(|e| e.starts_with(code) && e.contains(text)), "{fault}: {errors:?}");
        assert_eq!(outcome.messages, messages, "{fault}");
        outcome.other_is_unharmed();
    });
}

#[test]
fn submission_faults_hit_one_and_say_what_became_of_the_mail() {
    let rows = [
        ("busy", "H06", "421 4.3.2", 2),
        ("mail", "H06", "put the mail off at mail: 421 4.3.2", 2),
        ("message", "H06", "put the mail off at message: 421 4.3.2", 3),
        ("drop", "H04", "so it was not sent again", 3),
    ];
    side_by_side(rows, |(fault, code, text, messages)| {
        let outcome = Outcome::faulty(&format!("external: {{ submission: {fault} }}"), "timeout: 8s", "");
        assert_eq!(outcome.run.code, 3, "{fault}: {}", outcome.run);
        let errors = outcome.errors();
        assert!(errors.len() == 1 && errors[0].starts_with(code) && errors[0].contains(text), "{fault}: {errors:?}");
        assert_eq!(outcome.messages, messages, "{fault}");
        outcome.other_is_unharmed();
    });
}

#[test]
fn nothing_goes_to_a_server_that_cannot_be_trusted() {
    let rows = [
        ("submission: plain", "offers no STARTTLS"),
        ("certificate: expired", EXPIRED),
        ("certificate: other-name", OTHER_NAME),
        ("certificate: unknown-ca", "CA that is not trusted here: it is for"),
    ];
    side_by_side(rows, |(fault, text)| {
        let outcome = Outcome::faulty(&format!("external: {{ {fault} }}"), "timeout: 20s", "");
        assert_eq!(outcome.run.code, 3, "{fault}: {}", outcome.run);
        let errors = outcome.errors();
        assert!(errors.len() == 2 && errors.iter().all(|e| e.starts_with("H05") && e.contains(text)), "{errors:?}");
        assert_eq!(outcome.messages, 1, "{fault}");
        outcome.other_is_unharmed();
    });
}

const RETRIES: &str = "retries: { max: 2, on: [error, timeout, fail] }\n";

#[test]
fn a_mail_that_was_taken_without_a_word_is_waited_for_and_not_sent_again() {
    let outcome = Outcome::faulty("external: { submission: lost }", "timeout: 20s", RETRIES);
    assert_eq!(outcome.run.code, 0, "{}", outcome.run);
    assert_eq!(outcome.messages, 3);
    outcome.other_is_unharmed();
}

#[test]
fn a_mail_that_may_have_been_taken_is_not_retried_and_one_that_was_not_is() {
    let doubtful = Outcome::faulty("external: { submission: drop }", "timeout: 3s", RETRIES);
    assert_eq!((doubtful.run.code, doubtful.messages), (3, 3), "{}", doubtful.run);
    assert_eq!(["a", "b"].map(|id| doubtful.attempts(id).len()), [1, 1]);
    let refused = Outcome::faulty("external: { submission: mail }", "timeout: 20s", RETRIES);
    assert_eq!((refused.run.code, refused.messages), (0, 3), "{}", refused.run);
    assert_eq!(["a", "b"].map(|id| refused.attempts(id).len()).iter().sum::<usize>(), 3);
}

#[test]
fn the_reply_that_never_came_is_no_failure_of_the_server() {
    let text =
        scenario("external: { submission: lost }", "timeout: 20s", "").replace("expect:\n", "expect:\n  - smtp: 250\n");
    let outcome = Outcome::of(&Project::new().scenario("a", &text));
    assert_eq!(outcome.run.code, 3, "{}", outcome.run);
    let attempt = &outcome.attempts("a")[0];
    assert_eq!(attempt["error"]["code"], "H04");
    let failed: Vec<_> = attempt["assertions"].as_array().unwrap().iter().filter(|c| c["passed"] == false).collect();
    assert!(failed.len() == 1 && failed[0]["actual"] == "no reply", "{failed:?}");
}

#[test]
fn a_failure_counts_more_than_faults_beside_it() {
    let wrong = scenario("", "timeout: 20s", "").replace("folder: inbox", "folder: spam");
    let fault = scenario("gmail: { certificate: expired }", "timeout: 5s", "");
    let outcome = Outcome::of(&Project::new().scenario("a", &fault).scenario("wrong", &wrong));
    assert_eq!(outcome.run.code, 1, "{}", outcome.run);
    assert_eq!(outcome.attempts("a")[0]["error"]["code"], "H05");
}

#[test]
fn a_host_without_an_address_is_told_as_one() {
    let config = "sealcheck: 1
target: gmail
accounts:
  external:
    address: probe@ext.example
    smtp: { host: smtp.ext.invalid, port: 587, password: { env: PASSWORD } }
  company: { address: info@corp.example }
";
    let text = "sealcheck: 1\nname: x\nsend: { from: external, to: company }\nexpect: [ smtp: 250 ]\nsnapshot: none\n";
    let outcome = Outcome::of(&Project::new().config(config).env("PASSWORD", "hunter2-secret").scenario("a", text));
    assert_eq!(outcome.run.code, 3, "{}", outcome.run);
    assert_eq!(outcome.attempts("a")[0]["error"]["code"], "H03");
}

#[test]
fn clocks_that_differ_keep_mail_from_being_sent() {
    // The greeting tells it before the first mail, a mailbox when the first has come.
    for (fault, text, messages) in [
        ("external: { submission: clock }", "nothing was sent: this machine's clock is 600 seconds ahead", 1),
        ("gmail: { imap: clock }", "agree with this machine, 0 with that server", 2),
    ] {
        let project = Project::new().scenario("other", &scenario("", "timeout: 20s", ""));
        let faulty = scenario(fault, "timeout: 20s", RETRIES);
        let outcome = Outcome::with(&project.scenario("a", &faulty).scenario("b", &faulty), &["--jobs", "1"]);
        assert_eq!(outcome.run.code, 3, "{fault}: {}", outcome.run);
        let errors = outcome.errors();
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(errors.iter().all(|e| e.starts_with("H10") && e.contains("nothing was sent")), "{fault}: {errors:?}");
        assert!(errors.iter().all(|e| e.contains(text)), "{fault}: {errors:?}");
        assert_eq!(outcome.messages, messages, "{fault}");
        outcome.other_is_unharmed();
    }
}
