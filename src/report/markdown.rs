//! Markdown as GitHub reads it: for the summary of a job and for the text of an issue.
//!
//! Whatever comes from mail, servers or scenarios stands in code, where nobody is mentioned and nothing is linked.

use super::{console::diagnosis_text, sink::plain, tally::Tally, trouble::Trouble};
use crate::outcome::{ScenarioReport, Status};
use std::{fmt::Write, io};

/// The most bytes of a text: an issue takes 65 536 characters, the summary of a step 1 MiB.
const MOST: usize = 60_000;
/// What is kept for the last lines, which say what was left out.
const SPARE: usize = 2_000;

/// The text for these events.
///
/// # Errors
/// Never; the signature is that of every document.
pub fn render(tally: &Tally) -> io::Result<String> {
    let mut page = Page { text: head(tally) };
    let (broken, others): (Vec<_>, Vec<_>) = tally.scenarios.iter().partition(|s| super::tally::is_broken(s.status));
    page.table(&broken);
    let told = broken.iter().take_while(|scenario| page.push(&section(scenario), SPARE)).count();
    if told < broken.len() {
        page.push(&format!("\n{} more have no room here; every report has them.\n", broken.len() - told), 0);
    }
    if !others.is_empty() {
        let title = format!("\n<details><summary>{} others</summary>\n", others.len());
        if page.push(&title, SPARE) {
            page.table(&others);
            page.push("\n</details>\n", 0);
        }
    }
    Ok(page.text)
}

struct Page {
    text: String,
}

impl Page {
    /// Appends a part, unless that leaves less room than this.
    fn push(&mut self, part: &str, room: usize) -> bool {
        let fits = self.text.len() + part.len() + room <= MOST;
        if fits {
            self.text.push_str(part);
        }
        fits
    }

    fn table(&mut self, scenarios: &[&ScenarioReport]) {
        if scenarios.is_empty() {
            return;
        }
        self.push("\n| | scenario | time | seen |\n|---|---|---|---|\n", 0);
        let told = scenarios.iter().take_while(|scenario| self.push(&row(scenario), SPARE)).count();
        if told < scenarios.len() {
            self.push(&format!("\n{} more\n", scenarios.len() - told), 0);
        }
    }
}

fn head(tally: &Tally) -> String {
    let verdict = verdict(tally.exit_code);
    let totals = &tally.totals;
    let counts: Vec<String> = [
        (totals.passed, "passed"),
        (totals.failed, "failed"),
        (totals.timed_out, "timed out"),
        (totals.errored, "errored"),
        (totals.unexpected_passes, "passed unexpectedly"),
        (totals.expected_failures, "failed as known"),
        (totals.skipped, "skipped"),
        (totals.not_run, "not run"),
        (totals.flaky, "flaky"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    let mut text = format!("## sealcheck: {verdict}\n\n{} scenarios: {}\n", totals.selected, counts.join(", "));
    let run = tally.run.as_ref().map(|run| run.to_string());
    let exit = tally.exit_code.map(|code| code.to_string());
    let facts = [
        ("target", Some(tally.target.clone())),
        ("profile", tally.info.profile.clone()),
        ("run", run),
        ("shard", tally.info.shard.map(|s| format!("{}/{}", s.index, s.total))),
        ("commit", tally.info.git.as_ref().map(|g| g.commit.clone())),
        ("began", Some(tally.started_at.clone())),
        ("took", Some(seconds(tally.duration_ms))),
        ("exit", exit),
    ];
    let facts: Vec<String> =
        facts.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", code(&value?)))).collect();
    writeln!(text, "\n{}", facts.join(" · ")).ok();
    if let Some(url) = tally.info.ci.as_ref().and_then(|ci| ci.run_url.as_ref()) {
        writeln!(text, "\n<{}>", plain(url).replace(['<', '>', ' '], "")).ok();
    }
    let snapshots = tally.snapshots();
    let mut notes: Vec<String> = Vec::new();
    notes.extend(tally.stopped.iter().map(|why| format!("it ended early: {}", code(why))));
    if !snapshots.pending.is_empty() {
        notes.push(format!("{} snapshots to review: `sealcheck snapshots review`", snapshots.pending.len()));
    }
    if snapshots.missing > 0 {
        notes.push(format!("{} scenarios have no accepted snapshot", snapshots.missing));
    }
    notes.extend(snapshots.obsolete.iter().take(20).map(|file| format!("obsolete snapshot {}", code(file))));
    let unknown: Vec<String> = tally.unknown().take(50).map(|id| code(id.as_str())).collect();
    if !unknown.is_empty() {
        notes.push(format!("nothing is known of {}", unknown.join(", ")));
    }
    if tally.redactions.leaks_found > 0 {
        notes.push(format!("{} files held a secret and were removed", tally.redactions.leaks_found));
    }
    if !notes.is_empty() {
        writeln!(text, "\n{}", notes.iter().map(|n| format!("- {n}")).collect::<Vec<_>>().join("\n")).ok();
    }
    text
}

/// What a run came to, in a few words.
pub(super) fn verdict(exit_code: Option<u8>) -> &'static str {
    match exit_code {
        Some(0) => "everything passed",
        Some(1) => "mail is broken",
        Some(3) => "inconclusive",
        Some(5) => "passed, but not clean",
        Some(6) => "a secret leaked",
        Some(7) => "a shard is missing",
        Some(_) => "stopped",
        None => "the run broke off",
    }
}

fn row(scenario: &ScenarioReport) -> String {
    let said = match scenario.status {
        Status::Skipped | Status::NotRun | Status::ExpectedFailure => scenario.reason.as_deref(),
        _ => scenario.attempts.last().map(|a| a.summary.as_str()),
    };
    let word = if scenario.flaky { "FLKY" } else { scenario.status.word() };
    let word = if super::tally::is_broken(scenario.status) { format!("**{word}**") } else { word.to_owned() };
    // Tables split at bars, also within code.
    let cell = |text: &str| code(text).replace('|', "\\|");
    let (id, time) = (cell(scenario.id.as_str()), seconds(scenario.duration_ms));
    format!("| {word} | {id} | {time} | {} |\n", cell(said.unwrap_or_default()))
}

fn section(scenario: &ScenarioReport) -> String {
    let trouble = Trouble::of(scenario);
    let text = diagnosis_text(scenario);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let title = format!("\n### {}: {}\n", code(scenario.id.as_str()), code(&trouble.code));
    format!("{title}\n{fence}text\n{}\n{fence}\n", text.trim_matches('\n'))
}

/// A text as code, on one line.
fn code(text: &str) -> String {
    let text = plain(text).replace('`', "'");
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}

/// Milliseconds as seconds, rounded as the console does.
pub(super) fn seconds(ms: u64) -> String {
    format!("{:.2} s", super::console::seconds(ms))
}
