//! A selection that is divided over several processes, and what it comes to.

use crate::{
    cli::commands::{DIRECT, WRONG},
    support::program::{Project, forward},
};
use serde_json::Value;
use std::{fs, path::Path};

/// A project with the scenarios and snapshots that are shipped.
fn shipped() -> Project {
    let project = Project::new();
    for folder in ["scenarios", "snapshots"] {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &project.path(folder));
    }
    project
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() { copy(&path, &to) } else { assert!(fs::copy(&path, &to).is_ok()) }
    }
}

/// A result without what differs between any two runs: names of runs, times, connections, and what signatures are made of.
fn lasting(value: &Value) -> Value {
    const PASSING: &str = "started_at finished_at duration_ms message_id queue_ids timings_ms steps summary after_ms \
                           received artifacts expected computed notification arrival_date imap secrets";
    match value {
        Value::Object(fields) if fields.get("property") == Some(&"b".into()) => Value::Null,
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| !PASSING.split(' ').any(|p| p == *name))
            .map(|(name, value)| (name.clone(), lasting(value)))
            .collect(),
        Value::Array(all) => {
            let mut all: Vec<Value> = all.iter().map(lasting).collect();
            // Two copies of a mail race each other.
            if all.iter().all(|one| one.get("folder").is_some()) {
                all.sort_by_key(ToString::to_string);
            }
            all.into()
        }
        Value::String(text) => PASSING_TEXTS.with(|texts| texts.replace_all(text, "*").as_ref().into()),
        other => other.clone(),
    }
}

thread_local! {
    /// Tokens, ids of runs, times, SRS hashes and timestamps, the receiver's references.
    static PASSING_TEXTS: regex::Regex = regex::Regex::new(
        r"(?i)sc-[0-9a-z]{26}-\d+-\d+|^[0-9A-HJKMNP-TV-Z]{26}$|\d+\.\d\ds\b|SRS0=[^=]+=[^=]+|[0-9a-f]+-[0-9a-f]+si[0-9a-f]+\.\d+",
    )
    .unwrap();
}

fn result(project: &Project, file: &str) -> Value {
    serde_json::from_str(&project.read(file)).unwrap()
}

/// The lines of a result in which two differ, for people.
fn differences(one: &Value, other: &Value) -> Vec<String> {
    let text = |v: &Value| serde_json::to_string_pretty(&lasting(v)).unwrap();
    let (one, other) = (text(one), text(other));
    let changes = similar::TextDiff::from_lines(&one, &other);
    let changed = changes.iter_all_changes().filter(|c| c.tag() != similar::ChangeTag::Equal);
    changed.map(|c| format!("{}{}", c.tag(), c.value().trim_end())).collect()
}

#[test]
fn three_shards_of_the_shipped_scenarios_come_to_the_same_as_one_run() {
    let project = shipped();
    let whole = project.run(&["run", "--update", "never", "--report", "json=whole.json"]);
    for shard in ["1/3", "2/3", "3/3"] {
        let record = format!("shards/{}.jsonl", &shard[..1]);
        let run = project.run(&["run", "--update", "never", "--shard", shard, "--record", &record]);
        assert!([0, whole.code].contains(&run.code), "{run}");
    }
    let args = ["merge", "shards", "--expect-shards", "3", "--report", "json=merged.json", "--record", "all/all.jsonl"];
    let merged = project.run(&args);
    assert_eq!(merged.code, whole.code, "{merged}\n{whole}");
    let (one, many) = (result(&project, "whole.json"), result(&project, "merged.json"));
    assert!(one["totals"]["passed"].as_u64().unwrap() > 25, "{}", one["totals"]);
    assert_eq!(differences(&one, &many), Vec::<String>::new());
    // What was merged is a record as any other.
    let again = project.run(&["report", "all", "--report", "json=again.json"]);
    assert_eq!(again.code, 0, "{again}");
    assert_eq!(again.stdout, merged.stdout);
    assert_eq!(project.read("again.json"), project.read("merged.json"));
}

