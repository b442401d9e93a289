//! The tables of docs/diagnosis.md are what the tests show. When they differ, the page is written anew beside the build.

use crate::{captures_diagnosis::EXPERIMENTS, diagnosis::CASES};
use sealcheck::{
    judge::diagnose::catalogue::{self, Lang},
    scenario::{Knobs, faults},
};
use std::{fs, path::PathBuf};

/// Tests on mails and log lines written by hand; they name a code and its confidence.
const BY_HAND: &str = include_str!("diagnosis_rules.rs");

/// A row for every cause: where it is brought about, and what is said then.
fn causes() -> String {
    let mut out =
        String::from("| code | cause | brought about by | first code | confidence |\n|---|---|---|---|---|\n");
    for row in catalogue::rows() {
        let of_row = |wanted: &str| wanted.starts_with(row.code);
        let cases = CASES.iter().filter(|c| of_row(c.first)).map(|c| (format!("case `{}`", c.name), c.first));
        let captures = EXPERIMENTS.iter().filter(|e| of_row(e.3)).map(|e| (format!("capture `{}`", e.0), e.3));
        // The surest way to show it, and of equals the embedded world.
        let shown = cases.chain(captures).min_by_key(|(_, wanted)| !wanted.ends_with("certain"));
        let by_hand = BY_HAND.contains(&format!("\"{}\"", row.code));
        let (by, said) = match shown {
            Some((by, wanted)) => (by, wanted.split_once(' ').unwrap()),
            None if by_hand => ("mails and log lines by hand (`diagnosis_rules`)".to_owned(), (row.code, "")),
            None => {
                let (_, place) = faults::turn(&mut Knobs::default(), &[row.code]).unwrap_err();
                (format!("nothing yet: {place}"), ("", ""))
            }
        };
        let title = row.title.in_lang(Lang::En);
        out.push_str(&format!("| {} | {title} | {by} | {} | {} |\n", row.code, said.0, said.1));
    }
    out
}

fn captures() -> String {
    let mut out = String::from("| capture | mail and logs | mail alone |\n|---|---|---|\n");
    for (name, _, _, with_log, alone) in EXPERIMENTS {
        let said = |wanted: &'static str| if wanted.is_empty() { "none" } else { wanted };
        out.push_str(&format!("| `{name}` | {} | {} |\n", said(with_log), said(alone)));
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
    assert_page("diagnosis.md", &[("causes", causes()), ("captures", captures())]);
}
