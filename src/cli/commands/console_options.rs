//! How the console looks where it goes, shared by `run`, `report` and `merge`.

use super::report_args::{ConsoleOptions, ReportArgs};
use crate::{
    cli::{ColorChoice, Context},
    report::console::{Options, Palette, ProgressKind, Verbosity, columns},
};
use clap::ValueEnum;
use std::{path::Path, time::Duration};

/// How long the console may be silent without a terminal.
const PATIENCE: Duration = Duration::from_secs(30);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Progress {
    /// As a bar on a terminal, as lines elsewhere
    Auto,
    /// Redrawn lines
    Bar,
    /// A line when nothing happened for half a minute
    Lines,
    /// Not at all
    None,
}

/// The options of the console; files of scenarios are shown below `directory`.
pub(super) fn console_options(
    context: &Context,
    color: ColorChoice,
    args: &ReportArgs,
    progress: Progress,
    directory: &Path,
) -> ConsoleOptions {
    let verbosity = match (args.quiet, args.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, 0) => Verbosity::Normal,
        (false, 1) => Verbosity::Verbose,
        (false, _) => Verbosity::Everything,
    };
    let look = |is_terminal: bool, stderr: bool| Options {
        palette: Palette { color: context.color(color.asked(), is_terminal) },
        progress: match progress {
            Progress::Auto if is_terminal && !context.is_ci() => ProgressKind::Bar,
            Progress::Auto | Progress::Lines => ProgressKind::Lines,
            Progress::Bar => ProgressKind::Bar,
            Progress::None => ProgressKind::None,
        },
        verbosity,
        stderr,
        run_dir: directory.display().to_string(),
        columns: is_terminal.then(columns).flatten(),
        patience: PATIENCE,
    };
    let file = Options { palette: Palette { color: false }, progress: ProgressKind::None, ..look(false, false) };
    ConsoleOptions {
        stdout: look(context.stdout_is_terminal, false),
        stderr: look(context.stderr_is_terminal, true),
        file,
    }
}
