//! What a run left that was ended.

use super::{NAMES, Scene};
use crate::{
    lab::rspamd::processes_below,
    support::program::{Project, Ran},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

pub(super) fn snapshots(project: &Project) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    if project.path("snapshots").exists() {
        project.each_file("snapshots", &mut |path, bytes| {
            all.insert(path.file_name().unwrap().to_str().unwrap().to_owned(), bytes.to_vec());
        });
    }
    all
}

/// Whether what a run left is whole; `all` are the snapshots that it writes when nobody ends it.
pub(super) fn is_whole(scene: &Scene, signal: &str, ran: &Ran, all: &BTreeMap<String, Vec<u8>>) {
    let (project, is_killed) = (&scene.project, signal == "KILL");
    for (name, text) in snapshots(project) {
        // What was to become a file when the run was killed is none.
        let is_unfinished = is_killed && name.starts_with(".sealcheck-");
        assert!(is_unfinished || all.get(&name) == Some(&text), "{name}: {}", String::from_utf8_lossy(&text));
    }
    project.each_file(".", &mut |path, _| {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(is_killed || !name.starts_with(".sealcheck-"), "{}", path.display());
    });
    for (report, is_whole) in REPORTS {
        match fs::read_to_string(project.path("out").join(report)) {
            // A file that is told line by line ends where the run did.
            Ok(text) => assert!(is_whole(&text) || (is_killed && report == "r.tap"), "{report} of {ran}: {text}"),
            Err(error) => assert!(is_killed, "{report}: {error}"),
        }
    }
    let events = events(&ran.stdout, is_killed);
    let is_over = events.last().is_some_and(|event| event["event"] == "run_finished");
    assert!(is_killed || is_over, "{ran}");
    if let Ok(text) = fs::read_to_string(project.path("out/r.json")) {
        let result: Value = serde_json::from_str(&text).unwrap();
        let stopped = match ran.code {
            130 => "interrupted".into(),
            143 => "terminated".into(),
            _ => Value::Null,
        };
        let told = (&result["run"]["exit_code"], &result["run"]["stopped"]);
        assert_eq!(told, (&ran.code.max(0).into(), &stopped), "{ran}");
        let is_as_it_ended =
            |s: &Value| s["status"] == "passed" || (s["status"] == "not_run" && s["reason"] == stopped);
        assert!(result["scenarios"].as_array().unwrap().iter().all(is_as_it_ended), "{result}");
    }
    tells_again(scene, is_killed, &ran.stdout);
}

/// Whether a report tells all three scenarios, to its end.
type IsWhole = fn(&str) -> bool;

const REPORTS: [(&str, IsWhole); 6] = [
    ("r.json", |text| {
        let result: Value = serde_json::from_str(text).unwrap();
        let ids: Vec<_> = result["scenarios"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
        ids == NAMES
    }),
    ("r.xml", |text| text.matches("<testcase ").count() == 3 && text.trim_end().ends_with("</testsuites>")),
    ("r.tap", |text| {
        let is_point = |line: &&str| line.starts_with("ok ") || line.starts_with("not ok ");
        text.contains("\n1..3\n") && text.lines().filter(is_point).count() == 3
    }),
    ("r.md", |text| !text.is_empty() && text.ends_with('\n')),
    ("r.html", |text| text.trim_end().ends_with("</html>") && NAMES.iter().all(|name| text.contains(name))),
    ("r.prom", |text| text.ends_with("# EOF\n")),
];

/// The events of a stream, which follow each other; the last may be cut when the run was killed.
pub(super) fn events(stream: &str, is_killed: bool) -> Vec<Value> {
    let mut events: Vec<Value> = Vec::new();
    let last = stream.lines().count();
    for (line, n) in stream.lines().zip(1..) {
        match serde_json::from_str(line) {
            Ok(event) => events.push(event),
            Err(error) => assert!(is_killed && n == last, "{error}: {line}"),
        }
    }
    for pair in events.windows(2) {
        assert_eq!(pair[0]["seq"].as_u64().map(|seq| seq + 1), pair[1]["seq"].as_u64(), "{pair:?}");
    }
    events
}

/// The record of the run, where it has begun.
pub(super) fn record(project: &Project) -> Option<PathBuf> {
    let mut records = Vec::new();
    if project.path(".sealcheck").exists() {
        project.each_file(".sealcheck", &mut |path, text| {
            // Of a run that was killed before its first event was written nobody knows.
            if path.ends_with("events.jsonl") && !text.is_empty() {
                records.push(path.to_path_buf());
            }
        });
    }
    assert!(records.len() <= 1, "{records:?}");
    records.pop()
}

/// The record has what was told, and is told again as it was.
fn tells_again(scene: &Scene, is_killed: bool, told: &str) {
    let project = &scene.project;
    let Some(record) = record(project) else { return assert!(is_killed && told.is_empty(), "{told}") };
    let text = fs::read_to_string(&record).unwrap();
    assert!(if is_killed { text.starts_with(told.trim_end()) } else { text == told }, "{told}\n---\n{text}");
    let again = project.run(&["report", record.to_str().unwrap(), "--report", "json=again.json"]);
    assert_eq!(again.code, 0, "{again}");
    let again: Value = serde_json::from_str(&project.read("again.json")).unwrap();
    let ids = again["scenarios"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap());
    assert!(ids.clone().all(|id| NAMES.contains(&id)), "{again}");
    if let Ok(text) = fs::read_to_string(project.path("out/r.json")) {
        assert_eq!(again, serde_json::from_str::<Value>(&text).unwrap());
    }
}

/// Nothing that runs is left, nor what it wrote; who was killed is followed by a shell that ends it, and nobody for long.
pub(super) fn nothing_is_left(dir: &Path, signal: &str) {
    let files = || fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    if signal != "KILL" {
        assert_eq!((processes_below(dir), files()), (Vec::new(), Vec::new()), "{signal}");
    }
    let names_it = |process: &PathBuf| {
        let command = fs::read(process.join("cmdline")).unwrap_or_default();
        memchr::memmem::find(&command, dir.to_str().unwrap().as_bytes()).is_some()
    };
    let processes = || {
        let all = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
        all.filter(names_it).chain(processes_below(dir)).collect::<Vec<_>>()
    };
    let is_clean = || processes().is_empty() && files().is_empty();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_clean() && Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert!(is_clean(), "{signal}: {:?} {:?}", processes(), files());
}
