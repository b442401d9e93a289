//! A process that may open few files: the limit is raised as far as that goes, and what goes wrong for want of files is ours.

use crate::support::program::Project;
use serde_json::Value;

const FORWARD: &str = "sealcheck: 1
name: forward
send: { from: external, to: company, subject: $token }
wait: { timeout: 60s }
expect:
  - delivered: { to: gmail, auth: { arc: pass } }
snapshot: none
";

/// Runs it many times at once, under this command of a shell: the exit code, how many passed, and every error.
fn run(limit: &str, timeout: &str) -> (i32, u64, Vec<Value>) {
    let project = Project::new().scenario("forward", &FORWARD.replace("60s", timeout));
    let script = format!("{limit} && exec \"$@\"");
    let args = ["run", "--repeat", "32", "-j", "32", "--report", "json=r.json"];
    let ran = project.run_by(&["sh", "-c", &script, "sh"], &args);
    let text = std::fs::read_to_string(project.path("r.json"));
    let result: Value = serde_json::from_str(&text.unwrap_or_else(|e| panic!("{e}: {ran}"))).unwrap();
    let attempts = result["scenarios"].as_array().unwrap().iter().filter_map(|s| s["attempts"].as_array()?.last());
    let errors = attempts.map(|attempt| &attempt["error"]).filter(|error| !error.is_null());
    (ran.code, result["totals"]["passed"].as_u64().unwrap(), errors.cloned().collect())
}

#[test]
fn the_soft_limit_is_raised() {
    let (code, passed, errors) = run("ulimit -Sn 48", "60s");
    assert_eq!((code, passed), (0, 32), "{errors:?}");
}

#[test]
fn too_few_files_are_no_failure_of_the_mail() {
    for (limit, timeout) in [(48, "3s"), (70, "60s"), (80, "60s")] {
        let (code, passed, errors) = run(&format!("ulimit -n {limit}"), timeout);
        assert_eq!(code, if errors.is_empty() { 0 } else { 3 }, "{limit}: {errors:?}");
        assert_eq!(passed + u64::try_from(errors.len()).unwrap(), 32);
        assert!(limit > 48 || passed < 32);
        for error in errors {
            let next = error["next"].as_str().unwrap();
            assert!(error["code"] == "H08" && next.contains("ulimit -n"), "{limit}: {error}");
        }
    }
}
