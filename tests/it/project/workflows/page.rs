//! What docs/ci.md shows and names works: each file is checked by whom it is for, and its commands are run.

use super::{Repository, lint::tool};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md")).unwrap()
}

/// The file of this name, on the page or among the files that it names.
fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if NAMED.contains(&name) {
        assert!(page().contains(&format!("(../{name})")), "the page does not name {name}");
        return fs::read_to_string(path).unwrap();
    }
    let first = format!("\n# {name}\n");
    let page = page();
    let (_, rest) = page.split_once(&first).unwrap_or_else(|| panic!("no {name} on the page"));
    rest.split("\n```").next().unwrap().to_owned() + "\n"
}

fn yaml(name: &str) -> Value {
    serde_yaml::from_str(&text(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

const ON_GITHUB: [&str; 4] = [
    ".github/workflows/mail.yml",
    ".github/workflows/nightly.yml",
    ".github/workflows/deploy.yml",
    ".github/workflows/lab.yml",
];

/// The files on the page that hold commands. The tests below run each of them.
pub(crate) const WITH_COMMANDS: [&str; 3] = [ON_GITHUB[0], ON_GITHUB[2], ON_GITHUB[3]];

const GITLAB: &str = "templates/sealcheck.yml";
const SERVICE: &str = "contrib/systemd/sealcheck.service";
const TIMER: &str = "contrib/systemd/sealcheck.timer";
const KUBERNETES: &str = "contrib/kubernetes/sealcheck-job.yaml";

/// The files that the page names.
const NAMED: [&str; 4] = [GITLAB, SERVICE, TIMER, KUBERNETES];

impl Repository {
    /// Runs a line in a shell, where `sealcheck` is on the PATH and the secrets are in the environment.
    fn shell(&self, line: &str, env: &[(&str, &str)]) -> Output {
        let bin = self.stand_in.path().join("bin");
        let built = bin.join("sealcheck");
        if !built.exists() {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_sealcheck"), built).unwrap();
        }
        let secrets = self.runner.contexts["secrets"].as_object().unwrap();
        Command::new("sh")
            .args(["-ec", line])
            .current_dir(self.project.path(""))
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .envs(&self.runner.env)
            .envs(secrets.iter().map(|(name, value)| (name, value.as_str().unwrap())))
            .envs(env.iter().copied())
            .output()
            .unwrap()
    }

    /// Runs a line that must end well; what it said.
    fn went(&self, line: &str, env: &[(&str, &str)]) -> String {
        let ran = self.shell(line, env);
        let said = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(ran.status.success(), "{line}: {}\n{said}", ran.status);
        said
    }
}

#[test]
fn the_workflows_on_the_page_do_what_they_say() {
    let mut here = Repository::new();
    let mx = here.lab.as_ref().unwrap().company_mx();
    let deploy = text(ON_GITHUB[2]);
    assert!(deploy.contains("mx: candidate.corp.example:25\n"));
    let deploy = serde_yaml::from_str(&deploy.replace("candidate.corp.example:25", mx)).unwrap();
    here.expects("candidate", "candidate", "pass");
    for workflow in [yaml(ON_GITHUB[0]), yaml(ON_GITHUB[1]), deploy] {
        let ended = here.runner.jobs_of(&workflow);
        assert!(ended.values().all(|job| job.result == "success"), "{}", here.runner.said);
    }
    let said = "the candidate forwards well (1 passed, 0 failed, 0 inconclusive); going live";
    assert!(here.runner.said.contains(said), "{}", here.runner.said);

    here.expects("one", "smoke", "fail");
    let ended = here.runner.jobs_of(&yaml(ON_GITHUB[0]));
    assert_eq!(ended["mail"].result, "failure");
    assert!(here.runner.said.contains("\nmail is broken in 1 ways\n"), "{}", here.runner.said);
}

#[test]
fn the_lab_on_the_page_is_a_service() {
    let mut here = Repository::new();
    let lab = here.project.lab(&["--config-out", "lab.yaml"]);
    let files = here.stand_in.path().join("lab");
    fs::create_dir(&files).unwrap();
    ["lab.yaml", "lab.yaml.d"].iter().for_each(|name| fs::rename(here.project.path(name), files.join(name)).unwrap());
    fs::remove_file(here.project.path("sealcheck.yaml")).unwrap();
    here.runner.contexts["job"] = serde_json::json!({ "services": { "lab": { "id": "0123" } } });
    let ended = here.runner.jobs_of(&yaml(ON_GITHUB[3]));
    assert_eq!(ended["lab"].result, "success", "{}", here.runner.said);
    assert!(here.runner.said.contains("3 run: 3 passed"), "{}", here.runner.said);
    assert!(here.told().contains(&"docker cp 0123:/lab/. .".to_owned()));
    assert_eq!(lab.end(), 0);
}

/// The jobs of the component with what the page gives it as its inputs.
fn gitlab() -> String {
    let included = yaml(".gitlab-ci.yml")["include"][0].clone();
    let version = env!("CARGO_PKG_VERSION");
    let remote = format!("https://raw.githubusercontent.com/sealcheck/sealcheck/v{version}/{GITLAB}");
    assert_eq!(included["remote"], remote.as_str());
    assert_eq!(included["inputs"]["version"], version);
    let text = text(GITLAB);
    let (spec, jobs) = text.split_once("\n---\n").unwrap();
    let spec: Value = serde_yaml::from_str(spec).unwrap();
    let mut jobs = jobs.to_owned();
    for (name, input) in spec["spec"]["inputs"].as_object().unwrap() {
        let given = included["inputs"].get(name).unwrap_or(&input["default"]);
        jobs = jobs.replace(&format!("$[[ inputs.{name} ]]"), &super::expression::plain(given));
    }
    assert!(!jobs.contains("$[["), "{jobs}");
    jobs
}

#[test]
fn gitlab_s_jobs_make_one_run_with_the_release() {
    let here = Repository::new();
    super::release(&here, "any");
    let jobs: Value = serde_yaml::from_str(&gitlab()).unwrap();
    let lines = |job: &Value, key: &str| {
        let lines = job[key].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned());
        lines.collect::<Vec<_>>().join("\n")
    };
    let job = |name: &str| {
        assert_eq!(jobs[name]["extends"], ".sealcheck");
        format!("{}\n{}", lines(&jobs[".sealcheck"], "before_script"), lines(&jobs[name], "script"))
    };
    let version = [("SEALCHECK_VERSION", env!("CARGO_PKG_VERSION"))];
    here.went(&job("sealcheck-gate"), &version);
    assert!(here.project.path("junit.xml").exists());
    let count = jobs["sealcheck-night"]["parallel"].as_u64().unwrap();
    for index in 1..=count {
        let env = [("CI_NODE_INDEX", index.to_string()), ("CI_NODE_TOTAL", count.to_string())];
        let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
        here.went(&job("sealcheck-night"), &[&version[..], &env].concat());
    }
    let said = here.went(&job("sealcheck-whole"), &version);
    assert!(said.contains("3 run: 3 passed"), "{said}");
    fs::remove_file(here.project.path("records/2.jsonl")).unwrap();
    assert_eq!(here.shell(&job("sealcheck-whole"), &version).status.code(), Some(7));
    // A release that is not what its sums say is not run.
    fs::write(here.stand_in.path().join("release/SHA256SUMS"), "0  sealcheck.tar.gz\n").unwrap();
    assert_eq!(here.shell(&job("sealcheck-gate"), &version).status.code(), Some(1));
    // curl ends with 5 then, which would be a warning.
    fs::write(here.stand_in.path().join("no-proxy"), "").unwrap();
    let ran = here.shell(&job("sealcheck-gate"), &version);
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.code() == Some(1) && said.contains("where a proxy stands between"), "{}: {said}", ran.status);
}

#[test]
fn kubernetes_pods_on_the_page_make_one_run() {
    let here = Repository::new();
    let job = yaml(KUBERNETES);
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["command"], serde_json::json!(["sh", "-c"]));
    let count = job["spec"]["completions"].as_u64().unwrap();
    for index in 0..count {
        here.went(container["args"][0].as_str().unwrap(), &[("JOB_COMPLETION_INDEX", &index.to_string())]);
    }
    let page = page();
    let merge =
        page.lines().find_map(|line| line.strip_prefix("$ ").filter(|c| c.starts_with("sealcheck merge"))).unwrap();
    let said = here.went(merge, &[]);
    assert!(said.contains("3 run: 3 passed"), "{said}");
}

