//! Snapshots of whole runs: no run ends with 0 beside a snapshot that differs, is missing or cannot be read, and nothing is
//! accepted that nobody saw.

use crate::{
    cli::commands::DIRECT,
    support::program::{Project, Ran},
};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

const SNAP: &str = "snapshots/embedded/direct.snap";
const PENDING: &str = "snapshots/embedded/direct.snap.new";

/// Direct mail with a snapshot.
fn direct() -> String {
    DIRECT.replace("snapshot: none\n", "")
}

/// The same, where the first attempt ends in an error and the second one passes.
fn at_the_second_try() -> String {
    direct() + "lab: { external: { submission: mail } }\nretries: { max: 1, on: [error], delay: 0s }\n"
}

/// A project whose only scenario has an accepted snapshot.
fn accepted() -> Project {
    let project = Project::new().scenario("direct", &direct());
    let run = project.run(&["run", "--update", "new"]);
    assert_eq!(run.code, 0, "{run}");
    project
}

fn spoil(project: &Project) -> String {
    let spoiled = project.read(SNAP).replace("folder: inbox", "folder: spam");
    fs::write(project.path(SNAP), &spoiled).unwrap();
    spoiled
}

fn result(project: &Project) -> Value {
    serde_json::from_str(&project.read("r.json")).unwrap()
}

#[test]
fn a_pass_after_a_retry_is_compared_and_writes_nothing() {
    let project = Project::new().scenario("direct", &at_the_second_try());
    for update in ["pending", "new", "all"] {
        let run = project.run(&["run", "--update", update]);
        assert!(run.code == 5 && run.stdout.contains("FLKY 2/2") && run.stdout.contains("1 missing"), "{run}");
        assert!(!project.path("snapshots").exists(), "{run}");
    }
    let project = accepted().scenario("direct", &at_the_second_try());
    let run = project.run(&["run"]);
    assert!(run.code == 0 && run.stdout.contains("FLKY 2/2") && run.stdout.contains("snapshots 1 ok"), "{run}");
    let spoiled = spoil(&project);
    for update in ["never", "pending", "new", "all"] {
        let run = project.run(&["run", "--update", update, "--report", "json=r.json"]);
        assert!(run.code == 1 && run.stdout.contains("error[snapshot]"), "{update}: {run}");
        let scenario = &result(&project)["scenarios"][0];
        assert_eq!((&scenario["status"], &scenario["flaky"]), (&"failed".into(), &false.into()), "{run}");
        assert_eq!((project.read(SNAP), project.path(PENDING).exists()), (spoiled.clone(), false), "{update}");
    }
}

#[test]
fn every_repetition_is_compared_and_only_the_first_writes() {
    let project = Project::new().scenario("direct", &direct());
    let run = |update: &str| project.run(&["run", "--repeat", "3", "--update", update]);
    let missing = run("never");
    assert!(missing.code == 5 && missing.stdout.contains("3 missing"), "{missing}");
    let new = run("new");
    assert!(new.code == 0 && new.stdout.contains("snapshots 2 ok, 1 written"), "{new}");
    spoil(&project);
    let changed = run("pending");
    assert!(
        changed.code == 1 && changed.stdout.contains("3 changed") && changed.stdout.contains("1 to review"),
        "{changed}"
    );
    let all = run("all");
    assert!(all.code == 0 && all.stdout.contains("snapshots 2 ok, 1 written"), "{all}");
}

#[test]
fn a_changed_snapshot_is_a_failure_also_where_nothing_can_be_written() {
    let project = accepted();
    spoil(&project);
    fs::create_dir_all(project.path(PENDING).join("in the way")).unwrap();
    let run = project.run(&["run", "--update", "pending"]);
    assert!(run.code == 1 && run.stdout.contains("error[snapshot]"), "{run}");
    assert!(run.stdout.contains(&format!("note:  write {PENDING}: ")), "{run}");
    fs::remove_file(project.path(SNAP)).unwrap();
    let run = project.run(&["run", "--update", "pending"]);
    assert!(run.code == 3 && run.stdout.contains("error[H09]"), "{run}");
}

