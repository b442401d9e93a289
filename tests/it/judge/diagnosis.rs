//! Every fault that the embedded world can have gets its code first, and a sound world none.

use crate::{lab::postfix_catalogue::REAL, run::absence::NOTED, support::program::Project};
use sealcheck::{catalogue::Cause, target::faults::FAULTS};
use serde_json::Value;

/// A scenario in the embedded world.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Its `lab:`.
    pub(crate) lab: &'static str,
    /// What `send` says beside `to`; `external` sends where it does not say otherwise.
    send: &'static str,
    /// What `delivered` asks for beside what it asks everywhere.
    more: &'static str,
    /// The first code and its confidence; nothing when nothing is wrong.
    pub(crate) first: &'static str,
}

pub(crate) const fn case(
    name: &'static str,
    lab: &'static str,
    send: &'static str,
    more: &'static str,
    first: &'static str,
) -> Case {
    Case { name, lab, send, more, first }
}

pub(crate) const CASES: [Case; 87] = [
    case("a00", "fault: A00", "", "", "A00 certain"),
    case("a12", "fault: A12", "", "", "A12 high"),
    case("b00", "fault: B00", "", "", "B00 certain"),
    case("b01", "fault: B01", "", "", "B01 certain"),
    case("b02", "fault: B02", "", "", "B02 high"),
    case("b03", "fault: B03", "", "", "B03 certain"),
    case("b04", "fault: B04", "", "", "B04 certain"),
    case("b05", "fault: B05", "text: Grüße, encoding: 8bit", "", "B05 certain"),
    case("b06", "fault: B06", "", "", "B06 certain"),
    case("b07", "fault: B07", "", "", "B07 certain"),
    case("b09", "fault: B09", "", "", "B09 high"),
    case("b10", "fault: B10", "", "", "B10 certain"),
    case("b11", "fault: B11", "", "", "B11 certain"),
    case("b12", "fault: B12", "", "", "B12 certain"),
    case("b13", "fault: B13", "", "", "B13 high"),
    case("b14", "fault: B14", "", "", "B14 certain"),
    case("b15", "fault: B15", "", "", "B15 certain"),
    case("b17", "fault: B17", "text: \"$long\", encoding: 8bit", "", "B17 certain"),
    case("c01", "fault: C01", "", "", "C01 certain"),
    case("c02", "fault: C02", "", "", "C02 certain"),
    case("c03", "fault: C03", "", "", "C03 high"),
    case("c04", "fault: C04", "", "", "C04 certain"),
    case("c05", "fault: C05", "", "", "C05 high"),
    case("c05-mailer-sent", "fault: C05", "headers: { X-Mailer: mine }", "", "C05 certain"),
    case("c06", "fault: C06", "", "", "C06 high"),
    case("c07", "fault: C07", "", "", "C07 high"),
    case("c08", "fault: C08", "", "", "C08 high"),
    case("d00", "fault: D00", "", "", "D00 certain"),
    case("d01", "fault: D01", "", "", "D01 certain"),
    case("d02", "fault: D02", "", "", "D02 certain"),
    case("d03", "fault: D03", "", "", "D03 certain"),
    case("d04", "fault: D04", "", "", "D04 certain"),
    case("d05", "fault: D05", "", "", "D05 certain"),
    case("d06", "fault: D06", "", "", "D06 certain"),
    case("d07", "fault: D07", "", "", "D07 certain"),
    case("d08", "fault: D08", "", "", "D08 certain"),
    case("d09", "fault: D09", "", "", "D09 certain"),
    case("d10", "fault: D10", "", "", "D10 high"),
    case("d12", "fault: D12", "", "", "D12 high"),
    case("d14", "fault: D14", "", "", "D14 certain"),
    case("d15", "fault: D15", "", "", "D15 certain"),
    case("d16", "fault: D16", "", "", "D16 certain"),
    case("d17", "fault: D17", "", "", "D17 certain"),
    case("d18", "fault: D18", "", "", "D18 certain"),
    case("d19", "fault: D19", "", "", "D19 certain"),
    case("d20", "fault: D20", "", "", "D20 certain"),
    case("d21", "fault: D21", "", "", "D21 certain"),
    case("d22", "fault: D22", "", "", "D22 certain"),
    case("d23", "fault: D23", "", "", "D23 certain"),
    case("d24", "fault: D24", "", "", "D24 certain"),
    case("d25", "fault: D25", "", "", "D25 certain"),
    case("d26", "fault: D26", "", "", "D26 certain"),
    case("d27", "fault: D27", "", "", "D27 certain"),
    case("d28", "fault: D28", "", "", "D28 certain"),
    case("d29", "fault: D29", "", "", "D29 certain"),
    case("d30", "fault: D30", "", "", "D30 certain"),
    case("d31", "fault: D31", "", "", "D31 certain"),
    case("d32", "fault: D32", "", "", "D32 certain"),
    case("d33", "fault: D33", "", "", "D33 certain"),
    case("d34", "fault: D34", "", "", "D34 certain"),
    case("d35", "fault: D35", "", "", "D35 certain"),
    case("d36", "fault: D36", "", "", "D36 certain"),
    case("d37", "fault: D37", "", "", "D37 certain"),
    case("d38", "fault: D38", "", "", "D38 certain"),
    case("d40", "fault: D40", "", "", "D40 high"),
    case("d42", "fault: D42", "", "", "D42 certain"),
    case("e00", "fault: E00", "", "", "E00 certain"),
    case("e02", "fault: E02", "", "", "E02 high"),
    case("e04", "fault: E04", "", "", "E04 certain"),
    case("e05", "fault: E05", "", "", "E05 certain"),
    case("e06", "fault: E06", "", "within: 1ms\n  - count: { to: gmail, is: 1, settle: 3s }", "E06 high"),
    case("e07", "fault: E07", "", "within: 1ms\n  - count: { to: gmail, is: 1, settle: 3s }", "E07 high"),
    case("e08", "fault: E08", "", "category: primary", "E08 certain"),
    case("e09", "fault: E09", "", "", "E09 high"),
    case("g05", "fault: G05", "", "", "G05 certain"),
    case("b01-revoked", "company: { arc_key: revoked }", "", "", "B01 certain"),
    case("b01-dedicated", "{ fault: B01, company: { arc: dedicated } }", "", "", "B01 certain"),
    case(
        "d11-null-sender",
        "company: { srs: true }",
        "envelope_from: \"\"",
        "within: 50s\n  - delivered: { to: gmail, auth: { spf: { result: pass, d: $company.domain } } }",
        "D11 high",
    ),
    case("e01", "", "from: self", "", "E01 certain"),
    case("a00-and-e02", "fault: [A00, E02]", "", "", "A00 certain"),
    case("sound", "", "", "headers: { X-Not-There: a }", ""),
    case("sound-8bit", "", "text: Grüße, encoding: 8bit", "headers: { X-Not-There: a }", ""),
    case("sound-long-line", "", "text: \"$long\", encoding: 8bit", "headers: { X-Not-There: a }", ""),
    case("sound-x-mailer", "external: { dkim: mailer }", "", "headers: { X-Not-There: a }", ""),
    case("sound-results", "external: { results: true }", "", "headers: { X-Not-There: a }", ""),
    case("sound-sealed", "external: { arc: true }", "", "headers: { X-Not-There: a }", ""),
    case("sound-sealed-twice", "external: { arc: twice }", "", "headers: { X-Not-There: a }", ""),
];

