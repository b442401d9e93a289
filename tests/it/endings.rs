//! How a run ends before its time, and what it leaves.

use crate::program::Project;
use serde_json::Value;
use std::{fs, path::Path};

/// Nothing comes within an hour.
const ENDLESS: &str = "sealcheck: 1
name: waits
send: { from: external, to: company, subject: $token }
wait: { timeout: 1h }
lab: { gmail: { delay: 1h } }
expect: [ { delivered: gmail } ]
snapshot: none
";

/// The mail takes two seconds.
const SLOW: &str = "sealcheck: 1
name: slow
send: { from: external, to: gmail, subject: $token }
wait: { timeout: 60s }
lab: { gmail: { delay: 2s } }
expect: [ { delivered: gmail } ]
snapshot: none
";

fn waits(line: &str) -> bool {
    line.contains("\"kind\":\"wait\"")
}

#[test]
fn a_run_whose_terminal_is_gone_ends_as_by_sigterm() {
    let project = Project::new().scenario("waits", ENDLESS);
    let run = project.run_until(&["run", "--report", "jsonl", "--report", "json=r.json"], waits, "HUP");
    assert_eq!(run.code, 143, "{run}");
    let result: Value = serde_json::from_str(&project.read("r.json")).unwrap();
    assert_eq!((&result["run"]["stopped"], &result["run"]["exit_code"]), (&"terminated".into(), &143.into()));
    let last: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "run_finished");
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_under_nohup_goes_on() {
    let project = Project::new().scenario("slow", SLOW);
    let by = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"];
    let run = project.run_by_until(&by, &["run", "--report", "jsonl"], waits, "HUP");
    assert_eq!(run.code, 0, "{run}");
}

/// Fifty newer ones are there.
#[test]
fn a_run_that_is_under_way_is_not_tidied_away() {
    let project = Project::new().scenario("waits", ENDLESS).scenario("quick", &SLOW.replace("2s", "0s"));
    let runs = || fs::read_dir(project.path(".sealcheck/runs")).unwrap().map(|e| e.unwrap().path());
    let is_kept = |run: &Path| run.join("events.jsonl").exists();
    let under_way = |line: &str| {
        if !waits(line) {
            return false;
        }
        let first = runs().next().unwrap();
        for n in 0..60 {
            fs::create_dir(project.path(&format!(".sealcheck/runs/Z{n:025}"))).unwrap();
        }
        let other = project.run(&["run", "quick"]);
        assert_eq!(other.code, 0, "{other}");
        assert_eq!(runs().count(), 51, "the others are tidied away");
        assert!(is_kept(&first), "a run that is under way stays");
        true
    };
    let run = project.run_until(&["run", "waits", "--report", "jsonl"], under_way, "KILL");
    assert_eq!(run.code, -1, "{run}");
    assert_eq!(project.run(&["run", "quick"]).code, 0);
    assert!(!runs().any(|run| is_kept(&run)), "one that was killed does not");
}
