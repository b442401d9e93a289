//! What did the person type? Arguments become settings, commands become exit codes.

mod args;
mod cli_error;
pub mod commands;
mod context;
mod language;
mod printing;
mod project;
mod runtime;
mod signals;
mod usage;

pub use args::{Args, ColorChoice, Command, Global};
pub use context::Context;

use crate::outcome::ExitCode;
use args::Format;
use clap::{CommandFactory, FromArgMatches};
use cli_error::{CliError, CommandResult};
use language::Language;
use printing::{eprint_coloured, eprint_masked, mask_with, pretty, print, print_coloured, print_secret};
use project::{EVENTS, Project, WorldRequest};
use runtime::block_on;
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
        Command::Snapshots(args) => commands::snapshots::run(context, global, &args),
        Command::Schema(args) => commands::schema::run(&args),
        Command::Completions(args) => commands::completions::run(&args),
        Command::Man(args) => commands::man::run(context, &args),
    };
    outcome.unwrap_or_else(|error| {
        eprint_masked(&format!("error: {error}"));
        error.exit_code()
    })
}

/// What clap says. Help and version are no errors and go to standard output.
fn print_clap(context: &Context, error: &clap::Error) {
    let text = error.render();
    if error.use_stderr() {
        if context.color(None, context.stderr_is_terminal) {
            eprint_coloured(text.ansi().to_string().trim_end());
        } else {
            eprint_masked(text.to_string().trim_end());
        }
    } else if context.color(None, context.stdout_is_terminal) {
        // There is nobody left to tell when that fails.
        print_coloured(&text.ansi().to_string()).ok();
    } else {
        print(&text.to_string()).ok();
    }
}