impl Case {
    pub(crate) fn scenario(&self) -> String {
        let lab = match self.lab {
            "" => String::new(),
            lab if lab.starts_with('{') => format!("lab: {lab}\n"),
            lab => format!("lab: {{ {lab} }}\n"),
        };
        let from = if self.send.contains("from: self") { "" } else { "from: external, " };
        let comma = if self.send.is_empty() { "" } else { ", " };
        // Where nothing is ever seen, the time is waited for; mail that comes has enough of it on a busy machine.
        let unseen = ["e00", "e01", "e04", "e05"].contains(&self.name);
        let timeout = if unseen { "4s" } else { "60s" };
        format!(
            "sealcheck: 1\nname: {}\ntargets: [embedded]\nvars: {{ long: {} }}\n{lab}send: {{ {from}to: company{comma}{} }}\n\
             wait: {{ timeout: {timeout} }}\nexpect:\n  - delivered:\n      to: gmail\n      \
             auth: {{ arc: pass, dmarc: pass }}\n      \
             arc: {{ verify: true, carries: {{ spf: pass, dkim: pass, dmarc: pass }} }}\n      {}\nsnapshot: none\n",
            self.name,
            "x".repeat(2500),
            self.send,
            self.more,
        )
    }
}

pub(crate) fn first(attempt: &Value) -> String {
    said(&attempt["diagnosis"][0])
}

/// What became of an attempt, for who reads that its diagnosis was not the wanted one.
pub(crate) fn told(attempt: &Value) -> String {
    let of = |key: &str| format!("{key}: {:#}", attempt[key]);
    ["diagnosis", "status", "error", "submission"].map(of).join("\n")
}

fn said(diagnosis: &Value) -> String {
    let text = |key: &str| diagnosis[key].as_str().unwrap_or_default().to_owned();
    format!("{} {}", text("code"), text("confidence")).trim().to_owned()
}

