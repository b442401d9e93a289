//! What is written where something else than a regular file stands: it is afterwards what it was.

use crate::{
    cli::commands::{DIRECT, WRONG},
    support::program::{Project, Ran},
};
use std::{
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    thread,
};

const FORMATS: [&str; 9] = ["console", "github", "html", "json", "jsonl", "junit", "markdown", "openmetrics", "tap"];

/// A project with a record of a run, of which every report has something to tell.
fn recorded() -> Project {
    let project = Project::new().scenario("wrong", WRONG);
    let run = project.run(&["run", "--record", "run.jsonl"]);
    assert_eq!(run.code, 1, "{run}");
    project
}

/// Arguments that tell the record again in every format, each into a file of its own in a folder.
fn every_report(folder: &str) -> Vec<String> {
    let reports = FORMATS.iter().map(|format| format!("--report={format}={folder}/{format}"));
    ["report".to_owned(), "run.jsonl".to_owned()].into_iter().chain(reports).collect()
}

fn run(project: &Project, args: &[String]) -> Ran {
    project.run(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

/// What each report is in a regular file.
fn expected(project: &Project) -> Vec<String> {
    assert_eq!(run(project, &every_report("plain")).code, 0);
    FORMATS.iter().map(|format| project.read(&format!("plain/{format}"))).collect()
}

/// A FIFO, and what is read from it until its writer ends.
pub(crate) fn fifo(path: &Path) -> thread::JoinHandle<String> {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    let path = path.to_owned();
    thread::spawn(move || fs::read_to_string(path).unwrap())
}

pub(crate) fn is_fifo(path: &Path) -> bool {
    fs::symlink_metadata(path).unwrap().file_type().is_fifo()
}

pub(crate) fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).unwrap().is_symlink()
}

#[test]
fn every_report_goes_where_a_symbolic_link_leads() {
    let project = recorded();
    let expected = expected(&project);
    for folder in ["links", "there"] {
        fs::create_dir(project.path(folder)).unwrap();
    }
    // The second time the file is there, for its owner alone; the first time the link leads nowhere.
    for mode in [None, Some(0o600)] {
        for (format, expected) in FORMATS.iter().zip(&expected) {
            let (link, file) = (project.path(&format!("links/{format}")), project.path(&format!("there/{format}")));
            match mode {
                None => symlink(format!("../there/{format}"), &link).unwrap(),
                Some(mode) => fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap(),
            }
            let spec = format!("{format}=links/{format}");
            let told = project.run(&["report", "run.jsonl", "--report", &spec]);
            assert_eq!(told.code, 0, "{told}");
            assert!(is_link(&link), "{format}");
            assert_eq!(&fs::read_to_string(&file).unwrap(), expected, "{format}");
            if let Some(mode) = mode {
                assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, mode, "{format}");
            }
        }
    }
}

#[test]
fn every_report_goes_into_a_fifo_by_its_name_or_by_a_link() {
    let project = recorded();
    let expected = expected(&project);
    fs::create_dir(project.path("fifos")).unwrap();
    fs::create_dir(project.path("links")).unwrap();
    for folder in ["fifos", "links"] {
        let readers: Vec<_> = FORMATS
            .iter()
            .map(|format| {
                let path = project.path(&format!("fifos/{format}"));
                fs::remove_file(&path).ok();
                let reader = fifo(&path);
                symlink(&path, project.path(&format!("links/{format}"))).ok();
                reader
            })
            .collect();
        let told = run(&project, &every_report(folder));
        assert_eq!(told.code, 0, "{told}");
        for ((format, reader), expected) in FORMATS.iter().zip(readers).zip(&expected) {
            assert!(is_fifo(&project.path(&format!("fifos/{format}"))), "{format}");
            assert_eq!(&reader.join().unwrap(), expected, "{format}");
        }
    }
}

