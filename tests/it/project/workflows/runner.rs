//! What GitHub does with a workflow, as far as ours need it: jobs in order, each with a checkout of its own, expressions,
//! outputs, artifacts, and `run:` lines in bash. Actions of others have stand-ins here; one without is a mistake.

use super::expression::{Scope, plain};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The files that a step may write to, by the variable that names them.
const FILES: [&str; 4] = ["GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY", "GITHUB_ENV"];

/// A machine that runs workflows.
pub(super) struct Runner {
    pub(super) home: tempfile::TempDir,
    /// What is checked out.
    pub(super) repository: PathBuf,
    /// Programs that stand in for those of the same name.
    pub(super) programs: PathBuf,
    /// `github`, `secrets`, `vars`, `inputs`.
    pub(super) contexts: Value,
    /// More environment variables of every step.
    pub(super) env: BTreeMap<String, String>,
    /// An artifact that is lost on its way.
    pub(super) lost: Option<&'static str>,
    /// The names of the `run:` steps that were done, each once.
    pub(super) done: Vec<String>,
    /// What the steps said.
    pub(super) said: String,
    /// What they wrote into their summaries.
    pub(super) summary: String,
    /// What the machine is, as GitHub names it.
    pub(super) platform: [&'static str; 2],
    /// Whether the cache keeps nothing, as for a pull request from a fork: the action that saves says so and ends well.
    pub(super) is_cache_read_only: bool,
    caches: BTreeMap<String, PathBuf>,
    jobs: usize,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ended {
    pub(super) result: &'static str,
    pub(super) outputs: Value,
}

/// A job or an action that is being done.
struct Place<'p> {
    workspace: &'p Path,
    temp: &'p Path,
    /// What the expressions see.
    contexts: Value,
    env: BTreeMap<String, String>,
    path: &'p mut Vec<String>,
    failed: bool,
    /// The shell of `run:` lines that name none.
    shell: Option<&'p Value>,
    is_container: bool,
    /// The folder of the action.
    action: Option<PathBuf>,
}

/// A workflow or an action of this repository.
pub(super) fn read(file: &str) -> Value {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"))
}

impl Runner {
    pub(super) fn new(repository: &Path, programs: &Path, contexts: Value) -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            repository: repository.to_owned(),
            programs: programs.to_owned(),
            contexts,
            env: BTreeMap::new(),
            lost: None,
            done: Vec::new(),
            said: String::new(),
            summary: String::new(),
            platform: ["Linux", "X64"],
            is_cache_read_only: false,
            caches: BTreeMap::new(),
            jobs: 0,
        }
    }

    /// Does all jobs of a workflow; what became of each, a matrix as one.
    pub(super) fn workflow(&mut self, file: &str) -> BTreeMap<String, Ended> {
        self.jobs_of(&read(file))
    }

    /// Does all jobs of a workflow that was read.
    pub(super) fn jobs_of(&mut self, workflow: &Value) -> BTreeMap<String, Ended> {
        drop(fs::remove_dir_all(self.home.path().join("artifacts")));
        let mut ended: BTreeMap<String, Ended> = BTreeMap::new();
        for (name, job) in workflow["jobs"].as_object().unwrap() {
            let needs: Vec<&str> = match &job["needs"] {
                Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
                one => one.as_str().into_iter().collect(),
            };
            let of = |name: &&str| {
                ((*name).to_owned(), json!({ "outputs": ended[*name].outputs, "result": ended[*name].result }))
            };
            let mut contexts = self.contexts.clone();
            contexts["needs"] = needs.iter().map(of).collect::<Map<_, _>>().into();
            let failed = needs.iter().any(|need| ended[*need].result != "success");
            let scope = Scope { contexts: &contexts, failed };
            let mut end = Ended { result: "skipped", outputs: json!({}) };
            if let Some(called) = job["uses"].as_str().filter(|_| scope.holds(None)) {
                end = self.call(called, job, &scope);
            } else if scope.holds(job.get("if")) {
                let matrix = job["strategy"]["matrix"].as_object().into_iter().flatten().next();
                let rows = matrix.map_or(vec![json!({})], |(key, values)| {
                    let values = if values.is_array() { values.clone() } else { scope.text(&plain(values)) };
                    // Under `include` each is a whole row.
                    let row = |value: &Value| if key == "include" { value.clone() } else { json!({ key: value }) };
                    values.as_array().unwrap().iter().map(row).collect()
                });
                end.result = "success";
                for row in rows {
                    contexts["matrix"] = row;
                    let one = self.job(job, &workflow["defaults"]["run"]["shell"], contexts.clone());
                    end = if end.result == "success" { one } else { end };
                }
            }
            ended.insert(name.clone(), end);
        }
        ended
    }

    /// A job that is a workflow of this repository.
    fn call(&mut self, called: &str, job: &Value, scope: &Scope<'_>) -> Ended {
        let file = called.strip_prefix("sealcheck/sealcheck/").and_then(|f| f.strip_suffix("@v0")).unwrap();
        let declared = read(file)["on"]["workflow_call"].clone();
        let [with, secrets] = ["with", "secrets"].map(|key| texts(&job[key], scope));
        let given = with.keys().map(|key| ("inputs", key)).chain(secrets.keys().map(|key| ("secrets", key)));
        given.for_each(|(kind, key)| assert!(declared[kind].get(key).is_some(), "{file} has no {key}"));
        let outside = self.contexts.clone();
        self.contexts["inputs"] = json!(with);
        self.contexts["secrets"] = json!(secrets);
        let ended = self.workflow(file);
        self.contexts = outside;
        let failed = ended.values().any(|job| job.result == "failure");
        Ended { result: if failed { "failure" } else { "success" }, outputs: json!(outputs(file, &ended)) }
    }

    /// Does the action of this repository alone, in a checkout of its own.
    pub(super) fn only_action(&mut self, with: BTreeMap<String, String>) -> Ended {
        let secrets = texts(&self.contexts["secrets"], &Scope { contexts: &json!({}), failed: false });
        let outputs = json!({ "exit-code": "${{ steps.run.outputs.exit-code }}" });
        let step = json!({ "uses": "sealcheck/sealcheck@v0", "id": "run", "env": secrets, "with": with });
        self.job(&json!({ "steps": [step], "outputs": outputs }), &Value::Null, self.contexts.clone())
    }

    fn job(&mut self, job: &Value, shell: &Value, mut contexts: Value) -> Ended {
        self.jobs += 1;
        let here = self.home.path().join(format!("job-{}", self.jobs));
        let (workspace, temp) = (here.join("work"), here.join("temp"));
        copy(&self.repository, &workspace);
        fs::create_dir_all(&temp).unwrap();
        contexts["runner"] = json!({ "os": "Linux", "arch": "X64", "temp": temp });
        contexts["steps"] = json!({});
        let mut path = Vec::new();
        let mut place = Place {
            workspace: &workspace,
            temp: &temp,
            contexts,
            env: self.env.clone(),
            path: &mut path,
            failed: false,
            shell: Some(shell).filter(|s| !s.is_null()),
            is_container: job.get("container").is_some(),
            action: None,
        };
        self.steps(&job["steps"], &mut place);
        let scope = Scope { contexts: &place.contexts, failed: false };
        let outputs = texts(&job["outputs"], &scope);
        Ended { result: if place.failed { "failure" } else { "success" }, outputs: json!(outputs) }
    }

    fn steps(&mut self, steps: &Value, place: &mut Place<'_>) {
        for step in steps.as_array().unwrap() {
            let scope = Scope { contexts: &place.contexts, failed: place.failed };
            if !scope.holds(step.get("if")) {
                continue;
            }
            let env = texts(&step["env"], &scope);
            let with = texts(&step["with"], &scope);
            let uses = step["uses"].as_str().map(|uses| uses.split('@').next().unwrap());
            let (ok, outputs) = match uses {
                None => self.run(step, env, place),
                Some("sealcheck/sealcheck") => self.action("", env, with, place),
                Some(own) if own.starts_with("$/") => self.action(&own[2..], env, with, place),
                Some(other) => (true, self.stand_in(other, &with, place)),
            };
            if let Some(id) = step["id"].as_str() {
                place.contexts["steps"][id] = json!({ "outputs": outputs });
            }
            place.failed |= !ok;
        }
    }

    /// An action in a folder of this repository.
    fn action(
        &mut self,
        folder: &str,
        env: BTreeMap<String, String>,
        with: BTreeMap<String, String>,
        place: &mut Place<'_>,
    ) -> (bool, Value) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let action = read(path.join("action.yml").to_str().unwrap());
        let inputs = action["inputs"].as_object().unwrap();
        assert!(with.keys().all(|key| inputs.contains_key(key)), "{with:?}");
        let input = |(key, input): (&String, &Value)| {
            (key.clone(), with.get(key).map_or_else(|| input["default"].clone(), |value| json!(value)))
        };
        let mut contexts = place.contexts.clone();
        contexts["inputs"] = inputs.iter().map(input).collect::<Map<_, _>>().into();
        contexts["steps"] = json!({});
        contexts["runner"] = json!({ "os": self.platform[0], "arch": self.platform[1], "temp": place.temp });
        // An action sees the secrets that it is given and no others.
        contexts["secrets"] = json!(null);
        let mut inside = Place {
            workspace: place.workspace,
            temp: place.temp,
            contexts,
            env: place.env.clone().into_iter().chain(env).collect(),
            path: place.path,
            failed: false,
            shell: None,
            // It may be used in one.
            is_container: true,
            action: Some(path),
        };
        self.steps(&action["runs"]["steps"], &mut inside);
        let scope = Scope { contexts: &inside.contexts, failed: false };
        let outputs = action["outputs"].as_object().unwrap().iter();
        let outputs: Map<_, _> =
            outputs.map(|(key, output)| (key.clone(), scope.text(&plain(&output["value"])))).collect();
        (!inside.failed, outputs.into())
    }

    /// A `run:` line in bash, as GitHub starts it for `shell: bash`.
    fn run(&mut self, step: &Value, env: BTreeMap<String, String>, place: &mut Place<'_>) -> (bool, Value) {
        let name = step["name"].as_str().unwrap_or("a step").to_owned();
        let line = step["run"].as_str().unwrap();
        assert!(!line.contains("${{"), "{name}: an expression in a run: line lets its value be code");
        // A machine has bash; what a container has for a shell is somebody else's choice.
        let shell = match step.get("shell").or(place.shell).and_then(Value::as_str) {
            Some("bash") => &["--noprofile", "--norc", "-eo", "pipefail"][..],
            None if !place.is_container => &["-e"],
            other => panic!("{name}: {other:?} is no shell that is there"),
        };
        let script = place.temp.join("script.sh");
        fs::write(&script, line).unwrap();
        let files = FILES.map(|file| (file, place.temp.join(file)));
        files.iter().for_each(|(_, path)| fs::write(path, "").unwrap());
        let path = place
            .path
            .iter()
            .rev()
            .cloned()
            .chain([self.programs.display().to_string(), "/usr/local/bin:/usr/bin:/bin".into()]);
        let path = path.collect::<Vec<_>>().join(":");
        let ran = Command::new("bash")
            .args(shell)
            .arg(&script)
            .current_dir(place.workspace)
            .env_clear()
            .envs([
                ("PATH", path.as_str()),
                ("CI", "true"),
                ("GITHUB_ACTIONS", "true"),
                ("ImageOS", "ubuntu24"),
                ("LANG", "C.UTF-8"),
            ])
            .env("HOME", place.temp)
            .env("RUNNER_TEMP", place.temp)
            .env("GITHUB_WORKSPACE", place.workspace)
            .envs(place.action.iter().map(|folder| ("GITHUB_ACTION_PATH", folder)))
            .env("RUNNER_OS", self.platform[0])
            .env("RUNNER_ARCH", self.platform[1])
            .envs(files.iter().map(|(name, path)| (name, path)))
            .envs(&place.env)
            .envs(env)
            .output()
            .unwrap();
        let said = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        self.said += &format!("\n--- {name}: {}\n{said}", ran.status);
        if !self.done.contains(&name) {
            self.done.push(name);
        }
        let written = |at: usize| fs::read_to_string(&files[at].1).unwrap();
        place.path.extend(written(1).lines().map(str::to_owned));
        self.summary += &written(2);
        assert_eq!(written(3), "", "no step of ours sets variables for others");
        let outputs: Map<_, _> = written(0)
            .lines()
            .map(|line| line.split_once('=').unwrap_or_else(|| panic!("no output: {line}")))
            .map(|(key, value)| (key.to_owned(), value.into()))
            .collect();
        (ran.status.success(), outputs.into())
    }

    /// What an action of somebody else does.
    fn stand_in(&mut self, action: &str, with: &BTreeMap<String, String>, place: &Place<'_>) -> Value {
        let artifacts = self.home.path().join("artifacts");
        match action {
            "actions/checkout" => assert_eq!(with["persist-credentials"], "false"),
            // What the gate keeps is not looked at.
            "actions/cache" => assert!(!with["key"].ends_with('-'), "{with:?}"),
            "actions/cache/restore" => {
                assert!(!with["key"].ends_with('-'), "{with:?}");
                let kept = self.caches.get(&with["key"]);
                kept.iter().for_each(|kept| copy(kept, Path::new(&with["path"])));
                let hit = if kept.is_some() { "true" } else { "" };
                return json!({ "cache-hit": hit, "cache-primary-key": with["key"] });
            }
            "actions/cache/save" if self.is_cache_read_only => {}
            "actions/cache/save" => {
                let kept = self.home.path().join(format!("cache-{}", self.caches.len()));
                copy(Path::new(&with["path"]), &kept);
                self.caches.insert(with["key"].clone(), kept);
            }
            "actions/upload-artifact" if self.lost == Some(with["name"].as_str()) => {}
            "actions/upload-artifact" => {
                let to = artifacts.join(&with["name"]);
                let patterns: Vec<&str> = with["path"].lines().filter(|line| !line.trim().is_empty()).collect();
                for pattern in &patterns {
                    for found in matching(place.workspace, pattern) {
                        // One folder is unpacked; of several the whole path is kept.
                        let below = if patterns.len() == 1 {
                            Path::new("")
                        } else {
                            found.strip_prefix(place.workspace).unwrap()
                        };
                        copy(&found, &to.join(below));
                    }
                }
            }
            "actions/download-artifact" => {
                let prefix = with["pattern"].strip_suffix('*').unwrap();
                for entry in fs::read_dir(&artifacts).into_iter().flatten() {
                    let name = entry.unwrap().file_name().into_string().unwrap();
                    if name.starts_with(prefix) {
                        let below = if with.contains_key("merge-multiple") { "" } else { &name };
                        copy(&artifacts.join(&name), &place.workspace.join(&with["path"]).join(below));
                    }
                }
            }
            "actions/attest-build-provenance" => {
                let sums = place.workspace.join(&with["subject-checksums"]);
                assert!(sums.exists(), "nothing to attest in {}", sums.display());
            }
            other => panic!("{other} has no stand-in"),
        }
        json!({})
    }
}

