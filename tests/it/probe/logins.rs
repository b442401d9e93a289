//! Logins with refresh tokens, from one process to a lab in another.

use crate::support::program::{Lab, Project, Ran, forward};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

/// The scenarios that are shipped.
fn shipped() -> Project {
    let project = Project::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, project.path("scenarios").join(path.file_name().unwrap())).unwrap();
    }
    project
}

const RUN: [&str; 8] = ["run", "--target", "gmail", "--artifacts", "all", "--update", "new", "--report"];

fn result(project: &Project, args: &[&str]) -> (Ran, Value) {
    let run = project.run(&[&RUN[..], &["json=r.json"], args].concat());
    let result = serde_json::from_str(&project.read("r.json")).unwrap_or_else(|e| panic!("{e}: {run}"));
    (run, result)
}

/// What a run said at its end of the connections: opened, and of these again.
fn connections(result: &Value) -> (u64, u64) {
    let number = |name: &str| result["imap"][name].as_u64().unwrap();
    (number("opened"), number("reopened"))
}

#[test]
fn the_shipped_scenarios_pass_by_password_and_by_tokens_that_end_in_the_middle() {
    let project = shipped();
    let mut statuses = Vec::new();
    for flags in [&["--auth", "password"][..], &["--auth", "xoauth2", "--token-commands", "15"]] {
        let by_tokens = flags.contains(&"xoauth2");
        let lab = project.lab(&[flags, &["--config-out", "sealcheck.yaml"]].concat());
        assert_eq!(project.read("sealcheck.yaml").contains("auth: xoauth2"), by_tokens);
        let (run, result) = result(&project, &[]);
        assert_eq!(run.code, 0, "{run}");
        let scenarios = result["scenarios"].as_array().unwrap();
        let mut queue_ids = BTreeSet::new();
        for scenario in scenarios {
            let attempts = scenario["attempts"].as_array().unwrap();
            assert_eq!((scenario["status"].as_str(), attempts.len()), (Some("passed"), 1), "{scenario}");
            let ids: Vec<_> = attempts[0]["queue_ids"].as_object().unwrap().values().map(Value::to_string).collect();
            assert_eq!(ids.len(), 1, "{scenario}");
            queue_ids.extend(ids);
        }
        // One submission each: nothing was sent twice.
        assert!(scenarios.len() >= 7);
        assert_eq!(queue_ids.len(), scenarios.len());
        let mut accepted = 0;
        project.each_file(".sealcheck", &mut |path, bytes| {
            if path.ends_with("smtp.log") {
                accepted += String::from_utf8_lossy(bytes).matches("queued as").count();
            }
        });
        assert_eq!(accepted, scenarios.len());
        fs::remove_dir_all(project.path(".sealcheck")).unwrap();
        // No session was ended by a password; tokens ended, and their sessions with them.
        assert_eq!(connections(&result).1 > 0, by_tokens, "{}", result["imap"]);
        statuses.push(scenarios.iter().map(|s| s["id"].clone()).collect::<Vec<_>>());
        assert_eq!(lab.end(), 0);
    }
    assert_eq!(statuses[0], statuses[1]);
}

/// A lab whose logins go wrong, with a project file that sends through it and forwards.
fn faulty(fault: &str) -> (Project, Lab) {
    let project = Project::new().scenario("forward", &forward("gmail"));
    let lab = project.lab(&["--auth", "xoauth2", "--token-fault", fault, "--config-out", "sealcheck.yaml"]);
    (project, lab)
}

#[test]
fn without_a_token_a_run_is_inconclusive_and_says_why() {
    for (fault, code, says) in [
        ("invalid-grant", "H02", "7 days"),
        ("invalid-client", "H02", "Desktop app"),
        ("down", "H04", "nothing listens there"),
        ("page", "H07", "it is no JSON"),
        ("wrong-scope", "H02", "the token is for the scope `openid"),
        ("useless-token", "H02", "consent as"),
    ] {
        let (project, lab) = faulty(fault);
        let (run, result) = result(&project, &[]);
        assert_eq!(run.code, 3, "{fault}: {run}");
        let scenario = &result["scenarios"][0];
        assert_eq!(scenario["status"], "errored", "{fault}: {run}");
        assert_eq!(scenario["attempts"][0]["error"]["code"], code, "{fault}: {scenario}");
        assert!(run.stdout.contains(says), "{fault}: {run}");
        // Nothing was sent.
        assert!(scenario["attempts"][0]["queue_ids"].as_object().is_none_or(|ids| ids.is_empty()), "{scenario}");
        assert_eq!(lab.end(), 0);
    }
}

