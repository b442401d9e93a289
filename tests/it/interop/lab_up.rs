//! What do other programs make of a whole run, and of `lab up` in a process of its own?
//!
//! `.ci/interop-setup` installs the verifiers; swaks is a package of every system. Then
//! `cargo test --test it interop -- --ignored`.

use crate::{
    interop::verifiers::assert_everybody_passes,
    support::program::{Lab, Project, forward},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

#[test]
#[ignore = "requires python3 with dkimpy, node with mailauth, perl with Mail::DKIM and rspamd; .ci/run installs them"]
fn interop_the_received_copy_of_a_run_holds_everywhere() {
    for (target, key) in [("embedded", "reuse"), ("rspamd", "reuse"), ("rspamd", "dedicated")] {
        let scenario = forward(target).replace("send:", &format!("lab: {{ company: {{ arc: {key} }} }}\nsend:"));
        let project = Project::new().scenario("forward", &scenario);
        let ran = project.run(&["run", "--target", target, "--artifacts", "all", "--update", "all"]);
        assert_eq!(ran.code, 0, "{ran}");
        let (mut received, mut zone) = (Vec::new(), PathBuf::new());
        project.each_file(".sealcheck/runs", &mut |path, _| match path.file_name().and_then(|n| n.to_str()) {
            Some("received.eml") => received.push(path.to_owned()),
            Some("dns.zone") => path.clone_into(&mut zone),
            _ => {}
        });
        assert_eq!(received.len(), 1, "{ran}");
        assert_everybody_passes(&zone, &received);
    }
}

/// `127.0.0.1` and the port of one of the servers of `lab up`.
fn server<'l>(lab: &'l Lab, name: &str) -> (&'l str, &'l str) {
    let servers = lab.ready["servers"].as_array().unwrap();
    let server = servers.iter().find(|s| s["name"] == name).unwrap_or_else(|| panic!("{name}: {}", lab.ready));
    server["address"].as_str().and_then(|a| a.rsplit_once(':')).unwrap()
}

/// A field of one of the accounts of `lab up`.
fn account<'l>(lab: &'l Lab, name: &str, field: &str) -> &'l str {
    let accounts = lab.ready["accounts"].as_array().unwrap();
    accounts
        .iter()
        .find(|a| a["name"] == name)
        .and_then(|a| a[field].as_str())
        .unwrap_or_else(|| panic!("{name} {field}"))
}

fn swaks(lab: &Lab, server_name: &str, tls: &str, password: &str, ca: &Path, subject: &str) -> Output {
    let (host, port) = server(lab, server_name);
    Command::new("swaks")
        .args(["--server", host, "--port", port, tls, "--tls-verify", "--tls-ca-path", ca.to_str().unwrap()])
        .args(["--auth", "PLAIN", "--auth-user", account(lab, "external", "address"), "--auth-password", password])
        .args(["--from", account(lab, "external", "address"), "--to", account(lab, "company", "address")])
        .args(["--h-Subject", subject, "--ehlo", "client.ext.example"])
        .output()
        .unwrap_or_else(|e| panic!("swaks: {e}"))
}

#[test]
#[ignore = "requires swaks and python3"]
fn interop_swaks_submits_to_lab_up_and_imaplib_reads_the_copy() {
    let project = Project::new();
    let lab = project.lab(&[]);
    let ca = project.path("ca.pem");
    fs::write(&ca, lab.ready["ca_pem"].as_str().unwrap()).unwrap();
    let password = account(&lab, "external", "password");
    for (name, tls) in [("submission", "--tls"), ("submissions", "--tls-on-connect")] {
        let sent = swaks(&lab, name, tls, password, &ca, &format!("by swaks over {name}"));
        assert!(sent.status.success(), "{name}: {}", String::from_utf8_lossy(&sent.stdout));
    }
    let refused = swaks(&lab, "submission", "--tls", "not the password", &ca, "refused");
    assert!(String::from_utf8_lossy(&refused.stdout).contains("535"), "{refused:?}");
    let (host, port) = server(&lab, "gmail-imap");
    let mut reader = Command::new("python3");
    reader
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/imap_read.py"))
        .args([host, port, ca.to_str().unwrap(), "imap.gmail.com", account(&lab, "gmail", "address"), "INBOX"])
        .arg("by swaks over submissions")
        .stdin(fs::File::open(written(&project, account(&lab, "gmail", "password"))).unwrap());
    let read = reader.output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let seen: serde_json::Value = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!(seen["header"], "Subject: by swaks over submissions\r\n\r\n");
    assert_eq!(lab.end(), 0);
}

/// A file with one line.
fn written(project: &Project, line: &str) -> PathBuf {
    let path = project.path("line");
    fs::write(&path, format!("{line}\n")).unwrap();
    path
}