#[test]
fn the_service_on_the_page_runs() {
    let here = Repository::new();
    let service = text(SERVICE);
    let line = service.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/")).unwrap();
    here.went(line, &[]);
    assert!(here.project.read("sealcheck.prom").contains("sealcheck_"));
}

#[test]
#[ignore = "requires check-jsonschema, kubernetes-validate and systemd; .ci/run installs them"]
fn interop_the_files_on_the_page_are_as_their_readers_want_them() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| -> Vec<PathBuf> {
        let path = dir.path().join(name.rsplit('/').next().unwrap());
        fs::write(&path, text).unwrap();
        vec![path]
    };
    let built = format!("ExecStart={}", env!("CARGO_BIN_EXE_sealcheck"));
    let units = |spoilt: &dyn Fn(String) -> String| -> Vec<PathBuf> {
        let service = write(SERVICE, &spoilt(text(SERVICE).replace("ExecStart=/usr/local/bin/sealcheck", &built)));
        [service, write(TIMER, &text(TIMER))].concat()
    };
    let analyze = |files: Vec<PathBuf>| {
        let ran = Command::new("systemd-analyze").args(["--man=no", "verify"]).args(files).output().unwrap();
        (ran.status.success() && ran.stderr.is_empty(), String::from_utf8_lossy(&ran.stderr).into_owned())
    };
    let on_gitlab = ["--builtin-schema", "vendor.gitlab-ci"];
    let github = ["--builtin-schema", "vendor.github-workflows"];
    for (name, from, to, program, args) in [
        (ON_GITHUB[0], "steps:", "stebs:", "check-jsonschema", &github[..]),
        (ON_GITHUB[1], "uses:", "use:", "check-jsonschema", &github[..]),
        (ON_GITHUB[2], "needs:", "need:", "check-jsonschema", &github[..]),
        (ON_GITHUB[3], "services:", "service:", "check-jsonschema", &github[..]),
        (".gitlab-ci.yml", "remote:", "remot:", "check-jsonschema", &on_gitlab[..]),
        (GITLAB, "exit_codes:", "exit_code:", "check-jsonschema", &on_gitlab[..]),
        (KUBERNETES, "completions:", "completion:", "kubernetes-validate", &["--strict"][..]),
    ] {
        let right = if name == GITLAB { gitlab() } else { text(name) };
        let (content, said) = tool(program, args, &write(name, &right));
        assert!(content, "{name}: {said}");
        assert!(right.contains(from), "{name}: {from}");
        let (content, said) = tool(program, args, &write(name, &right.replacen(from, to, 1)));
        assert!(!content, "{name} with {to}: {said}");
    }
    let (content, said) = analyze(units(&|text| text));
    assert!(content, "{said}");
    let (content, said) = analyze(units(&|text| text.replace("Type=oneshot", "Type=oneshop")));
    assert!(!content, "{said}");
}
