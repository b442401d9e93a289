//! Broken mail that the receiver refuses: the bounce, that is the copy which came back in it, tells the cause first, and
//! that the receiver found the mail not authentic is what followed.

use crate::{
    judge::diagnosis::{first, told},
    lab::rspamd::rspamd_version,
    support::program::{Project, Ran},
};
use sealcheck::{
    catalogue::{Cause, Family},
    core::Version,
    target::{
        Knobs, TargetKind,
        faults::{self, FAULTS},
        knobs::Modification,
        support::unsupported_knob,
    },
};
use serde_json::Value;
use std::{fmt, fs};

/// A fault in mail of an author whose policy is `reject`, refused by a receiver that forgives nothing.
pub(crate) struct Refused {
    pub(crate) fault: &'static str,
    pub(crate) author: Author,
    /// The first code where the whole mail comes back: in the run, and from the bounce alone.
    pub(crate) whole: &'static str,
    /// The first code from a bounce with no more than the header.
    pub(crate) header: &'static str,
}

/// Who wrote the mail.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Author {
    /// Somebody who signs: what breaks DKIM is refused.
    Signs,
    /// Somebody who does not, and a receiver that believes sealers: what breaks the seal is refused.
    Sealed,
}
use Author::{Sealed, Signs};

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Signs { "signs" } else { "does not sign" })
    }
}

const fn row(fault: &'static str, author: Author, whole: &'static str, header: &'static str) -> Refused {
    Refused { fault, author, whole, header }
}

pub(crate) const REFUSED: [Refused; 69] = [
    row("A00", Sealed, "A00 high", "A00 high"),
    row("A12", Sealed, "A12 high", "A12 high"),
    row("B00", Sealed, "B00 certain", "B00 certain"),
    row("B01", Sealed, "B01 certain", "B01 certain"),
    row("B02", Sealed, "B02 high", "B02 high"),
    row("B03", Sealed, "B03 certain", "B03 certain"),
    row("B04", Signs, "B04 certain", "D03 certain"),
    row("B04", Sealed, "B04 certain", "D03 certain"),
    row("B05", Signs, "B05 certain", "B06 high"),
    row("B05", Sealed, "B05 certain", "B06 high"),
    row("B06", Signs, "B06 certain", "B06 certain"),
    row("B06", Sealed, "B06 certain", "B06 certain"),
    row("B07", Sealed, "B07 certain", "B07 certain"),
    row("B09", Sealed, "B09 high", "B00 certain"),
    row("B10", Sealed, "B10 certain", "B00 certain"),
    row("B11", Sealed, "B11 certain", "B11 certain"),
    row("B12", Sealed, "B12 certain", "B12 certain"),
    row("B13", Sealed, "B13 high", "B13 low"),
    row("B14", Sealed, "B14 certain", "B14 certain"),
    row("B15", Sealed, "B15 certain", "B15 certain"),
    row("B17", Signs, "B17 certain", "D03 certain"),
    row("B17", Sealed, "B17 certain", "D03 certain"),
    row("C01", Sealed, "C01 certain", "C01 certain"),
    row("C02", Sealed, "C02 certain", "C02 certain"),
    row("C03", Sealed, "C03 high", "C03 high"),
    row("C04", Sealed, "C04 certain", "C04 certain"),
    row("C05", Signs, "C05 high", "C05 high"),
    // The copy cannot show whether it was changed on delivery.
    row("C06", Signs, "D03 certain", "D03 certain"),
    row("C07", Signs, "C07 high", "C07 high"),
    row("C08", Signs, "C08 high", "D03 certain"),
    row("D00", Signs, "D00 certain", "D00 certain"),
    // The author's policy comes before what is said without one.
    row("D01", Signs, "D03 certain", "D03 certain"),
    row("D02", Signs, "D03 certain", "D03 certain"),
    row("D03", Signs, "D03 certain", "D03 certain"),
    row("D04", Signs, "D04 certain", "D04 certain"),
    row("D05", Signs, "D05 certain", "D05 certain"),
    row("D06", Signs, "D06 certain", "D06 certain"),
    row("D07", Signs, "D07 certain", "D07 certain"),
    row("D08", Signs, "D08 certain", "D08 certain"),
    row("D09", Signs, "D09 certain", "D09 certain"),
    row("D12", Signs, "D12 high", "D12 high"),
    row("D14", Signs, "D14 certain", "D14 certain"),
    row("D15", Signs, "D15 certain", "D15 certain"),
    row("D16", Signs, "D16 certain", "D16 certain"),
    row("D17", Signs, "D17 certain", "D17 certain"),
    row("D18", Signs, "D18 certain", "D18 certain"),
    row("D19", Signs, "D19 certain", "D19 certain"),
    row("D20", Signs, "D20 certain", "D20 certain"),
    row("D21", Signs, "D21 certain", "D21 certain"),
    row("D22", Signs, "D22 certain", "D22 certain"),
    row("D23", Signs, "D23 certain", "D23 certain"),
    row("D24", Signs, "D24 certain", "D24 certain"),
    row("D25", Signs, "D25 certain", "D25 certain"),
    row("D26", Signs, "D26 certain", "D26 certain"),
    row("D27", Signs, "D27 certain", "D27 certain"),
    row("D28", Signs, "D28 certain", "D28 certain"),
    row("D29", Signs, "D29 certain", "D29 certain"),
    row("D30", Signs, "D30 certain", "D30 certain"),
    row("D31", Signs, "D31 certain", "D31 certain"),
    row("D32", Signs, "D32 certain", "D32 certain"),
    row("D33", Signs, "D33 certain", "D33 certain"),
    row("D34", Signs, "D34 certain", "D34 certain"),
    row("D35", Signs, "D35 certain", "D35 certain"),
    row("D36", Signs, "D36 certain", "D36 certain"),
    row("D37", Signs, "D37 certain", "D37 certain"),
    row("D38", Signs, "D38 certain", "D38 certain"),
    row("D40", Signs, "D03 certain", "D03 certain"),
    row("D42", Signs, "D42 certain", "D42 certain"),
    row("G05", Signs, "G05 certain", "G05 certain"),
];

