//! Expectations mean what they say: scenarios run by the program, whose verdict is known beforehand.

use crate::support::program::Project;
use serde_json::Value;

/// A scenario from external to `to` with these lines after `send`.
fn scenario(to: &str, rest: &str) -> String {
    format!(
        "sealcheck: 1\nname: x\nsend: {{ from: external, to: {to} }}\nwait: {{ timeout: 60s }}\nsnapshot: none\n{rest}\n"
    )
}

#[test]
fn a_scenario_without_an_expectation_for_the_target_is_skipped_and_says_why() {
    let text = scenario("company", "expect:\n  - delivered: { to: gmail, targets: [gmail] }");
    let project = Project::new().scenario("elsewhere", &text.replace("snapshot: none\n", ""));
    let run = project.run(&["run", "--report", "json=result.json"]);
    assert_eq!(run.code, 4, "nothing was run: {run}");
    assert!(run.stderr.contains("everything that was selected is skipped"), "{run}");
    assert_eq!(project.run(&["run", "--no-tests", "pass"]).code, 0);
    for (shard, record) in [("1/2", "1.jsonl"), ("2/2", "2.jsonl")] {
        let run = project.run(&["run", "--shard", shard, "--record", record]);
        assert_eq!(run.code, 0, "another shard may have run something: {run}");
    }
    let merged = project.run(&["merge", "1.jsonl", "2.jsonl", "--expect-shards", "2"]);
    assert_eq!(merged.code, 4, "{merged}");
    assert!(run.stdout.contains("SKIP") && !run.stdout.contains("PASS"), "{run}");
    let result: Value = serde_json::from_str(&project.read("result.json")).unwrap();
    let scenario = &result["scenarios"][0];
    assert_eq!(scenario["status"], "skipped");
    assert_eq!(scenario["reason"], "no expectation applies to target embedded");
    assert_eq!(scenario["attempts"], Value::Array(Vec::new()), "nothing was sent");
    assert!(!project.path("snapshots").exists(), "and nothing was kept");
    let check = project.run(&["check", "--deny-warnings"]);
    assert_eq!(check.code, 2, "{check}");
    assert!(check.stderr.contains("warning[W03]: no expectation applies on targets embedded, rspamd"), "{check}");
}