/// The outputs of a workflow that others call.
pub(super) fn outputs(file: &str, ended: &BTreeMap<String, Ended>) -> BTreeMap<String, String> {
    let jobs = ended.iter().map(|(name, end)| (name.clone(), json!({ "outputs": end.outputs })));
    let contexts = json!({ "jobs": jobs.collect::<Map<_, _>>() });
    let scope = Scope { contexts: &contexts, failed: false };
    let wanted = read(file)["on"]["workflow_call"]["outputs"].clone();
    let all = wanted.as_object().into_iter().flatten();
    all.map(|(key, output)| (key.clone(), plain(&scope.text(&plain(&output["value"]))))).collect()
}

/// Texts with their expressions replaced.
fn texts(map: &Value, scope: &Scope<'_>) -> BTreeMap<String, String> {
    let all = map.as_object().into_iter().flatten();
    all.map(|(key, value)| (key.clone(), plain(&scope.text(&plain(value))))).collect()
}

/// The folders and files below a folder that a pattern with `*` names.
fn matching(below: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![below.to_owned()];
    for part in pattern.split('/') {
        found = match part {
            "*" => found
                .iter()
                .flat_map(|dir| fs::read_dir(dir).into_iter().flatten())
                .map(|e| e.unwrap().path())
                .collect(),
            part => found.iter().map(|dir| dir.join(part)).filter(|path| path.exists()).collect(),
        };
    }
    found
}

/// Copies a file or a folder with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}
