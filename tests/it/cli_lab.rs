//! `sealcheck lab up` in a process of its own.

use crate::{
    cli::{DIRECT, WRONG},
    program::{Project, forward, secrets_in},
};
use serde_json::Value;
use std::{fs, net::TcpListener};

#[test]
fn a_lab_in_another_process_is_a_users_gmail_and_no_secret_gets_out() {
    let project = Project::new()
        .scenario("forward", &forward("gmail"))
        .scenario("direct", &DIRECT.replace("name:", "targets: [gmail]\nname:"))
        .scenario("wrong", &WRONG.replace("name:", "targets: [gmail]\nname:"));
    let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    let secrets = lab.secrets();
    assert!(secrets.len() >= 2, "{}", lab.ready);
    assert!(!project.read("sealcheck.yaml").contains(&secrets[0]));
    let args = [
        "run",
        "--target",
        "gmail",
        "--artifacts",
        "all",
        "-vv",
        "--report",
        "json=out/r.json",
        "--report",
        "jsonl=out/e.jsonl",
        "--report",
        "junit=out/j.xml",
    ];
    let run = project.run(&[&args[..], &["forward", "direct"][..]].concat());
    assert_eq!(run.code, 5, "the snapshot of target gmail is new: {run}");
    assert!(run.stdout.contains("2 run: 2 passed"), "{run}");
    let failed = project.run(&[&args[..], &["wrong"][..]].concat());
    assert_eq!(failed.code, 1, "{failed}");
    for text in [&run.stdout, &run.stderr, &failed.stdout, &failed.stderr] {
        assert_eq!(secrets_in(text.as_bytes(), &secrets), None);
    }
    let mut files = 0;
    for dir in [".sealcheck", "out", "snapshots"] {
        project.each_file(dir, &mut |path, bytes| {
            files += 1;
            assert_eq!(secrets_in(bytes, &secrets), None, "{}", path.display());
        });
    }
    assert!(files > 10, "only {files} files were looked at");
    let result: Value = serde_json::from_str(&project.read("out/r.json")).unwrap();
    assert!(result["redactions"]["secrets"].as_u64().unwrap() >= 2);
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_lab_takes_knobs_and_says_when_a_port_is_taken() {
    let project = Project::new().scenario("forward", &forward("gmail"));
    let lab = project.lab(&["--config-out", "sealcheck.yaml", "--knob", "company.arc=false"]);
    let run = project.run(&["run", "--target", "gmail"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stdout.contains("error[A00]: no hop before the receiver sealed"), "{run}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let second = project.run(&["lab", "up", "--port-submission", &port]);
    assert_eq!(second.code, 3, "{second}");
    assert!(second.stderr.contains(&port), "{second}");
    let wrong = project.run(&["lab", "up", "--knob", "company.ark=false"]);
    assert_eq!(wrong.code, 2, "{wrong}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn the_committed_schemas_of_results_are_those_of_the_code() {
    for name in ["result", "event"] {
        let now = Project::new().run(&["schema", name]).stdout;
        let path = format!("{}/schemas/{name}.v1.json", env!("CARGO_MANIFEST_DIR"));
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == now,
            "schemas/{name}.v1.json is stale: cargo run -- schema {name} > schemas/{name}.v1.json"
        );
    }
}
