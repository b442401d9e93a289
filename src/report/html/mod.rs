//! One page that holds everything and asks for nothing: no script, no font, no picture from elsewhere, and a policy that
//! forbids them. Every text is escaped.

mod diagram;
mod scenario_section;

use super::{
    RunSummary,
    console::Tone,
    page_header::{self, verdict},
};
use crate::{
    core::ScenarioId,
    outcome::{ObservedKind, ScenarioReport},
    report::plain,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    collections::HashMap,
    io::{self, Write},
};

const STYLE: &str = include_str!("style.css");

/// Writes the page for these events.
///
/// # Errors
/// Those of the writer, and when the reports of scenarios cannot be read again.
pub fn render(summary: &RunSummary, out: &mut dyn Write) -> io::Result<()> {
    let style = STANDARD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, STYLE.as_bytes()));
    let title = format!("sealcheck: {}", verdict(summary.exit_code));
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{style}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{}",
        head(summary, &title)
    )?;
    let rest = if summary.broken() == 0 { "Scenarios" } else { "Everything else" };
    let mut deliveries = Vec::with_capacity(summary.scenarios.len());
    for (title, broken) in [("What broke", true), (rest, false)] {
        for (n, scenario) in summary.reports_of(broken).enumerate() {
            let scenario = scenario?;
            let heading = if n == 0 { format!("<h2>{title}</h2>\n") } else { String::new() };
            write!(out, "{heading}{}", scenario_section::section(&scenario, broken))?;
            deliveries.push((scenario.id.clone(), copies(&scenario)));
        }
    }
    let deliveries = slowest(summary, deliveries);
    if !deliveries.is_empty() {
        let bars = diagram::bars(&deliveries);
        let title = "Time from the sender's server to the mailbox";
        write!(out, "<h2>{title}</h2>\n<div class=\"scroll\">{bars}</div>\n")?;
    }
    out.write_all(b"</body>\n</html>\n")
}

fn head(summary: &RunSummary, title: &str) -> String {
    let tone = match summary.exit_code {
        Some(0) => "good",
        Some(3 | 5) => "doubt",
        _ => "bad",
    };
    let counts = page_header::counts(summary)
        .into_iter()
        .map(|(count, word, tone)| format!("<span class=\"{}\">{count} {word}</span>", class(tone)));
    let counts: Vec<String> = counts.collect();
    let facts: String = page_header::facts(summary)
        .iter()
        .map(|fact| format!("<div><dt>{}</dt><dd>{}</dd></div>", fact.name, escaped(&fact.value)))
        .collect();
    let notes: Vec<String> = page_header::notes(summary)
        .into_iter()
        .map(|(words, text)| text.map_or(words.clone(), |text| format!("{words} {text}")))
        .collect();
    format!(
        "<h1 class=\"{tone}\">{title}</h1>\n<p>{} scenarios: {}</p>\n<dl class=\"facts\">{facts}</dl>\n{}",
        summary.totals.selected,
        counts.join(", "),
        list(&notes)
    )
}

/// How long the copies of the last attempt took.
fn copies(scenario: &ScenarioReport) -> Vec<(String, u64)> {
    let copies = scenario.attempts.last().into_iter().flat_map(|a| &a.observed);
    let copies = copies.filter(|o| o.kind == ObservedKind::Copy);
    copies.map(|o| (format!("{} ({}, {})", scenario.id, o.account, o.folder), o.after_ms)).collect()
}

/// The copies of all scenarios, the slowest first; of those that took the same time in the order of selection.
fn slowest(summary: &RunSummary, copies: Vec<(ScenarioId, Vec<(String, u64)>)>) -> Vec<(String, u64)> {
    let mut copies: HashMap<_, _> = copies.into_iter().collect();
    let mut all: Vec<_> = summary.scenarios.iter().filter_map(|s| copies.remove(&s.id)).flatten().collect();
    all.sort_by_key(|(_, ms)| std::cmp::Reverse(*ms));
    all
}

/// The class of what has this tone.
fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Bad => "bad",
        _ => "doubt",
    }
}

/// A text as it stands on one line of an element or in an attribute in double quotes: where a page goes to standard output, a
/// line of its own could be a command of the CI that reads it.
fn escaped(text: &str) -> String {
    let text = plain(text);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// A list, when there is something to list.
fn list(items: &[String]) -> String {
    if items.is_empty() {
        return String::new();
    }
    let items: String = items.iter().map(|item| format!("<li>{}</li>", escaped(item))).collect();
    format!("<ul>{items}</ul>\n")
}
