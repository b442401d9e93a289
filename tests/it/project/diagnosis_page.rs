//! The tables of docs/diagnosis.md are what the tests show. When they differ, the page is written anew beside the build.

use crate::{
    judge::{
        diagnosis::CASES,
        diagnosis_captures::{EXPERIMENTS, NO_MAIL},
        diagnosis_rspamd::SETTINGS,
        refused::REFUSED,
    },
    lab::postfix_catalogue::REAL,
    run::absence::NOTED,
    support::by_hand::ROWS,
};
use sealcheck::{
    catalogue::{self, Lang},
    target::{Knobs, faults},
};
use std::{fs, path::PathBuf};

/// A way in which a cause is shown: how, the first code with its confidence, and the test.
type Shown = (String, &'static str, &'static str);

/// Every way in which a cause is shown, the embedded world first.
fn shown(code: &str) -> Vec<Shown> {
    let of_row = |wanted: &str| wanted.starts_with(code);
    let fault = format!("fault: {code}");
    let cases = CASES.iter().filter(|c| of_row(c.first)).map(|c| {
        let how = if c.lab == fault { format!("`--fault {code}`") } else { format!("scenario `{}`", c.name) };
        (how, c.first, "diagnosis::every_fault_of_the_embedded_world_gets_its_code_first")
    });
    let captures = EXPERIMENTS
        .iter()
        .filter(|e| of_row(e.3))
        .map(|e| (format!("capture `{}`", e.0), e.3, "diagnosis_captures::every_capture_gets_its_cause_first"));
    let by_hand = ROWS.iter().filter(|r| of_row(r.first)).map(|r| {
        ("mail and log lines by hand".to_owned(), r.first, "diagnosis_rules::every_cause_written_by_hand_comes_first")
    });
    let real = REAL.iter().filter(|c| of_row(c.first)).map(|c| {
        let how = format!("`--target postfix --fault {}`", c.lab.trim_start_matches("fault: "));
        (how, c.first, "postfix_catalogue::every_fault_of_postfix_and_rspamd_gets_its_code_first")
    });
    let settings = SETTINGS.iter().filter(|s| of_row(s.0)).map(|s| {
        let test = "diagnosis_rspamd::every_setting_of_rspamd_gets_its_code_first";
        ("settings of a real rspamd".to_owned(), s.0, test)
    });
    let noted = NOTED.iter().filter(|(told, ..)| of_row(told));
    let noted = noted.map(|(told, test)| (format!("`--fault {code}`, where the mail is found"), *told, *test));
    cases.chain(real).chain(noted).chain(captures).chain(settings).chain(by_hand).collect()
}

/// A row for every cause: how it is reproduced, what is said first then, and the test that shows it. Of several ways the
/// surest is listed, and of equals the embedded world.
fn causes() -> String {
    let mut out =
        String::from("| code | cause | reproduced by | first code | confidence | test |\n|---|---|---|---|---|---|\n");
    for row in catalogue::rows() {
        let mut shown = shown(row.code.as_str());
        shown.sort_by_key(|(how, first, _)| {
            (!how.starts_with("`--fault"), !how.contains("--fault"), !first.ends_with("certain"))
        });
        let (how, first, test) = shown.first().unwrap_or_else(|| panic!("nothing shows {}", row.code));
        let (code, confidence) = first.split_once(' ').unwrap();
        let elsewhere = faults::apply(&mut Knobs::default(), &[row.code.as_str()]).err().map(|(_, place)| place);
        let how = match elsewhere {
            Some(place) => format!("{how} (no `--fault`: {place})"),
            None => how.clone(),
        };
        let title = row.title.in_lang(Lang::En);
        out.push_str(&format!("| {} | {title} | {how} | {code} | {confidence} | `{test}` |\n", row.code));
    }
    out
}

fn captures() -> String {
    let mut out = String::from("| capture | mail and logs | mail alone |\n|---|---|---|\n");
    for (name, mail, _, with_log, alone) in EXPERIMENTS {
        let said = |wanted: &'static str| if wanted.is_empty() { "none" } else { wanted };
        let alone = if mail == NO_MAIL { "no mail came out" } else { said(alone) };
        out.push_str(&format!("| `{name}` | {} | {alone} |\n", said(with_log)));
    }
    out
}

fn refused() -> String {
    let mut out = String::from("| fault | author | whole mail | header alone |\n|---|---|---|---|\n");
    for row in REFUSED {
        out.push_str(&format!("| {} | {} | {} | {} |\n", row.fault, row.author, row.whole, row.header));
    }
    out
}

/// The page with a table put between its marks.
fn with_table(page: &str, name: &str, table: &str) -> String {
    let mark = format!("<!-- table: {name} -->\n");
    let start = page.find(&mark).unwrap_or_else(|| panic!("no {mark}")) + mark.len();
    let end = start + page[start..].find("<!-- end -->").unwrap();
    format!("{}{table}{}", &page[..start], &page[end..])
}

/// Asserts that a page has these tables between their marks.
pub(crate) fn assert_page(name: &str, tables: &[(&str, String)]) {
    let page = fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)).unwrap();
    let wanted = tables.iter().fold(page.clone(), |page, (mark, table)| with_table(&page, mark, table));
    if wanted != page {
        let fresh = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&fresh, wanted).unwrap();
        panic!("docs/{name} is stale: cp {} docs/{name}", fresh.display());
    }
}

#[test]
fn the_page_shows_what_the_tests_show() {
    assert_page("diagnosis.md", &[("causes", causes()), ("refused", refused()), ("captures", captures())]);
}
