//! Markdown as GitHub reads it: for the summary of a job and for the text of an issue.
//!
//! Whatever comes from mail, servers or scenarios stands in code, where nobody is mentioned and nothing is linked.

use super::{
    FailureSummary, RunSummary,
    console::diagnosis_text,
    page_header::{self, Fact, seconds},
    plain, said, word,
};
use crate::outcome::ScenarioReport;
use std::io::{self, Write};

/// The most bytes of a text: an issue takes 65 536 characters, the summary of a step 1 MiB.
const MOST: usize = 60_000;
/// What is kept for the last lines, which say what was left out.
const SPARE: usize = 2_000;

/// Writes the text for these events.
///
/// # Errors
/// Those of the writer, and when the reports of scenarios cannot be read again.
pub fn render(summary: &RunSummary, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(text(summary)?.as_bytes())
}

/// The text for these events.
///
/// # Errors
/// When the reports of scenarios cannot be read again.
pub(super) fn text(summary: &RunSummary) -> io::Result<String> {
    let mut page = MarkdownPage { text: head(summary) };
    let broken = summary.broken();
    page.table(summary, true)?;
    let mut told = 0;
    for scenario in summary.reports_of(true) {
        if !page.push(&section(&scenario?), SPARE) {
            break;
        }
        told += 1;
    }
    if told < broken {
        page.push(&format!("\n{} more have no room here; every report has them.\n", broken - told), 0);
    }
    let others = summary.scenarios.len() - broken;
    if others > 0 && page.push(&format!("\n<details><summary>{others} others</summary>\n"), SPARE) {
        page.table(summary, false)?;
        page.push("\n</details>\n", 0);
    }
    Ok(page.text)
}

struct MarkdownPage {
    text: String,
}

impl MarkdownPage {
    /// Appends a part, unless that leaves less room than this.
    fn push(&mut self, part: &str, room: usize) -> bool {
        let fits = self.text.len() + part.len() + room <= MOST;
        if fits {
            self.text.push_str(part);
        }
        fits
    }

    /// A row for each scenario that broke something, or for each other.
    fn table(&mut self, summary: &RunSummary, broken: bool) -> io::Result<()> {
        let all = if broken { summary.broken() } else { summary.scenarios.len() - summary.broken() };
        if all == 0 {
            return Ok(());
        }
        self.push("\n| | scenario | time | seen |\n|---|---|---|---|\n", 0);
        let mut told = 0;
        for scenario in summary.reports_of(broken) {
            if !self.push(&row(&scenario?), SPARE) {
                break;
            }
            told += 1;
        }
        if told < all {
            self.push(&format!("\n{} more\n", all - told), 0);
        }
        Ok(())
    }
}

fn head(summary: &RunSummary) -> String {
    let counts: Vec<String> =
        page_header::counts(summary).iter().map(|(count, word, _)| format!("{count} {word}")).collect();
    let facts: Vec<String> =
        page_header::facts(summary).iter().map(|fact| format!("{} {}", fact.name, value(fact))).collect();
    let notes = page_header::notes(summary);
    let notes: Vec<String> = notes
        .iter()
        .map(|(words, text)| format!("- {words} {}", text.as_deref().map(code).unwrap_or_default()))
        .collect();
    let mut text = format!(
        "## sealcheck: {}\n\n{} scenarios: {}\n\n{}\n",
        page_header::verdict(summary.exit_code),
        summary.totals.selected,
        counts.join(", "),
        facts.join(" · ")
    );
    if !notes.is_empty() {
        text.push_str(&format!("\n{}\n", notes.join("\n")));
    }
    text
}

/// The value of a fact; a page is a link.
fn value(fact: &Fact) -> String {
    if fact.is_link { format!("<{}>", plain(&fact.value).replace(['<', '>', ' '], "")) } else { code(&fact.value) }
}

fn row(scenario: &ScenarioReport) -> String {
    let word = word(scenario);
    let word = if scenario.status.is_broken() { format!("**{word}**") } else { word.to_owned() };
    // Tables split at bars, also within code.
    let [id, said] = [scenario.id.as_str(), said(scenario)].map(|text| code(text).replace('|', "\\|"));
    format!("| {word} | {id} | {} | {said} |\n", seconds(scenario.duration_ms))
}

fn section(scenario: &ScenarioReport) -> String {
    let failure = FailureSummary::of(scenario);
    let text = diagnosis_text(scenario);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let title = format!("\n### {}: {}\n", code(scenario.id.as_str()), code(&failure.code));
    format!("{title}\n{fence}text\n{}\n{fence}\n", text.trim_matches('\n'))
}

/// A text as code, on one line.
fn code(text: &str) -> String {
    let text = plain(text).replace('`', "'");
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}