impl Refused {
    fn name(&self) -> String {
        format!("{}-{}", self.fault.to_lowercase(), if self.author == Signs { "signs" } else { "sealed" })
    }

    fn lab(&self) -> String {
        let author = match self.author {
            Signs => "external: { dmarc: reject }",
            Sealed => "external: { dkim: none, dmarc: reject }, gmail: { trust_arc: true }",
        };
        format!("{{ fault: {}, {author} }}", self.fault)
    }

    fn scenario(&self, target: &str) -> String {
        let text = match self.fault {
            "B05" => ", text: Grüße, encoding: 8bit".to_owned(),
            "B17" => format!(", text: {}, encoding: 8bit", "x".repeat(2500)),
            _ => ", text: A sentence.".to_owned(),
        };
        format!(
            "sealcheck: 1\nname: {}\ntargets: [{target}]\nlab: {}\nsend: {{ from: external, to: company{text} }}\n\
             wait: {{ timeout: 60s }}\nexpect: [ delivered: gmail ]\nsnapshot: none\n",
            self.name(),
            self.lab(),
        )
    }
}

/// The only attempt of each row, by its place in the table.
fn attempts(project: &Project, rows: &[&Refused], ran: &Ran) -> Vec<Value> {
    assert_eq!(ran.code, 1, "{ran}");
    let result: Value = serde_json::from_str(&project.read("result.json")).unwrap();
    let scenarios = result["scenarios"].as_array().unwrap();
    let of = |row: &&Refused| scenarios.iter().find(|s| s["name"] == row.name()).unwrap()["attempts"][0].clone();
    rows.iter().map(of).collect()
}

/// A bounce as if the server had returned no more than the header of the mail.
fn with_header_only(bounce: &str) -> String {
    let start = bounce.find("Content-Type: message/rfc822").unwrap();
    let returned = start + bounce[start..].find("\r\n\r\n").unwrap() + 4;
    let body = returned + bounce[returned..].find("\r\n\r\n").unwrap() + 2;
    let end = bounce.rfind("\r\n--").unwrap();
    let bounce = format!("{}{}", &bounce[..body], &bounce[end..]);
    bounce.replace("Content-Type: message/rfc822", "Content-Type: text/rfc822-headers")
}

