//! `sealcheck init`: what it writes passes at once, and nothing of a person's own is touched.

use crate::support::program::{Project, Ran};
use std::{fs, path::Path};

/// A project below the directory of another.
fn inside(project: &Project, args: &[&str]) -> Ran {
    project.run_by(&["sh", "-ec", "cd new && exec \"$@\"", "sh"], args)
}

/// Every file below a directory, sorted.
fn files(dir: &Path) -> Vec<String> {
    fn walk(dir: &Path, top: &Path, into: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(&path, top, into),
                false => into.push(path.strip_prefix(top).unwrap().to_str().unwrap().to_owned()),
            }
        }
    }
    let mut all = Vec::new();
    walk(dir, dir, &mut all);
    all.sort();
    all
}

#[test]
fn a_new_project_passes_at_once_and_is_not_begun_twice() {
    let project = Project::new().env("PATH", "/usr/bin:/bin");
    let begun = project.run(&["init", "new"]);
    assert_eq!(begun.code, 0, "{begun}");
    assert!(begun.stdout.contains("  new/sealcheck.yaml\n") && begun.stdout.contains("\ncd new\n"), "{begun}");
    let checked = inside(&project, &["check", "--deny-warnings"]);
    assert_eq!((checked.code, checked.stdout.as_str()), (0, "4 scenarios in 4 files are sound\n"), "{checked}");
    let ran = inside(&project, &["run"]);
    assert!(ran.code == 0 && ran.stdout.contains("3 run: 3 passed · snapshots 3 ok"), "{ran}");
    // The same against Gmail needs the person's accounts, and says so before anything is sent.
    let real = inside(&project, &["run", "--target", "gmail", "--profile", "smoke"]);
    assert!(real.code == 2 && real.stderr.contains("SEALCHECK_EXTERNAL_PASSWORD"), "{real}");

    let again = project.run(&["init", "new"]);
    let expected = "error: there is a project already: new/sealcheck.yaml; --github adds workflows to it\n";
    assert_eq!((again.code, again.stderr.as_str()), (2, expected), "{again}");
}

#[test]
fn what_is_there_stays_as_it_is() {
    let project = Project::new().scenario("direct", "mine");
    let refused = project.run(&["init"]);
    let expected = "error: nothing was written: ./scenarios/direct.yaml would be overwritten; move that away first\n";
    assert_eq!((refused.code, refused.stderr.as_str()), (2, expected), "{refused}");
    assert_eq!(files(&project.path("")), ["scenarios/direct.yaml"]);
    assert_eq!(project.read("scenarios/direct.yaml"), "mine");
}

#[test]
fn workflows_are_those_of_the_page_and_stand_where_github_reads_them() {
    let project = Project::new().config("sealcheck: 1\n");
    fs::create_dir_all(project.path(".git")).unwrap();
    fs::create_dir(project.path("below")).unwrap();
    let below = project.run(&["init", "--github", "below"]);
    assert!(below.code == 2 && below.stderr.contains("run `init --github` there"), "{below}");
    assert_eq!(files(&project.path("")), ["sealcheck.yaml"]);
    let begun = project.run(&["init", "--github"]);
    assert!(begun.code == 0 && begun.stdout.contains("need the secrets"), "{begun}");
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md")).unwrap();
    for file in [".github/workflows/mail.yml", ".github/workflows/nightly.yml"] {
        assert!(page.contains(&format!("```yaml\n{}```\n", project.read(file))), "{file}");
    }
    assert_eq!(files(&project.path("")).len(), 3);
    let again = project.run(&["init", "--github"]);
    assert!(again.code == 2 && again.stderr.contains("nothing was written"), "{again}");
}

#[test]
fn pages_for_man_are_printed_or_written() {
    let project = Project::new();
    let page = project.run(&["man"]);
    assert!(page.code == 0 && page.stdout.contains(".TH sealcheck 1"), "{page}");
    assert_eq!(project.run(&["man", "pages"]).code, 0);
    let run = project.read("pages/sealcheck-run.1");
    assert!(run.contains("\\-\\-global\\-timeout"), "{run}");
    assert!(project.path("pages/sealcheck-lab-up.1").exists());
    fs::write(project.path("file"), "").unwrap();
    let refused = project.run(&["man", "file"]);
    assert!(refused.code == 6 && refused.stderr.contains("cannot write pages into file"), "{refused}");
}