#[test]
fn accounts_that_need_no_token_are_unharmed_when_none_can_be_had() {
    let direct = |id: &str, to: &str| {
        format!(
            "sealcheck: 1\nname: {id}\ntargets: [gmail]\nsend: {{ from: sender, to: {to} }}\nwait: {{ timeout: 30s }}\n\
             expect: [ {{ delivered: {to} }} ]\n"
        )
    };
    let project = Project::new()
        .scenario("token", &direct("token", "gmail"))
        .scenario("password", &direct("password", "gmail-2"));
    let lab = project.lab(&["--auth", "xoauth2", "--token-fault", "down", "--config-out", "sealcheck.yaml"]);
    // The sender and one of the receivers have passwords.
    let file = project.read("sealcheck.yaml");
    let address = |name: &str| {
        let servers = lab.ready["servers"].as_array().unwrap();
        servers.iter().find(|s| s["name"] == name).unwrap()["address"].as_str().unwrap().to_owned()
    };
    let password = |name: &str| {
        let accounts = lab.ready["accounts"].as_array().unwrap();
        accounts.iter().find(|a| a["name"] == name).unwrap()["password"].as_str().unwrap().to_owned()
    };
    fs::write(project.path("s"), password("external")).unwrap();
    fs::write(project.path("g"), password("gmail-2")).unwrap();
    let server = |of: &str, user: &str, tls: &str, name: &str, secret: &str| {
        let (host, port) = of.rsplit_once(':').unwrap();
        format!(
            "{{ host: {host}, port: {port}, tls: {tls}, tls_name: {name}, ca_file: sealcheck.yaml.d/ca.pem, user: {user}, \
             password: {{ file: {secret} }} }}"
        )
    };
    let smtp = server(&address("submission"), "probe@ext.example", "starttls", "smtp.ext.example", "s");
    let imap = server(&address("gmail-imap"), "probe.second@gmail.com", "implicit", "imap.gmail.com", "g");
    let (before, after) = file.split_once("  gmail-2:\n").unwrap();
    let rest = after.find("\n  self:").map_or("", |at| &after[at + 1..]);
    let file = format!(
        "{before}  gmail-2:\n    address: probe.second@gmail.com\n    imap: {imap}\n  sender:\n    address: probe@ext.example\n    \
         smtp: {smtp}\n{rest}"
    );
    fs::write(project.path("sealcheck.yaml"), file).unwrap();
    let (run, result) = result(&project, &[]);
    assert_eq!(run.code, 3, "{run}");
    let scenarios = result["scenarios"].as_array().unwrap();
    let of = |id: &str| scenarios.iter().find(|s| s["id"] == id).unwrap();
    assert_eq!(
        (of("password")["status"].as_str(), of("token")["status"].as_str()),
        (Some("passed"), Some("errored")),
        "{run}"
    );
    assert_eq!(of("token")["attempts"][0]["error"]["code"], "H04", "{run}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_missing_client_secret_sends_nothing() {
    let (project, lab) = faulty("none");
    fs::remove_file(project.path("sealcheck.yaml.d/google.client_secret")).unwrap();
    fs::write(project.path("sealcheck.yaml.d/gmail.refresh_token"), "\n").unwrap();
    let run = project.run(&["run", "--target", "gmail"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("no secret for `accounts.gmail.imap.client_secret`"), "{run}");
    assert!(run.stderr.contains("no secret for `accounts.gmail.imap.refresh_token`: the secret is empty"), "{run}");
    assert!(run.stderr.contains("sealcheck.yaml:"), "{run}");
    assert!(!project.path(".sealcheck").exists());
    assert_eq!(lab.end(), 0);
    for flags in [
        &["--token-life", "5s"][..],
        &["--auth", "xoauth2", "--token-commands", "3"],
        &["--auth", "xoauth2", "--token-life", "1ms"],
    ] {
        let refused = project.run(&[&["lab", "up"], flags].concat());
        assert_eq!(refused.code, 2, "{refused}");
    }
}
