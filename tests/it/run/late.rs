//! Mail that comes when nobody waits for it any more.

use crate::support::program::Project;
use serde_json::Value;
use std::fs;

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
    let summary = attempts[0]["summary"].as_str().unwrap();
    assert!(summary.starts_with("came late: in the inbox of gmail after "), "{summary}");
    assert!(attempts[0]["timings_ms"]["came"].as_u64() >= Some(1500), "{}", attempts[0]);
    assert!(project.read("j.xml").contains("<failure"), "{}", project.read("j.xml"));
    assert!(project.read("m.prom").contains("late"), "{}", project.read("m.prom"));
    // A mail that never comes stays what it is.
    let project = Project::new().scenario("lost", &SLOW.replace("delay: 1500ms", "delay: 1h"));
    let run = project.run(&["run"]);
    assert!(run.code == 1 && run.stdout.contains("TMOT") && !run.stdout.contains("LATE"), "{run}");
}

/// A scenario that waits so long for its copy.
fn waiting(seconds: u32) -> String {
    format!(
        "sealcheck: 1\nname: waits {seconds} s\ntargets: [gmail]\nsend: {{ from: external, to: company }}\n\
         wait: {{ timeout: {seconds}s }}\nexpect: [ delivered: gmail ]\nsnapshot: none\n"
    )
}

/// Mail takes four seconds. The first scenario gives up before its mail comes, which is there at the end of the run; the
/// second waits long enough; the third begins after the first and sees that another mail came while its own did not.
#[test]
fn at_the_end_of_a_run_mail_that_came_late_is_found_and_silence_says_what_was_checked() {
    let project = Project::new().scenario("a", &waiting(2)).scenario("b", &waiting(60)).scenario("c", &waiting(3));
    let lab = project.lab(&["--config-out", "sealcheck.yaml", "--knob", "gmail.delay=4s"]);
    let args = ["run", "--target", "gmail", "-j", "2", "--record", "run.jsonl", "--report", "json=r.json"];
    let others =
        ["--report", "junit=j.xml", "--report", "tap=t.tap", "--report", "html=h.html", "--report", "markdown=m.md"];
    let run = project.run(&[&args[..], &others[..]].concat());
    assert_eq!(run.code, 1, "{run}");
    let result: Value = serde_json::from_str(&project.read("r.json")).unwrap();
    let scenarios = result["scenarios"].as_array().unwrap();
    let statuses: Vec<_> = scenarios.iter().map(|s| s["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["late", "passed", "timed_out"], "{run}");
    assert_eq!((&result["totals"]["late"], &result["totals"]["timed_out"]), (&1.into(), &1.into()));
    assert!(run.stdout.contains("1 timed out, 1 late"), "{run}");
    let first = &scenarios[0]["attempts"][0];
    let (came, late) = (first["timings_ms"]["came"].as_u64().unwrap(), first["timings_ms"]["late"].as_u64().unwrap());
    assert!((3900..30_000).contains(&came) && late < came, "{first}");

    let lost = &scenarios[2]["attempts"][0];
    let checked: Vec<&str> = lost["checked"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let says = |text: &str| assert!(checked.iter().any(|line| line.starts_with(text)), "{text}: {checked:#?}");
    says("the first server took the mail: 250 ");
    says("inbox, spam and all mail of gmail searched anew, on another connection: not there");
    says("inbox of gmail watched to the end; its server last answered ");
    says("the inbox of external was watched for a bounce: none came");
    says("1 other mail of this run reached gmail meanwhile, the slowest after 4.");
    assert_eq!(lost["diagnosis"][0]["code"], "E00");
    let next = lost["diagnosis"][0]["next"][0].as_str().unwrap();
    assert!(next.ends_with("this one mail is lost or slow"), "{next}");
    for report in ["j.xml", "t.tap", "h.html", "m.md"] {
        assert!(project.read(report).contains("searched anew"), "{report}");
    }
    assert!(run.stdout.contains("= checked: the first server took the mail"), "{run}");

    // A record tells it again, alone, merged and over many runs.
    let again = project.run(&["report", "run.jsonl", "--report", "json=again.json"]);
    assert_eq!((again.code, project.read("again.json")), (0, project.read("r.json")), "{again}");
    let merged = project.run(&["merge", "run.jsonl", "--expect-shards", "1", "--report", "json=merged.json"]);
    let whole: Value = serde_json::from_str(&project.read("merged.json")).unwrap_or_default();
    assert_eq!((&whole["totals"], merged.code), (&result["totals"], 1), "{merged}");
    let history = project.run(&["history", "a", "--format", "json"]);
    assert!(history.stdout.contains("\"status\": \"late\""), "{history}");
    assert_eq!(lab.end(), 0);
}

/// Without a mailbox of the sender nobody can see a bounce, and nothing else was sent to compare with.
#[test]
fn silence_says_what_nobody_could_have_seen() {
    let project = Project::new().scenario("a", &waiting(2));
    let lab = project.lab(&["--config-out", "sealcheck.yaml", "--knob", "gmail.delay=1h"]);
    let described = project.read("sealcheck.yaml");
    let (before, rest) = described.split_once("  external:\n").unwrap();
    let (external, after) = rest.split_once("  external-2:\n").unwrap();
    let (external, _) = external.split_once("    imap:\n").unwrap();
    let blind = format!("{before}  external:\n{external}  external-2:\n{after}");
    fs::write(project.path("sealcheck.yaml"), blind).unwrap();
    let run = project.run(&["run", "--target", "gmail"]);
    assert_eq!(run.code, 1, "{run}");
    for text in [
        "no bounce could be seen: it would go to external, an account without `imap`",
        "write `imap` below `accounts.external` in sealcheck.yaml",
        "this run has sent no other mail towards gmail",
    ] {
        assert!(run.stdout.contains(text), "{text}: {run}");
    }
    assert_eq!(lab.end(), 0);
}
