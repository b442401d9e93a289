//! Snapshots: how they are kept, and the command that reviews them.

use crate::{
    judge::snapshots_text::text,
    support::seen::{forwarded, scenario},
};
use sealcheck::{
    cli::commands::snapshots::{Key, SnapshotsArgs, SnapshotsContext, SnapshotsError, act as run},
    core::{Redactor, Secret},
    judge::snapshot::{Store, Update, Writing, entries, known, obsolete, path},
    outcome::{ExitCode, SnapshotOutcome, SnapshotStatus},
    scenario::{Scenario, model::SnapshotPreset},
};
use std::{
    fs,
    path::{Path, PathBuf},
};

struct Project {
    dir: tempfile::TempDir,
    redactor: Redactor,
}

impl Project {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), redactor: Redactor::new() }
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("snapshots")
    }

    fn compare(&self, update: Update, id: &str, text: &str) -> SnapshotOutcome {
        let store = Store::new(self.root(), update, self.redactor.clone());
        let compared = store.compare(&scenario(id, Vec::new()), "embedded", text, Writing::Allowed).unwrap();
        assert!(compared.unwritten.is_none(), "{compared:?}");
        compared.outcome
    }

    fn accept(&self, id: &str, text: &str) {
        assert_eq!(self.compare(Update::All, id, text).status, SnapshotStatus::Written);
    }

    fn file(&self, id: &str) -> PathBuf {
        path(&self.root(), "embedded", &scenario(id, Vec::new()).id)
    }

    fn files(&self) -> Vec<String> {
        let found = entries(&self.root()).unwrap();
        let names = found.iter().flat_map(|e| [e.file.clone(), e.pending_file()]).filter(|f| f.exists());
        names.map(|f| f.strip_prefix(self.root()).unwrap().to_string_lossy().replace('\\', "/")).collect()
    }

    /// Runs `sealcheck snapshots …` with these keys pressed; `None` for no terminal.
    fn command(&self, words: &str, keys: Option<&str>) -> (Result<ExitCode, SnapshotsError>, String) {
        self.command_with(words, keys, &[scenario("forward-arc", Vec::new())])
    }

    fn command_with(
        &self,
        words: &str,
        keys: Option<&str>,
        scenarios: &[Scenario],
    ) -> (Result<ExitCode, SnapshotsError>, String) {
        let keys: Option<Vec<char>> = keys.map(|k| k.chars().collect());
        match keys {
            Some(keys) => self.command_by(words, Some(&|n| keys.get(n).copied()), scenarios),
            None => self.command_by(words, None, scenarios),
        }
    }

    /// The same, where the `n`th key (from 0) is what a function says.
    fn command_by(
        &self,
        words: &str,
        press: Option<&dyn Fn(usize) -> Option<char>>,
        scenarios: &[Scenario],
    ) -> (Result<ExitCode, SnapshotsError>, String) {
        #[derive(clap::Parser)]
        struct Cli {
            #[command(flatten)]
            snapshots: SnapshotsArgs,
        }
        let args = <Cli as clap::Parser>::parse_from(std::iter::once("snapshots").chain(words.split_whitespace()));
        let mut numbers = 0..;
        let mut next;
        let key: Option<&mut Key<'_>> = match press {
            Some(press) => {
                next = move || Ok(numbers.next().and_then(press));
                Some(&mut next)
            }
            None => None,
        };
        let (root, mut out) = (self.root(), Vec::new());
        let known = Some(known(&root, scenarios));
        let code = run(&args.snapshots, &mut SnapshotsContext { dir: &root, known, color: false, out: &mut out, key });
        (code, String::from_utf8(out).unwrap())
    }
}

#[test]
fn what_a_run_may_write() {
    for (update, missing, changed, wrote) in [
        (Update::Never, SnapshotStatus::Missing, SnapshotStatus::Changed, [None, None]),
        (Update::Pending, SnapshotStatus::Missing, SnapshotStatus::Changed, [Some(".new"), Some(".new")]),
        (Update::New, SnapshotStatus::Written, SnapshotStatus::Changed, [Some(""), Some(".new")]),
        (Update::All, SnapshotStatus::Written, SnapshotStatus::Written, [Some(""), Some("")]),
    ] {
        let project = Project::new();
        let first = project.compare(update, "a", "folder: inbox");
        assert_eq!(first.status, missing, "{update:?}");
        assert_eq!(first.wrote.map(|w| w.replace(&first.file, "")).as_deref(), wrote[0], "{update:?}");
        project.compare(Update::All, "a", "folder: inbox");
        let second = project.compare(update, "a", "folder: spam");
        assert_eq!(second.status, changed, "{update:?}");
        assert_eq!(second.changes, ["folder: inbox → spam"]);
        assert!(second.diff.contains("-folder: inbox\n+folder: spam"), "{}", second.diff);
        assert_eq!(second.wrote.map(|w| w.replace(&second.file, "")).as_deref(), wrote[1], "{update:?}");
    }
}

