//! One pending snapshot after the other, with the person deciding.

use super::{
    render::SnapshotStyle,
    snapshots_context::{SnapshotsContext, SnapshotsError},
};
use crate::{judge::snapshot::Entry, outcome::ExitCode};

/// Shows each with its changes and asks for a key. What is skipped stays pending.
pub(super) fn review(pending: &[Entry], context: &mut SnapshotsContext<'_>) -> Result<ExitCode, SnapshotsError> {
    let Some(key) = context.key.as_mut() else { return Err(SnapshotsError::NoTerminal) };
    let style = SnapshotStyle { color: context.color };
    let (mut accepted, mut rejected) = (0, 0);
    'snapshots: for (n, entry) in pending.iter().enumerate() {
        let proposal = entry.proposal();
        let shown = match &proposal {
            Ok(proposal) => style.difference(proposal),
            Err(error) => format!("  {}\n", style.problem(error)),
        };
        writeln!(context.out, "[{}/{}] {}\n{shown}", n + 1, pending.len(), style.title(entry))?;
        loop {
            write!(context.out, "  a accept · r reject · s skip · q quit: ")?;
            context.out.flush()?;
            let pressed = key()?.map(|k| k.to_ascii_lowercase());
            writeln!(context.out, "{}", pressed.filter(|k| k.is_ascii_graphic()).unwrap_or(' '))?;
            match pressed {
                Some('a') => {
                    let accepted_it = match &proposal {
                        Ok(proposal) => entry.accept(proposal).map_err(|error| style.problem(&error)),
                        Err(error) => Err(style.problem(error)),
                    };
                    if let Err(problem) = accepted_it {
                        writeln!(context.out, "  {problem}")?;
                        continue;
                    }
                    accepted += 1;
                }
                Some('r') => {
                    entry.reject()?;
                    rejected += 1;
                }
                Some('s') => {}
                Some('q') | None => break 'snapshots,
                Some(_) => continue,
            }
            break;
        }
    }
    let left = pending.len() - accepted - rejected;
    writeln!(context.out, "{accepted} accepted, {rejected} rejected, {left} still pending")?;
    Ok(if left == 0 { ExitCode::Success } else { ExitCode::NotClean })
}
