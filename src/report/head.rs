//! What stands at the top of a page for people, whatever the page is made of.

use super::tally::Tally;
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

/// Whether something is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Good,
    Bad,
    Doubtful,
}

/// How many scenarios ended how, where there are any.
pub(super) fn counts(tally: &Tally) -> Vec<(usize, &'static str, Standing)> {
    let totals = &tally.totals;
    let mut counts = vec![(totals.passed, "passed", Standing::Good)];
    counts.extend(not_passed(totals));
    counts.push((totals.flaky, "flaky", Standing::Doubtful));
    counts.retain(|(count, ..)| *count > 0);
    counts
}

/// How many scenarios did not pass, by how they ended; zeros too.
pub(super) fn not_passed(totals: &Totals) -> [(usize, &'static str, Standing); 8] {
    [
        (totals.failed, "failed", Standing::Bad),
        (totals.timed_out, "timed out", Standing::Bad),
        (totals.late, "late", Standing::Bad),
        (totals.errored, "errored", Standing::Bad),
        (totals.unexpected_passes, "passed unexpectedly", Standing::Bad),
        (totals.expected_failures, "failed as known", Standing::Doubtful),
        (totals.skipped, "skipped", Standing::Doubtful),
        (totals.not_run, "not run", Standing::Doubtful),
    ]
}

/// Names and values: where and how the run was made.
pub(super) fn facts(tally: &Tally) -> Vec<(&'static str, String)> {
    let info = &tally.info;
    let facts = [
        ("target", Some(tally.target.clone())),
        ("profile", info.profile.clone()),
        ("run", tally.run.as_ref().map(ToString::to_string)),
        ("looks again at", tally.resumes.as_ref().map(ToString::to_string)),
        ("shard", info.shard.map(|s| format!("{}/{}", s.index, s.total))),
        ("host", info.host.clone()),
        ("commit", info.git.as_ref().map(|g| g.commit.clone())),
        ("began", Some(tally.started_at.clone())),
        ("took", Some(seconds(tally.duration_ms))),
        ("exit", tally.exit_code.map(|code| code.to_string())),
        ("tool", Some(tally.tool.clone())),
        ("job", info.ci.as_ref().and_then(|ci| ci.run_url.clone())),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// What is to be looked at beside the scenarios: our words, and a text that may come from elsewhere.
pub(super) fn notes(tally: &Tally) -> Vec<(String, Option<String>)> {
    let snapshots = tally.snapshots();
    let mut notes = Vec::new();
    notes.extend(tally.stopped.iter().map(|why| ("it ended early:".to_owned(), Some(why.clone()))));
    let commands = [
        (snapshots.pending.len(), "snapshots to review:", Some("sealcheck snapshots review".to_owned())),
        (snapshots.missing, "scenarios have no accepted snapshot", None),
        (tally.redactions.leaks_found, "files held a secret and were removed", None),
    ];
    let counted = commands.into_iter().filter(|(count, ..)| *count > 0);
    notes.extend(counted.map(|(count, words, text)| (format!("{count} {words}"), text)));
    let unknown: Vec<String> = tally.unknown().map(ToString::to_string).collect();
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
