//! `sealcheck report`.

use super::{
    recorded,
    reports::{self, ReportArgs},
};
use crate::{
    cli::{Context, Failure, Global, failure::Outcome, project::Project},
    outcome::ExitCode,
};
use std::path::Path;

/// Arguments of `report`.
#[derive(Debug, clap::Args)]
pub struct ToldArgs {
    /// A record, a folder that holds one, or the id of a run (or its beginning) that this project keeps
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<String>,
    #[command(flatten)]
    output: ReportArgs,
}

/// Ends with 0 when everything was told, whatever the runs came to.
pub(in crate::cli) fn run(context: &Context, global: &Global, args: &ToldArgs) -> Outcome {
    let project = Project::find(context, global, &[])?;
    let specs = &args.output.reports;
    if args.runs.len() > 1 && specs.iter().any(|spec| spec.path.is_some()) {
        let text =
            "reports of several runs would all go to the same file; name one run, or `sealcheck merge` its shards";
        return Err(Failure::Usage(text.to_owned()));
    }
    let mut exit = ExitCode::Success;
    for named in &args.runs {
        let (file, record) = recorded::one(&project, named)?;
        reports::records_stay(std::slice::from_ref(&file), specs)?;
        let folder = file.parent().unwrap_or(Path::new(""));
        exit = exit.max(recorded::tell(context, global, (&args.output, specs), (record.events, folder))?);
    }
    Ok(exit)
}
