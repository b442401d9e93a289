//! The workflows of `.github/workflows` and `action.yml`, done line by line against a lab that is their Gmail.
//!
//! `cargo test --test it workflows`. `interop` in the name of a test says that it needs the programs of `.ci/interop-setup`.

mod expression;
mod lint;
mod page;
mod runner;

use crate::support::program::{Lab, Project, secrets_in};
pub(crate) use page::WITH_COMMANDS;
pub(crate) use runner::copy;
use runner::{Runner, outputs, read};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
};

/// What `action.yml` hands its inputs on to.
const ACTION: &str = ".github/actions/sealcheck/action.yml";

/// Every `run:` step by its file. The tests below do each of them.
const RUN_STEPS: [(&str, &[&str]); 6] = [
    (ACTION, &["Name what is built", "Download the release", "Build it", "Put it on the PATH", "Run the scenarios"]),
    (".github/workflows/ci.yml", &["Install what a checkout and Rust need", "Install Rust", "Run the gate"]),
    (".github/workflows/nightly.yml", &["Count the shards", "Put the shards together", "Tell people in an issue"]),
    (
        ".github/workflows/release.yml",
        &[
            "Install Rust and what builds packages",
            "Build the archive",
            "Run what was built",
            "Write the sums and the text",
            "Make the release",
            "Build and push the images",
        ],
    ),
    (".github/workflows/smoke.yml", &[]),
    ("action.yml", &[]),
];

/// Programs of a machine of GitHub's that only write down what they are told.
const QUIET: [&str; 3] = ["apt-get", "rustup", "sleep"];

fn steps_of(file: &str) -> Vec<&'static str> {
    RUN_STEPS.iter().find(|(name, _)| *name == file).unwrap().1.to_vec()
}

