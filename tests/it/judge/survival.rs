//! What was sent beside what arrived: in the result, on the console, and by hand.

use crate::support::program::Project;
use serde_json::Value;
use std::fs;

/// A forward that changes the mail after the seal, and one that does not.
fn project() -> Project {
    ["B04", "B06", "none"].into_iter().fold(Project::new(), |project, fault| {
        let lab = if fault == "none" { String::new() } else { format!("lab: {{ fault: {fault} }}\n") };
        let text = format!(
            "sealcheck: 1\nname: {fault}\ntargets: [embedded]\n{lab}send: {{ from: external, to: company }}\n\
             wait: {{ timeout: 60s }}\nexpect:\n  - delivered: {{ to: gmail, headers: {{ X-Not-There: a }} }}\nsnapshot: none\n"
        );
        project.scenario(&fault.to_lowercase(), &text)
    })
}

#[test]
fn what_a_signature_covers_is_compared_with_what_was_sent() {
    let project = project();
    let ran = project.run(&["run", "--report", "json=result.json"]);
    assert_eq!(ran.code, 1, "{ran}");
    let result: Value = serde_json::from_str(&project.read("result.json")).unwrap();
    let survival = |name: &str| {
        let scenarios = result["scenarios"].as_array().unwrap();
        let scenario = scenarios.iter().find(|s| s["name"] == name).unwrap();
        scenario["attempts"][0]["observed"][0]["survival"].as_array().unwrap().clone()
    };
    let told = |all: &[Value]| all.iter().map(|s| s["survives"] == true).collect::<Vec<_>>();
    // The sender's DKIM, the forwarder's seal, and the seal of the receiver, which saw what arrived.
    assert_eq!(told(&survival("none")), [true, true, true]);
    assert!(survival("none").iter().all(|s| s["headers"] == serde_json::json!([]) && s["body"].is_null()));
    let (header, body) = (survival("B06"), survival("B04"));
    assert_eq!((told(&header), told(&body)), (vec![false, false, true], vec![false, false, true]));
    for signature in &header {
        assert_eq!(signature["headers"][0]["name"], "Subject");
        assert_eq!(signature["headers"][0]["fate"], "changed");
        assert_eq!(signature["body"], Value::Null);
    }
    assert!(body.iter().all(|s| s["headers"] == serde_json::json!([]) && s["body"]["before"] != s["body"]["after"]));
    for line in ["= diff:  DKIM d=ext.example", ": does not survive\n", "Subject changed: \"", "body line "] {
        assert!(ran.stdout.contains(line), "{line}: {ran}");
    }
    assert!(ran.stdout.contains("= diff:  as it was sent, as far as its 3 signatures cover it"), "{ran}");
    // What the console said is kept beside the mail, without the place of the files.
    let file = format!(".sealcheck/runs/{}/artifacts/b06/1/diagnosis.txt", result["run"]["id"].as_str().unwrap());
    let text = project.read(&file);
    assert!(text.starts_with("error[B06]: a signed header was changed after the seal\n"), "{text}");
    for line in text.lines() {
        assert!(ran.stdout.contains(line), "{line} is not on the console: {ran}");
    }
    assert!(!text.contains("= files:") && text.contains("sealcheck explain B06"), "{text}");
    by_hand(&project, &format!(".sealcheck/runs/{}/artifacts", result["run"]["id"].as_str().unwrap()));
}

/// The same from the files that the run left.
fn by_hand(project: &Project, dir: &str) {
    let file = |fault: &str, name: &str| format!("{dir}/{fault}/1/{name}");
    let (mail, sent, zone) = (file("b06", "received.eml"), file("b06", "sent.eml"), file("b06", "dns.zone"));
    let seen = project.run(&["inspect", &mail, "--sent", &sent, "--dns", &zone]);
    assert_eq!(seen.code, 1, "{seen}");
    for line in ["beside what was sent\n", "ARC i=1 d=corp.example", ": does not survive\n", "  Subject changed: \""] {
        assert!(seen.stdout.contains(line), "{line}: {seen}");
    }
    // The keys that the run found are beside the mail, and need not be named.
    let beside = project.run(&["inspect", &mail, "--sent", &sent]);
    assert_eq!(beside.stdout, seen.stdout, "{beside}");
    assert!(
        beside.stderr.contains(&format!("public keys come from {zone}; --dns system asks the network")),
        "{beside}"
    );
    // The rule that names the cause quotes the same change.
    assert!(seen.stdout.contains(&format!("{sent}:")) && seen.stdout.contains("B06"), "{seen}");
    let good = file("none", "received.eml");
    let args = ["inspect", &mail, &good, "--sent", &sent, "--dns", "none", "--format", "json"];
    let seen = project.run(&args);
    let explained: Vec<Value> = seen.stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(explained[0]["survival"].is_array() && explained[1]["survival"].is_null(), "{seen}");
    let seen = project.run(&["inspect", &good, &good, "--sent", &sent, "--dns", "none"]);
    assert_eq!(seen.code, 2, "{seen}");
    assert!(seen.stderr.contains("no mail has the Message-ID of"), "{seen}");
    fs::write(project.path("empty.eml"), "").unwrap();
    for none in ["empty.eml", "nowhere.eml"] {
        let seen = project.run(&["inspect", &good, "--sent", none, "--dns", "none"]);
        assert!(seen.code == 2 && seen.stderr.contains(none), "{seen}");
    }
}
