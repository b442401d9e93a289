//! Doing what was typed.

use super::{
    args::{Action, Selection, SnapshotsArgs},
    desk::{Desk, SnapshotsError},
    render::{Look, name},
    review::review,
};
use crate::{
    core::visible::lines as shown,
    judge::snapshot::{Entry, SnapshotFileError, entries, obsolete},
    outcome::ExitCode,
};
use std::{fs, path::PathBuf};

/// Runs `sealcheck snapshots …`.
///
/// # Errors
/// When a file or folder cannot be used, or the action cannot be done here.
pub fn run(args: &SnapshotsArgs, desk: &mut Desk<'_>) -> Result<ExitCode, SnapshotsError> {
    match &args.action {
        Action::Status(selection) => status(selection, desk),
        Action::Review(_) if desk.key.is_none() => Err(SnapshotsError::NoTerminal),
        Action::Review(selection) => with_pending(selection, desk, review),
        Action::Show(selection) => show(selection, desk),
        Action::Diff(selection) => with_pending(selection, desk, diff),
        Action::Accept(selection) => with_pending(selection, desk, |e, d| decide("accepted", accept, e, d)),
        Action::Reject(selection) => with_pending(selection, desk, |e, d| decide("rejected", reject, e, d)),
        Action::Prune { selection, dry_run } => prune(selection, *dry_run, desk),
    }
}

fn selected(selection: &Selection, desk: &Desk<'_>) -> Result<Vec<Entry>, SnapshotsError> {
    Ok(entries(desk.dir)?.into_iter().filter(|e| selection.takes(e)).collect())
}

/// Nothing to do is a success, unless something was asked for by name.
fn nothing(what: &str, selection: &Selection, desk: &mut Desk<'_>) -> Result<ExitCode, SnapshotsError> {
    if selection.is_narrow() {
        writeln!(desk.out, "no {what} snapshot {}", shown(&selection.words()))?;
        return Ok(ExitCode::NothingSelected);
    }
    writeln!(desk.out, "no {what} snapshots")?;
    Ok(ExitCode::Success)
}