#[test]
fn three_shards_over_two_accounts_come_to_the_same_as_one_run() {
    let project = shipped();
    let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    // The first run accepts the snapshots, so that those of the second account must be the same.
    let whole = project.run(&["run", "--update", "new", "--report", "json=first.json"]);
    assert_eq!(whole.code, 0, "{whole}");
    let whole = project.run(&["run", "--update", "never", "--report", "json=whole.json"]);
    assert_eq!(whole.code, 0, "{whole}");
    let swap = [
        "--account",
        "gmail=gmail,gmail-2",
        "--account",
        "gmail-2=gmail-2,gmail",
        "--account",
        "company=company,company-2",
        "--account",
        "company-2=company-2,company",
    ];
    let mut second = 0;
    for index in 0..3 {
        let record = format!("shards/{index}.jsonl");
        let project = project.with_env("JOB_COMPLETION_INDEX", &index.to_string());
        let args = [&["run", "--update", "never", "--shard", "auto/3", "--record", &record][..], &swap].concat();
        let run = project.run(&args);
        assert_eq!(run.code, 0, "{run}");
        second += usize::from(project.read(&record).contains("sales@corp.example"));
    }
    assert!(second >= 1, "no shard wrote to the second account");
    let merged = project.run(&["merge", "shards", "--expect-shards", "3", "--report", "json=merged.json"]);
    assert_eq!(merged.code, 0, "{merged}");
    let (one, many) = (result(&project, "whole.json"), result(&project, "merged.json"));
    assert!(one["totals"]["passed"].as_u64().unwrap() >= 4, "{}", one["totals"]);
    assert_eq!(one["totals"], many["totals"]);
    assert_eq!(one["snapshots"], many["snapshots"]);
    assert_eq!(differences(&one, &many), Vec::<String>::new());
    assert_eq!(lab.end(), 0);
}

#[test]
fn an_account_is_swapped_with_the_one_that_forwards_to_it() {
    let project = Project::new().scenario("forward", &forward("gmail"));
    let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    for command in ["run", "check"] {
        let alone = project.run(&[command, "--target", "gmail", "--account", "gmail=gmail-2"]);
        assert_eq!(alone.code, 2, "{alone}");
        let text = format!("{}{}", alone.stdout, alone.stderr);
        assert!(text.contains("account `company` forwards to `gmail`"), "{alone}");
        assert!(text.contains("add --account company=company-2, which forwards to `gmail-2`"), "{alone}");
    }
    let args = ["run", "--account", "gmail=gmail-2", "--account", "company=company-2", "--update", "never"];
    let both = project.run(&[&args[..], &["-v", "--report", "json=r.json"]].concat());
    assert_eq!(both.code, 5, "{both}");
    assert_eq!(result(&project, "r.json")["scenarios"][0]["attempts"][0]["observed"][0]["account"], "gmail");
    assert_eq!(lab.end(), 0);
}

#[test]
fn what_is_wrong_with_shards_ends_with_7() {
    let kept = DIRECT.replace("snapshot: none", "snapshot: auth");
    let project = Project::new().scenario("a", &kept).scenario("b", &kept);
    for shard in ["1/3", "2/3", "3/3"] {
        let run =
            project.run(&["run", "--shard", shard, "--update", "never", "--record", &format!("{}.jsonl", &shard[..1])]);
        // The third has nothing to do, and says so.
        assert_eq!(run.code, if shard == "3/3" { 0 } else { 5 }, "{run}");
    }
    let whole = project.run(&["merge", "1.jsonl", "2.jsonl", "3.jsonl", "--expect-shards", "3"]);
    assert_eq!(whole.code, 5, "{whole}");
    assert!(whole.stdout.contains("2 run: 2 passed"), "{whole}");
    let missing = project.run(&["merge", "1.jsonl", "3.jsonl", "--expect-shards", "3", "--report", "json=m.json"]);
    assert_eq!(missing.code, 7, "{missing}");
    assert!(missing.stderr.contains("error: shard 2/3 is missing"), "{missing}");
    assert_eq!(result(&project, "m.json")["run"]["complete"], false);
    let twice = project.run(&["merge", "1.jsonl", "1.jsonl", "2.jsonl", "3.jsonl", "--expect-shards", "3"]);
    assert_eq!(twice.code, 7, "{twice}");
    fs::write(project.path("2.jsonl"), "").unwrap();
    let empty = project.run(&["merge", "1.jsonl", "2.jsonl", "3.jsonl", "--expect-shards", "3"]);
    assert_eq!(empty.code, 7, "{empty}");
    assert!(empty.stderr.contains("2.jsonl: holds no event"), "{empty}");
    fs::create_dir(project.path("none")).unwrap();
    let none = project.run(&["merge", "none", "--expect-shards", "3"]);
    assert_eq!(none.code, 7, "{none}");
    fs::write(project.path("2.jsonl"), "garbage\n").unwrap();
    let garbage = project.run(&["merge", "1.jsonl", "2.jsonl", "3.jsonl", "--expect-shards", "3"]);
    assert_eq!(garbage.code, 2, "{garbage}");
    assert!(garbage.stderr.contains("error: 2.jsonl:1: no event of a run"), "{garbage}");
    assert_eq!(project.run(&["merge", "nowhere", "--expect-shards", "3"]).code, 2);
}

