//! What survived the way, in words.

use super::{or_unknown, plain};
use crate::{
    outcome::{BodyChange, HeaderChange, SigningField, Survival},
    verify::Verdict,
};

/// A line for each signature, and a line for each thing that changed below those that it concerns.
pub(crate) fn lines(all: &[Survival]) -> Vec<String> {
    all.chunk_by(|a, b| a.headers == b.headers && a.body == b.body)
        .flat_map(|group| {
            let changes = group.iter().take(1).flat_map(changes).map(|change| format!("  {change}"));
            group.iter().map(head).chain(changes)
        })
        .collect()
}

/// The same for those signatures only that do not survive; a single line when all do.
pub(crate) fn broken_lines(all: &[Survival]) -> Vec<String> {
    let broken: Vec<Survival> = all.iter().filter(|one| !one.survives).cloned().collect();
    match (all.len(), broken.is_empty()) {
        (0, _) => Vec::new(),
        (1, true) => vec![format!("as it was sent, as far as {} covers it", name(&all[0]))],
        (n, true) => vec![format!("as it was sent, as far as its {n} signatures cover it")],
        (_, false) => lines(&broken),
    }
}

fn head(one: &Survival) -> String {
    let unchanged = one.headers.is_empty() && one.body.is_none();
    let word = match (one.verdict, unchanged) {
        (Some(Verdict::Pass) | None, true) => "survives",
        (Some(Verdict::Pass), false) => "survives; changed before it signed",
        (Some(_), true) => "covers nothing that changed since it was sent, and does not verify all the same",
        (_, false) => "does not survive",
    };
    format!("{}: {word}", name(one))
}

/// `DKIM d=sender.example s=ext`, `ARC i=1 d=company.example s=arc`.
fn name(one: &Survival) -> String {
    let signer = format!("d={} s={}", or_unknown(&one.d), or_unknown(&one.s));
    plain(&match (one.field, one.i) {
        (SigningField::Dkim, _) => format!("DKIM {signer}"),
        (SigningField::Ams, i) => format!("ARC i={} {signer}", i.unwrap_or_default()),
    })
}

fn changes(one: &Survival) -> impl Iterator<Item = String> {
    one.headers.iter().map(header).chain(one.body.iter().map(body))
}

fn header(change: &HeaderChange) -> String {
    let values = match (&change.before, &change.after) {
        (Some(before), Some(after)) => format!("\"{before}\" -> \"{after}\""),
        (Some(value), None) | (None, Some(value)) => format!("\"{value}\""),
        (None, None) => String::new(),
    };
    plain(&format!("{} {}: {values}", change.name, change.fate))
}

fn body(change: &BodyChange) -> String {
    let text = |line: &Option<String>| line.as_ref().map_or_else(|| "(no line)".to_owned(), |t| format!("\"{t}\""));
    let place = format!("body line {}, octet {}", change.line, change.octet);
    plain(&format!("{place}: {} -> {}", text(&change.before), text(&change.after)))
}