#[test]
fn every_fault_of_the_embedded_world_gets_its_code_first() {
    let project = CASES.iter().fold(Project::new(), |p, case| p.scenario(case.name, &case.scenario()));
    let ran = project.run(&["run", "--report", "json=result.json", "-j", "8"]);
    assert_eq!(ran.code, 1, "{ran}");
    let result: Value = serde_json::from_str(&project.read("result.json")).unwrap();
    let scenarios = result["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), CASES.len());
    let mut wrong = Vec::new();
    for Case { name, first: wanted, .. } in CASES {
        let attempt = &scenarios.iter().find(|s| s["name"] == name).unwrap()["attempts"][0];
        if first(attempt) != wanted {
            wrong.push(format!("{name}: wanted {wanted:?}, found {}", told(attempt)));
        }
        let failed = attempt["assertions"].as_array().unwrap().iter().find(|c| c["passed"] == false);
        if let (None, Some(error)) = (failed, attempt["error"]["code"].as_str()) {
            let (head, cause) = (format!("error[{error}]"), format!("= cause: {}", &wanted[..3]));
            if !ran.stdout.contains(&head) || !ran.stdout.contains(&cause) {
                wrong.push(format!("{name}: no {head} or no {cause} on the console"));
            }
            continue;
        }
        let code = failed.unwrap_or_else(|| panic!("{name} passed: {attempt:#}"))["code"].as_str().unwrap_or_default();
        if code != wanted.get(..3).unwrap_or_default() {
            wrong.push(format!("{name}: the check that failed carries {code:?}"));
        }
        if !code.is_empty() && !ran.stdout.contains(&format!("error[{code}]")) {
            wrong.push(format!("{name}: no error[{code}] on the console"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Faults together, and every diagnosis in its order.
const TOGETHER: [(&str, &[&str]); 7] = [
    ("A00, D04", &["D04 certain", "A00 high", "F01 certain"]),
    ("A00, E02", &["A00 certain", "E02 high"]),
    ("B01, B04", &["B04 certain", "B01 certain"]),
    ("B14, E02", &["B14 certain"]),
    ("C01, C08", &["C01 certain", "C08 high"]),
    ("C02, E02", &["C02 certain", "E02 high"]),
    ("D12, E06", &["D12 high"]),
];

#[test]
fn faults_together_are_each_told_where_they_show() {
    let name = |faults: &str| faults.to_lowercase().replace(", ", "-");
    let project = TOGETHER.iter().fold(Project::new(), |p, (faults, _)| {
        let lab: &'static str = format!("fault: [{faults}]").leak();
        p.scenario(
            &name(faults),
            &Case { lab, ..case("x", "", "", "", "") }
                .scenario()
                .replace("name: x", &format!("name: {}", name(faults))),
        )
    });
    let ran = project.run(&["run", "--report", "json=result.json", "-j", "8"]);
    assert_eq!(ran.code, 1, "{ran}");
    let result: Value = serde_json::from_str(&project.read("result.json")).unwrap();
    for (faults, wanted) in TOGETHER {
        let scenario = result["scenarios"].as_array().unwrap().iter().find(|s| s["name"] == name(faults)).unwrap();
        let all = scenario["attempts"][0]["diagnosis"].as_array().unwrap();
        let all: Vec<String> = all.iter().map(said).collect();
        assert_eq!(all, wanted, "{faults}");
    }
}

#[test]
fn every_fault_has_its_case() {
    // What is only noted fails nothing.
    let noted = |code: &str| NOTED.iter().any(|(told, _)| told.starts_with(code));
    for fault in FAULTS.iter().filter(|fault| !noted(fault.code.as_str())) {
        let wanted = format!("fault: {}", fault.code);
        let case =
            CASES.iter().chain(&REAL).find(|c| c.lab == wanted).unwrap_or_else(|| panic!("{} has no case", fault.code));
        // rspamd says the same of a closed file and of a closed directory.
        let told = if fault.code == Cause::A06 { Cause::A05 } else { fault.code };
        assert!(case.first.starts_with(told.as_str()), "{case:?}");
    }
}

#[test]
fn a_fault_that_cannot_be_had_sends_nothing() {
    let text = case("x", "fault: B08", "", "", "").scenario();
    let ran = Project::new().scenario("x", &text).run(&["run"]);
    assert_eq!(ran.code, 2, "{ran}");
    assert!(ran.stderr.contains("no fault brings B08 about"), "{ran}");
    assert!(ran.stderr.contains("scenarios/x.yaml:5:15") && ran.stderr.contains("it needs rspamd 3.10"), "{ran}");
    let lab = Project::new().run(&["lab", "up", "--fault", "E01"]);
    assert_eq!(lab.code, 2, "{lab}");
    let real = Project::new().run(&["lab", "up", "--target", "rspamd", "--fault", "B14"]);
    assert!(real.code == 2 && real.stderr.contains("target rspamd cannot have `company.seal: own-set`"), "{real}");
}