#[test]
fn what_is_no_snapshot_of_this_scenario_is_never_a_pass() {
    let project = accepted();
    let sound = project.read(SNAP);
    let rows = [
        (sound.replace("format: 1", "format: 2"), "it is in format 2, and this version reads format 1"),
        (sound.replace("format: 1", "format: next"), "it is in another format"),
        (sound.replace("scenario: \"direct\"", "scenario: \"other\""), "the snapshot of `other` on target embedded"),
        (sound.replace("target: \"embedded\"", "target: \"gmail\""), "the snapshot of `direct` on target gmail"),
        (String::new(), "no header"),
        (format!("<<<<<<< HEAD\n{sound}=======\n{sound}>>>>>>> other\n"), "merge conflict"),
    ];
    for (text, problem) in rows {
        assert_ne!(text, sound);
        fs::write(project.path(SNAP), &text).unwrap();
        for update in ["never", "all"] {
            let run = project.run(&["run", "--update", update]);
            assert!(
                run.code == 3 && run.stdout.contains("error[H09]") && run.stdout.contains(problem),
                "{problem}: {run}"
            );
            assert_eq!(project.read(SNAP), text, "it is left for its owner");
        }
        let status = project.run(&["snapshots", "status"]);
        assert!(status.code == 3 && status.stdout.contains(problem), "{status}");
        // What waits is no better where it says so.
        fs::write(project.path(SNAP), &sound).unwrap();
        fs::write(project.path(PENDING), &text).unwrap();
        let accept = project.run(&["snapshots", "accept"]);
        assert!(accept.code == 3 && accept.stdout.contains(problem), "{accept}");
        assert_eq!(project.read(SNAP), sound);
        fs::remove_file(project.path(PENDING)).unwrap();
    }
    // A text without a value under its header differs.
    let (header, _) = sound.split_at(sound.find("folder: inbox").unwrap());
    fs::write(project.path(SNAP), header).unwrap();
    assert_eq!(project.run(&["run", "--update", "never"]).code, 1);
}

/// The ids that a run has, and what it ended with.
fn ids(project: &Project, args: &[&str]) -> (Ran, Vec<String>) {
    let run = project.run(&[&["run", "--update", "new", "--report", "json=r.json"], args].concat());
    let result = result(project);
    let ids = result["scenarios"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap().to_owned());
    (run, ids.collect())
}

#[test]
fn a_scenario_file_elsewhere_has_its_folder_in_its_id_and_a_snapshot_of_its_own() {
    let project = accepted();
    let sound = project.read(SNAP);
    let (aside, apart) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let spam = "sealcheck: 1\nname: spam\nsend: { from: external, to: gmail }\nlab: { gmail: { folder: spam } }\n\
                expect: [ delivered: { to: gmail, folder: spam } ]\n";
    fs::create_dir_all(project.path("other/deep")).unwrap();
    let apart_file = apart.path().join("direct.yaml");
    let places =
        [project.path("direct.yaml"), project.path("other/direct.yaml"), project.path("other/deep/direct.yml")];
    places.iter().chain([&apart_file]).for_each(|file| fs::write(file, spam).unwrap());
    let mut known = std::collections::BTreeSet::from(["direct".to_owned()]);
    let absolute = project.path("other/direct.yaml");
    for (file, wanted) in [
        ("direct.yaml", "./direct"),
        ("./direct.yaml", "./direct"),
        ("other/direct.yaml", "other/direct"),
        ("scenarios/../other/direct.yaml", "other/direct"),
        (absolute.to_str().unwrap(), "other/direct"),
        ("other/deep/direct.yml", "other/deep/direct"),
    ] {
        let (run, ids) = ids(&project, &[file]);
        assert_eq!((run.code, ids), (0, vec![wanted.to_owned()]), "{run}");
        known.insert(wanted.to_owned());
    }
    let (run, all) = ids(&project, &["other"]);
    assert_eq!((run.code, all), (0, vec!["other/deep/direct".to_owned(), "other/direct".to_owned()]), "{run}");
    // A path that leads out of the project keeps its way out.
    let (run, outside) = ids(&project, &[apart_file.to_str().unwrap()]);
    assert!(run.code == 0 && outside[0].starts_with("../") && outside[0].ends_with("/direct"), "{outside:?} {run}");
    known.insert(outside[0].clone());
    // Links: from the scenario folder they are its own, from elsewhere what they lead to counts.
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        fs::create_dir(project.path("scenarios/sub")).unwrap();
        fs::write(aside.path().join("file.yaml"), spam).unwrap();
        fs::create_dir(aside.path().join("folder")).unwrap();
        fs::write(aside.path().join("folder/linked.yaml"), spam).unwrap();
        symlink(aside.path().join("file.yaml"), project.path("scenarios/sub/linked.yaml")).unwrap();
        symlink(project.path("scenarios/direct.yaml"), project.path("other/link.yaml")).unwrap();
        symlink(aside.path().join("folder"), project.path("scenarios/far")).unwrap();
        for (file, wanted) in [
            ("scenarios/sub/linked.yaml", "sub/linked"),
            ("scenarios/sub", "sub/linked"),
            ("scenarios/far/linked.yaml", "far/linked"),
            ("other/link.yaml", "direct"),
        ] {
            let (run, ids) = ids(&project, &[file]);
            assert_eq!((run.code, ids), (0, vec![wanted.to_owned()]), "{file}: {run}");
            known.insert(wanted.to_owned());
        }
    }
    assert_eq!(project.read(SNAP), sound, "nobody else writes it");
    // Each has its own snapshot, and none of them is obsolete as long as its file is there.
    let status = project.run(&["snapshots", "status"]);
    let wanted = format!("{} accepted, 0 pending, 0 obsolete\n", known.len());
    assert_eq!((status.code, status.stdout.as_str()), (0, wanted.as_str()), "{status}");
    let run = project.run(&["run", "direct", "--obsolete", "fail", "--update", "never"]);
    assert_eq!(run.code, 0, "{run}");
    fs::remove_file(project.path("other/deep/direct.yml")).unwrap();
    let run = project.run(&["run", "direct", "--obsolete", "fail", "--update", "never"]);
    assert!(
        run.code == 5 && run.stdout.contains("obsolete snapshot snapshots/embedded/other/deep/direct.snap"),
        "{run}"
    );
}

