//! What is wrong with a scenario, in the few words that every report needs.

use super::plain;
use crate::{
    core::recorded::recorded_words,
    outcome::{AttemptReport, CheckResult, Confidence, Diagnosis, EvidenceRef, ScenarioReport, SnapshotStatus, Status},
};

/// What is wrong: a code to sort by, a title, and the parts.
#[derive(Debug, Clone, PartialEq)]
pub struct FailureSummary<'a> {
    /// A diagnosis code, a harness code, or the path of the first check that failed.
    pub code: String,
    /// One line.
    pub title: String,
    /// Every check that failed.
    pub checks: Vec<&'a CheckResult>,
    /// More lines: what changed, what to do next.
    pub notes: Vec<(NoteKind, String)>,
}

recorded_words! {
    /// What a line says beside the title.
    pub enum NoteKind {
        /// A copy or a bounce.
        Seen = "seen",
        /// The way that a copy took.
        Path = "path",
        /// A claim of a server that does not hold.
        Trust = "trust",
        /// What became of a signature.
        Diff = "diff",
        /// What was looked at.
        Checked = "checked",
        /// Something else that is worth a word.
        Note = "note",
        /// The cause of an error.
        Cause = "cause",
        /// Evidence of the cause.
        Why = "why",
        /// What is not the cause.
        RuledOut = "ruled out",
        /// Another cause that may be.
        Perhaps = "perhaps",
        /// Another cause.
        Also = "also",
        /// A difference to the snapshot.
        Changed = "changed",
        /// The known issue.
        Known = "known",
        /// What to do.
        Next = "next",
        /// Where artifacts are.
        Files = "files",
    }
}

/// A line of an artifact: `received.eml:12: ARC-Seal: …`.
fn quoted(evidence: &EvidenceRef) -> String {
    let line = if evidence.line == 0 { String::new() } else { format!(":{}", evidence.line) };
    plain(&format!("{}{line}: {}", evidence.artifact, evidence.text))
}

/// A cause with the first line that it rests on.
fn named(diagnosis: &Diagnosis) -> String {
    let why = diagnosis.evidence.first().map(|e| format!(": {}", quoted(e))).unwrap_or_default();
    format!("{} {}{why}", diagnosis.code, plain(&diagnosis.title))
}

/// Everything that a diagnosis rests on, and what to do next.
pub(super) fn reasons(diagnosis: &Diagnosis) -> Vec<(NoteKind, String)> {
    let seen = diagnosis.evidence.iter().map(|e| (NoteKind::Why, quoted(e)));
    let excluded = diagnosis.ruled_out.iter().map(|r| (NoteKind::RuledOut, plain(r)));
    let next = diagnosis.next.iter().map(|n| (NoteKind::Next, plain(n)));
    seen.chain(excluded).chain(next).collect()
}

impl<'a> FailureSummary<'a> {
    /// What is wrong with a scenario that ended badly.
    pub fn of(scenario: &'a ScenarioReport) -> Self {
        if scenario.status == Status::UnexpectedPass {
            let reason = scenario.reason.as_deref().unwrap_or("no reason given");
            return Self {
                code: "known_issue".into(),
                title: format!("passed, although a failure is known: {}", plain(reason)),
                checks: Vec::new(),
                notes: vec![(NoteKind::Next, "remove known_issue from the scenario".into())],
            };
        }
        let Some(attempt) = scenario.attempts.last() else {
            let reason = scenario.reason.as_deref().unwrap_or("no attempt was made");
            return Self { code: "error".into(), title: plain(reason), checks: Vec::new(), notes: Vec::new() };
        };
        let mut failure = Self::in_attempt(attempt);
        if let Some(snapshot) = &scenario.snapshot
            && snapshot.status == SnapshotStatus::Changed
        {
            let unwritten =
                attempt.error.as_ref().map(|e| (NoteKind::Note, plain(&format!("{}: {}", e.stage, e.message))));
            failure.notes.splice(0..0, unwritten);
            failure.code = "snapshot".into();
            failure.title = format!("what was seen differs from {}", plain(&snapshot.file));
            failure.notes.extend(snapshot.changes.iter().map(|c| (NoteKind::Changed, plain(c))));
            failure.notes.push((
                NoteKind::Next,
                match &snapshot.wrote {
                    Some(_) => format!("sealcheck snapshots review {}", plain(scenario.id.as_str())),
                    None => "run again with --update pending, then sealcheck snapshots review".into(),
                },
            ));
        }
        if let (Status::Failed | Status::TimedOut | Status::Late, Some(reason)) = (scenario.status, &scenario.reason) {
            failure.notes.push((NoteKind::Known, plain(reason)));
        }
        failure
    }

    /// What is wrong with one attempt.
    pub fn in_attempt(attempt: &'a AttemptReport) -> Self {
        let checks: Vec<_> = attempt.assertions.iter().filter(|c| !c.passed).collect();
        let mut notes = Vec::new();
        let (code, title) = match (attempt.diagnosis.first(), checks.first(), &attempt.error) {
            (Some(diagnosis), Some(_), _) | (Some(diagnosis), None, None) => {
                (plain(&diagnosis.code.to_string()), plain(&diagnosis.title))
            }
            (_, _, Some(error)) => (error.kind.to_string(), plain(&format!("{}: {}", error.stage, error.message))),
            (_, Some(check), None) => {
                let more = match checks.len() {
                    1 => String::new(),
                    n => format!(", and {} more", n - 1),
                };
                (
                    plain(&check.path.to_string()),
                    format!("wanted {}, saw {}{more}", plain(&check.expected), plain(&check.actual)),
                )
            }
            _ => ("error".to_owned(), format!("the attempt ended as {}", attempt.status.word())),
        };
        notes.extend(attempt.checked.iter().map(|line| (NoteKind::Checked, plain(line))));
        notes.extend(attempt.notes.iter().map(|line| (NoteKind::Note, plain(line))));
        if let Some((first, others)) = attempt.diagnosis.split_first() {
            if checks.is_empty() && attempt.error.is_some() {
                // The head has the code of the error.
                notes.push((NoteKind::Cause, named(first)));
            } else {
                notes.extend(first.evidence.iter().map(|e| (NoteKind::Why, quoted(e))));
            }
            notes.extend(first.ruled_out.iter().map(|r| (NoteKind::RuledOut, plain(r))));
            for other in others {
                let kind = if other.confidence == Confidence::Low { NoteKind::Perhaps } else { NoteKind::Also };
                notes.push((kind, named(other)));
            }
            notes.extend(first.next.iter().map(|n| (NoteKind::Next, plain(n))));
        }
        if let Some(error) = &attempt.error {
            notes.push((NoteKind::Next, plain(&error.next)));
        }
        Self { code, title, checks, notes }
    }

    /// Everything but the title as plain lines: `scenarios/x.yaml:32:14: expect[0].delivered.auth.arc: wanted …, saw …`.
    pub fn lines(&self) -> Vec<String> {
        let checks = self.checks.iter().map(|c| {
            let (wanted, saw) = (plain(&c.expected), plain(&c.actual));
            let (file, path) = (plain(&c.file), plain(&c.path.to_string()));
            format!("{file}:{}:{}: {path}: wanted {wanted}, saw {saw}", c.line, c.column)
        });
        checks.chain(self.notes.iter().map(|(kind, text)| format!("{kind}: {text}"))).collect()
    }
}