#[test]
fn every_fault_that_is_refused_gets_its_code_first() {
    let rows: Vec<&Refused> = REFUSED.iter().collect();
    let project = rows.iter().fold(Project::new(), |p, row| p.scenario(&row.name(), &row.scenario("embedded")));
    let ran = project.run(&["run", "--report", "json=result.json", "-j", "8"]);
    let runs = fs::read_dir(project.path(".sealcheck/runs")).unwrap();
    let dir = runs.map(|run| run.unwrap().path()).find(|run| run.join("artifacts").is_dir()).unwrap();
    let mut wrong = Vec::new();
    for (row, attempt) in rows.iter().zip(attempts(&project, &rows, &ran)) {
        let name = row.name();
        let mut found = vec![("in the run", row.whole, first(&attempt))];
        let artifact = |name: &str| {
            let all = attempt["artifacts"].as_array().unwrap();
            let one = all.iter().find(|a| a["name"] == name).unwrap_or_else(|| panic!("no {name}: {attempt:#}"));
            dir.join(one["path"].as_str().unwrap()).to_str().unwrap().to_owned()
        };
        let (bounce, zone) = (artifact("bounce.eml"), artifact("dns.zone"));
        let inspected = |bounce: &str| {
            let seen = project.run(&["inspect", bounce, "--dns", &zone, "--format", "json"]);
            let seen: Value = serde_json::from_str(&seen.stdout).unwrap_or_else(|e| panic!("{e}: {seen}"));
            let lines = seen["diagnosis"][0]["evidence"].as_array().unwrap();
            assert!(lines.iter().all(|e| e["artifact"] == bounce), "{name}: {lines:#?}");
            first(&seen)
        };
        // What was sent tells more of a volatile field and of a new encoding.
        let alone = if row.fault == "B13" { "B13 low" } else { row.whole };
        found.push(("from the bounce", alone, inspected(&bounce)));
        let header = with_header_only(&fs::read_to_string(&bounce).unwrap());
        fs::write(project.path("header.eml"), header).unwrap();
        found.push(("from its header", row.header, inspected("header.eml")));
        let bad = found.into_iter().filter(|(_, wanted, found)| wanted != found);
        wrong.extend(bad.map(|(how, wanted, found)| format!("{name} {how}: wanted {wanted}, found {found}")));
        let failed = attempt["assertions"].as_array().unwrap().iter().find(|c| c["passed"] == false).unwrap();
        if failed["code"] != row.whole[..3] {
            wrong.push(format!("{name}: the check that failed carries {}", failed["code"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_fault_that_can_be_refused_is_in_the_table() {
    for fault in &FAULTS {
        let mut knobs = Knobs::default();
        faults::apply(&mut knobs, &[fault.code.as_str()]).unwrap();
        let embedded = unsupported_knob(&knobs, TargetKind::Embedded).is_none();
        // The company itself refuses, or the mail is taken.
        let taken = fault.code == Cause::D10 || fault.code.family() == Family::E;
        let listed = |author| REFUSED.iter().any(|row| row.fault == fault.code.as_str() && row.author == author);
        assert_eq!(listed(Signs) || listed(Sealed), embedded && !taken, "{}", fault.code);
        // What changes the mail after the seal breaks the signature of an author who signs, unless only the seal covers it.
        let modified = !matches!(knobs.company.modify, Modification::None | Modification::Results);
        assert!(!(embedded && modified) || listed(Signs), "{}", fault.code);
    }
}

/// What is said otherwise of the real programs, and why.
const OTHERWISE: [(&str, &str); 5] = [
    // Its rspamd is told not to seal, and the log shows it.
    ("a00-sealed", "A01 high"),
    // rspamd goes on with a chain of several sets that ends with cv=fail.
    ("a12-sealed", "B10 certain"),
    // Fields that are taken away on delivery are still there in what comes back, and no log names them.
    ("b11-sealed", "D03 certain"),
    ("c05-signs", "D03 certain"),
    // The log has what rspamd found.
    ("d12-signs", "D12 certain"),
];

#[test]
#[ignore = "requires root, Postfix, postsrsd and rspamd; .ci/run installs them"]
fn every_fault_that_is_refused_gets_its_code_first_from_postfix_and_rspamd() {
    let on_postfix = |row: &&Refused| {
        let mut knobs = Knobs::default();
        faults::apply(&mut knobs, &[row.fault]).unwrap();
        unsupported_knob(&knobs, TargetKind::Postfix).is_none()
    };
    let rows: Vec<&Refused> = REFUSED.iter().filter(on_postfix).collect();
    let project = rows.iter().fold(Project::new(), |p, row| p.scenario(&row.name(), &row.scenario("postfix")));
    let ran = project.run(&["run", "--target", "postfix", "--report", "json=result.json"]);
    let third_hop = rspamd_version() >= Version(3, 6, 0);
    let mut wrong = Vec::new();
    for (row, attempt) in rows.iter().zip(attempts(&project, &rows, &ran)) {
        let name = row.name();
        let wanted = OTHERWISE.iter().find(|(n, _)| *n == name).map_or(row.whole, |(_, wanted)| wanted);
        if first(&attempt) != wanted && !(third_hop && row.fault == "B07") {
            wrong.push(format!("{name}: wanted {wanted:?}, found {}", told(&attempt)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