#[test]
fn a_match_clears_what_was_pending_unless_nothing_may_be_written() {
    let project = Project::new();
    project.accept("a", "folder: inbox");
    project.compare(Update::Pending, "a", "folder: spam");
    assert_eq!(project.files(), ["embedded/a.snap", "embedded/a.snap.new"]);
    assert_eq!(project.compare(Update::Never, "a", "folder: inbox").status, SnapshotStatus::Matched);
    assert_eq!(project.files().len(), 2);
    let before = fs::metadata(project.file("a")).unwrap().modified().unwrap();
    assert_eq!(project.compare(Update::Pending, "a", "folder: inbox\r\n").status, SnapshotStatus::Matched);
    assert_eq!(project.files(), ["embedded/a.snap"]);
    assert_eq!(fs::metadata(project.file("a")).unwrap().modified().unwrap(), before);
}

#[test]
fn an_unclean_attempt_writes_nothing() {
    let project = Project::new();
    let store = Store::new(project.root(), Update::All, Redactor::new());
    let outcome = store.skipped("embedded", &scenario("a", Vec::new()).id);
    assert_eq!((outcome.status, outcome.wrote), (SnapshotStatus::Skipped, None));
    assert!(!project.root().exists());
}

#[test]
fn broken_files_are_errors_that_say_what_to_do() {
    let sound = "---\nsource: a\n---\nfolder: inbox\n";
    for (content, problem) in [
        (&b""[..], "no header"),
        (b"folder: inbox\n", "no header"),
        (b"---\nsource: a\n", "no header"),
        (b"---\nsource: [\n---\nfolder: inbox\n", "cannot be read"),
        (b"---\n- a\n---\nfolder: inbox\n", "cannot be read"),
        (b"---\nsource: a\n---\n\xff\n", "UTF-8"),
        (b"---\nsource: a\n---\n<<<<<<< HEAD\nfolder: inbox\n=======\nfolder: spam\n>>>>>>> x\n", "merge conflict"),
        (b"<<<<<<< HEAD\n---\nsource: a\n=======\n---\nsource: b\n>>>>>>> x\n---\nfolder: inbox\n", "merge conflict"),
    ] {
        let project = Project::new();
        project.accept("a", "folder: inbox");
        fs::write(project.file("a"), content).unwrap();
        let store = Store::new(project.root(), Update::All, Redactor::new());
        let error =
            store.compare(&scenario("a", Vec::new()), "embedded", "folder: inbox", Writing::Allowed).unwrap_err();
        assert!(error.message.contains(problem), "{problem}: {error:?}");
        assert!(error.stage.ends_with("snapshots/embedded/a.snap") && !error.next.is_empty(), "{error:?}");
        assert_eq!(fs::read(project.file("a")).unwrap(), content, "a broken file is left for its owner");
        fs::write(project.file("a"), sound).unwrap();
        assert_eq!(project.compare(Update::Never, "a", "folder: inbox").status, SnapshotStatus::Matched);
    }
}

#[test]
fn a_folder_in_the_way_is_an_error() {
    let project = Project::new();
    fs::create_dir_all(project.file("a")).unwrap();
    let compare = |root: PathBuf| {
        let store = Store::new(root, Update::All, Redactor::new());
        store.compare(&scenario("a", Vec::new()), "embedded", "x: 1", Writing::Allowed)
    };
    assert!(compare(project.root()).is_err());
    fs::write(project.dir.path().join("file"), "").unwrap();
    assert!(compare(project.dir.path().join("file")).is_err());
}

