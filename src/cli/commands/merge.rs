//! `sealcheck merge`.

use super::{
    recorded_runs,
    report_args::{self, ReportArgs, ReportSpec},
};
use crate::{
    cli::{CliError, CommandResult, Context, Global, Project, eprint_masked},
    core::file::Access,
    outcome::ExitCode,
    report::{
        record_file::{Record, RecordError},
        shard_merge::merge,
    },
};
use std::path::{Path, PathBuf};

/// Arguments of `merge`.
#[derive(Debug, clap::Args)]
pub struct MergeArgs {
    /// A record, a folder with *.jsonl in it or below, or the id of a run (or its beginning) that this project keeps
    #[arg(value_name = "SHARD", required = true)]
    shards: Vec<String>,
    /// How many shards there must be
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    expect_shards: u16,
    /// Write the event stream of the whole to this file
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    #[command(flatten)]
    output: ReportArgs,
}

/// Ends as one run of everything would, and with 7 when a shard is missing, duplicated or foreign.
pub(in crate::cli) fn run(context: &Context, global: &Global, args: &MergeArgs) -> CommandResult {
    let project = Project::find(context, global, &[])?;
    let mut specs = args.output.reports.clone();
    specs.extend(args.record.iter().map(|path| ReportSpec::record(path.clone(), Access::Usual)));
    let mut records = Vec::new();
    let mut empty = Vec::new();
    for named in &args.shards {
        let files = recorded_runs::files(&project, named)?;
        report_args::records_stay(&files, &specs)?;
        for file in files {
            match Record::read(&file) {
                Ok(record) => records.push(record),
                Err(error @ RecordError::Empty { .. }) => empty.push(error.to_string()),
                Err(error) => return Err(error.into()),
            }
        }
    }
    let merged = merge(records, usize::from(args.expect_shards), context.new_run());
    for problem in empty.iter().chain(&merged.problems) {
        eprint_masked(&format!("error: {problem}"));
    }
    if merged.events.is_empty() {
        let shards = args.shards.join(" ");
        return Err(CliError::Shard(format!("there is no shard in {shards}; nothing can be told")));
    }
    let told = recorded_runs::replay(context, global, &args.output, &specs, merged.events, Path::new(""))?;
    let holed = if empty.is_empty() { ExitCode::Success } else { ExitCode::Shard };
    Ok(merged.exit.max(told).max(holed))
}
