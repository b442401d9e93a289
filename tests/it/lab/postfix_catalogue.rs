//! Every fault that Postfix and rspamd can have gets its code first, from the header fields and the logs alone.

use crate::{
    judge::diagnosis::{CASES, Case, case, first, told},
    lab::rspamd::rspamd_version,
    support::program::Project,
};
use sealcheck::core::Version;
use sealcheck::target::{Knobs, TargetKind, faults, support::unsupported_knob};
use serde_json::Value;

/// Faults that only real programs can have.
pub(crate) const REAL: [Case; 11] = [
    case("a01", "fault: A01", "", "", "A01 high"),
    case("a02", "fault: A02", "", "", "A02 certain"),
    case("a03", "fault: A03", "", "", "A03 certain"),
    case("a04", "fault: A04", "", "", "A04 certain"),
    case("a05", "fault: A05", "", "", "A05 high"),
    case("a06", "fault: A06", "", "", "A05 high"),
    case("a07", "fault: A07", "", "", "A07 certain"),
    case("a08", "fault: A08", "", "", "A08 certain"),
    case("a11", "fault: A11", "", "", "A11 certain"),
    case("a14", "fault: A14", "", "", "A14 certain"),
    case("a17", "fault: A17", "", "", "A17 certain"),
];

/// What is said otherwise of the real programs than of the embedded forwarder, and why.
const OTHERWISE: [(&str, &str); 6] = [
    // Its rspamd is told not to seal, and the log shows it.
    ("a00", "A01 high"),
    ("a00-and-e02", "A01 high"),
    // rspamd goes on with a chain of several sets that ends with cv=fail.
    ("a12", "B10 certain"),
    // Postfix puts "Recipient address rejected" before the words, as it does where another table is down.
    ("d10", "D10 low"),
    // The log has what rspamd found.
    ("d12", "D12 certain"),
    // Postfix folds the line, and DKIM does not survive it.
    ("sound-long-line", "B17 certain"),
];

fn on_postfix(case: &Case) -> bool {
    let mut knobs = Knobs::default();
    match case.lab.strip_prefix("fault: ") {
        Some(code) if !code.starts_with('[') => faults::apply(&mut knobs, &[code]).unwrap(),
        _ => {}
    }
    unsupported_knob(&knobs, TargetKind::Postfix).is_none()
}

/// The scenario for Postfix, which can only change a body where there is a sentence.
fn text(case: &Case) -> String {
    let text = case.scenario().replace("targets: [embedded]", "targets: [postfix]");
    if ["fault: B04", "fault: C08"].contains(&case.lab) {
        text.replace("to: company", "to: company, text: A sentence.")
    } else {
        text
    }
}

/// What goes wrong in the receiver's mailbox has nothing to do with Postfix.
fn of_mailbox(case: &Case) -> bool {
    case.name.starts_with('e') && case.name != "e06"
}

#[test]
#[ignore = "requires root, Postfix, postsrsd and rspamd; .ci/run installs them"]
fn every_fault_of_postfix_and_rspamd_gets_its_code_first() {
    let cases: Vec<&Case> = REAL.iter().chain(&CASES).filter(|case| on_postfix(case) && !of_mailbox(case)).collect();
    let project = cases.iter().fold(Project::new(), |p, case| p.scenario(case.name, &text(case)));
    let ran = project.run(&["run", "--target", "postfix", "--report", "json=result.json"]);
    assert_eq!(ran.code, 1, "{ran}");
    let result: Value = serde_json::from_str(&project.read("result.json")).unwrap();
    let scenarios = result["scenarios"].as_array().unwrap();
    let (third_hop, reads_arc) = (rspamd_version() >= Version(3, 6, 0), rspamd_version() >= Version(3, 10, 0));
    let mut wrong = Vec::new();
    for Case { name, first: wanted, .. } in cases {
        let wanted = match *name {
            "b07" | "sound-sealed-twice" if third_hop => "",
            "sound-sealed-twice" => "B07 certain",
            // It takes the results of others for its own, and finds in them what they say.
            "b09" if reads_arc => "",
            _ => OTHERWISE.iter().find(|(n, _)| n == name).map_or(*wanted, |(_, wanted)| wanted),
        };
        let attempt = &scenarios.iter().find(|s| s["name"] == *name).unwrap()["attempts"][0];
        if first(attempt) != wanted {
            wrong.push(format!("{name}: wanted {wanted:?}, found {}", told(attempt)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
