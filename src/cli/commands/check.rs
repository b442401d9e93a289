//! `sealcheck check`.

use crate::{
    cli::{
        Context, Global,
        context::print,
        failure::{Failure, Outcome},
        project::Project,
    },
    outcome::ExitCode,
};
use std::collections::BTreeSet;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Files, folders, ids or globs of either [default: all scenarios of the project]
    #[arg(value_name = "PATH|ID|GLOB")]
    what: Vec<String>,
}

pub(in crate::cli) fn run(context: &Context, global: &Global, args: &CheckArgs) -> Outcome {
    let scenarios = Project::find(context, global, &[])?.scenarios(&args.what)?;
    let files: BTreeSet<_> = scenarios.iter().map(|s| &*s.file).collect();
    let text = format!("{} scenarios in {} files are sound\n", scenarios.len(), files.len());
    print(&text).map_err(|e| Failure::stdout(&e))?;
    Ok(ExitCode::Success)
}
