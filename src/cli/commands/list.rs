//! `sealcheck list`.

use super::select_args::SelectArgs;
use crate::{
    cli::{CommandResult, Context, Format, Global, Project, pretty, print},
    core::visible::plain,
    outcome::ExitCode,
    run::{Plan, PlannedScenario, Selection, plan::shard_of},
};
use serde_json::{Map, Value, json};

/// Arguments of `list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    select: SelectArgs,
    /// Show which of this many shards each scenario is in
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), conflicts_with = "shard")]
    shards: Option<u16>,
    /// For people or for programs
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(in crate::cli) fn run(context: &Context, global: &Global, args: &ListArgs) -> CommandResult {
    let scenarios = Project::find(context, global, &[])?.scenarios(&args.select.what)?;
    let SelectArgs { target, tag, .. } = &args.select;
    let shard = args.select.shard(context)?;
    let selection = Selection { target: *target, tags: tag.clone(), shard, repeat: 1 };
    let plan = Plan::select(scenarios, &selection);
    let part = |item: &PlannedScenario| -> Option<usize> {
        let place = plan.selection.iter().position(|id| *id == item.id)?;
        Some(shard_of(place, usize::from(args.shards?)))
    };
    let text = match args.format {
        Format::Text => plan.items.iter().map(|item| format!("{}\n", line(item, part(item)))).collect(),
        Format::Json => {
            let scenarios: Vec<Value> = plan.items.iter().map(|item| object(item, part(item))).collect();
            pretty(&json!({ "version": 1, "scenarios": scenarios }))?
        }
    };
    print(&text)?;
    Ok(if plan.items.is_empty() { ExitCode::NothingSelected } else { ExitCode::Success })
}

fn line(item: &PlannedScenario, shard: Option<usize>) -> String {
    let scenario = &item.scenario;
    let tags = if scenario.tags.is_empty() { String::new() } else { format!("  [{}]", scenario.tags.join(", ")) };
    let skip = if scenario.skip.is_some() { "  (skipped)" } else { "" };
    let shard = shard.map(|shard| format!("{shard:>3}  ")).unwrap_or_default();
    let known = scenario.known_issue.as_ref().map_or_else(String::new, |known| match known.rspamd() {
        Some(versions) => format!("  (known issue of rspamd {versions})"),
        None => "  (known issue)".to_owned(),
    });
    plain(&format!("{shard}{:<36} {}{tags}{skip}{known}", scenario.id, scenario.name))
}

fn object(item: &PlannedScenario, shard: Option<usize>) -> Value {
    let scenario = &item.scenario;
    let params: Map<String, Value> = scenario.params.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
    let when = scenario.known_issue.as_ref().and_then(|known| known.rspamd());
    let when = when.map(|versions| json!({ "rspamd": versions.to_string() }));
    json!({
        "id": scenario.id,
        "file": &*scenario.file,
        "name": scenario.name,
        "description": scenario.description,
        "tags": scenario.tags,
        "targets": scenario.targets.iter().map(|t| t.as_str()).collect::<Vec<_>>(),
        "params": params,
        "skip": scenario.skip,
        "known_issue": scenario.known_issue.as_ref().map(|k| &k.reason),
        "shard": shard,
        "known_issue_when": when,
    })
}