#[test]
fn what_accepts_one_attempt_does_not_accept_the_next() {
    for update in [Update::New, Update::All] {
        let project = Project::new();
        let store = Store::new(project.root(), update, Redactor::new());
        let compare = |text: &str, writing| {
            let compared = store.compare(&scenario("a", Vec::new()), "embedded", text, writing).unwrap();
            (compared.outcome.status, compared.outcome.wrote.is_some())
        };
        use SnapshotStatus::{Changed, Matched, Missing, Written};
        assert_eq!(compare("folder: spam", Writing::Withheld), (Missing, false));
        assert_eq!(compare("folder: inbox", Writing::Allowed), (Written, true));
        assert_eq!(compare("folder: spam", Writing::Allowed), (Changed, false));
        assert_eq!(compare("folder: inbox", Writing::Allowed), (Matched, false));
        assert_eq!(compare("folder: spam", Writing::Withheld), (Changed, false));
        assert_eq!(project.files(), ["embedded/a.snap"]);
    }
}

#[test]
fn secrets_never_reach_a_file() {
    let project = Project::new();
    project.redactor.learn("me", &Secret::new("hunter2hunter2"));
    let text = "folder: hunter2hunter2";
    project.accept("a", text);
    let written = fs::read_to_string(project.file("a")).unwrap();
    assert!(!written.contains("hunter2") && written.contains("[REDACTED]"), "{written}");
    assert_eq!(project.compare(Update::Never, "a", text).status, SnapshotStatus::Matched);
}

#[test]
fn files_are_in_the_format_of_insta() {
    let project = Project::new();
    project.compare(Update::Pending, "forward/arc[size=5MB]", &text(&forwarded(1, |t| t)));
    let pending = project.file("forward/arc[size=5MB]").with_extension("snap.new");
    let snapshot = insta::Snapshot::from_file(&pending).unwrap();
    assert_eq!(snapshot.metadata().source(), Some("scenarios/forward-arc.yaml"));
    assert_eq!(snapshot.metadata().description(), Some("forwarded copy: carries a valid \"ARC\" chain"));
    assert_eq!(snapshot.as_text().unwrap().to_string(), text(&forwarded(2, |t| t)));
    let written = fs::read_to_string(&pending).unwrap();
    let info = "info:\n  format: 1\n  scenario: \"forward/arc[size=5MB]\"\n  target: \"embedded\"\n";
    assert!(written.contains(info), "{written}");
    // Accepting with cargo-insta writes the file anew.
    snapshot.save(&pending.with_extension("")).unwrap();
    let again = project.compare(Update::Pending, "forward/arc[size=5MB]", &text(&forwarded(3, |t| t)));
    assert_eq!(again.status, SnapshotStatus::Matched);
    let found = entries(&project.root()).unwrap();
    assert_eq!((found.len(), found[0].id.as_str(), found[0].pending), (1, "forward/arc[size=5MB]", false));
}

#[test]
fn parallel_runs_leave_whole_files() {
    let project = Project::new();
    let texts: Vec<String> = (0..4).map(|n| format!("folder: {}", format!("{n}").repeat(20_000))).collect();
    std::thread::scope(|scope| {
        for text in &texts {
            scope.spawn(|| (0..20).for_each(|_| drop(project.compare(Update::Pending, "a", text))));
        }
    });
    let entry = entries(&project.root()).unwrap().remove(0);
    assert!(texts.contains(&entry.waiting().unwrap().text()));
    let left = fs::read_dir(project.root().join("embedded")).unwrap().count();
    assert_eq!(left, 1, "temporary files are gone");
}

#[test]
fn obsolete_files_are_found_without_running() {
    let project = Project::new();
    for id in ["kept", "gone", "none", "row[a=1]"] {
        project.accept(id, "folder: inbox");
    }
    project.compare(Update::Pending, "gone", "folder: spam");
    fs::write(project.root().join("README.md"), "not a snapshot").unwrap();
    let mut none = scenario("none", Vec::new());
    none.snapshot = SnapshotPreset::None;
    let scenarios = [scenario("kept", Vec::new()), none, scenario("row[a=2]", Vec::new())];
    let stale = obsolete(&project.root(), &known(&project.root(), &scenarios)).unwrap();
    let names: Vec<_> = stale.iter().map(|p| p.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names, ["gone.snap", "gone.snap.new", "none.snap", "row[a=1].snap"]);
    assert!(obsolete(Path::new("/nowhere/at/all"), &known(Path::new("x"), &scenarios)).unwrap().is_empty());

    let (code, out) = project.command_with("prune --dry-run", None, &scenarios);
    assert_eq!((code.unwrap(), project.files().len()), (ExitCode::Success, 5), "{out}");
    let (code, out) = project.command_with("prune gone", None, &scenarios);
    assert_eq!(code.unwrap(), ExitCode::Success);
    assert_eq!(out.lines().filter(|l| l.starts_with("removed ")).count(), 2, "{out}");
    assert_eq!(project.files(), ["embedded/kept.snap", "embedded/none.snap", "embedded/row[a=1].snap"]);
}

