//! What a scenario names is read only where it is a regular file of a size that is told; a project need not be writable.

use crate::{
    cli::commands::DIRECT,
    support::program::{Project, Ran},
};
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::Path,
    process::Command,
};

/// Scenarios that name `odd` in each place that takes a file, and what is said of it.
const PLACES: [(&str, &str); 4] = [
    ("send: { from: external, to: gmail, attach: [{ file: odd }] }", "100000000 bytes"),
    ("send: { from: external, to: gmail, attach: [odd] }", "100000000 bytes"),
    ("send: { from: external, to: gmail, eml: odd }", "100000000 bytes"),
    ("extends: odd", " 1000000 bytes"),
];

/// Wants every command that reads scenarios to refuse what `odd` is.
fn refused(make: impl Fn(&Path)) {
    for (place, says) in PLACES {
        let text = DIRECT.replace("send: { from: external, to: gmail }", place);
        let project = Project::new().scenario("names", &text);
        make(&project.path("scenarios/odd"));
        let run = project.run(&["run"]);
        assert_eq!(run.code, 2, "{place}: {run}");
        assert!(run.stderr.contains(says) && run.stderr.contains("scenarios/names.yaml:"), "{place}: {run}");
    }
}

#[test]
fn a_fifo_is_not_waited_for() {
    refused(|path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success()));
}

#[test]
fn a_device_is_not_read_to_its_end() {
    refused(|path| symlink("/dev/zero", path).unwrap());
}

#[test]
fn a_device_that_an_argument_names_is_not_read_to_its_end() {
    let project = Project::new().scenario("direct", DIRECT);
    fs::write(project.path("a.eml"), "From: a@b.example\n\nbody\n").unwrap();
    for args in [
        &["inspect", "a.eml", "--dns", "none", "--log", "/dev/zero"][..],
        &["inspect", "a.eml", "--dns", "none", "--sent", "/dev/zero"],
        &["inspect", "a.eml", "--dns", "/dev/zero"],
        &["doctor", "--dns", "/dev/zero"],
        &["run", "--vars-file", "/dev/zero"],
    ] {
        let ran = project.run(args);
        let says = "cannot read /dev/zero: it is no regular file and has more than 256 MiB";
        assert!(ran.code == 2 && ran.stderr.contains(says), "{args:?}: {ran}");
    }
    // One that has an end is read as ever.
    let ran = project.run(&["inspect", "a.eml", "--dns", "none", "--log", "/dev/null"]);
    assert_eq!(ran.code, 0, "{ran}");
}

#[test]
fn a_file_has_a_largest_size() {
    refused(|path| fs::File::create(path).unwrap().set_len(100_000_001).unwrap());
}

#[test]
fn a_folder_is_no_file() {
    refused(|path| fs::create_dir(path).unwrap());
}

/// Runs the program as a user without rights; those may not reach the one that was built.
fn as_nobody(project: &Project, args: &[&str]) -> Ran {
    let program = project.path("program");
    if !program.exists() {
        fs::copy(env!("CARGO_BIN_EXE_sealcheck"), &program).unwrap();
    }
    let replaced = format!("shift; exec {} \"$@\"", program.display());
    let by = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", &replaced, "sh"];
    project.run_by(&by, args)
}

#[test]
#[ignore = "requires root; .ci/run has it"]
fn a_project_that_cannot_be_written_is_checked_and_run_as_root() {
    let project = Project::new().scenario("direct", DIRECT).open_to_all();
    fs::set_permissions(project.path("scenarios"), fs::Permissions::from_mode(0o555)).unwrap();
    fs::set_permissions(project.path(""), fs::Permissions::from_mode(0o555)).unwrap();
    let check = as_nobody(&project, &["check"]);
    assert_eq!(check.code, 0, "{check}");
    let run = as_nobody(&project, &["run", "--artifacts", "none"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stderr.contains("warning: the run is not recorded"), "{run}");
    let run = as_nobody(&project, &["run"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("nothing was sent"), "{run}");
    assert!(!project.path(".sealcheck").exists());
}

#[test]
#[ignore = "requires root; .ci/run has it"]
fn a_read_only_file_system_has_accepted_snapshots_as_root() {
    let project = Project::new().scenario("kept", &DIRECT.replace("snapshot: none\n", ""));
    let read_only = "mount --bind . . && mount -o remount,bind,ro . && cd \"$PWD\" && exec \"$0\" \"$@\"";
    let run = |update: &str| {
        let args = ["run", "--artifacts", "none", "--update", update];
        project.run_by(&["unshare", "--mount", "sh", "-c", read_only], &args)
    };
    // There is nowhere to leave one to be reviewed.
    let missing = run("pending");
    assert_eq!(missing.code, 3, "{missing}");
    assert!(missing.stdout.contains("or run with --update never"), "{missing}");
    assert_eq!(run("never").code, 5);
    assert_eq!(project.run(&["run", "--artifacts", "none", "--update", "new"]).code, 0);
    for update in ["pending", "never"] {
        let kept = run(update);
        assert_eq!(kept.code, 0, "{kept}");
        assert!(kept.stderr.contains("warning: the run is not recorded"), "{kept}");
    }
}

#[test]
#[ignore = "requires root; .ci/run has it"]
fn what_another_user_left_keeps_nothing_else_open_as_root() {
    let project = Project::new().scenario("direct", DIRECT).open_to_all();
    let runs = project.path(".sealcheck/runs");
    fs::create_dir_all(runs.join("old")).unwrap();
    fs::write(runs.join("old/events.jsonl"), "").unwrap();
    for path in [project.path(""), project.path(".sealcheck"), runs.clone()] {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        chown(&path, Some(65534), Some(65534)).unwrap();
    }
    let run = as_nobody(&project, &["run"]);
    assert_eq!(run.code, 0, "{run}");
    for path in [project.path(".sealcheck"), runs] {
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700, "{}", path.display());
    }
}
