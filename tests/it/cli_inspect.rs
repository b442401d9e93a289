//! `sealcheck inspect`: what is printed about a mail, and what it ends with.

use crate::program::{Project, forward};
use serde_json::Value;
use std::fs;

#[test]
fn what_a_run_received_is_explained_offline() {
    let project = Project::new().scenario("forward", &forward("embedded"));
    let run = project.run(&["run", "--artifacts", "all", "--update", "new", "--report", "json=r.json"]);
    assert_eq!(run.code, 0, "{run}");
    let result: Value = serde_json::from_str(&project.read("r.json")).unwrap();
    let seals: Vec<_> = result["scenarios"][0]["attempts"][0]["observed"][0]["arc"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| {
            format!("i={} {} cv={} {}", s["i"], s["by"].as_str().unwrap(), s["cv"].as_str().unwrap(), s["verifies"])
        })
        .collect();
    assert_eq!(seals, ["i=1 corp.example cv=none true", "i=2 google.com cv=pass true"]);
    let dir = format!(".sealcheck/runs/{}/artifacts/forward/1", result["run"]["id"].as_str().unwrap());
    let (mail, zone) = (format!("{dir}/received.eml"), format!("{dir}/dns.zone"));
    let seen = project.run(&["inspect", &mail, "--dns", &zone, "--format", "json"]);
    assert_eq!(seen.code, 0, "{seen}");
    let explained: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(explained["verification"]["arc"], "pass");
    assert_eq!(explained["authentication_results"][0]["trusted"], true);
    assert_eq!(explained["arc"]["sets"][1]["seal"]["cv"], "pass");
    let broken = fs::read_to_string(project.path(&mail)).unwrap().replacen("Subject: ", "Subject: changed ", 1);
    fs::write(project.path("broken.eml"), broken).unwrap();
    let seen = project.run(&["inspect", "broken.eml", "--dns", &zone]);
    assert_eq!(seen.code, 1, "{seen}");
    assert!(seen.stdout.contains("chain fail"), "{seen}");
    let two = project.run(&["inspect", &mail, "broken.eml", "--dns", "none", "--format", "json"]);
    assert_eq!(two.stdout.lines().count(), 2, "{two}");
    assert_eq!(project.run(&["inspect", "nowhere.eml", "--dns", "none"]).code, 2);
}

/// A receiver's own results, and the same name below the mail of a stranger.
const FORGED: &str = "Authentication-Results: bank.example; dmarc=pass\r
Received: from sender.example (sender.example. [192.0.2.1])\r
        by mx.google.com with ESMTPS id z3;\r
        Wed, 1 Apr 2026 03:00:07 -0700 (PDT)\r
Authentication-Results: mx.google.com; spf=fail smtp.mailfrom=a@sender.example\r
From: a@sender.example\r
Authentication-Results: mx.google.com; arc=pass (i=1)\r
\r
text\r
";

#[test]
fn inspect_says_which_results_are_forged() {
    let project = Project::new();
    fs::write(project.path("forged.eml"), FORGED).unwrap();
    let seen = project.run(&["inspect", "forged.eml", "--dns", "none", "--format", "json"]);
    let explained: Value = serde_json::from_str(&seen.stdout).unwrap();
    let flags = |explained: &Value| {
        let all = explained["authentication_results"].as_array().unwrap().iter();
        all.map(|r| (r["trusted"] == true, r["forged"] == true)).collect::<Vec<_>>()
    };
    assert_eq!(flags(&explained), [(false, false), (true, false), (false, true)], "{seen}");
    assert_eq!(explained["arc_comment"], Value::Null);
    let seen = project.run(&["inspect", "forged.eml", "--dns", "none"]);
    for line in ["ignored by bank.example", "trusted by mx.google.com", "forged by mx.google.com"] {
        assert!(seen.stdout.contains(line), "{seen}");
    }
    let args = ["inspect", "forged.eml", "--dns", "none", "--format", "json", "--authserv-id", "mx.other.example"];
    let explained: Value = serde_json::from_str(&project.run(&args).stdout).unwrap();
    assert_eq!(flags(&explained), [(false, false); 3]);
}

#[test]
fn what_is_no_mail_ends_with_2_and_hides_no_mail() {
    let project = Project::new();
    let binary: Vec<u8> = (0..50_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(project.path("binary.eml"), binary).unwrap();
    fs::write(project.path("empty.eml"), "").unwrap();
    fs::write(project.path("body.eml"), "\n\ntext\n").unwrap();
    fs::create_dir(project.path("folder.eml")).unwrap();
    fs::write(project.path("good.eml"), FORGED).unwrap();
    for name in ["binary.eml", "empty.eml", "body.eml", "folder.eml", "none.eml"] {
        let seen = project.run(&["inspect", name, "good.eml", "--dns", "none"]);
        assert_eq!(seen.code, 2, "{seen}");
        assert!(seen.stderr.contains(name) && seen.stdout.contains("mx.google.com"), "{seen}");
    }
    let seen = project.run(&["inspect", "good.eml", "--dns", "binary.eml"]);
    assert_eq!(seen.code, 2, "{seen}");
    assert!(seen.stderr.contains("cannot read binary.eml"), "{seen}");
}
