//! Doing what was typed.

use super::{
    render::{SnapshotStyle, name},
    review::review,
    snapshots_args::{Action, Selection, SnapshotsArgs},
    snapshots_context::{SnapshotsContext, SnapshotsError},
};
use crate::{
    core::visible::lines as shown,
    judge::snapshot::{Entry, SnapshotFileError, entries, obsolete},
    outcome::ExitCode,
};
use std::fs;

/// Runs `sealcheck snapshots …`.
///
/// # Errors
/// When a file or folder cannot be used, or the action cannot be done here.
pub fn act(args: &SnapshotsArgs, context: &mut SnapshotsContext<'_>) -> Result<ExitCode, SnapshotsError> {
    match &args.action {
        Action::Status(selection) => status(selection, context),
        Action::Review(_) if context.key.is_none() => Err(SnapshotsError::NoTerminal),
        Action::Review(selection) => with_pending(selection, context, review),
        Action::Show(selection) => show(selection, context),
        Action::Diff(selection) => with_pending(selection, context, diff),
        Action::Accept(selection) => with_pending(selection, context, |e, d| decide("accepted", accept, e, d)),
        Action::Reject(selection) => with_pending(selection, context, |e, d| decide("rejected", reject, e, d)),
        Action::Prune { selection, dry_run } => prune(selection, *dry_run, context),
    }
}

fn selected(selection: &Selection, context: &SnapshotsContext<'_>) -> Result<Vec<Entry>, SnapshotsError> {
    Ok(entries(context.dir)?.into_iter().filter(|e| selection.takes(e)).collect())
}

/// Nothing to do is a success, unless something was asked for by name.
fn nothing(what: &str, selection: &Selection, context: &mut SnapshotsContext<'_>) -> Result<ExitCode, SnapshotsError> {
    if selection.is_narrow() {
        writeln!(context.out, "no {what} snapshot {}", shown(&selection.words()))?;
        return Ok(ExitCode::NothingSelected);
    }
    writeln!(context.out, "no {what} snapshots")?;
    Ok(ExitCode::Success)
}

fn with_pending(
    selection: &Selection,
    context: &mut SnapshotsContext<'_>,
    act: impl FnOnce(&[Entry], &mut SnapshotsContext<'_>) -> Result<ExitCode, SnapshotsError>,
) -> Result<ExitCode, SnapshotsError> {
    let pending: Vec<Entry> = selected(selection, context)?.into_iter().filter(|e| e.pending).collect();
    if pending.is_empty() { nothing("pending", selection, context) } else { act(&pending, context) }
}

fn status(selection: &Selection, context: &mut SnapshotsContext<'_>) -> Result<ExitCode, SnapshotsError> {
    let found = selected(selection, context)?;
    if found.is_empty() && selection.is_narrow() {
        return nothing("such", selection, context);
    }
    let (mut accepted, mut pending, mut stale, mut broken) = (0, 0, 0, 0);
    let mut lines = Vec::new();
    for entry in &found {
        let belongs = context.known.as_ref().is_none_or(|known| known.contains(&entry.file));
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
    let obsolete =
        context.known.as_ref().map_or_else(|| "obsolete unknown".to_owned(), |_| format!("{stale} obsolete"));
    let broken_words = if broken > 0 { format!(", {broken} broken") } else { String::new() };
    writeln!(context.out, "{accepted} accepted, {pending} pending, {obsolete}{broken_words}")?;
    for (what, entry, words) in lines {
        writeln!(context.out, "  {what:<9} {:<30} {}", name(entry), shown(&words.join("; ")))?;
    }
    Ok(match (broken, pending + stale) {
        (0, 0) => ExitCode::Success,
        (0, _) => ExitCode::NotClean,
        _ => ExitCode::Inconclusive,
    })
}

fn show(selection: &Selection, context: &mut SnapshotsContext<'_>) -> Result<ExitCode, SnapshotsError> {
    let found = selected(selection, context)?;
    if found.is_empty() {
        return nothing(if selection.is_narrow() { "such" } else { "accepted" }, selection, context);
    }
    for (n, entry) in found.iter().enumerate() {
        let (file, state) = match entry.accepted()? {
            Some(file) => (file, "accepted"),
            None => (entry.waiting()?, "pending, nothing accepted yet"),
        };
        let gap = if n == 0 { "" } else { "\n" };
        writeln!(context.out, "{gap}# {} ({state})\n{}", name(entry), shown(&file.text()))?;
    }
    Ok(ExitCode::Success)
}

fn diff(pending: &[Entry], context: &mut SnapshotsContext<'_>) -> Result<ExitCode, SnapshotsError> {
    let style = SnapshotStyle { color: context.color };
    let mut code = ExitCode::Success;
    for entry in pending {
        writeln!(context.out, "{}", style.title(entry))?;
        match entry.proposal() {
            Ok(proposal) => write!(context.out, "{}", style.difference(&proposal))?,
            Err(error) => {
                writeln!(context.out, "  {}", style.problem(&error))?;
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
    context: &mut SnapshotsContext<'_>,
) -> Result<ExitCode, SnapshotsError> {
    let style = SnapshotStyle { color: context.color };
    let mut code = ExitCode::Success;
    for entry in pending {
        match act(entry) {
            Ok(words) => writeln!(context.out, "{done} {}{}", name(entry), shown(&words))?,
            Err(error) => {
                writeln!(context.out, "not {done} {}: {}", name(entry), style.problem(&error))?;
                code = ExitCode::Inconclusive;
            }
        }
    }
    Ok(code)
}

fn prune(selection: &Selection, dry_run: bool, context: &mut SnapshotsContext<'_>) -> Result<ExitCode, SnapshotsError> {
    let Some(known) = &context.known else { return Err(SnapshotsError::NoScenarios) };
    let chosen = selected(selection, context)?;
    let mut stale = obsolete(context.dir, known)?;
    stale.retain(|path| chosen.iter().any(|e| e.file == *path || e.pending_file() == *path));
    if stale.is_empty() {
        return nothing("obsolete", selection, context);
    }
    let done = if dry_run { "would remove" } else { "removed" };
    for path in &stale {
        if !dry_run {
            fs::remove_file(path)?;
        }
        writeln!(context.out, "{done} {}", shown(&path.to_string_lossy()))?;
    }
    Ok(ExitCode::Success)
}
