//! How a run ends before its time, and what it leaves.

use crate::support::program::Project;
use serde_json::Value;
use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

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

/// A run that was killed while it wrote a file leaves what was to become it.
#[test]
fn what_a_killed_run_was_writing_is_no_snapshot_and_goes_with_the_next_run() {
    let project = Project::new().scenario("quick", &SLOW.replace("2s", "0s").replace("snapshot: none\n", ""));
    assert_eq!(project.run(&["run", "--update", "all"]).code, 0);
    let folder = project.path("snapshots/embedded");
    let write = |name: &str, age: Duration| {
        let file = fs::File::create(folder.join(name)).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    };
    let day = Duration::from_secs(86_400);
    for (name, age) in [(".sealcheck-Ab12C3", day), (".sealcheck-Xy45Z6", Duration::ZERO), (".sealcheck-mine", day)] {
        write(name, age);
    }
    let run = project.run(&["run", "--obsolete", "fail"]);
    assert_eq!(run.code, 0, "{run}");
    let is_there = |name: &str| folder.join(name).exists();
    assert!(!is_there(".sealcheck-Ab12C3"), "nobody writes it any more");
    assert!(is_there(".sealcheck-Xy45Z6"), "somebody may be writing it");
    assert!(is_there(".sealcheck-mine"), "it is nobody's that we know");
}
