//! The whole of an attempt.

use super::{
    bounces,
    copies::{self, Level},
    mask::Mask,
    roles::Roles,
};
use crate::{
    evidence::Evidence,
    judge::snapshot::tree::Node,
    scenario::{Scenario, model::SnapshotPreset},
    target::Target,
};

/// What was seen, without anything that differs between runs of a sound system; `None` for [`SnapshotPreset::None`].
pub fn normalise(evidence: &Evidence, scenario: &Scenario, target: &Target, preset: SnapshotPreset) -> Option<String> {
    let level = match preset {
        SnapshotPreset::None => return None,
        SnapshotPreset::Auth => Level::Auth,
        SnapshotPreset::Trace => Level::Trace,
        SnapshotPreset::Full => Level::Full,
    };
    let mask = Mask::new(&evidence.sent, Roles::new(scenario, target));
    let mut entries: Vec<(String, Node)> = Vec::new();
    if !evidence.submission.accepted() {
        let reply = evidence.submission.deciding();
        let refused = reply.map_or_else(|| "no reply".to_owned(), |r| format!("{} at {}", r.reply, r.stage));
        entries.push(("refused".to_owned(), Node::scalar(mask.text(&refused))));
    }
    entries.extend(copies::nodes(evidence, target, level, &mask));
    let bounces = bounces::nodes(evidence, &mask);
    if !bounces.is_empty() {
        entries.push(("bounces".to_owned(), Node::List(bounces)));
    }
    Some(Node::Map(entries).to_text())
}
