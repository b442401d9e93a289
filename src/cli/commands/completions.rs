//! `sealcheck completions`.

use crate::{
    cli::{
        args::Args,
        cli_error::{CliError, CommandResult},
        context::print,
    },
    outcome::ExitCode,
};
use clap::CommandFactory;

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

pub(in crate::cli) fn run(args: &CompletionsArgs) -> CommandResult {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "sealcheck", &mut script);
    print(&String::from_utf8_lossy(&script)).map_err(|e| CliError::stdout(&e))?;
    Ok(ExitCode::Success)
}
