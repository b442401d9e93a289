//! Every fault that the embedded world can have gets its code first, and a sound world none.

use crate::program::Project;
use sealcheck::scenario::faults::FAULTS;
use serde_json::Value;

/// The scenario's name, its `lab:`, its sender, what `delivered` asks for more, and the first code with its confidence.
pub(crate) type Case = (&'static str, &'static str, &'static str, &'static str, &'static str);

pub(crate) const CASES: [Case; 24] = [
    ("a00", "fault: A00", "external", "", "A00 certain"),
    ("b01", "fault: B01", "external", "", "B01 certain"),
    ("b01-revoked", "company: { arc_key: revoked }", "external", "", "B01 certain"),
    ("b01-dedicated", "{ fault: B01, company: { arc: dedicated } }", "external", "", "B01 certain"),
    ("b02", "fault: B02", "external", "", "B02 high"),
    ("b03", "fault: B03", "external", "", "B03 certain"),
    ("b04", "fault: B04", "external", "", "B04 certain"),
    ("b06", "fault: B06", "external", "", "B06 certain"),
    ("c06", "fault: C06", "external", "", "C06 high"),
    ("d01", "fault: D01", "external", "", "D01 certain"),
    ("d02", "fault: D02", "external", "", "D02 certain"),
    ("d03", "fault: D03", "external", "", "D03 certain"),
    ("d04", "fault: D04", "external", "", "D04 certain"),
    ("d05", "fault: D05", "external", "", "D05 certain"),
    ("d07", "fault: D07", "external", "", "D07 certain"),
    ("d08", "fault: D08", "external", "", "D08 certain"),
    ("d09", "fault: D09", "external", "", "D09 certain"),
    ("e00", "fault: E00", "external", "", "E00 certain"),
    ("e01", "", "self", "", "E01 certain"),
    ("e02", "fault: E02", "external", "", "E02 high"),
    ("e06", "fault: E06", "external", "within: 1ms\n  - count: { to: gmail, is: 1, settle: 3s }", "E06 high"),
    ("a00-and-e02", "fault: [A00, E02]", "external", "", "A00 certain"),
    ("d00-other-reply", "gmail: { reject: 550 5.1.1 }", "external", "", "D00 certain"),
    ("sound", "", "external", "headers: { X-Not-There: a }", ""),
];

fn scenario((name, lab, sender, more, _): &Case) -> String {
    let lab = match *lab {
        "" => String::new(),
        lab if lab.starts_with('{') => format!("lab: {lab}\n"),
        lab => format!("lab: {{ {lab} }}\n"),
    };
    let timeout = if name.starts_with('e') { "4s" } else { "60s" };
    format!(
        "sealcheck: 1\nname: {name}\ntargets: [embedded]\n{lab}send: {{ from: {sender}, to: company }}\n\
         wait: {{ timeout: {timeout} }}\nexpect:\n  - delivered:\n      to: gmail\n      auth: {{ arc: pass, dmarc: pass }}\n      \
         arc: {{ verify: true }}\n      {more}\nsnapshot: none\n"
    )
}

fn first(attempt: &Value) -> String {
    let text = |key: &str| attempt["diagnosis"][0][key].as_str().unwrap_or_default().to_owned();
    format!("{} {}", text("code"), text("confidence")).trim().to_owned()
}

#[test]
fn every_fault_of_the_embedded_world_gets_its_code_first() {
    let project = CASES.iter().fold(Project::new(), |p, case| p.scenario(case.0, &scenario(case)));
    let ran = project.run(&["run", "--report", "json=result.json", "-j", "8"]);
    assert_eq!(ran.code, 1, "{ran}");
    let result: Value = serde_json::from_str(&project.read("result.json")).unwrap();
    let scenarios = result["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), CASES.len());
    let mut wrong = Vec::new();
    for (name, .., wanted) in CASES {
        let attempt = &scenarios.iter().find(|s| s["name"] == name).unwrap()["attempts"][0];
        if first(attempt) != wanted {
            wrong.push(format!("{name}: wanted {wanted:?}, found {:#}", attempt["diagnosis"]));
        }
        let failed = attempt["assertions"].as_array().unwrap().iter().find(|c| c["passed"] == false);
        let code = failed.unwrap_or_else(|| panic!("{name} passed"))["code"].as_str().unwrap_or_default();
        if code != wanted.get(..3).unwrap_or_default() {
            wrong.push(format!("{name}: the check that failed carries {code:?}"));
        }
        if !code.is_empty() && !ran.stdout.contains(&format!("error[{code}]")) {
            wrong.push(format!("{name}: no error[{code}] on the console"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_fault_has_its_case() {
    for fault in &FAULTS {
        let wanted = format!("fault: {}", fault.code);
        let case = CASES.iter().find(|c| c.1 == wanted).unwrap_or_else(|| panic!("{} has no case", fault.code));
        assert!(case.4.starts_with(fault.code), "{case:?}");
    }
}

#[test]
fn a_fault_that_cannot_be_had_sends_nothing() {
    let text = scenario(&("x", "fault: A05", "external", "", ""));
    let ran = Project::new().scenario("x", &text).run(&["run"]);
    assert_eq!(ran.code, 2, "{ran}");
    assert!(ran.stderr.contains("the embedded world cannot reproduce A05"), "{ran}");
    assert!(ran.stderr.contains("scenarios/x.yaml:4:15") && ran.stderr.contains("it needs a real rspamd"), "{ran}");
    let lab = Project::new().run(&["lab", "up", "--fault", "E01"]);
    assert_eq!(lab.code, 2, "{lab}");
}
