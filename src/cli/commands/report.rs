//! `sealcheck report`.

use super::{
    recorded_runs,
    report_args::{self, ReportArgs},
};
use crate::{
    cli::{CliError, CommandResult, Context, Global, Project},
    outcome::ExitCode,
};
use std::path::Path;

/// Arguments of `report`.
#[derive(Debug, clap::Args)]
pub struct RecordArgs {
    /// A record, a folder that holds one, or the id of a run (or its beginning) that this project keeps
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<String>,
    #[command(flatten)]
    output: ReportArgs,
}

/// Ends with 0 when everything was told, whatever the runs came to.
pub(in crate::cli) fn run(context: &Context, global: &Global, args: &RecordArgs) -> CommandResult {
    let project = Project::find(context, global, &[])?;
    let specs = &args.output.reports;
    if args.runs.len() > 1 && specs.iter().any(|spec| spec.path.is_some()) {
        let text =
            "reports of several runs would all go to the same file; name one run, or `sealcheck merge` its shards";
        return Err(CliError::Usage(text.to_owned()));
    }
    let mut exit = ExitCode::Success;
    for named in &args.runs {
        let (file, record) = recorded_runs::one(&project, named)?;
        report_args::records_stay(std::slice::from_ref(&file), specs)?;
        let folder = file.parent().unwrap_or(Path::new(""));
        exit = exit.max(recorded_runs::replay(context, global, &args.output, specs, record.events, folder)?);
    }
    Ok(exit)
}
