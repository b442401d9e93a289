//! One scenario: what it came to, what was seen, what was checked.

use super::{class, diagram, escaped, list};
use crate::{
    outcome::{AttemptReport, Observed, ObservedKind, ScenarioReport, SnapshotStatus},
    report::{
        claim_lines, console::diagnosis_text, or_unknown, page_header::seconds, said, survival_lines, tone, word,
    },
};

/// The element of a scenario, folded or not.
pub(super) fn section(scenario: &ScenarioReport, open: bool) -> String {
    let word = word(scenario);
    let mut text = format!(
        "<details class=\"scenario\"{}><summary><span class=\"word {}\">{word}</span> <span class=\"id\">{}</span> \
         <span class=\"time\">{}</span> <span class=\"said\">{}</span></summary>\n<div>\n",
        if open { " open" } else { "" },
        class(tone(scenario)),
        escaped(scenario.id.as_str()),
        seconds(scenario.duration_ms),
        escaped(said(scenario))
    );
    let tags = if scenario.tags.is_empty() { String::new() } else { format!(" [{}]", scenario.tags.join(", ")) };
    let place = format!("{}:{}", scenario.file, scenario.line);
    text.push_str(&format!(
        "<p>{} <span class=\"faint\">{}{}</span></p>\n",
        escaped(&scenario.name),
        escaped(&place),
        escaped(&tags)
    ));
    if scenario.status.is_broken() {
        let lines: Vec<String> = diagnosis_text(scenario).trim_matches('\n').split('\n').map(escaped).collect();
        text.push_str(&format!("<pre>{}</pre>\n", lines.join("\n")));
    }
    for attempt in &scenario.attempts {
        if scenario.attempts.len() > 1 {
            text.push_str(&format!("<h3>Attempt {}: {}</h3>\n", attempt.n, attempt.status.word()));
        }
        text.push_str(&of_attempt(attempt));
    }
    if let Some(snapshot) = &scenario.snapshot {
        let word = match snapshot.status {
            SnapshotStatus::Matched => "equals what was accepted",
            SnapshotStatus::Changed => "differs from what was accepted",
            SnapshotStatus::Missing => "was never accepted",
            SnapshotStatus::Written => "was accepted at once",
            SnapshotStatus::Skipped => "was not compared",
        };
        text.push_str(&format!("<p>Snapshot <code>{}</code> {word}.</p>\n", escaped(&snapshot.file)));
        text.push_str(&list(&snapshot.changes));
    }
    text.push_str("</div>\n</details>\n");
    text
}

fn of_attempt(attempt: &AttemptReport) -> String {
    let mut text: String = attempt.observed.iter().map(seen).collect();
    if !attempt.assertions.is_empty() {
        let rows = attempt.assertions.iter().map(|check| {
            let (tone, word) = if check.passed { ("good", "ok") } else { ("bad", "no") };
            format!(
                "<tr><td class=\"{tone}\">{word}</td><td><code>{}</code></td><td>{}</td><td>{}</td></tr>\n",
                escaped(&check.path.to_string()),
                escaped(&check.expected),
                escaped(&check.actual)
            )
        });
        let rows: String = rows.collect();
        text.push_str(
            "<h3>Checks</h3>\n<div class=\"scroll\"><table><tr><th></th><th>of</th><th>wanted</th><th>seen</th></tr>\n",
        );
        text.push_str(&format!("{rows}</table></div>\n"));
    }
    text.push_str(&list(&attempt.notes));
    if !attempt.steps.is_empty() {
        let rows = attempt.steps.iter().map(|step| {
            let (at, took) = (seconds(step.at_ms), seconds(step.duration_ms));
            let (kind, status) = (escaped(&step.kind.to_string()), escaped(&step.status.to_string()));
            format!("<tr><td>{kind}</td><td>{status}</td><td class=\"number\">{at}</td><td class=\"number\">{took}</td></tr>\n")
        });
        let rows: String = rows.collect();
        text.push_str("<details><summary>Steps</summary><table><tr><th>step</th><th></th><th>began after</th><th>took</th></tr>\n");
        text.push_str(&format!("{rows}</table></details>\n"));
    }
    if !attempt.artifacts.is_empty() {
        let files: Vec<String> = attempt.artifacts.iter().map(|a| a.path.clone()).collect();
        text.push_str(&format!("<details><summary>Files</summary>{}</details>\n", list(&files)));
    }
    text
}

/// A copy or a bounce.
fn seen(observed: &Observed) -> String {
    let mut text = format!(
        "<h3>A {} in {} of {} after {}</h3>\n",
        observed.kind,
        observed.folder,
        escaped(&observed.account),
        seconds(observed.after_ms)
    );
    if observed.kind == ObservedKind::Copy {
        text.push_str(&format!("<div class=\"scroll\">{}</div>\n", diagram::path(observed)));
    }
    if let Some(auth) = &observed.authentication_results {
        let rows = auth.results.iter().map(|r| {
            let about = r.domain().unwrap_or_default();
            let (method, result) = (escaped(&r.method), escaped(&r.result));
            let comment = escaped(r.comment.as_deref().unwrap_or_default());
            format!("<tr><td>{method}</td><td>{result}</td><td>{}</td><td>{comment}</td></tr>\n", escaped(about))
        });
        let (rows, by) = (rows.collect::<String>(), escaped(auth.authserv_id.as_deref().unwrap_or("nobody")));
        text.push_str(&format!("<div class=\"scroll\"><table><tr><th>{by} says</th><th></th><th>of</th><th></th></tr>\n{rows}</table></div>\n"));
    }
    if !observed.arc.is_empty() {
        let rows = observed.arc.iter().map(|seal| {
            let (tone, word) = if seal.verifies { ("good", "verifies") } else { ("bad", "does not verify") };
            format!(
                "<tr><td>i={}</td><td>{}</td><td>cv={}</td><td class=\"{tone}\">{word}</td></tr>\n",
                seal.i,
                escaped(or_unknown(&seal.by)),
                escaped(or_unknown(&seal.cv))
            )
        });
        let rows: String = rows.collect();
        text.push_str(&format!(
            "<table><tr><th>ARC</th><th>sealed by</th><th></th><th>here</th></tr>\n{rows}</table>\n"
        ));
    }
    if let Some(dsn) = &observed.dsn {
        let recipients = dsn.recipients.iter().map(|r| {
            format!("{} {}: {}", or_unknown(&r.action), or_unknown(&r.status), or_unknown(&r.diagnostic_code))
        });
        text.push_str(&list(&recipients.collect::<Vec<_>>()));
    }
    text.push_str(&list(&claim_lines::disagreements(&observed.claims)));
    text.push_str(&list(&survival_lines::broken_lines(&observed.survival)));
    text
}
