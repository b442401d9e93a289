//! One page that holds everything and asks for nothing: no script, no font, no picture from elsewhere, and a policy that
//! forbids them. Every text is escaped.

mod diagram;
mod scenario;

use super::{
    head::{self, Standing, verdict},
    sink::plain,
    tally::Tally,
};
use crate::outcome::{ObservedKind, ScenarioReport, Status};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::io;

const STYLE: &str = include_str!("style.css");

/// The page for these events.
///
/// # Errors
/// Never; the signature is that of every document.
pub fn render(tally: &Tally) -> io::Result<String> {
    let (broken, others): (Vec<_>, Vec<_>) = tally.scenarios.iter().partition(|s| s.status.is_broken());
    let style = STANDARD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, STYLE.as_bytes()));
    let title = format!("sealcheck: {}", verdict(tally.exit_code));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{style}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    );
    page.push_str(&head(tally, &title));
    let rest = if broken.is_empty() { "Scenarios" } else { "Everything else" };
    for (title, scenarios, open) in [("What broke", broken, true), (rest, others, false)] {
        if !scenarios.is_empty() {
            page.push_str(&format!("<h2>{title}</h2>\n"));
            page.extend(scenarios.iter().map(|scenario| scenario::section(scenario, open)));
        }
    }
    let deliveries = deliveries(tally);
    if !deliveries.is_empty() {
        page.push_str("<h2>Time from the sender's server to the mailbox</h2>\n<div class=\"scroll\">");
        page.push_str(&diagram::bars(&deliveries));
        page.push_str("</div>\n");
    }
    page.push_str("</body>\n</html>\n");
    Ok(page)
}

fn head(tally: &Tally, title: &str) -> String {
    let tone = match tally.exit_code {
        Some(0) => "good",
        Some(3 | 5) => "doubt",
        _ => "bad",
    };
    let counts = head::counts(tally).into_iter().map(|(count, word, standing)| {
        let tone = match standing {
            Standing::Good => "good",
            Standing::Bad => "bad",
            Standing::Doubtful => "doubt",
        };
        format!("<span class=\"{tone}\">{count} {word}</span>")
    });
    let counts: Vec<String> = counts.collect();
    let fact = |(name, value): (&str, String)| format!("<div><dt>{name}</dt><dd>{}</dd></div>", escaped(&value));
    let facts: String = head::facts(tally).into_iter().map(fact).collect();
    let notes: Vec<String> = head::notes(tally)
        .into_iter()
        .map(|(words, text)| text.map_or(words.clone(), |text| format!("{words} {text}")))
        .collect();
    format!(
        "<h1 class=\"{tone}\">{title}</h1>\n<p>{} scenarios: {}</p>\n<dl class=\"facts\">{facts}</dl>\n{}",
        tally.totals.selected,
        counts.join(", "),
        list(&notes)
    )
}

/// How long the copies of the last attempts took, the slowest first.
fn deliveries(tally: &Tally) -> Vec<(String, u64)> {
    let of = |scenario: &ScenarioReport| {
        let copies = scenario.attempts.last().into_iter().flat_map(|a| &a.observed);
        let copies = copies.filter(|o| o.kind == ObservedKind::Copy);
        copies.map(|o| (format!("{} ({}, {})", scenario.id, o.account, o.folder), o.after_ms)).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = tally.scenarios.iter().flat_map(of).collect();
    all.sort_by_key(|(_, ms)| std::cmp::Reverse(*ms));
    all
}

/// The class of a status.
fn tone(scenario: &ScenarioReport) -> &'static str {
    match scenario.status {
        Status::Passed if scenario.flaky => "doubt",
        Status::Passed => "good",
        Status::Failed | Status::TimedOut | Status::Late | Status::Errored | Status::UnexpectedPass => "bad",
        Status::Skipped | Status::ExpectedFailure | Status::NotRun => "doubt",
    }
}

/// A text as it stands in an element or in an attribute in double quotes; line breaks stay.
fn escaped(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(plain).collect();
    let text = lines.join("\n");
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
