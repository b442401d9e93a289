//! Who is right: what the receiver and the forwarder claim, beside our own verdict.

use crate::support::program::{Project, forward};
use serde_json::Value;
use std::fs;

/// `by method=claims found agreement` of every claim of a mail.
fn told(claims: &Value) -> Vec<String> {
    let text = |c: &Value, key: &str| c[key].as_str().unwrap_or_default().to_owned();
    let claim = |c: &Value| {
        let (by, method, claims) = (text(c, "by"), text(c, "method"), text(c, "claims"));
        format!("{by} {method}={claims} {} {}", text(c, "found"), text(c, "agreement"))
    };
    claims.as_array().unwrap().iter().map(claim).collect()
}

/// A lab's mail, and the directory where it lies.
fn received(project: &Project) -> (String, String) {
    let ran = project.run(&["run", "--artifacts", "all", "--update", "new", "--report", "json=r.json"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(!ran.stdout.contains("NOTE"), "{ran}");
    let result: Value = serde_json::from_str(&project.read("r.json")).unwrap();
    assert_eq!(
        told(&result["scenarios"][0]["attempts"][0]["observed"][0]["claims"]),
        [
            "mx.google.com arc=pass pass agrees",
            "mx.google.com dkim=pass pass agrees",
            "mx.corp.example dkim=pass pass agrees"
        ]
    );
    let dir = format!(".sealcheck/runs/{}/artifacts/forward/1", result["run"]["id"].as_str().unwrap());
    (project.read(&format!("{dir}/received.eml")), dir)
}

/// The mail with one word of the topmost field of a name changed.
fn edited(mail: &str, field: &str, from: &str, to: &str) -> String {
    let start = mail.find(&format!("\n{field}:")).unwrap();
    let (before, rest) = mail.split_at(start);
    let changed = rest.replacen(from, to, 1);
    assert_ne!(rest, changed, "{field} has no {from}");
    format!("{before}{changed}")
}

#[test]
fn a_receiver_that_lies_is_named_whether_or_not_anything_failed() {
    let project = Project::new().scenario("forward", &forward("embedded"));
    let (mail, dir) = received(&project);
    let zone = format!("{dir}/dns.zone");
    let see = |mail: &str, format: &str| {
        fs::write(project.path("mail.eml"), mail).unwrap();
        project.run(&["inspect", "mail.eml", "--dns", &zone, "--format", format])
    };
    let wrong = |mail: &str| {
        let seen = see(mail, "json");
        let explained: Value = serde_json::from_str(&seen.stdout).unwrap_or_else(|e| panic!("{e}: {seen}"));
        let all = told(&explained["claims"]);
        (seen.code, all.into_iter().filter(|c| c.ends_with("disagrees")).collect::<Vec<_>>())
    };
    assert_eq!(wrong(&mail), (0, Vec::new()));
    assert!(see(&mail, "text").stdout.contains("claims\n  3 of 3 hold\n"), "{}", see(&mail, "text"));

    // It says that nothing is right, and everything is.
    let bad = edited(&mail, "Authentication-Results", "arc=pass", "arc=fail");
    assert_eq!(wrong(&bad), (0, vec!["mx.google.com arc=fail pass disagrees".to_owned()]));
    let bad = edited(&mail, "Authentication-Results", "dkim=pass", "dkim=neutral");
    assert_eq!(wrong(&bad), (0, vec!["mx.google.com dkim=neutral pass disagrees".to_owned()]));
    let text = see(&bad, "text").stdout;
    assert!(text.contains("not so: mx.google.com claims dkim=neutral "), "{text}");
    assert!(text.contains("we find pass: it verifies here"), "{text}");

    // It says that all is right, and it is not.
    let broken = edited(&mail, "Subject", "Subject: ", "Subject: changed ");
    let both = ["mx.google.com arc=pass fail disagrees", "mx.google.com dkim=pass fail disagrees"];
    assert_eq!(wrong(&broken), (1, both.map(str::to_owned).to_vec()));
    let forged = edited(&mail, "Authentication-Results", "header.i=@ext.example", "header.i=@bank.example");
    assert_eq!(wrong(&forged), (0, vec!["mx.google.com dkim=pass none disagrees".to_owned()]));

    // Without DNS nothing is known, and nothing is said.
    let seen = project.run(&["inspect", "mail.eml", "--dns", "none", "--format", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&seen.stdout).unwrap()["claims"], Value::Null);
    let seen = project.run(&["inspect", "mail.eml", "--dns", "none"]);
    assert!(!seen.stdout.contains("\nclaims\n"), "{seen}");
}

/// The look-alike and the forwarder judge with code of their own: where both are sound, no fault makes them disagree.
#[test]
fn no_fault_makes_the_lab_and_the_verifier_disagree() {
    let faults = ["A00", "B01", "B02", "B03", "B04", "B06", "C06", "none"];
    let project = faults.iter().fold(Project::new(), |project, fault| {
        let lab = if *fault == "none" { String::new() } else { format!("lab: {{ fault: {fault} }}\n") };
        let text = format!(
            "sealcheck: 1\nname: {fault}\ntargets: [embedded]\n{lab}send: {{ from: external, to: company }}\n\
             wait: {{ timeout: 60s }}\nexpect:\n  - delivered: {{ to: gmail, folder: any }}\nsnapshot: none\n"
        );
        project.scenario(fault, &text)
    });
    let ran = project.run(&["run", "--report", "json=r.json"]);
    let result: Value = serde_json::from_str(&project.read("r.json")).unwrap();
    let scenarios = result["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), faults.len());
    for scenario in scenarios {
        let claims = told(&scenario["attempts"][0]["observed"][0]["claims"]);
        assert!(!claims.is_empty() && !claims.iter().any(|c| c.ends_with("disagrees")), "{claims:#?} {scenario:#}");
    }
    assert!(!ran.stdout.contains("NOTE") && !ran.stdout.contains("trust:"), "{ran}");
}