#[test]
fn every_run_line_is_known_and_no_workflow_is_forgotten() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<String> = fs::read_dir(root.join(".github/workflows"))
        .unwrap()
        .map(|entry| format!(".github/workflows/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    files.extend(["action.yml".to_owned(), ACTION.to_owned()]);
    files.sort();
    assert_eq!(files, RUN_STEPS.map(|(file, _)| file));
    for (file, known) in RUN_STEPS {
        let all = read(file);
        let lists: Vec<&Value> = match all["jobs"].as_object() {
            Some(jobs) => jobs.values().map(|job| &job["steps"]).collect(),
            None => vec![&all["runs"]["steps"]],
        };
        let steps = lists.into_iter().flat_map(|steps| steps.as_array().unwrap());
        let names: Vec<&str> =
            steps.filter(|s| s["run"].is_string()).map(|s| s["name"].as_str().unwrap_or("")).collect();
        assert_eq!(names, known, "{file}");
    }
}

/// Rust, the toolchain, is named where the package names it and nowhere else.
#[test]
fn the_gate_runs_on_the_rust_that_the_package_names() {
    let rust = env!("CARGO_PKG_RUST_VERSION");
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows/ci.yml")).unwrap();
    assert!(text.contains(&format!("--default-toolchain {rust} ")), "{rust}");
}

/// A repository with scenarios for Gmail, and a lab that is its Gmail.
struct Repository {
    lab: Option<Lab>,
    project: Project,
    stand_in: tempfile::TempDir,
    runner: Runner,
}

fn scenario(name: &str, tags: &str, arc: &str) -> String {
    format!(
        "sealcheck: 1
name: {name}
tags: [{tags}]
targets: [gmail]
send: {{ from: external, to: company, subject: $token }}
wait: {{ timeout: 30s }}
expect: [ {{ delivered: {{ to: gmail, auth: {{ arc: {arc} }} }} }} ]
snapshot: none
"
    )
}

impl Repository {
    fn new() -> Self {
        Self::with(&[])
    }

    /// With more arguments for the lab.
    fn with(more: &[&str]) -> Self {
        let project = Project::new()
            .scenario("one", &scenario("one", "smoke", "pass"))
            .scenario("two", &scenario("two", "more", "pass"))
            .scenario("three", &scenario("three", "more", "pass"));
        let lab = project.lab(&[&["--config-out", "sealcheck.yaml"], more].concat());
        let (config, values) = project.with_secrets_in_environment("sealcheck.yaml");
        let project = project.config(&config);
        let stand_in = tempfile::tempdir().unwrap();
        let bin = stand_in.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/workflows");
        for entry in fs::read_dir(&fixtures).unwrap() {
            let name = entry.unwrap().file_name();
            symlink(fixtures.join(&name), bin.join(&name)).unwrap();
        }
        QUIET.iter().for_each(|name| symlink(fixtures.join("log"), bin.join(name)).unwrap());
        let contexts = json!({
            "github": {
                "token": "a token", "repository": "company/mail", "server_url": "https://github.example", "run_id": 1,
                "workflow": "w", "ref": "main", "event": { "repository": { "private": false } }
            },
            "secrets": values,
            "vars": {},
            "inputs": {},
        });
        let mut runner = Runner::new(&project.path(""), &bin, contexts);
        runner.env.insert("SEALCHECK_BUILT".into(), env!("CARGO_BIN_EXE_sealcheck").into());
        runner.env.insert("STAND_IN".into(), stand_in.path().display().to_string());
        Self { lab: Some(lab), project, stand_in, runner }
    }

    /// Writes a scenario anew.
    fn expects(&self, name: &str, tags: &str, arc: &str) {
        fs::write(self.project.path(&format!("scenarios/{name}.yaml")), scenario(name, tags, arc)).unwrap();
    }

    /// What the programs that stand in were told since the last time.
    fn told(&self) -> Vec<String> {
        let log = self.stand_in.path().join("log");
        let text = fs::read_to_string(&log).unwrap_or_default();
        drop(fs::remove_file(log));
        text.lines().map(str::to_owned).collect()
    }

    /// The smoke test of a server: how the job ended, its exit code and its summary.
    fn smoke(&mut self, mx: &str, tags: &str) -> (&'static str, String, String) {
        self.runner.contexts["inputs"] = json!({ "mx": mx, "tags": tags, "timeout": "2m" });
        let ended = self.runner.workflow(".github/workflows/smoke.yml");
        let outputs = outputs(".github/workflows/smoke.yml", &ended);
        (ended["smoke"].result, outputs["exit-code"].clone(), outputs["summary"].clone())
    }

    /// One night: how the report ended, and what was done to issues.
    fn night(&mut self) -> (&'static str, Vec<String>) {
        let ended = self.runner.workflow(".github/workflows/nightly.yml");
        let told = self.told();
        let issues = told.iter().filter(|line| line.starts_with("gh ")).cloned().collect();
        (ended["report"].result, issues)
    }
}

#[test]
fn the_nightly_workflow_opens_one_issue_and_closes_it() {
    let mut here = Repository::new();
    assert_eq!(here.night(), ("success", vec![]), "{}", here.runner.said);
    let mut steps = here.runner.done.clone();
    steps.sort();
    let mut known = [steps_of(".github/workflows/nightly.yml"), steps_of(ACTION)].concat();
    known.sort_unstable();
    assert_eq!(steps, known);

    // Accepted snapshots are missing on the first night, of which nobody needs to be woken.
    let compared = scenario("two", "more", "pass").replace("snapshot: none\n", "");
    fs::write(here.project.path("scenarios/two.yaml"), compared).unwrap();
    assert_eq!(here.night(), ("success", vec![]), "{}", here.runner.said);
    let first = "::warning::everything passed, and there is no accepted snapshot to compare with: run `sealcheck run";
    assert!(here.runner.said.contains(first), "{}", here.runner.said);

    here.expects("two", "more", "fail");
    let label = "gh label create sealcheck-nightly --force --description The nightly run against Gmail";
    let create = "gh issue create --title The nightly run against Gmail is not green --label sealcheck-nightly --body-file issue.md";
    assert_eq!(here.night(), ("failure", vec![label.to_owned(), create.to_owned()]), "{}", here.runner.said);
    let body = fs::read_to_string(here.stand_in.path().join("body")).unwrap();
    assert!(body.starts_with("Exit code 1: https://github.example/company/mail/actions/runs/1\n"), "{body}");
    assert!(body.contains("two"), "{body}");
    assert_eq!(here.night(), ("failure", vec!["gh issue comment 7 --body-file issue.md".to_owned()]));

    here.expects("two", "more", "pass");
    let closed = "gh issue close 7 --comment Green again: https://github.example/company/mail/actions/runs/1";
    assert_eq!(here.night(), ("success", vec![closed.to_owned()]), "{}", here.runner.said);

    here.runner.lost = Some("shard-2");
    assert_eq!(here.night().0, "failure");
    assert!(fs::read_to_string(here.stand_in.path().join("body")).unwrap().starts_with("Exit code 7:"));
    here.runner.lost = None;

    // Nobody answers: the issue stays as it is, and each shard has tried twice.
    assert_eq!(here.lab.take().unwrap().end(), 0);
    here.runner.said.clear();
    let ended = here.runner.workflow(".github/workflows/nightly.yml");
    assert_eq!((ended["shard"].result, ended["report"].result), ("failure", "success"), "{}", here.runner.said);
    assert!(here.runner.said.contains("::warning::nothing can be told tonight (exit code 3)"), "{}", here.runner.said);
    let told = here.told();
    assert_eq!(told.iter().filter(|line| *line == "sleep 60").count(), 2, "{told:?}");
    assert!(!told.iter().any(|line| line.starts_with("gh ")), "{told:?}");

    fs::remove_file(here.project.path("sealcheck.yaml")).unwrap();
    let ended = here.runner.workflow(".github/workflows/nightly.yml");
    assert_eq!(["plan", "shard", "report"].map(|job| ended[job].result), ["success", "skipped", "skipped"]);
}

#[test]
fn a_red_first_night_leaves_a_build_in_the_cache_and_no_mail_where_everybody_can_read() {
    let mut here = Repository::new();
    here.expects("two", "more", "fail");
    assert_eq!(here.night().0, "failure", "{}", here.runner.said);
    let is_kept = |here: &Repository| {
        let shards =
            fs::read_dir(here.runner.home.path().join("artifacts")).unwrap().map(|entry| entry.unwrap().path());
        let mails = shards.filter(|shard| shard.join(".sealcheck").exists()).count();
        mails > 0
    };
    assert!(!is_kept(&here), "mails of a public repository are uploaded");
    here.runner.contexts["github"]["event"]["repository"]["private"] = true.into();
    let ended = here.runner.workflow(".github/workflows/nightly.yml");
    assert_eq!(ended["report"].result, "failure");
    assert!(is_kept(&here), "mails of a private repository are not uploaded");
    assert!(!here.told().iter().any(|line| line.starts_with("cargo ")), "the second night builds anew");
}

#[test]
fn where_the_cache_is_read_only_each_run_builds() {
    let mut here = Repository::new();
    here.runner.is_cache_read_only = true;
    for _ in 0..2 {
        assert_eq!(here.smoke("", "smoke").0, "success", "{}", here.runner.said);
        assert_eq!(here.told().iter().filter(|line| line.starts_with("cargo ")).count(), 1);
    }
}

/// A folder of a release, with what the program is built from as its hash.
fn release(here: &Repository, hash: &str) {
    let folder = here.stand_in.path().join("release");
    drop(fs::remove_dir_all(&folder));
    let name = format!("sealcheck-{}-{}-unknown-linux-gnu", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH);
    fs::create_dir_all(folder.join(&name)).unwrap();
    fs::write(folder.join(&name).join("SOURCE-HASH"), hash).unwrap();
    symlink(env!("CARGO_BIN_EXE_sealcheck"), folder.join(&name).join("sealcheck")).unwrap();
    let pack = format!("tar -czf {name}.tar.gz {name} && sha256sum *.tar.gz > SHA256SUMS");
    let packed = Command::new("sh").args(["-ec", &pack]).current_dir(&folder).status().unwrap();
    assert!(packed.success());
}

#[test]
fn the_action_takes_a_release_of_the_same_sources_and_builds_otherwise() {
    let hash = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/source-hash")).output().unwrap();
    let hash = String::from_utf8(hash.stdout).unwrap();
    let act = |prepare: &dyn Fn(&mut Repository)| {
        let mut here = Repository::new();
        prepare(&mut here);
        let ended = here.runner.only_action([("tags".to_owned(), "smoke".to_owned())].into());
        let builds = here.told().iter().filter(|line| line.starts_with("cargo ")).count();
        (ended.result, builds, here.runner.said)
    };
    let (result, builds, said) = act(&|here| release(here, &hash));
    assert_eq!((result, builds), ("success", 0), "{said}");
    for (prepare, why) in [
        (&|_: &mut Repository| {} as _, ".tar.gz could not be had: building"),
        (
            &|here: &mut Repository| release(here, "of others\n"),
            "the release is of other sources than this action: building",
        ),
        (
            &|here: &mut Repository| here.runner.platform = ["Windows", "X64"],
            "there is no release for Windows on X64: building",
        ),
    ] as [(&dyn Fn(&mut Repository), &str); 3]
    {
        let (result, builds, said) = act(prepare);
        assert_eq!((result, builds), ("success", 1), "{said}");
        assert!(said.contains(why), "{why}: {said}");
    }
    let (result, builds, said) = act(&|here| {
        release(here, &hash);
        let sums = here.stand_in.path().join("release/SHA256SUMS");
        let text = fs::read_to_string(&sums).unwrap();
        fs::write(sums, text.replacen(|c: char| c.is_ascii_digit(), "x", 1)).unwrap();
    });
    assert_eq!((result, builds), ("failure", 0), "{said}");
    assert!(said.contains("::error::sealcheck-"), "{said}");
    let (result, builds, said) = act(&|here| fs::write(here.stand_in.path().join("no-proxy"), "").unwrap());
    assert_eq!((result, builds), ("failure", 1), "{said}");
    let told =
        ["curl: (5) Could not resolve proxy", "could not be had: building", "::error::sealcheck could be neither"];
    told.iter().for_each(|words| assert!(said.contains(words), "{words}: {said}"));
}

#[test]
fn the_smoke_workflow_tells_a_deployment_what_came_out() {
    let mut here = Repository::new();
    let mx = here.lab.as_ref().unwrap().company_mx().to_owned();
    let went = ("success", "0".to_owned(), "1 passed, 0 failed, 0 inconclusive".to_owned());
    assert_eq!(here.smoke("", "smoke"), went, "{}", here.runner.said);
    // The second build comes from the cache.
    assert_eq!(here.told().iter().filter(|line| line.starts_with("cargo ")).count(), 1);
    assert_eq!(here.smoke(&mx, "smoke"), went, "{}", here.runner.said);
    assert_eq!(here.told(), [] as [&str; 0]);
    let (result, code, _) = here.smoke("127.0.0.1:1", "smoke");
    assert_eq!((result, code.as_str()), ("failure", "3"), "{}", here.runner.said);
    let (result, code, summary) = here.smoke("", "no such tag");
    assert_eq!((result, code.as_str(), summary.as_str()), ("failure", "2", " passed,  failed,  inconclusive"));
    assert!(here.runner.summary.contains("everything passed"), "{}", here.runner.summary);
    let secrets = here.lab.as_ref().unwrap().secrets();
    assert_eq!(secrets_in(here.runner.said.as_bytes(), &secrets), None);
    assert_eq!(secrets_in(here.runner.summary.as_bytes(), &secrets), None);
}

#[test]
fn each_candidate_ends_the_smoke_workflow_with_its_code() {
    let summary =
        |[passed, failed, errored]: [u8; 3]| format!("{passed} passed, {failed} failed, {errored} inconclusive");
    let candidate = |knobs: &[&str]| {
        let here = Repository::with(knobs);
        let scenario = include_str!("../../../../src/cli/commands/init/files/candidate.yaml");
        fs::write(here.project.path("scenarios/candidate.yaml"), scenario).unwrap();
        let mx = here.lab.as_ref().unwrap().company_mx().to_owned();
        (here, mx)
    };
    for (knob, result, code, counts) in [
        ("company.arc=false", "failure", "1", [0, 1, 0]),
        ("company.greylist=true", "success", "0", [1, 0, 0]),
        ("company.reject=550 5.7.1 no", "failure", "1", [0, 1, 0]),
    ] {
        let (mut here, mx) = candidate(&["--knob", knob]);
        let ended = here.smoke(&mx, "candidate");
        assert_eq!(ended, (result, code.to_owned(), summary(counts)), "{knob}: {}", here.runner.said);
    }
    let (mut here, mx) = candidate(&[]);
    let sound = here.smoke(&mx, "candidate");
    assert_eq!(sound, ("success", "0".to_owned(), summary([1, 0, 0])), "{}", here.runner.said);
    let dead = here.smoke("127.0.0.1:1", "candidate");
    assert_eq!(dead, ("failure", "3".to_owned(), summary([0, 0, 1])), "{}", here.runner.said);
    // Without the sender's key nothing is sent.
    here.runner.contexts["secrets"]["SEALCHECK_DKIM_KEY"] = "".into();
    let (result, code, _) = here.smoke(&mx, "candidate");
    assert_eq!((result, code.as_str()), ("failure", "2"), "{}", here.runner.said);
    assert!(here.runner.said.contains("no secret for `accounts.external.dkim.private_key`"), "{}", here.runner.said);
}

#[test]
fn the_gate_s_workflow_installs_a_checked_rust_and_runs_the_gate() {
    let mut here = Repository::new();
    let gate = here.project.path(".ci/run");
    fs::create_dir(gate.parent().unwrap()).unwrap();
    fs::write(&gate, "#!/bin/sh\ncommand -v cargo\necho the gate\n").unwrap();
    fs::set_permissions(&gate, fs::Permissions::from_mode(0o755)).unwrap();
    let ended = here.runner.workflow(".github/workflows/ci.yml");
    assert_eq!(ended["gate"].result, "success", "{}", here.runner.said);
    assert!(here.runner.said.contains("/.cargo/bin/cargo\nthe gate\n"), "{}", here.runner.said);
    assert_eq!(here.runner.done, steps_of(".github/workflows/ci.yml"));
    let told = here.told();
    let programs: Vec<&str> = told.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(programs, ["apt-get", "apt-get", "curl", "sha256sum", "rustup-init"], "{told:?}");
    assert!(told[3].contains("20a06e644b0d9bd2fbdbfd52d42540bdde820ea7df86e92e533c073da0cdd43c"), "{told:?}");
    assert!(told[4].contains("--component clippy,rustfmt"), "{told:?}");
}

#[test]
fn a_tag_becomes_a_release() {
    let mut here = Repository::new();
    let version = env!("CARGO_PKG_VERSION");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    copy(&root.join("Cargo.toml"), &here.project.path("Cargo.toml"));
    let changes =
        format!("# Changelog\n\n## Unreleased\n\nlater\n\n## {version} - 2026-12-01\n\n- New.\n\n## 0.0.1\n\nold\n");
    fs::write(here.project.path("CHANGELOG.md"), changes).unwrap();
    let build = format!(
        "#!/bin/sh -e\nmkdir -p target/release-files/a\nln -s \"$SEALCHECK_BUILT\" target/release-files/a/sealcheck\n\
         tar -czf target/release-files/sealcheck-{version}-$1.tar.gz -C target/release-files a\nrm -r target/release-files/a\n"
    );
    fs::create_dir(here.project.path(".ci")).unwrap();
    for (name, text) in [(".ci/release", build.as_str()), (".ci/setup", "#!/bin/sh\n")] {
        fs::write(here.project.path(name), text).unwrap();
        fs::set_permissions(here.project.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut tagged = |tag: &str| {
        here.runner
            .env
            .extend([("GITHUB_REF_NAME", tag), ("GITHUB_ACTOR", "somebody")].map(|(k, v)| (k.into(), v.into())));
        let ended = here.runner.workflow(".github/workflows/release.yml");
        (["build", "publish", "container"].map(|job| ended[job].result), here.told(), here.runner.said.clone())
    };
    let (results, told, said) = tagged("v9.9.9");
    assert_eq!(results, ["success", "failure", "skipped"], "{said}");
    assert!(said.contains(&format!("::error::the tag is v9.9.9, and Cargo.toml says {version}")), "{said}");
    assert!(!told.iter().any(|line| line.starts_with("gh ")), "{told:?}");
    let (results, told, said) = tagged(&format!("v{version}"));
    assert_eq!(results, ["success"; 3], "{said}");
    let files: Vec<String> =
        ["aarch64-apple-darwin", "aarch64-unknown-linux-gnu", "x86_64-apple-darwin", "x86_64-unknown-linux-gnu"]
            .map(|platform| format!("files/sealcheck-{version}-{platform}.tar.gz"))
            .into();
    let made = told.iter().find(|line| line.starts_with("gh release create")).unwrap();
    assert!(made.ends_with(&format!("--notes-file text.md files/SHA256SUMS {}", files.join(" "))), "{made}");
    assert_eq!(fs::read_to_string(here.stand_in.path().join("body")).unwrap(), "\n- New.\n\n");
    for image in ["ghcr.io/company/mail", "ghcr.io/company/mail-lab"] {
        let tags = format!("--tag {image}:{version} --tag {image}:latest .");
        assert!(told.iter().any(|line| line.starts_with("docker build ") && line.ends_with(&tags)), "{told:?}");
        assert!(told.iter().any(|line| *line == format!("docker push --all-tags {image}")), "{told:?}");
    }
}

#[test]
fn the_action_takes_every_input_and_refuses_what_is_none() {
    let mut here = Repository::new();
    let mut act = |with: &[(&str, &str)], result: &str, code: &str| {
        let with = with.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let ended = here.runner.only_action(with);
        assert_eq!((ended.result, ended.outputs["exit-code"].as_str()), (result, Some(code)), "{}", here.runner.said);
        here.told()
    };
    act(&[("scenarios", "one\nthree\n"), ("tags", "more"), ("args", "--jobs\n1"), ("shard", "1/1")], "success", "0");
    let told = act(&[("config", "none.yaml"), ("profile", "p"), ("attempts", "3")], "failure", "2");
    assert_eq!(told, [] as [&str; 0], "only what nothing can be told of is tried again");
    for attempts in ["0", "10", "a[$(touch /tmp/x)]"] {
        act(&[("attempts", attempts)], "failure", "");
    }
    act(&[("install-only", "true")], "success", "");
    assert_eq!(here.runner.said.matches("--- Run the scenarios").count(), 5);
}