#[test]
fn no_two_files_have_one_id() {
    let project = Project::new().scenario("direct", &direct());
    let matrix = direct() + "matrix: { n: [1] }\n";
    let project = project.scenario("row", &matrix).scenario("row[n=1]", &direct());
    fs::create_dir_all(project.path("scenarios/other")).unwrap();
    fs::create_dir_all(project.path("other")).unwrap();
    for file in ["other/a.yaml", "scenarios/other/a.yaml", "scenarios/direct.yml"] {
        fs::write(project.path(file), direct()).unwrap();
    }
    let taken = |args: &[&str], text: &str| {
        let run = project.run(&[&["run"], args].concat());
        assert!(run.code == 2 && run.stderr.contains(text), "{args:?}: {run}");
        assert!(!project.path(".sealcheck").exists(), "nothing was sent: {run}");
    };
    taken(&["other/a.yaml"], "the scenario id `other/a` is taken by scenarios/other/a.yaml");
    taken(&["other"], "the scenario id `other/a` is taken by scenarios/other/a.yaml");
    taken(&["scenarios/direct.yaml"], "the scenario id `direct` is taken by scenarios/direct.y");
    taken(&["row", "scenarios/row[n=1].yaml"], "the scenario id `row[n=1]` is taken by scenarios/row");
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt;
        let odd = Path::new(std::ffi::OsStr::from_bytes(b"scenarios/\xff.yaml"));
        fs::write(project.path("").join(odd), direct()).unwrap();
        taken(&["scenarios"], "the path of this file is not UTF-8");
    }
}

#[test]
fn what_is_obsolete_is_told_or_it_is_said_that_it_cannot_be() {
    let project = accepted();
    fs::copy(project.path(SNAP), project.path("snapshots/embedded/gone.snap")).unwrap();
    let gone = project.read("snapshots/embedded/gone.snap").replace("scenario: \"direct\"", "scenario: \"gone\"");
    fs::write(project.path("snapshots/embedded/gone.snap"), gone).unwrap();
    for (obsolete, code) in [("warn", 0), ("fail", 5), ("ignore", 0)] {
        let run = project.run(&["run", "--obsolete", obsolete]);
        assert_eq!(run.code, code, "{run}");
        let told = run.stdout.contains("obsolete snapshot snapshots/embedded/gone.snap");
        assert_eq!(told, obsolete != "ignore", "{run}");
    }
    let project = project.scenario("broken", "sealcheck: 1\nname: x\n");
    let run = project.run(&["run", "direct"]);
    assert!(run.code == 0 && run.stderr.contains("which snapshots are obsolete cannot be told"), "{run}");
    let run = project.run(&["run", "direct", "--obsolete", "fail"]);
    assert!(run.code == 2 && run.stderr.contains("which snapshots are obsolete cannot be told"), "{run}");
}

/// Every `.snap` and `.snap.new` below the snapshots is whole at every moment that anybody looks, also after a run that
/// was killed in the middle.
#[test]
fn a_run_that_is_killed_leaves_whole_snapshots() {
    let project = Project::new().scenario("direct", &(direct() + "matrix: { n: [1, 2, 3, 4, 5, 6] }\n"));
    for n in 0..6 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sealcheck"))
            .args(["run", "--update", "all", "--repeat", "2"])
            .current_dir(project.path(""))
            .env_clear()
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Killed when so many files are there, or when it has ended.
        let written = || fs::read_dir(project.path("snapshots/embedded")).map_or(0, Iterator::count);
        while written() < n && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let status = project.run(&["snapshots", "status"]);
        assert!(status.code == 0 && !status.stdout.contains("broken"), "{status}");
        fs::remove_dir_all(project.path("snapshots")).ok();
    }
}
