//! What stands at the top of a page for people, whatever the page is made of.

use super::{RunSummary, console::Tone};
use crate::outcome::Totals;

/// How many obsolete or unknown things are named one by one.
const NAMED: usize = 20;

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

/// How many scenarios ended how, where there are any.
pub(super) fn counts(summary: &RunSummary) -> Vec<(usize, &'static str, Tone)> {
    let totals = &summary.totals;
    let mut counts = vec![(totals.passed, "passed", Tone::Good)];
    counts.extend(not_passed(totals));
    counts.push((totals.flaky, "flaky", Tone::Doubtful));
    counts.retain(|(count, ..)| *count > 0);
    counts
}

/// How many scenarios did not pass, by how they ended; zeros too.
pub(super) fn not_passed(totals: &Totals) -> [(usize, &'static str, Tone); 8] {
    [
        (totals.failed, "failed", Tone::Bad),
        (totals.timed_out, "timed out", Tone::Bad),
        (totals.late, "late", Tone::Bad),
        (totals.errored, "errored", Tone::Bad),
        (totals.unexpected_passes, "passed unexpectedly", Tone::Bad),
        (totals.expected_failures, "failed as known", Tone::Doubtful),
        (totals.skipped, "skipped", Tone::Doubtful),
        (totals.not_run, "not run", Tone::Doubtful),
    ]
}

/// Something that is known of how the run was made.
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
    /// Whether the value is the address of a page.
    pub(super) is_link: bool,
}

/// Where and how the run was made.
pub(super) fn facts(summary: &RunSummary) -> Vec<Fact> {
    let info = &summary.info;
    let facts = [
        ("target", Some(summary.target.clone())),
        ("profile", info.profile.clone()),
        ("run", summary.run.as_ref().map(ToString::to_string)),
        ("looks again at", summary.resumes.as_ref().map(ToString::to_string)),
        ("shard", info.shard.map(|s| format!("{}/{}", s.index, s.total))),
        ("host", info.host.clone()),
        ("commit", info.git.as_ref().map(|g| g.commit.clone())),
        ("began", Some(summary.started_at.clone())),
        ("took", Some(seconds(summary.duration_ms))),
        ("exit", summary.exit_code.map(|code| code.to_string())),
        ("tool", Some(summary.tool.clone())),
    ];
    let facts = facts.into_iter().filter_map(|(name, value)| Some(Fact { name, value: value?, is_link: false }));
    let job = info.ci.as_ref().and_then(|ci| ci.run_url.clone());
    facts.chain(job.map(|value| Fact { name: "job", value, is_link: true })).collect()
}

/// What is to be looked at beside the scenarios: our words, and a text that may come from elsewhere.
pub(super) fn notes(summary: &RunSummary) -> Vec<(String, Option<String>)> {
    let snapshots = summary.snapshots();
    let mut notes = Vec::new();
    notes.extend(summary.stopped.iter().map(|why| ("it ended early:".to_owned(), Some(why.clone()))));
    let commands = [
        (snapshots.pending.len(), "snapshots to review:", Some("sealcheck snapshots review".to_owned())),
        (snapshots.missing, "scenarios have no accepted snapshot", None),
        (summary.redactions.leaks_found, "files held a secret and were removed", None),
    ];
    let counted = commands.into_iter().filter(|(count, ..)| *count > 0);
    notes.extend(counted.map(|(count, words, text)| (format!("{count} {words}"), text)));
    let unknown: Vec<String> = summary.unknown().map(ToString::to_string).collect();
    for (words, all) in [("obsolete snapshot", snapshots.obsolete), ("nothing is known of", unknown)] {
        notes.extend(all.iter().take(NAMED).map(|one| (words.to_owned(), Some(one.clone()))));
        if all.len() > NAMED {
            notes.push((format!("{words}: {} more", all.len() - NAMED), None));
        }
    }
    notes
}

/// Milliseconds as seconds, rounded as the console does.
pub(super) fn seconds(ms: u64) -> String {
    format!("{:.2} s", super::console::seconds(ms))
}