#[test]
fn diff_and_status_speak_in_words() {
    let project = Project::new();
    project.accept("forward-arc", &text(&forwarded(1, |t| t)));
    let (code, out) = project.command("status", None);
    assert_eq!((code.unwrap(), out.as_str()), (ExitCode::Success, "1 accepted, 0 pending, 0 obsolete\n"));
    let other = forwarded(2, |t| t.replace("cv=none; d=corp.example", "cv=none; d=other.example"));
    project.compare(Update::Pending, "forward-arc", &text(&other));
    let (code, out) = project.command("diff", None);
    assert_eq!(code.unwrap(), ExitCode::Success);
    assert!(out.starts_with("embedded/forward-arc\n  signer of i=1: $company → other.example\n"), "{out}");
    assert!(out.contains("    -    by: $company\n    +    by: other.example\n"), "{out}");
    let (code, out) = project.command("status", None);
    assert_eq!(code.unwrap(), ExitCode::NotClean);
    assert!(out.starts_with("1 accepted, 1 pending, 0 obsolete\n  pending "), "{out}");
    let (code, out) = project.command("show forward-*", None);
    assert_eq!(code.unwrap(), ExitCode::Success);
    assert!(out.starts_with("# embedded/forward-arc (accepted)\nfolder: inbox\n"), "{out}");
}

#[test]
fn accept_and_reject_take_ids_and_globs() {
    let project = Project::new();
    for id in ["a", "b/one[x=Y]", "b/two"] {
        project.compare(Update::Pending, id, "folder: inbox");
    }
    let (code, out) = project.command("accept b/*[x=Y] --target embedded", None);
    assert_eq!((code.unwrap(), out.as_str()), (ExitCode::Success, "accepted embedded/b/one[x=Y]: new snapshot\n"));
    assert_eq!(project.compare(Update::Never, "b/one[x=Y]", "folder: inbox").status, SnapshotStatus::Matched);
    for words in ["accept c", "accept --target gmail", "reject b/one*", "diff c", "show c", "status c"] {
        let (code, out) = project.command(words, None);
        assert_eq!(code.unwrap(), ExitCode::NothingSelected, "{words}: {out}");
    }
    let (code, out) = project.command("reject", None);
    assert_eq!((code.unwrap(), out.as_str()), (ExitCode::Success, "rejected embedded/a\nrejected embedded/b/two\n"));
    let (code, out) = project.command("accept", None);
    assert_eq!((code.unwrap(), out.as_str()), (ExitCode::Success, "no pending snapshots\n"));
}

#[test]
fn review_asks_for_each() {
    let project = Project::new();
    for id in ["a", "b", "c", "d"] {
        project.compare(Update::Pending, id, "folder: inbox");
    }
    let (code, _) = project.command("review", None);
    assert!(matches!(code, Err(SnapshotsError::NoTerminal)));
    let (code, out) = project.command("review", Some("x?arSq"));
    assert_eq!(code.unwrap(), ExitCode::NotClean);
    assert!(out.contains("[1/4] embedded/a\n  new snapshot\n") && out.contains("+folder: inbox"), "{out}");
    assert!(out.ends_with("1 accepted, 1 rejected, 2 still pending\n"), "{out}");
    assert_eq!(project.files(), ["embedded/a.snap", "embedded/c.snap.new", "embedded/d.snap.new"]);
    let (code, out) = project.command("review", Some("a"));
    assert_eq!(code.unwrap(), ExitCode::NotClean, "the end of input is quit");
    assert!(out.ends_with("1 accepted, 0 rejected, 1 still pending\n"), "{out}");
    let (code, _) = project.command("review d", Some("a"));
    assert_eq!(code.unwrap(), ExitCode::Success);
}

