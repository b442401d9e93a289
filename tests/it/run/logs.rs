//! Logs of the company's server in a run: in the checks, in the diagnosis, in what is kept, and when they cannot be had.

use crate::support::program::{Lab, Project, Ran};
use serde_json::Value;

/// A mail, and what is expected beside its delivery.
fn scenario(expect: &str) -> String {
    format!(
        "sealcheck: 1
name: forward
targets: [gmail]
send: {{ from: external, to: company }}
wait: {{ timeout: 60s }}
expect:
  - delivered: {{ to: gmail, auth: {{ arc: any }} }}
{expect}
snapshot: none
"
    )
}

const MAIL_LOG: &str = "Nov 24 02:39:50 mx postfix/smtpd[26004]: connect from unknown[127.0.0.1]
Nov 24 02:39:50 mx postfix/cleanup[27064]: 343B999675B: message-id=<TOKEN@ext.example>
Nov 24 02:39:50 mx postfix/smtp[27085]: 343B999675B: to=<probe.inbox@gmail.com>, relay=a[192.0.2.1]:25, dsn=2.0.0, status=sent (250 2.0.0 OK)
";
const TASK: &str = "2026-11-24 02:39:50 #31607(rspamd_proxy) <8a5425>; proxy; rspamd_task_write_log: id: <TOKEN@ext.example>, qid: <343B999675B>, ip: 192.0.2.10, from: <probe@ext.example>, (default: F (no action): [0.00/15.00] [ARC_NA(0.00){}]), len: 900, time: 1ms, rcpts: <info@corp.example>
";
const NO_KEY: &str = "2026-11-24 02:39:50 #31607(rspamd_proxy) <8a5425>; arc; arc.lua:736: cannot read key from /var/lib/rspamd/arc/corp.example.arc.key: No such file or directory
";

/// Prints a file as a log would have it: with the token of the attempt that is under way.
const PRINT: &str =
    "token=$(cat .sealcheck/runs/*/events.jsonl | grep -o '\"token\":\"[^\"]*' | tail -n 1 | cut -d '\"' -f 4)
sed \"s/TOKEN/$token/\" \"$1\"
";

/// A world in another process whose company does not seal, with what its account says of logs.
fn world(project: &Project, logs: &str) -> Lab {
    let lab = project.lab(&["--config-out", "sealcheck.yaml", "--knob", "company.arc=false"]);
    let config = project.read("sealcheck.yaml").replace("  company:\n", &format!("  company:\n{logs}"));
    std::fs::write(project.path("sealcheck.yaml"), config).unwrap();
    lab
}

fn run(project: &Project) -> (Ran, Value) {
    // Of an earlier run the token does not count.
    drop(std::fs::remove_dir_all(project.path(".sealcheck")));
    let ran = project.run(&["run", "--target", "gmail", "--artifacts", "all", "--report", "json=r.json"]);
    let result = std::fs::read_to_string(project.path("r.json")).unwrap_or_else(|_| "null".to_owned());
    (ran, serde_json::from_str(&result).unwrap())
}