#[test]
fn the_history_adds_up_the_runs_that_are_kept() {
    let project = Project::new().scenario("direct", DIRECT).scenario("wrong", WRONG);
    let nothing = project.run(&["history"]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (4, ""), "{nothing}");
    project.run(&["run", "direct", "--repeat", "3"]);
    project.run(&["run"]);
    let history = project.run(&["history", "--format", "json"]);
    assert_eq!(history.code, 0, "{history}");
    let all: Value = serde_json::from_str(&history.stdout).unwrap();
    let of = |n: usize, key: &str| all["scenarios"][n][key].as_u64().unwrap();
    assert_eq!((of(0, "runs"), of(0, "passed")), (4, 4), "repetitions are results of the same: {history}");
    assert_eq!((of(1, "runs"), of(1, "passed")), (1, 0));
    assert!(of(0, "p50_ms") <= of(0, "p95_ms"));
    let text = project.run(&["history", "d*", "--target", "embedded"]).stdout;
    assert_eq!(text.lines().count(), 2, "{text}");
    let line = text.lines().last().unwrap();
    assert!(line.starts_with("direct") && line.contains("100 %"), "{text}");
    assert_eq!(project.run(&["history", "--target", "gmail"]).code, 4);
    // What cannot be read hides nothing.
    let old = project.path(".sealcheck/runs/01JD8Q6V3K5W7Y9ZB2C4D6E8F0");
    fs::create_dir(&old).unwrap();
    fs::write(old.join("events.jsonl"), "{\"v\":0}\n").unwrap();
    let rest = project.run(&["history", "direct"]);
    assert!(rest.stderr.contains("warning: left out: .sealcheck/runs/01JD8Q6V"), "{rest}");
    assert_eq!(rest.stdout, text);
}

#[test]
fn runs_are_told_again_by_id_and_by_file() {
    let project = Project::new().scenario("wrong", WRONG);
    let run = project.run(&["run", "--report", "junit=one.xml", "--report", "json=one.json"]);
    assert_eq!(run.code, 1, "{run}");
    let id = result(&project, "one.json")["run"]["id"].as_str().unwrap().to_owned();
    let file = format!(".sealcheck/runs/{id}/events.jsonl");
    for named in [id.as_str(), &id[..12], &file] {
        let again = project.run(&["report", named, "--report", "junit=two.xml", "--report", "json=two.json"]);
        // Telling is no judging.
        assert_eq!(again.code, 0, "{again}");
        assert_eq!(again.stdout, run.stdout);
        assert_eq!(project.read("two.xml"), project.read("one.xml"));
        assert_eq!(project.read("two.json"), project.read("one.json"));
    }
    let json = project.run(&["report", &id, "--report", "json"]);
    assert_eq!(json.stdout, project.read("one.json"));
    let unknown = project.run(&["report", "01UNKNOWN"]);
    assert_eq!(unknown.code, 2, "{unknown}");
    assert!(unknown.stderr.contains("there is no file, folder or run `01UNKNOWN`"), "{unknown}");
    let two = project.run(&["report", &id, &id, "--report", "json=x.json"]);
    assert_eq!(two.code, 2, "{two}");
    fs::create_dir(project.path("taken")).unwrap();
    assert_eq!(project.run(&["report", &id, "--report", "json=taken"]).code, 6);
}

#[test]
fn a_list_shows_the_shard_and_a_job_without_a_number_is_told() {
    let rows = format!("{DIRECT}matrix: {{ size: [1KB, 2KB, 3KB] }}\n");
    let project = Project::new().scenario("a", DIRECT).scenario("b", &rows);
    let list = project.run(&["list", "--shards", "2", "--format", "json"]);
    let all: Value = serde_json::from_str(&list.stdout).unwrap();
    let shards: Vec<_> = all["scenarios"].as_array().unwrap().iter().map(|s| s["shard"].as_u64().unwrap()).collect();
    assert_eq!(shards, [1, 2, 1, 2], "rows of a matrix are spread: {list}");
    assert!(project.run(&["list", "--shards", "2"]).stdout.starts_with("  1  a "), "{list}");
    let second = project.run(&["list", "--shard", "2/2"]);
    assert_eq!(second.stdout.lines().count(), 2, "{second}");
    let auto = project.run(&["run", "--shard", "auto/3"]);
    assert_eq!(auto.code, 2, "{auto}");
    assert!(auto.stderr.contains("JOB_COMPLETION_INDEX"), "{auto}");
    let project = project.with_env("JOB_COMPLETION_INDEX", "2").with_env("SEALCHECK_SHARD", "auto/2");
    let beyond = project.run(&["list"]);
    assert_eq!(beyond.code, 2, "{beyond}");
    assert!(beyond.stderr.contains("JOB_COMPLETION_INDEX is 2"), "{beyond}");
}
