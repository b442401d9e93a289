//! One pending snapshot after the other, with the person deciding.

use super::{
    desk::{Desk, SnapshotsError},
    render::Look,
};
use crate::{judge::snapshot::Entry, outcome::ExitCode};

/// Shows each with its changes and asks for a key. What is skipped stays pending.
pub(super) fn review(pending: &[Entry], desk: &mut Desk<'_>) -> Result<ExitCode, SnapshotsError> {
    let Some(key) = desk.key.as_mut() else { return Err(SnapshotsError::NoTerminal) };
    let look = Look { color: desk.color };
    let (mut accepted, mut rejected) = (0, 0);
    'snapshots: for (n, entry) in pending.iter().enumerate() {
        let proposal = entry.proposal();
        let shown = match &proposal {
            Ok(proposal) => look.difference(proposal),
            Err(error) => format!("  {}\n", look.problem(error)),
        };
        writeln!(desk.out, "[{}/{}] {}\n{shown}", n + 1, pending.len(), look.title(entry))?;
        loop {
            write!(desk.out, "  a accept · r reject · s skip · q quit: ")?;
            desk.out.flush()?;
            let pressed = key()?.map(|k| k.to_ascii_lowercase());
            writeln!(desk.out, "{}", pressed.filter(|k| k.is_ascii_graphic()).unwrap_or(' '))?;
            match pressed {
                Some('a') => {
                    let accepted_it = match &proposal {
                        Ok(proposal) => entry.accept(proposal).map_err(|error| look.problem(&error)),
                        Err(error) => Err(look.problem(error)),
                    };
                    if let Err(problem) = accepted_it {
                        writeln!(desk.out, "  {problem}")?;
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
    writeln!(desk.out, "{accepted} accepted, {rejected} rejected, {left} still pending")?;
    Ok(if left == 0 { ExitCode::Success } else { ExitCode::NotClean })
}
