//! `sealcheck history`.

use crate::{
    cli::{CommandResult, Context, EVENTS, Format, Global, Project, eprint_masked, pretty, print},
    core::{glob, visible::plain},
    outcome::ExitCode,
    report::{
        record_file::Record,
        scenario_history::{History, histories},
    },
    target::TargetKind,
};
use serde_json::json;

/// How many results a sparkline shows.
const NEWEST: usize = 30;

/// Arguments of `history`.
#[derive(Debug, clap::Args)]
pub struct HistoryArgs {
    /// Only scenarios with this id; * and ? are wildcards
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Only runs on this target
    #[arg(long, value_name = "TARGET")]
    target: Option<TargetKind>,
    /// For people or for programs
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(in crate::cli) fn run(context: &Context, global: &Global, args: &HistoryArgs) -> CommandResult {
    let project = Project::find(context, global, &[])?;
    let mut records = Vec::new();
    for run in project.recorded() {
        match Record::read(&run.join(EVENTS)) {
            Ok(record) => records.push(record),
            // A run of another version is no reason to say nothing of the others.
            Err(error) => eprint_masked(&format!("warning: left out: {error}")),
        }
    }
    let mut all = histories(records);
    all.retain(|h| {
        args.target.is_none_or(|target| h.target == target.as_str())
            && (args.ids.is_empty() || args.ids.iter().any(|id| glob::fits(id, &h.id)))
    });
    let text = match args.format {
        Format::Text => table(&all),
        Format::Json => pretty(&json!({ "version": 1, "scenarios": all }))?,
    };
    print(&text)?;
    Ok(if all.is_empty() { ExitCode::NothingSelected } else { ExitCode::Success })
}

fn table(all: &[History]) -> String {
    let time = |ms: Option<u64>| match ms {
        Some(ms) => format!("{}.{:02}s", (ms + 5) / 1000, (ms + 5) % 1000 / 10),
        None => "-".to_owned(),
    };
    let wide = all.iter().map(|h| h.id.chars().count()).max().unwrap_or(0).max("scenario".len());
    let mut text = String::new();
    if !all.is_empty() {
        text.push_str(&format!(
            "{:<wide$}  {:<8}  {:>4}  {:>6}  {:>8}  {:>8}  newest last\n",
            "scenario", "target", "runs", "passed", "p50", "p95"
        ));
    }
    for history in all {
        let rate = format!("{} %", history.passed * 100 / history.runs.max(1));
        let (p50, p95) = (time(history.p50_ms), time(history.p95_ms));
        text.push_str(&plain(&format!(
            "{:<wide$}  {:<8}  {:>4}  {rate:>6}  {p50:>8}  {p95:>8}  {}",
            history.id,
            history.target,
            history.runs,
            history.sparkline(NEWEST)
        )));
        text.push('\n');
    }
    text
}
