//! Mail that comes when nobody waits for it any more.

use crate::program::Project;
use serde_json::Value;

/// The copy shows in the mailbox half a second after the attempt was given up.
const SLOW: &str = "sealcheck: 1
name: a copy that comes late
send: { from: external, to: company }
lab: { gmail: { delay: 1500ms } }
wait: { timeout: 1s }
retries: { max: 1, on: [timeout], delay: 1s }
expect: [ delivered: gmail ]
snapshot: none
";

#[test]
fn mail_of_an_attempt_that_was_given_up_is_late_when_it_comes_after_all() {
    let project = Project::new().scenario("slow", SLOW);
    let args = ["run", "--report", "json=r.json", "--report", "junit=j.xml", "--report", "openmetrics=m.prom"];
    let run = project.run(&args);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stdout.contains("LATE") && run.stdout.contains("1 late"), "{run}");
    let result: Value = serde_json::from_str(&project.read("r.json")).unwrap();
    assert_eq!((&result["totals"]["late"], &result["totals"]["timed_out"]), (&1.into(), &0.into()));
    let attempts = result["scenarios"][0]["attempts"].as_array().unwrap();
    assert_eq!((&attempts[0]["status"], &attempts[1]["status"]), (&"late".into(), &"timed_out".into()));
    assert_eq!(attempts[0]["summary"], "came late: it is in the inbox of gmail now");
    assert!(project.read("j.xml").contains("<failure"), "{}", project.read("j.xml"));
    assert!(project.read("m.prom").contains("late"), "{}", project.read("m.prom"));
    // A mail that never comes stays what it is.
    let project = Project::new().scenario("lost", &SLOW.replace("delay: 1500ms", "delay: 1h"));
    let run = project.run(&["run"]);
    assert!(run.code == 1 && run.stdout.contains("TMOT") && !run.stdout.contains("LATE"), "{run}");
}