fn with_pending(
    selection: &Selection,
    desk: &mut Desk<'_>,
    act: impl FnOnce(&[Entry], &mut Desk<'_>) -> Result<ExitCode, SnapshotsError>,
) -> Result<ExitCode, SnapshotsError> {
    let pending: Vec<Entry> = selected(selection, desk)?.into_iter().filter(|e| e.pending).collect();
    if pending.is_empty() { nothing("pending", selection, desk) } else { act(&pending, desk) }
}

fn status(selection: &Selection, desk: &mut Desk<'_>) -> Result<ExitCode, SnapshotsError> {
    let found = selected(selection, desk)?;
    if found.is_empty() && selection.is_narrow() {
        return nothing("such", selection, desk);
    }
    let (mut accepted, mut pending, mut stale, mut broken) = (0, 0, 0, 0);
    let mut lines = Vec::new();
    for entry in &found {
        let belongs = desk.known.as_ref().is_none_or(|known| known.contains(&entry.file));
        let read = entry.accepted();
        accepted += usize::from(matches!(read, Ok(Some(_))));
        if let Err(error) = read {
            broken += 1;
            lines.push(("broken", entry, vec![format!("{}; {}", error.problem, error.next)]));
        } else if entry.pending {
            match entry.proposal() {
                Ok(proposal) => lines.push(("pending", entry, proposal.words)),
                Err(error) => {
                    broken += 1;
                    lines.push(("broken", entry, vec![format!("{}; {}", error.problem, error.next)]));
                }
            }
        }
        pending += usize::from(entry.pending);
        if !belongs {
            stale += 1;
            lines.push(("obsolete", entry, vec!["no scenario has this snapshot".to_owned()]));
        }
    }
    let obsolete = desk.known.as_ref().map_or_else(|| "obsolete unknown".to_owned(), |_| format!("{stale} obsolete"));
    let broken_words = if broken > 0 { format!(", {broken} broken") } else { String::new() };
    writeln!(desk.out, "{accepted} accepted, {pending} pending, {obsolete}{broken_words}")?;
    for (what, entry, words) in lines {
        writeln!(desk.out, "  {what:<9} {:<30} {}", name(entry), shown(&words.join("; ")))?;
    }
    Ok(match (broken, pending + stale) {
        (0, 0) => ExitCode::Success,
        (0, _) => ExitCode::NotClean,
        _ => ExitCode::Inconclusive,
    })
}

fn show(selection: &Selection, desk: &mut Desk<'_>) -> Result<ExitCode, SnapshotsError> {
    let found = selected(selection, desk)?;
    if found.is_empty() {
        return nothing(if selection.is_narrow() { "such" } else { "accepted" }, selection, desk);
    }
    for (n, entry) in found.iter().enumerate() {
        let (file, state) = match entry.accepted()? {
            Some(file) => (file, "accepted"),
            None => (entry.waiting()?, "pending, nothing accepted yet"),
        };
        let gap = if n == 0 { "" } else { "\n" };
        writeln!(desk.out, "{gap}# {} ({state})\n{}", name(entry), shown(&file.text()))?;
    }
    Ok(ExitCode::Success)
}

fn diff(pending: &[Entry], desk: &mut Desk<'_>) -> Result<ExitCode, SnapshotsError> {
    let look = Look { color: desk.color };
    let mut code = ExitCode::Success;
    for entry in pending {
        writeln!(desk.out, "{}", look.title(entry))?;
        match entry.proposal() {
            Ok(proposal) => write!(desk.out, "{}", look.difference(&proposal))?,
            Err(error) => {
                writeln!(desk.out, "  {}", look.problem(&error))?;
                code = ExitCode::Inconclusive;
            }
        }
    }
    Ok(code)
}

/// Accepts what waits; what that changes, in words.
fn accept(entry: &Entry) -> Result<String, SnapshotFileError> {
    let proposal = entry.proposal()?;
    entry.accept(&proposal)?;
    Ok(format!(": {}", proposal.words.join("; ")))
}

fn reject(entry: &Entry) -> Result<String, SnapshotFileError> {
    entry.reject().map(|()| String::new())
}

/// Does the same with each, and says what came of it; one broken file does not stop the others.
fn decide(
    done: &str,
    act: impl Fn(&Entry) -> Result<String, SnapshotFileError>,
    pending: &[Entry],
    desk: &mut Desk<'_>,
) -> Result<ExitCode, SnapshotsError> {
    let look = Look { color: desk.color };
    let mut code = ExitCode::Success;
    for entry in pending {
        match act(entry) {
            Ok(words) => writeln!(desk.out, "{done} {}{}", name(entry), shown(&words))?,
            Err(error) => {
                writeln!(desk.out, "not {done} {}: {}", name(entry), look.problem(&error))?;
                code = ExitCode::Inconclusive;
            }
        }
    }
    Ok(code)
}

fn prune(selection: &Selection, dry_run: bool, desk: &mut Desk<'_>) -> Result<ExitCode, SnapshotsError> {
    let Some(known) = &desk.known else { return Err(SnapshotsError::NoScenarios) };
    let chosen = selected(selection, desk)?;
    let chosen = |path: &PathBuf| chosen.iter().any(|e| e.file == *path || e.pending_file() == *path);
    let stale: Vec<PathBuf> = obsolete(desk.dir, known)?.into_iter().filter(chosen).collect();
    if stale.is_empty() {
        return nothing("obsolete", selection, desk);
    }
    let done = if dry_run { "would remove" } else { "removed" };
    for path in &stale {
        if !dry_run {
            fs::remove_file(path)?;
        }
        writeln!(desk.out, "{done} {}", shown(&path.to_string_lossy()))?;
    }
    Ok(ExitCode::Success)
}
