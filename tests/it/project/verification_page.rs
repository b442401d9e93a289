//! The tables of docs/verification.md are the rules and deviations that the tests hold.

use crate::{
    interop::rules::{RULES, Tool},
    project::diagnosis_page::assert_page,
    verify::suite::DEVIATIONS,
};

fn disagreements() -> String {
    let mut out = String::from("| verifier | it | we |\n|---|---|---|\n");
    for tool in Tool::ALL {
        for rule in RULES.iter().filter(|rule| rule.tools.contains(&tool)) {
            out.push_str(&format!("| {} | {} | {} |\n", tool.name(), rule.they, rule.we));
        }
    }
    out
}

fn suite() -> String {
    let mut out = String::from("| case | the suite | we | because |\n|---|---|---|---|\n");
    for (case, ours, _, because) in DEVIATIONS {
        out.push_str(&format!("| `{case}` | pass | {ours} | {because} |\n"));
    }
    out
}

#[test]
fn the_page_shows_every_disagreement() {
    assert_page("verification.md", &[("suite", suite()), ("disagreements", disagreements())]);
}
