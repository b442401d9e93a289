//! `sealcheck check`.

use crate::{
    cli::{
        Context, Global,
        context::{complain, print},
        failure::{Failure, Outcome},
        project::Project,
    },
    outcome::ExitCode,
    scenario::load,
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
    let project = Project::find(context, global)?;
    let loaded = load(&project.scenarios, &args.what);
    if !loaded.errors.is_empty() {
        for error in &loaded.errors {
            complain(&format!("error: {error}\n"));
        }
        let errors = loaded.errors.len();
        return Err(Failure::Usage(format!("{errors} {} found", if errors == 1 { "mistake" } else { "mistakes" })));
    }
    let files: BTreeSet<_> = loaded.scenarios.iter().map(|s| &*s.file).collect();
    let text = format!("{} scenarios in {} files are sound\n", loaded.scenarios.len(), files.len());
    print(&text).map_err(|e| Failure::stdout(&e))?;
    Ok(ExitCode::Success)
}
