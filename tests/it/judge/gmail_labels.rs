//! Labels and categories, from the look-alike's filters to the check.

use crate::support::program::{Project, Ran};
use serde_json::Value;

fn scenario(lab: &str, expect: &str) -> String {
    format!(
        "sealcheck: 1
name: filed as wanted
send: {{ from: external, to: gmail }}
wait: {{ timeout: 20s }}
lab: {{ gmail: {{ {lab} }} }}
expect:
  - delivered: {{ to: gmail, {expect} }}
snapshot: none
"
    )
}

fn run(lab: &str, expect: &str) -> (Ran, Value) {
    let project = Project::new().scenario("filed", &scenario(lab, expect));
    let run = project.run(&["run", "--report", "json=result.json"]);
    let result = serde_json::from_str(&project.read("result.json")).unwrap();
    (run, result)
}

#[test]
fn labels_and_category_are_seen() {
    let (run, result) = run(
        r#"labels: [Bauhütte, 'two words', '\Important'], category: promotions"#,
        r#"labels: ['\Inbox', bauhütte, two words, '\Important'], category: promotions"#,
    );
    assert_eq!(run.code, 0, "{run}");
    let seen = &result["scenarios"][0]["attempts"][0]["observed"][0];
    assert_eq!(seen["category"], "promotions");
    let labels: Vec<_> = seen["labels"].as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect();
    assert_eq!(labels, ["\\Important", "Bauhütte", "two words"]);
}

#[test]
fn mail_is_primary_where_nothing_else_is_said() {
    let (run, _) = run("labels: Work", "labels: Work, category: primary");
    assert_eq!(run.code, 0, "{run}");
}

#[test]
fn another_category_and_a_missing_label_are_failures() {
    let (run, result) = run("category: updates", "labels: Work, category: primary");
    assert_eq!(run.code, 1, "{run}");
    let checks = result["scenarios"][0]["attempts"][0]["assertions"].as_array().unwrap();
    let failed: Vec<_> = checks.iter().filter(|c| c["passed"] == false).collect();
    let told: Vec<_> = failed.iter().map(|c| (c["path"].as_str().unwrap(), c["actual"].as_str().unwrap())).collect();
    assert_eq!(told, [("expect[0].delivered.labels", "\\Inbox"), ("expect[0].delivered.category", "updates")]);
    assert_eq!(failed[1]["expected"], "primary");
    assert!(run.stdout.contains("scenarios/filed.yaml:7"), "{run}");
}

#[test]
fn spam_is_under_no_tab() {
    let (run, result) = run("folder: spam, labels: Work", "folder: spam, category: primary");
    assert_eq!(run.code, 1, "{run}");
    let checks = result["scenarios"][0]["attempts"][0]["assertions"].as_array().unwrap();
    assert!(checks.iter().any(|c| c["actual"] == "in no category"), "{checks:?}");
}

#[test]
fn other_servers_have_neither() {
    let text = scenario("delay: 1s", "category: primary").replace("to: gmail, category", "to: external, category");
    let run = Project::new().scenario("filed", &text).run(&["run"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("scenarios/filed.yaml:7:") && run.stderr.contains("not read as Gmail"), "{run}");
}