#[test]
fn lines_of_logs_are_expected_kept_and_explain() {
    let expect = "  - log: { of: company, contains: status=sent }\n  - delivered: { to: gmail, auth: { arc: pass } }";
    let project = Project::new().scenario("forward", &scenario(expect));
    let logs = "    logs:\n      - command: [sh, print.sh, rspamd.txt]\n      - command: [sh, print.sh, mail.txt]\n";
    let lab = world(&project, logs);
    std::fs::write(project.path("print.sh"), PRINT).unwrap();
    std::fs::write(project.path("mail.txt"), MAIL_LOG).unwrap();
    std::fs::write(project.path("rspamd.txt"), format!("{NO_KEY}{TASK}")).unwrap();

    let (ran, result) = run(&project);
    assert_eq!(ran.code, 1, "{ran}");
    let attempt = &result["scenarios"][0]["attempts"][0];
    let logged = attempt["assertions"].as_array().unwrap().iter().find(|a| a["path"] == "expect[1].log").unwrap();
    assert_eq!(logged["passed"], true, "{logged}");
    let first = &attempt["diagnosis"][0];
    assert_eq!((&first["code"], &first["evidence"][0]["artifact"]), (&"A04".into(), &"rspamd.log".into()), "{first}");
    assert_eq!(first["evidence"][0]["line"], 1);
    let artifacts = attempt["artifacts"].as_array().unwrap();
    let text = |name: &str| {
        let path = artifacts.iter().find(|a| a["name"] == name).unwrap()["path"].as_str().unwrap();
        let run = result["run"]["id"].as_str().unwrap();
        project.read(&format!(".sealcheck/runs/{run}/{path}")).replace(attempt["token"].as_str().unwrap(), "TOKEN")
    };
    assert_eq!(text("rspamd.log"), format!("{NO_KEY}{TASK}"));
    assert_eq!(text("mail.log").lines().count(), 2, "the lines of this message alone");

    // At the default level rspamd does not say why; the diagnosis says how to make it.
    std::fs::write(project.path("rspamd.txt"), TASK).unwrap();
    let (ran, result) = run(&project);
    let first = &result["scenarios"][0]["attempts"][0]["diagnosis"][0];
    assert_eq!(first["code"], "A00", "{ran}");
    assert!(first["next"].to_string().contains("debug_modules"), "{first}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_log_that_cannot_be_read_leaves_its_check_open() {
    let expect = "  - log: { of: company, contains: status=sent, within: 1s }";
    let project = Project::new().scenario("wanted", &scenario(expect)).scenario("unwanted", &scenario(""));
    let lab = world(&project, "    logs: [ { file: none/mail.log } ]\n");
    let (ran, result) = run(&project);
    assert_eq!(ran.code, 3, "{ran}");
    let of = |id: &str| {
        let all = result["scenarios"].as_array().unwrap();
        all.iter().find(|s| s["id"] == id).unwrap()["attempts"][0].clone()
    };
    let error = &of("wanted")["error"];
    assert_eq!((&error["code"], &error["stage"]), (&"H09".into(), &"read the log of company".into()), "{error}");
    assert!(error["message"].as_str().unwrap().contains("none/mail.log cannot be read"), "{error}");
    assert!(error["next"].as_str().unwrap().contains("sealcheck.yaml"), "{error}");
    // Nobody asked for a line: it is a finding, and no more.
    let attempt = of("unwanted");
    assert_eq!(attempt["status"], "passed");
    let step = attempt["steps"].as_array().unwrap().iter().find(|s| s["kind"] == "logs").unwrap();
    assert_eq!(step["status"], "error", "{step}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_line_that_nobody_keeps_cannot_be_expected() {
    let expect = "  - log: { of: company, contains: status=sent }";
    let project = Project::new().scenario("forward", &scenario(expect));
    let lab = world(&project, "");
    let (ran, _) = run(&project);
    assert_eq!(ran.code, 2, "{ran}");
    assert!(ran.stderr.contains("scenarios/forward.yaml:8:16"), "{ran}");
    assert!(ran.stderr.contains("account company has no logs on target gmail"), "{ran}");
    let embedded = scenario(expect).replace("[gmail]", "[embedded]");
    let ran = Project::new().scenario("forward", &embedded).run(&["check"]);
    assert_eq!(ran.code, 2, "{ran}");
    assert!(ran.stderr.contains("no logs on target embedded"), "{ran}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn no_secret_stands_on_a_command_line() {
    let expect = "  - log: { of: company, contains: status=sent }";
    let project = Project::new().scenario("forward", &scenario(expect));
    let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    let secret = project.read("sealcheck.yaml.d/external.secret");
    let logs = format!("  company:\n    logs: [ {{ command: [sshpass, -p, {secret}, ssh, mx] }} ]\n");
    let config = project.read("sealcheck.yaml").replace("  company:\n", &logs);
    std::fs::write(project.path("sealcheck.yaml"), config).unwrap();
    let (ran, _) = run(&project);
    assert_eq!(ran.code, 2, "{ran}");
    assert!(ran.stderr.contains("`command` of a log holds a secret"), "{ran}");
    assert!(!format!("{ran}").contains(&secret), "it must not be shown either");
    assert_eq!(lab.end(), 0);
}