#[test]
fn every_report_goes_into_an_open_file_after_what_is_in_it() {
    let project = recorded();
    for (format, expected) in FORMATS.iter().zip(expected(&project)) {
        let spec = format!("{format}=/dev/fd/3");
        let args = ["report", "run.jsonl", "--report", &spec];
        // What its other holders write goes into the same file.
        let file = "echo before >&3; \"$0\" \"$@\" && echo after >&3";
        let told = project.run_by(&["sh", "-c", &format!("{{ {file}; }} 3>>file")], &args);
        assert_eq!(told.code, 0, "{told}");
        assert_eq!(project.read("file"), format!("before\n{expected}after\n"), "{format}");
        fs::remove_file(project.path("file")).unwrap();
        // As in a substitution of a process.
        let told = project.run_by(&["sh", "-c", "{ \"$0\" \"$@\" 3>&1 >&2; } | cat >pipe"], &args);
        assert_eq!((told.code, project.read("pipe")), (0, expected), "{format}: {told}");
    }
}

#[test]
fn a_run_writes_its_record_and_reports_into_fifos() {
    let project = Project::new().scenario("direct", DIRECT);
    let [record, json] = ["record", "json"].map(|name| fifo(&project.path(name)));
    symlink("record", project.path("link")).unwrap();
    let run = project.run(&["run", "--record", "link", "--report", "json=json"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(record.join().unwrap().ends_with("}\n"));
    assert!(json.join().unwrap().contains("\"exit_code\": 0"));
    assert!(is_fifo(&project.path("record")) && is_link(&project.path("link")) && is_fifo(&project.path("json")));
}

#[test]
fn a_descriptor_that_is_not_open_is_told_before_anything_is_sent() {
    let project = Project::new().scenario("direct", DIRECT);
    let run = project.run(&["run", "--report", "json=/dev/fd/99"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("cannot write report json=/dev/fd/99"), "{run}");
}

/// A device of its own like one of the machine's.
fn device(path: &Path, minor: &str) {
    let made = Command::new("mknod").arg(path).args(["c", "1", minor]).status().unwrap();
    assert!(made.success());
}

#[test]
#[ignore = "requires root; .ci/run has it"]
fn devices_stay_devices_as_root() {
    let project = recorded();
    fs::create_dir(project.path("full")).unwrap();
    fs::create_dir(project.path("null")).unwrap();
    for format in FORMATS {
        device(&project.path(&format!("null/{format}")), "3");
        device(&project.path(&format!("full/{format}")), "7");
    }
    let told = run(&project, &every_report("null"));
    assert_eq!(told.code, 0, "{told}");
    let told = run(&project, &every_report("full"));
    assert_eq!(told.code, 6, "{told}");
    for format in FORMATS {
        assert!(told.stderr.contains(&format!("cannot write report {format}=full/{format}: No space left")), "{told}");
    }
    let run = project.run(&["run", "--record", "full/jsonl", "--report", "json=null/json"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stderr.contains("cannot write report jsonl=full/jsonl: No space left"), "{run}");
    let lab = project.lab(&["--config-out", "null/json"]);
    assert_eq!(lab.end(), 0);
    let lab = project.run(&["lab", "up", "--config-out", "full/json"]);
    assert!(lab.stderr.contains("cannot write full/json: No space left"), "{lab}");
    for device in ["null", "full"] {
        for format in FORMATS {
            let path = project.path(&format!("{device}/{format}"));
            assert!(fs::symlink_metadata(path).unwrap().file_type().is_char_device(), "{device}/{format}");
        }
    }
}

/// What somebody else than its owner may do anything with, in the folder of what runs leave behind.
fn open_to_others(project: &Project) -> Vec<PathBuf> {
    fn walk(path: &Path, found: &mut Vec<PathBuf>) {
        let there = fs::symlink_metadata(path).unwrap();
        if there.mode() & 0o077 != 0 {
            found.push(path.to_owned());
        }
        if there.is_dir() {
            fs::read_dir(path).unwrap().for_each(|entry| walk(&entry.unwrap().path(), found));
        }
    }
    let mut found = Vec::new();
    walk(&project.path(".sealcheck"), &mut found);
    found
}

#[test]
fn what_runs_leave_behind_is_for_their_owner_alone() {
    let project = Project::new().scenario("direct", DIRECT).scenario("wrong", WRONG);
    let args = ["run", "--artifacts", "all", "--report", "json=report"];
    let without_umask = |project: &Project| project.run_by(&["sh", "-c", "umask 000; exec \"$0\" \"$@\""], &args);
    assert_eq!(without_umask(&project).code, 1);
    assert_eq!(open_to_others(&project), Vec::<PathBuf>::new());
    assert_eq!(fs::metadata(project.path("report")).unwrap().mode() & 0o777, 0o666);
    // As an older version left it.
    let chmod = Command::new("chmod").args(["-R", "a+rX"]).arg(project.path(".sealcheck")).status().unwrap();
    assert!(chmod.success() && open_to_others(&project).len() > 10);
    assert_eq!(without_umask(&project).code, 1);
    assert_eq!(open_to_others(&project), Vec::<PathBuf>::new());
}

#[test]
fn rows_whose_names_differ_in_special_characters_have_folders_of_their_own() {
    let rows = WRONG.replace("send:", "matrix: { x: [\"a:b\", \"a?b\", a_b] }\nsend:");
    let project = Project::new().scenario("rows", &rows.replace("to: gmail }\nwait", "to: gmail, subject: $x }\nwait"));
    let run = project.run(&["run", "--report", "json=result.json"]);
    assert_eq!(run.code, 1, "{run}");
    let result: serde_json::Value = serde_json::from_str(&project.read("result.json")).unwrap();
    let folder = format!(".sealcheck/runs/{}", result["run"]["id"].as_str().unwrap());
    for scenario in result["scenarios"].as_array().unwrap() {
        let artifacts = scenario["attempts"][0]["artifacts"].as_array().unwrap();
        let sent = artifacts.iter().find(|a| a["name"] == "sent.eml").unwrap();
        let subject = format!("Subject: {}\r\n", scenario["params"]["x"].as_str().unwrap());
        assert!(project.read(&format!("{folder}/{}", sent["path"].as_str().unwrap())).contains(&subject), "{subject}");
    }
    assert_eq!(result["scenarios"].as_array().unwrap().len(), 3);
}

#[test]
fn annotations_of_a_run_before_are_gone() {
    let project = Project::new().scenario("wrong", WRONG).scenario("direct", DIRECT);
    for (scenario, code, is_annotated) in [("wrong", 1, true), ("direct", 0, false)] {
        let ran = project.run(&["run", scenario, "--update", "never", "--report", "github=annotations"]);
        let annotations = project.read("annotations");
        assert!(ran.code == code && annotations.contains("::error") == is_annotated, "{annotations}{ran}");
    }
}

#[test]
fn two_reports_in_one_file_are_refused() {
    let project = Project::new().scenario("direct", DIRECT);
    symlink("same", project.path("link")).unwrap();
    for other in ["--report=tap=same", "--report=tap=./same", "--report=tap=link", "--record=same"] {
        let ran = project.run(&["run", "--report", "json=same", other]);
        assert!(ran.code == 2 && ran.stderr.contains("would be written to one file"), "{ran}");
        assert!(!project.path("same").exists() && !project.path(".sealcheck/runs").exists(), "{ran}");
    }
}

#[test]
fn a_record_is_not_replaced_by_a_report_of_it() {
    let project = recorded();
    let record = project.read("run.jsonl");
    symlink("run.jsonl", project.path("link")).unwrap();
    for args in [
        &["report", "run.jsonl", "--report", "tap=run.jsonl"][..],
        &["report", "run.jsonl", "--report", "html=./link"],
        &["report", "link", "--report", "console=run.jsonl"],
        &["merge", "run.jsonl", "--expect-shards", "1", "--record", "run.jsonl"],
        &["merge", "run.jsonl", "--expect-shards", "1", "--report", "json=link"],
    ] {
        let ran = project.run(args);
        assert!(ran.code == 2 && ran.stderr.contains("would replace the record"), "{ran}");
        assert_eq!(project.read("run.jsonl"), record);
    }
}
