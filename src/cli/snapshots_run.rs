//! What `sealcheck snapshots` needs from outside: the terminal, and which snapshots the scenarios may have.

use super::{
    Context, Global,
    cli_error::{CliError, CommandResult},
    commands::snapshots::{self, Key, SnapshotsArgs, SnapshotsContext, SnapshotsError},
    project::Project,
};
use std::io;

/// Runs `sealcheck snapshots …`.
pub(super) fn run(context: &Context, global: &Global, args: &SnapshotsArgs) -> CommandResult {
    let project = Project::find(context, global, &[])?;
    let mut key = || match ::console::Term::stdout().read_char() {
        Ok(key) => Ok(Some(key)),
        Err(e) if matches!(e.kind(), io::ErrorKind::Interrupted | io::ErrorKind::UnexpectedEof) => Ok(None),
        Err(e) => Err(e),
    };
    let key: &mut Key<'_> = &mut key;
    let mut context = SnapshotsContext {
        dir: &project.snapshots,
        known: project.known_snapshots(),
        color: context.color(global.color.asked(), context.stdout_is_terminal),
        out: &mut io::stdout().lock(),
        key: context.stdout_is_terminal.then_some(key),
    };
    snapshots::run(args, &mut context).or_else(|error| match error {
        // A reader that has gone away wanted no more.
        SnapshotsError::Io(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(crate::outcome::ExitCode::Success),
        SnapshotsError::Io(e) => Err(CliError::Inconclusive(e.to_string())),
        SnapshotsError::File(e) => Err(CliError::Inconclusive(e.to_string())),
        SnapshotsError::NoTerminal | SnapshotsError::NoScenarios => Err(CliError::Usage(error.to_string())),
    })
}
