//! What did the person type? Arguments become settings, commands become exit codes.

mod args;
mod cli_error;
pub mod commands;
mod context;
mod language;
mod project;
mod runtime;
mod signals;
mod snapshots_run;
mod usage;

pub use args::{Args, ColorChoice, Command, Global};
pub use cli_error::CliError;
pub use context::Context;

use crate::outcome::ExitCode;
use clap::{CommandFactory, FromArgMatches};
use context::{eprint_coloured, eprint_masked, print, print_coloured};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the program.
pub fn main(context: &Context) -> std::process::ExitCode {
    crate::core::open_files::raise();
    std::panic::set_hook(Box::new(|panic| {
        eprint_masked(&format!("sealcheck: internal error, please report it: {panic}"));
    }));
    let code = catch_unwind(AssertUnwindSafe(|| dispatch(context))).unwrap_or(ExitCode::Internal);
    // Tasks that are left behind may hold a world.
    crate::lab::end_programs();
    code.number().into()
}

fn dispatch(context: &Context) -> ExitCode {
    let parsed = Args::command().try_get_matches_from(&context.args);
    let parsed = parsed.and_then(|matches| Ok((Args::from_arg_matches(&matches)?, matches)));
    let (args, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            print_clap(context, &error);
            if let Some(name) = usage::variable(context, &error) {
                eprint_masked(&format!("note: the environment variable {name} says it"));
            }
            return if error.use_stderr() { ExitCode::Usage } else { ExitCode::Success };
        }
    };
    let global = &args.global;
    let typed = matches.subcommand().map_or(&matches, |(_, typed)| typed);
    let outcome = match args.command {
        Command::Init(args) => commands::init::run(context, &args),
        Command::Run(args) => commands::run::run(context, global, &args, typed),
        Command::List(args) => commands::list::run(context, global, &args),
        Command::Check(args) => commands::check::run(context, global, &args, typed),
        Command::Inspect(args) => commands::inspect::run(context, global, &args),
        Command::Explain(args) => commands::explain::run(context, &args),
        Command::Doctor(args) => commands::doctor::run(context, global, &args),
        Command::Auth(command) => commands::auth::run(context, global, &command),
        Command::Cleanup(args) => commands::cleanup::run(context, global, &args),
        Command::Lab(command) => commands::lab::run(context, global, &command),
        Command::Report(args) => commands::report::run(context, global, &args),
        Command::Merge(args) => commands::merge::run(context, global, &args),
        Command::History(args) => commands::history::run(context, global, &args),
        Command::Snapshots(args) => snapshots_run::run(context, global, &args),
        Command::Schema(args) => commands::schema::run(&args),
        Command::Completions(args) => commands::completions::run(&args),
        Command::Man(args) => commands::man::run(context, &args),
    };
    outcome.unwrap_or_else(|failure| {
        eprint_masked(&format!("error: {failure}"));
        failure.exit_code()
    })
}

/// What clap says. Help and version are no errors and go to standard output.
fn print_clap(context: &Context, error: &clap::Error) {
    let (text, is_error) = (error.render(), error.use_stderr());
    let is_terminal = if is_error { context.stderr_is_terminal } else { context.stdout_is_terminal };
    let (plain, coloured) = (text.to_string(), text.ansi().to_string());
    // There is nobody left to tell when that fails.
    match (is_error, context.color(None, is_terminal)) {
        (true, true) => eprint_coloured(coloured.trim_end()),
        (true, false) => eprint_masked(plain.trim_end()),
        (false, true) => drop(print_coloured(&coloured)),
        (false, false) => drop(print(&plain)),
    }
}
