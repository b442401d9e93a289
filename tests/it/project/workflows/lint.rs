//! What zizmor and GitHub's published schemas say of the workflows and the action.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Runs a program of `.ci/interop-setup`: whether it was content, and what it said.
pub(super) fn tool(name: &str, args: &[&str], files: &[PathBuf]) -> (bool, String) {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/interop/venv/bin").join(name);
    let ran =
        Command::new(&program).args(args).args(files).output().unwrap_or_else(|e| panic!("{}: {e}", program.display()));
    let said = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (ran.status.success(), said)
}

/// The workflows, and a copy of the first with one mistake in it.
fn workflows() -> (Vec<PathBuf>, impl Fn(&str, &str) -> (tempfile::TempDir, PathBuf)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows");
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let spoilt = move |from: &str, to: &str| {
        let text = fs::read_to_string(folder.join("nightly.yml")).unwrap();
        assert!(text.contains(from), "{from}");
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("nightly.yml");
        fs::write(&file, text.replace(from, to)).unwrap();
        (dir, file)
    };
    (files, spoilt)
}

/// The action, and what it hands its inputs on to.
fn actions() -> [PathBuf; 2] {
    ["action.yml", super::ACTION].map(|file| Path::new(env!("CARGO_MANIFEST_DIR")).join(file))
}

#[test]
#[ignore = "requires zizmor; .ci/interop-setup installs it"]
fn interop_zizmor_finds_nothing_in_the_workflows() {
    let (mut files, spoilt) = workflows();
    files.extend(actions());
    let zizmor = |files: &[PathBuf]| tool("zizmor", &["--offline", "--no-config", "--strict-collection"], files);
    let (content, said) = zizmor(&files);
    assert!(content && said.contains("No findings to report"), "{said}");
    for (from, to, finding) in [
        ("case \"$COUNT\" in", "echo ${{ github.head_ref }}; case \"$COUNT\" in", "template-injection"),
        ("        with:\n          persist-credentials: false\n", "", "artipacked"),
        ("actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd", "actions/checkout@v6", "unpinned-uses"),
    ] {
        let (_dir, file) = spoilt(from, to);
        let (content, said) = zizmor(&[file]);
        assert!(!content && said.contains(finding), "{finding}: {said}");
    }
}

#[test]
#[ignore = "requires check-jsonschema; .ci/interop-setup installs it"]
fn interop_the_workflows_are_as_github_s_published_schemas_want_them() {
    let (files, spoilt) = workflows();
    let check = |schema: &str, files: &[PathBuf]| tool("check-jsonschema", &["--builtin-schema", schema], files);
    let (content, said) = check("vendor.github-workflows", &files);
    assert!(content, "{said}");
    let (content, said) = check("vendor.github-actions", &actions());
    assert!(content, "{said}");
    let (_dir, file) = spoilt("timeout-minutes: 5\n", "timeout-minute: 5\n");
    let (content, said) = check("vendor.github-workflows", &[file]);
    assert!(!content && said.contains("timeout-minute"), "{said}");
}

#[test]
#[ignore = "requires actionlint; .ci/interop-setup installs it"]
fn interop_actionlint_finds_nothing_in_the_workflows() {
    let (files, spoilt) = workflows();
    let (content, said) = tool("actionlint", &[], &files);
    assert!(content, "{said}");
    for (from, to, finding) in [
        ("uses: $/.github/actions/sealcheck", "uses: $/", "path is missing"),
        ("needs.plan.outputs.count", "needs.plan.outputs.number", "property \"number\" is not defined"),
        ("queue: max", "queue: most", "queue"),
    ] {
        let (_dir, file) = spoilt(from, to);
        let (content, said) = tool("actionlint", &[], &[file]);
        assert!(!content && said.contains(finding), "{finding}: {said}");
    }
}
