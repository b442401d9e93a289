//! `sealcheck snapshots`: looking at, accepting and removing the regression files.

mod actions;
mod render;
mod review;
mod snapshots_args;
mod snapshots_context;

pub use actions::act;
pub use snapshots_args::{Action, Selection, SnapshotsArgs};
pub use snapshots_context::{Key, SnapshotsContext, SnapshotsError};

use crate::{
    cli::{CliError, CommandResult, Context, Global, Project},
    outcome::ExitCode,
};
use std::io;

pub(in crate::cli) fn run(context: &Context, global: &Global, args: &SnapshotsArgs) -> CommandResult {
    let project = Project::find(context, global, &[])?;
    let mut key = || match ::console::Term::stdout().read_char() {
        Ok(key) => Ok(Some(key)),
        Err(e) if matches!(e.kind(), io::ErrorKind::Interrupted | io::ErrorKind::UnexpectedEof) => Ok(None),
        Err(e) => Err(e),
    };
    let key: &mut Key<'_> = &mut key;
    let mut snapshots = SnapshotsContext {
        dir: &project.snapshots,
        known: project.known_snapshots(),
        color: context.color(global.color.asked(), context.stdout_is_terminal),
        out: &mut io::stdout().lock(),
        key: context.stdout_is_terminal.then_some(key),
    };
    act(args, &mut snapshots).or_else(|error| match error {
        // A reader that has gone away wanted no more.
        SnapshotsError::Io(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::Success),
        SnapshotsError::Io(_) | SnapshotsError::File(_) => Err(CliError::Inconclusive(error.to_string())),
        SnapshotsError::NoTerminal | SnapshotsError::NoScenarios => Err(CliError::Usage(error.to_string())),
    })
}
