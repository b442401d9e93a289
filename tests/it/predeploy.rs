//! The gate before a deployment, as the page about Gmail shows it: its script is run.

use crate::program::{Lab, Project};
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

fn candidate(lab: &Lab) -> String {
    let servers = lab.ready["servers"].as_array().unwrap();
    servers.iter().find(|s| s["name"] == "company-mx").unwrap()["address"].as_str().unwrap().to_owned()
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
    let (code, text) = gate(&project, &candidate(&lab));
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
        let (code, text) = gate(&project, &candidate(&lab));
        assert_eq!(code, wanted, "{knobs:?}: {text}");
        assert_eq!(lab.end(), 0);
    }
}

#[test]
fn a_candidate_that_does_not_seal_may_not() {
    let project = project();
    let lab = lab(&project, &["--knob", "company.arc=false"]);
    let (code, text) = gate(&project, &candidate(&lab));
    assert!(code == 1 && text.contains("error[A00]") && text.contains("do not switch"), "{code}: {text}");
    assert_eq!(lab.end(), 0);
}
