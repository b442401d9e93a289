//! What runs come to, kept as a whole: every fault of the embedded world, retries, an answer that is lost, mail that is late
//! and mail that is looked for again. A change inside the program that is to change no behaviour changes nothing here; after
//! one that is, `INSTA_UPDATE=always cargo test --test it behaviour` writes the files anew.

use crate::{
    judge::diagnosis::CASES,
    run::resume::earlier,
    support::{
        mail_script::{ALL, INBOX, Script},
        program::Project,
    },
};
use jiff::SignedDuration;
use regex::Regex;
use serde_json::Value;
use std::{collections::BTreeMap, fs, sync::mpsc};

fn scenario(name: &str, lab: &str, wait: &str, more: &str) -> String {
    format!(
        "sealcheck: 1\nname: {name}\ntargets: [embedded]\nlab: {{ {lab} }}\nsend: {{ from: external, to: company }}\n\
         wait: {{ {wait} }}\nsnapshot: none\n{more}"
    )
}

/// Scenarios beside those of the faults. Where a time ends, it does so on any machine.
fn others() -> [(&'static str, String); 15] {
    let delivered = "expect: [ delivered: gmail ]\n";
    let wrong = "expect:\n  - smtp: { code: 251 }\n  - delivered: { to: gmail, headers: { Subject: another } }\n";
    let whole = "timeout: 60s";
    let late = "gmail: { delay: 10s, locale: ja }";
    [
        // Not of its own world: the mail of the first comes when it was given up, and before the second ends.
        ("late-1", scenario("late 1", late, "timeout: 4s", delivered)),
        (
            "late-2",
            scenario(
                "late 2",
                late,
                whole,
                "expect:\n  - delivered: gmail\n  - count: { to: gmail, is: 1, settle: 5s }\n",
            ),
        ),
        ("e03", scenario("e03", "fault: E03", "timeout: 10s", delivered)),
        (
            "retries-error",
            scenario(
                "is taken at the second attempt",
                "external: { submission: mail }",
                whole,
                &format!("retries: {{ max: 2, on: [error], delay: 10ms }}\n{delivered}"),
            ),
        ),
        (
            "retries-fail",
            scenario(
                "fails at every attempt",
                "gmail: { locale: ja }",
                whole,
                &format!("retries: {{ max: 1, on: [fail], delay: 10ms }}\ncleanup: delete\n{wrong}"),
            ),
        ),
        (
            "retries-timeout",
            scenario(
                "is never there",
                "gmail: { delay: 1h }",
                "timeout: 4s",
                &format!("retries: {{ max: 1, on: [timeout], delay: 10ms }}\n{delivered}"),
            ),
        ),
        ("lost-answer", scenario("is taken without an answer", "external: { submission: lost }", whole, delivered)),
        (
            "lost-answer-wanted",
            scenario(
                "the answer is wanted",
                "external: { submission: lost }, gmail: { locale: ja }",
                whole,
                "expect: [ smtp: 250, delivered: gmail ]\n",
            ),
        ),
        (
            "in-doubt",
            scenario(
                "is never sent again",
                "external: { submission: drop }",
                "timeout: 4s",
                &format!("retries: {{ max: 2, on: [error, timeout, fail] }}\n{delivered}"),
            ),
        ),
        ("put-off", scenario("is put off", "external: { submission: busy }", whole, delivered)),
        ("untrusted", scenario("is not sent", "external: { certificate: expired }", whole, delivered)),
        ("clock", scenario("came in the future", "gmail: { imap: clock }", whole, delivered)),
        (
            "known-issue",
            scenario(
                "fails as known",
                "gmail: { locale: ja }",
                whole,
                &format!("known_issue: {{ reason: it is so, issue: T-1 }}\n{wrong}"),
            ),
        ),
        (
            "absent",
            scenario(
                "is there all the same",
                "gmail: { locale: ja }",
                whole,
                "expect:\n  - absent: { from: gmail, settle: 30s }\n  - bounced: { to: external, within: 1s }\n",
            ),
        ),
        (
            "cleanup",
            scenario(
                "is put away",
                "gmail: { locale: ja }",
                whole,
                "cleanup: delete\nexpect:\n  - smtp: 250\n  - count: { to: gmail, is: 1, settle: 100ms }\n",
            ),
        ),
    ]
}

#[test]
fn every_fault_comes_to_what_it_came_to() {
    let project = others().iter().fold(Project::new(), |project, (name, text)| project.scenario(name, text));
    let project = CASES.iter().fold(project, |project, case| project.scenario(case.name, &case.scenario()));
    let ran =
        project.run(&["run", "-j", "8", "--artifacts", "all", "--report", "json=r.json", "--record", "all.jsonl"]);
    assert_eq!(ran.code, 1, "{ran}");
    is_as_kept("faults", &Told::of(&project, "all.jsonl").text());
}

/// Three mails that are not there in time: one that comes before it is looked for, one that never comes, and the same where a
/// wrong reply decides at once.
#[test]
fn mail_that_is_looked_for_again_comes_to_what_it_came_to() {
    let (to, mails) = mpsc::channel();
    let script = Script::new(move |mailboxes, mail| to.send((mailboxes.clone(), mail)).unwrap());
    let text = |subject: &str, expect: &str| {
        format!(
            "sealcheck: 1\nname: {subject}\nsend: {{ from: external, to: company, subject: {subject} }}\n\
             wait: {{ timeout: 4s }}\nsnapshot: none\nexpect: [ {expect} ]\n"
        )
    };
    let project = script
        .project()
        .scenario("comes", &text("comes", "smtp: 250, delivered: { to: gmail, auth: { arc: any } }"))
        .scenario("never", &text("never", "delivered: gmail, absent: { from: external, settle: 1ms }"))
        .scenario("wrong", &text("wrong", "smtp: 550"));
    let args = ["run", "-j", "8", "--artifacts", "all", "--report", "json=r.json", "--record"];
    let first = project.run(&[&args[..], &["first.jsonl"]].concat());
    assert_eq!(first.code, 1, "{first}");
    let before = Told::of(&project, "first.jsonl").text();
    for (mailboxes, mail) in mails.try_iter().filter(|(_, mail)| mail.raw.contains("\nSubject: comes\r")) {
        mailboxes.put(&mail.raw, &[INBOX, ALL]);
    }
    // As if it had been sent an hour before it came.
    let record = earlier(&project.read("first.jsonl"), SignedDuration::from_hours(1));
    fs::write(project.path("first.jsonl"), record).unwrap();
    let again = project.run(&[&args[..], &["again.jsonl", "--resume", "first.jsonl"]].concat());
    assert_eq!(again.code, 1, "{again}");
    let after = Told::of(&project, "again.jsonl").text();
    is_as_kept("resume", &format!("## The first run\n\n{before}\n## Looked for again\n\n{after}"));
}

fn is_as_kept(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("behaviour");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// What a run told: its report and its events.
struct Told {
    result: Value,
    /// The kinds of the events of each scenario, in their order.
    events: BTreeMap<String, Vec<String>>,
}

impl Told {
    fn of(project: &Project, record: &str) -> Self {
        let result = serde_json::from_str(&project.read("r.json")).unwrap();
        let mut events: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in project.read(record).lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            // How often a mailbox is asked, and what is slow, are matters of speed.
            let kind = text(&event, "event");
            if ["poll", "slow"].contains(&kind) {
                continue;
            }
            let Some(scenario) = event["scenario"].as_str() else { continue };
            let told = match kind {
                "step" => format!("{} {}", text(&event, "kind"), text(&event, "status")),
                kind => kind.to_owned(),
            };
            events.entry(scenario.to_owned()).or_default().push(told);
        }
        Self { result, events }
    }

    fn text(&self) -> String {
        let scenarios = list(&self.result["scenarios"]);
        scenarios.iter().map(|scenario| self.scenario(scenario)).collect::<Vec<_>>().join("\n")
    }

    fn scenario(&self, scenario: &Value) -> String {
        let id = text(scenario, "id");
        let reason = scenario["reason"].as_str().map(|reason| format!(" ({reason})")).unwrap_or_default();
        let mut lines = vec![format!("{id}: {}{reason}", text(scenario, "status"))];
        lines.extend(list(&scenario["attempts"]).iter().flat_map(attempt));
        lines.push(format!("  events: {}", runs(self.events[id].clone()).join(", ")));
        lines.join("\n") + "\n"
    }
}

fn attempt(attempt: &Value) -> Vec<String> {
    let names = |key: &str| attempt[key].as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(", ");
    let steps = list(&attempt["steps"]).iter().map(|step| format!("{} {}", text(step, "kind"), text(step, "status")));
    let artifacts: Vec<&str> = list(&attempt["artifacts"]).iter().map(|file| text(file, "name")).collect();
    let observed: Vec<&str> = list(&attempt["observed"]).iter().map(|one| text(one, "kind")).collect();
    let mut lines = vec![
        format!("  attempt {}: {} {}", attempt["n"], text(attempt, "status"), masked(text(attempt, "summary"))),
        format!("    steps: {}", runs(steps.collect()).join(", ")),
        format!("    timings: {}", names("timings_ms")),
        format!("    queue ids: {}", names("queue_ids")),
        format!("    observed: {}", observed.join(", ")),
        format!("    artifacts: {}", artifacts.join(", ")),
    ];
    lines.extend(list(&attempt["assertions"]).iter().map(check));
    for diagnosis in list(&attempt["diagnosis"]) {
        lines.push(format!("    diagnosis: {} {}", text(diagnosis, "code"), text(diagnosis, "confidence")));
    }
    if let Some(code) = attempt["error"]["code"].as_str() {
        lines.push(format!("    error: {code} {}", masked(text(&attempt["error"], "stage"))));
    }
    lines
}

fn check(check: &Value) -> String {
    let passed = if check["passed"] == true { "passed" } else { "failed" };
    let marks = ["timed_out", "inconclusive"].into_iter().filter(|mark| check[mark] == true);
    let code = check["code"].as_str().into_iter().chain(marks).map(|mark| format!(" {mark}")).collect::<String>();
    let (path, place) = (text(check, "path"), format!("{}:{}", check["line"], check["column"]));
    let values = ["expected", "actual"].map(|key| masked(text(check, key)));
    format!("    {path} {passed}{code} at {place}: {} | {}", values[0], values[1])
}

/// The same without the numbers that are new in every run, and without how long something took.
fn masked(text: &str) -> String {
    let masks = [
        // First, as an id can end like a time: `4h`.
        (r"sc-[0-9a-z]{26}-\d+-", "TOKEN-"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "DATE"),
        (r"\d+(\.\d+)?(ms|s|m|h)( ?\d+(\.\d+)?(ms|s|m))*\b|\d+ days", "TIME"),
        (r"127\.0\.0\.\d+(:\d+)?", "HOST"),
        (r"queued as [0-9A-F]{8,}", "queued as ID"),
        // What a library says of a certificate is its own affair.
        (r" \(error:.*", ""),
        (r" +", " "),
    ];
    let text = text.escape_default().to_string();
    masks.into_iter().fold(text, |text, (mask, with)| Regex::new(mask).unwrap().replace_all(&text, with).into_owned())
}

/// One entry for those that follow each other and are the same, and for searches one after the other: how many there are is a
/// matter of speed.
fn runs(mut all: Vec<String>) -> Vec<String> {
    let mut one = 2;
    while one < all.len() {
        if all[one].starts_with("search ") && all[one - 1].starts_with("search ") && all[one] == all[one - 2] {
            all.remove(one);
        } else {
            one += 1;
        }
    }
    all.dedup();
    all
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}
