//! `sealcheck man`.

use crate::{
    cli::{CliError, CommandResult, Context, args::Args, print},
    outcome::ExitCode,
};
use clap::CommandFactory;
use std::path::PathBuf;

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// Write sealcheck.1 and a page for every command into this folder [default: print sealcheck.1]
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

pub(in crate::cli) fn run(context: &Context, args: &ManArgs) -> CommandResult {
    let command = Args::command();
    match &args.directory {
        Some(shown) => {
            let directory = context.directory.join(shown);
            let written =
                std::fs::create_dir_all(&directory).and_then(|()| clap_mangen::generate_to(command, directory));
            written.map_err(|e| CliError::Output(format!("cannot write pages into {}: {e}", shown.display())))?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page).map_err(|e| CliError::Internal(e.to_string()))?;
            print(&String::from_utf8_lossy(&page))?;
        }
    }
    Ok(ExitCode::Success)
}