#[test]
fn what_a_policy_takes_back_is_told_where_nothing_failed() {
    let seals = "seals: [{ i: 1, cv: none }, { i: 2, by: google.com, cv: fail }]";
    let expect = format!("arc: advisory\nexpect:\n  - delivered: {{ to: gmail, arc: {{ {seals} }} }}");
    let project = Project::new().scenario("advisory", &scenario("company", &expect));
    let run = project.run(&["run", "--report", "json=result.json", "--report", "html=result.html"]);
    assert_eq!(run.code, 0, "{run}");
    let note =
        "expect[0].delivered.arc.seals[1] is not asserted (arc: advisory): wanted i=2 by google.com cv=fail, saw ";
    assert!(run.stdout.contains("NOTE") && run.stdout.contains(note), "{run}");
    assert!(project.read("result.html").contains(note));
    let result: Value = serde_json::from_str(&project.read("result.json")).unwrap();
    let attempt = &result["scenarios"][0]["attempts"][0];
    assert!(attempt["notes"][0].as_str().unwrap().starts_with(note), "{attempt:#}");
    let paths: Vec<&str> =
        attempt["assertions"].as_array().unwrap().iter().map(|a| a["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["expect[0].delivered", "expect[0].delivered.arc.seals[0]"]);
}

/// The paths of what a run asserted of its only scenario, and its status.
fn asserted(project: &Project, args: &[&str]) -> (String, Vec<String>) {
    let run = project.run(&[&["run", "--report", "json=result.json"], args].concat());
    assert!(run.code < 2, "{run}");
    let result: Value = serde_json::from_str(&project.read("result.json")).unwrap();
    let scenario = &result["scenarios"][0];
    let checks = scenario["attempts"][0]["assertions"].as_array().unwrap();
    let paths = checks.iter().map(|c| c["path"].as_str().unwrap().trim_start_matches("expect[0].").to_owned());
    (scenario["status"].as_str().unwrap().to_owned(), paths.collect())
}

#[test]
fn mail_to_an_address_of_an_account_is_mail_to_the_account() {
    let rest = "lab: { company: { arc: false } }\nexpect:\n  - delivered: $reader\nvars: { reader: gmail }";
    for (to, args) in [
        ("company", &[][..]),
        ("info@corp.example", &[]),
        ("Info@CORP.example", &[]),
        ("$company.address", &[]),
        ("'${company.user}@$company.domain'", &[]),
        ("$who", &["--var", "who=company"]),
        ("$who", &["--var", "who=INFO@corp.example", "--var", "reader=probe.inbox@gmail.com"]),
    ] {
        let project = Project::new().scenario("forward", &scenario(to, rest));
        let wanted = ["delivered", "delivered.auth.arc", "delivered.arc.seals[0]"].map(str::to_owned).to_vec();
        assert_eq!(asserted(&project, args), ("failed".to_owned(), wanted), "{to} {args:?}");
    }
}

#[test]
fn one_recipient_under_two_names_is_refused() {
    for to in ["[company, info@corp.example]", "[$company.address, Info@corp.example]"] {
        let project = Project::new().scenario("twice", &scenario(to, "expect:\n  - delivered: gmail"));
        for command in ["check", "run"] {
            let run = project.run(&[command]);
            assert_eq!(run.code, 2, "{run}");
            assert!(run.stderr.contains("are one address, info@corp.example"), "{run}");
            assert!(run.stderr.contains("scenarios/twice.yaml:3:"), "{run}");
        }
    }
}

#[test]
fn an_unknown_variable_in_the_place_of_an_account_is_told_as_one() {
    for (to, expect) in [("$compny", "delivered: gmail"), ("company", "absent: $gmial.address")] {
        let project = Project::new().scenario("typo", &scenario(to, &format!("expect:\n  - {expect}")));
        let run = project.run(&["check"]);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains("unknown variable `$"), "{run}");
    }
}

#[test]
fn silence_that_the_timeout_would_cut_is_refused() {
    let of = |timeout: &str, expect: &str| {
        let text = scenario("company", &format!("expect:\n  - {expect}")).replace("60s", timeout);
        Project::new().scenario("silent", &text)
    };
    for (timeout, expect, place, says) in [
        ("10s", "absent: { from: gmail, settle: 20s }", "7:36", "`settle` of 20s is not less than the timeout of 10s"),
        (
            "10s",
            "count: { to: gmail, is: 1, settle: 10s }",
            "7:40",
            "`settle` of 10s is not less than the timeout of 10s",
        ),
        ("3s", "absent: gmail", "7:13", "`settle` of 5s is not less than the timeout of 3s"),
    ] {
        let project = of(timeout, expect);
        for command in ["check", "run"] {
            let run = project.run(&[command]);
            assert_eq!(run.code, 2, "{run}");
            assert!(run.stderr.contains(says) && run.stderr.contains(&format!("silent.yaml:{place}")), "{run}");
        }
    }
    let project = of("60s", "absent: { from: gmail-2, settle: 1s }");
    assert_eq!(project.run(&["run", "--timeout", "60s"]).code, 0);
    let short = project.run(&["run", "--timeout", "1s"]);
    assert_eq!(short.code, 2, "{short}");
    assert!(short.stderr.contains("`settle` of 1s is not less than the timeout of 1s"), "{short}");
}

#[test]
fn expectations_that_can_never_hold_are_refused_before_anything_is_sent() {
    for (expect, args, says) in [
        ("- absent: probe.inbox@gmail.com\n  - delivered: gmail", &[][..], "nothing is to be in gmail, and a copy"),
        (
            "- delivered: { to: gmail, headers: { Subject: { contains: $word } } }",
            &["--var", "word="][..],
            "the text is empty when",
        ),
        (
            "- delivered: { to: gmail, headers: { Subject: { matches: $word } } }",
            &["--var", "word=("],
            "bad regular expression",
        ),
        (
            "- delivered: { to: gmail, arc: { seals: [{ i: 1, by: $word }] } }",
            &["--var", "word=a b"],
            "`a b` is no domain",
        ),
        ("- bounced: { to: external, status: $word }", &["--var", "word=5"], "`5` is no enhanced status code"),
    ] {
        let project = Project::new().scenario("never", &scenario("company", &format!("expect:\n  {expect}")));
        for command in ["check", "run"] {
            let run = project.run(&[&[command], args].concat());
            assert_eq!(run.code, 2, "{run}");
            assert!(run.stderr.contains(says) && run.stderr.contains("scenarios/never.yaml:"), "{run}");
        }
        assert!(!project.path(".sealcheck").exists(), "nothing was sent");
    }
}

#[test]
fn a_variable_that_no_scenario_uses_is_told() {
    let rest =
        "matrix: { size: [1KB] }\nexpect:\n  - delivered: { to: gmail, headers: { Subject: { contains: $word } } }";
    let text = scenario("gmail", rest).replace("to: gmail }", "to: gmail, subject: a $word, text: $size }");
    let other = scenario("gmail", "expect:\n  - delivered: gmail");
    let project = Project::new().scenario("words", &text).scenario("other", &other);
    std::fs::write(project.path("vars.txt"), "word=b\nwrod=c\nnothing=\n").unwrap();
    for (args, code, says) in [
        (&["--var", "word=b"][..], 0, ""),
        (
            &["--var", "wrod=b", "--var", "word=b"],
            2,
            "no scenario uses variable `wrod`\n --> --var wrod\n  |\n  = help: did you mean `word`?",
        ),
        (&["--var", "word=b", "--var", "size=5MB"], 2, "`size` is of the matrix of a scenario"),
        (&["--var", "word=b", "--var", "token=x"], 2, "`token` is the attempt's own variable"),
        (&["--vars-file", "vars.txt"], 0, "warning[W02]: no scenario uses variable `wrod`"),
        (&["--vars-file", "vars.txt", "--var", "nothing="], 2, "no scenario uses variable `nothing`"),
    ] {
        for command in ["check", "run"] {
            let run = project.run(&[&[command], args].concat());
            assert_eq!(run.code, code, "{args:?} {run}");
            assert!(run.stderr.contains(says), "{args:?} {run}");
        }
    }
    // What is run of the scenarios that are named changes nothing.
    let run = project.run(&["run", "--shard", "1/2", "--var", "word=b"]);
    assert_eq!(run.code, 0, "{run}");
}

#[test]
fn a_variable_that_is_empty_is_told() {
    let text = scenario("gmail", "expect:\n  - delivered: gmail\nvars: { none: '' }")
        .replace("to: gmail }", "to: gmail, subject: a $word$none }");
    let project = Project::new().scenario("words", &text);
    let run = project.run(&["run", "--var", "word="]);
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stderr.contains("warning[W09]: variable `word` is empty"), "{run}");
    let check = project.run(&["check", "--var", "word="]);
    assert_eq!(check.code, 0, "{check}");
    assert!(check.stderr.contains("warning[W09]: variable `word` is empty\n --> --var word"), "{check}");
    assert!(check.stderr.contains("warning[W09]: variable `none` is empty\n --> scenarios/words.yaml:8:9"), "{check}");
    assert!(project.run(&["explain", "W09"]).stdout.contains("a variable is empty"));
}
