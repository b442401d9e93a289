//! The gate before a deployment: the script of the page about Gmail, and a project that `init` began.

use crate::support::program::{Lab, Project, Ran};
use std::{fs, process::Command};

/// Of the sender's signature nothing is asked: without a key nobody signs what does not pass the sender's own server.
const SCENARIO: &str = "sealcheck: 1
name: the candidate seals
tags: [smoke]
targets: [gmail]
send: { from: external, to: company }
wait: { timeout: 20s }
expect:
  - smtp: { code: 250 }
  - delivered: gmail
snapshot: none
";

/// The script of the page.
fn script() -> String {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/gmail.md")).unwrap();
    let block = page.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next());
    block.expect("the page has a script").to_owned()
}

/// A lab whose project file has the profile of the page.
fn lab(project: &Project, args: &[&str]) -> Lab {
    let lab = project.lab(&[&["--config-out", "sealcheck.yaml"], args].concat());
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/gmail.md")).unwrap();
    let profile = page.split("`profiles: { ").nth(1).and_then(|rest| rest.split(" }` in").next()).unwrap();
    assert!(project.read("sealcheck.yaml").contains(profile), "{profile}");
    fs::write(project.path("gate.sh"), script()).unwrap();
    lab
}

/// What the script ends with and says.
fn gate(project: &Project, candidate: &str) -> (i32, String) {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_sealcheck")).parent().unwrap();
    let mut command = Command::new("sh");
    command.args(["gate.sh", candidate]).current_dir(project.path("")).env_clear();
    let ended = command.env("PATH", format!("{}:/usr/bin:/bin", program.display())).output().unwrap();
    let text = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    (ended.status.code().unwrap_or(-1), text)
}

fn project() -> Project {
    Project::new().scenario("forward", SCENARIO)
}

#[test]
fn a_candidate_that_works_may_take_over_and_one_that_is_away_may_be_asked_again() {
    let project = project();
    let lab = lab(&project, &[]);
    let config = project.read("sealcheck.yaml");
    // The company's mail goes straight to the candidate: nobody submits by the sender's own server.
    let port = config.split("    smtp:").nth(1).unwrap().split("port: ").nth(1).unwrap();
    let port = port.split_whitespace().next().unwrap();
    fs::write(project.path("sealcheck.yaml"), config.replacen(&format!("port: {port}"), "port: 1", 1)).unwrap();
    let (code, text) = gate(&project, lab.company_mx());
    assert!(code == 0 && text.contains("1 run: 1 passed"), "{code}: {text}");
    let (code, text) = gate(&project, "127.0.0.1:1");
    assert!(code == 75 && text.contains("try again later"), "{code}: {text}");
    let (code, text) = gate(&project, "127.0.0.1:none");
    assert!(code == 1 && text.contains("is no `host:port`"), "{code}: {text}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn without_a_key_it_takes_a_sender_without_a_policy_and_a_candidate_with_srs() {
    let project = project();
    let unsigned = ["--knob", "external.dkim=none"];
    let lenient = ["--knob", "external.dmarc=none", "--knob", "company.srs=true"];
    for (knobs, wanted) in [(&unsigned[..], 1), (&[&unsigned[..], &lenient].concat(), 0)] {
        let lab = lab(&project, knobs);
        assert!(!project.read("sealcheck.yaml").contains("dkim:"));
        let (code, text) = gate(&project, lab.company_mx());
        assert_eq!(code, wanted, "{knobs:?}: {text}");
        assert_eq!(lab.end(), 0);
    }
}

#[test]
fn a_candidate_that_does_not_seal_may_not() {
    let project = project();
    let lab = lab(&project, &["--knob", "company.arc=false"]);
    let (code, text) = gate(&project, lab.company_mx());
    assert!(code == 1 && text.contains("error[A00]") && text.contains("do not switch"), "{code}: {text}");
    assert_eq!(lab.end(), 0);
}

/// A project as `init` begins it, whose accounts are those of a lab.
fn begun(knobs: &[&str]) -> (Project, Lab, String) {
    let project = Project::new();
    assert_eq!(project.run(&["init"]).code, 0);
    let lab = project.lab(&[&["--config-out", "lab.yaml"], knobs].concat());
    let mx = format!("accounts.company.mx={}", lab.company_mx());
    (project, lab, mx)
}

/// Asks of the seal what no mail from this machine has.
const SPF: &str = "sealcheck: 1
name: spf passed
tags: [spf]
targets: [gmail]
send: { from: external, to: company }
wait: { timeout: 20s }
expect:
  - delivered: { to: gmail, arc: { carries: { i: 1, spf: pass } } }
snapshot: none
";

#[test]
fn the_machine_that_hands_mail_to_a_candidate_is_no_relay_of_the_company_s() {
    let (project, lab, mx) = begun(&[]);
    let project = project.scenario("spf", SPF);
    let ran = tested(&project, "spf", &["--set", &mx]);
    assert!(ran.code == 1 && ran.stdout.contains("softfail") && !ran.stdout.contains("C03"), "{ran}");
    assert_eq!(lab.end(), 0);
}

/// Runs what a tag names against Gmail, and the server that is to be tested.
fn tested(project: &Project, tag: &str, more: &[&str]) -> Ran {
    project.run(&[&["run", "--config", "lab.yaml", "--target", "gmail", "--tag", tag], more].concat())
}

#[test]
fn a_sound_candidate_passes_in_a_project_with_accepted_snapshots() {
    let (project, lab, mx) = begun(&[]);
    let project = project.env("CI", "true");
    let first = tested(&project, "smoke", &["--update", "new"]);
    assert!(first.code == 0 && project.path("snapshots/gmail/forward-arc.snap").exists(), "{first}");
    let usual = project.read("snapshots/gmail/forward-arc.snap");
    for tag in ["candidate", "smoke"] {
        for (update, words) in [("never", "passed"), ("new", " written"), ("never", " ok")] {
            let ran = tested(&project, tag, &["--set", &mx, "--update", update]);
            assert!(ran.code == 0 && ran.stdout.contains(words), "{tag} {update} {ran}");
        }
    }
    assert_eq!(project.read("snapshots/gmail/forward-arc.snap"), usual);
    let straight = project.read("snapshots/gmail-mx/forward-arc.snap");
    assert!(straight.contains("spf=softfail") && usual.contains("spf=pass"), "{straight}");
    // Both are there for a reason.
    let status = project.run(&["snapshots", "status"]);
    assert!(status.code == 0 && status.stdout.contains(" 0 obsolete"), "{status}");
    let night = tested(&project, "smoke", &[]);
    assert!(night.code == 0 && night.stdout.contains("ok"), "{night}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn each_fault_of_a_candidate_ends_with_its_code_and_cause() {
    for (knobs, code, words) in [
        (&["--knob", "company.arc=false"][..], 1, "error[A00]"),
        (&["--knob", "company.greylist=true"], 0, "1 run: 1 passed"),
        (&["--knob", "company.reject=550 5.7.1 no"], 1, "error[D13]"),
    ] {
        let (project, lab, mx) = begun(knobs);
        let ran = tested(&project, "candidate", &["--set", &mx]);
        assert!(ran.code == code && ran.stdout.contains(words), "{knobs:?} {ran}");
        assert_eq!(lab.end(), 0);
    }
    let (project, lab, _) = begun(&[]);
    let dead = tested(&project, "candidate", &["--set", "accounts.company.mx=127.0.0.1:1"]);
    assert!(dead.code == 3 && dead.stdout.contains("error[H04]"), "{dead}");
    assert_eq!(lab.end(), 0);
}