#[test]
fn only_what_was_shown_is_accepted() {
    let project = Project::new();
    project.accept("a", "folder: inbox");
    project.compare(Update::Pending, "a", "folder: spam");
    let press = |n: usize| {
        if n == 0 {
            // A run writes another one while a person looks at this one.
            project.compare(Update::Pending, "a", "folder: absent");
        }
        ['a', 's'].get(n).copied()
    };
    let (code, out) = project.command_by("review", Some(&press), &[scenario("a", Vec::new())]);
    assert_eq!(code.unwrap(), ExitCode::NotClean, "{out}");
    assert!(out.contains("a run has written another one since it was shown; look at it again"), "{out}");
    assert_eq!(entries(&project.root()).unwrap()[0].accepted().unwrap().unwrap().text(), "folder: inbox");
    let (code, out) = project.command("accept", None);
    assert_eq!((code.unwrap(), out.as_str()), (ExitCode::Success, "accepted embedded/a: folder: inbox → absent\n"));
    // Where the accepted one is broken, all of what waits is shown.
    project.compare(Update::Pending, "a", "folder: spam");
    fs::write(project.file("a"), "rubbish").unwrap();
    let (code, out) = project.command("diff", None);
    assert_eq!(code.unwrap(), ExitCode::Success, "{out}");
    assert!(out.contains("in place of one that is broken: no header") && out.contains("+folder: spam"), "{out}");
}

#[test]
fn a_broken_pending_file_cannot_be_accepted() {
    let project = Project::new();
    project.accept("a", "folder: inbox");
    project.compare(Update::Pending, "a", "folder: spam");
    project.compare(Update::Pending, "b", "folder: spam");
    fs::write(project.file("a").with_extension("snap.new"), "rubbish").unwrap();
    for words in ["accept", "diff"] {
        let (code, out) = project.command(words, None);
        assert_eq!(code.unwrap(), ExitCode::Inconclusive);
        assert!(out.contains("no header"), "{out}");
    }
    assert_eq!(project.files(), ["embedded/a.snap", "embedded/a.snap.new", "embedded/b.snap"]);
    let (code, out) = project.command("review", Some("ar"));
    assert_eq!(code.unwrap(), ExitCode::Success, "{out}");
    assert_eq!(project.files(), ["embedded/a.snap", "embedded/b.snap"]);
}

/// Runs `cargo insta …`, that of `.ci/interop-setup`, in a package around the snapshots.
fn cargo_insta(project: &Project, words: &[&str]) -> String {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/interop/venv/bin/cargo-insta");
    let mut command = std::process::Command::new(program);
    for name in ["CI", "INSTA_UPDATE", "INSTA_FORCE_PASS", "INSTA_WORKSPACE_ROOT", "CARGO_MANIFEST_DIR"] {
        command.env_remove(name);
    }
    let output = command.arg("insta").args(words).current_dir(project.dir.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    text
}

#[test]
#[ignore = "requires cargo-insta 1.49; .ci/interop-setup installs it"]
fn cargo_insta_takes_our_files() {
    let project = Project::new();
    let package =
        "[package]\nname = \"mail\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\n[workspace]\n";
    fs::write(project.dir.path().join("Cargo.toml"), package).unwrap();
    fs::write(project.dir.path().join("lib.rs"), "").unwrap();
    let sound = text(&forwarded(1, |t| t));
    project.accept("forward-arc", "folder: spam");
    for id in ["forward-arc", "forward/row[size=5MB]"] {
        project.compare(Update::Pending, id, &sound);
    }
    let listed = cargo_insta(&project, &["pending-snapshots"]);
    assert!(listed.contains("forward-arc.snap") && listed.contains("row[size=5MB]"), "{listed}");
    let accepted = cargo_insta(&project, &["accept"]);
    assert!(!accepted.contains("error"), "{accepted}");
    for id in ["forward-arc", "forward/row[size=5MB]"] {
        assert_eq!(project.compare(Update::Never, id, &sound).status, SnapshotStatus::Matched, "{id}");
    }
    let found = entries(&project.root()).unwrap();
    let ids: Vec<_> = found.iter().map(|e| (e.id.as_str(), e.pending)).collect();
    assert_eq!(ids, [("forward/row[size=5MB]", false), ("forward-arc", false)], "the header survives");
    project.compare(Update::Pending, "forward-arc", "folder: spam");
    cargo_insta(&project, &["reject"]);
    assert!(entries(&project.root()).unwrap().iter().all(|e| !e.pending));
}
