//! Drawings, as SVG within the page.

use super::escaped;
use crate::{
    outcome::Observed,
    report::{
        page_header::seconds,
        path_hosts::{PathHost, path_hosts},
    },
};

/// The width of a character, and what a box has around its text.
const CHARACTER: usize = 8;
const PADDING: usize = 12;
/// The height of a box, and the room between two for an arrow.
const BOX: usize = 50;
const GAP: usize = 40;
/// The height of a bar with its room, and the width of the longest.
const ROW: usize = 22;
const LONGEST: u64 = 520;

/// The hosts on the way with arrows between them, and what each did to the message.
pub(super) fn path(seen: &Observed) -> String {
    let hosts = path_hosts(seen);
    if hosts.is_empty() {
        return String::new();
    }
    let widths: Vec<usize> = hosts.iter().map(width).collect();
    let whole = widths.iter().sum::<usize>() + GAP * (hosts.len() - 1) + 2;
    let mut parts = String::new();
    let mut x = 1;
    for (n, (host, width)) in hosts.iter().zip(&widths).enumerate() {
        if n > 0 {
            let (from, to, y) = (x - GAP + 4, x - 5, BOX / 2 + 1);
            parts.push_str(&format!(
                "<path class=\"arrow\" d=\"M{from} {y}H{}\"/><path class=\"head\" d=\"M{to} {y}l-8 -5v10z\"/>",
                to - 7
            ));
        }
        let tone = match host.good {
            Some(true) => " good",
            Some(false) => " bad",
            None => "",
        };
        let (host, said) = (escaped(&host.name), escaped(&host.said));
        let text = x + PADDING;
        parts.push_str(&format!(
            "<rect class=\"box{tone}\" x=\"{x}\" y=\"1\" width=\"{width}\" height=\"{BOX}\" rx=\"6\"/>\
             <text x=\"{text}\" y=\"21\">{host}</text><text class=\"faint{tone}\" x=\"{text}\" y=\"40\">{said}</text>"
        ));
        x += width + GAP;
    }
    let words: Vec<String> = hosts.iter().map(|s| format!("{} {}", s.name, s.said)).collect();
    let label = escaped(words.join(", then ").trim());
    let height = BOX + 2;
    format!(
        "<svg role=\"img\" aria-label=\"{label}\" width=\"{whole}\" height=\"{height}\" viewBox=\"0 0 {whole} {height}\">\
         {parts}</svg>"
    )
}

fn width(host: &PathHost) -> usize {
    let characters = host.name.chars().count().max(host.said.chars().count());
    characters * CHARACTER + 2 * PADDING
}

/// A bar for each of some times, in their order.
pub(super) fn bars(times: &[(String, u64)]) -> String {
    let longest = times.iter().map(|(_, ms)| *ms).max().unwrap_or(0).max(1);
    let label = times.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) * CHARACTER + PADDING;
    let rows = times.iter().enumerate().map(|(n, (name, ms))| {
        let (y, long) = (n * ROW, ms.saturating_mul(LONGEST) / longest + 1);
        let after = u64::try_from(label).unwrap_or(0) + long + 8;
        format!(
            "<text x=\"0\" y=\"{}\">{}</text><rect class=\"bar\" x=\"{label}\" y=\"{}\" width=\"{long}\" height=\"12\" rx=\"2\"/>\
             <text class=\"faint\" x=\"{after}\" y=\"{}\">{}</text>",
            y + 15,
            escaped(name),
            y + 5,
            y + 15,
            seconds(*ms)
        )
    });
    let rows: String = rows.collect();
    let (width, height) = (label + usize::try_from(LONGEST).unwrap_or(0) + 90, times.len() * ROW);
    format!(
        "<svg role=\"img\" aria-label=\"delivery times\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">{rows}</svg>"
    )
}
