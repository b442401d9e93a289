//! Runs that build on an earlier one: `--resume` looks again for its mail, `--failed` sends anew what did not pass in it.

use super::{run_args::RunArgs, run_info, run_settings::Settings};
use crate::{
    cli::{
        CliError, Project,
        commands::{options::Sources, recorded_runs},
        eprint_masked,
    },
    core::{RunId, ScenarioId},
    outcome::Status,
    report::run_summary::RunSummary,
    run::{Plan, resume::RecordedRun},
    target::TargetKind,
};
use std::collections::BTreeSet;

/// What to look at again of an earlier run; the settings become those of that run.
///
/// # Errors
/// When there is no such run, its world is gone, it was another one than the command line says, or a scenario is gone.
pub(super) fn resume(
    project: &Project,
    args: &RunArgs,
    settings: &mut Settings,
    sources: &Sources<'_>,
    named: &str,
) -> Result<Plan, CliError> {
    let typed = args.select.target;
    let record = recorded_runs::newest_of(project, named, typed)?;
    let name = record.name.clone();
    let no_run = || CliError::Usage(format!("{name} tells of no run"));
    let id = record.run().cloned().ok_or_else(no_run)?;
    // Every run has its folder beside that of the next.
    let folder = project.run_dir(&id).is_dir().then(|| format!("../{id}"));
    let past = RecordedRun::of(record.events, folder.as_deref()).ok_or_else(no_run)?;
    settings.options.target.value = as_it_was(&past, args, settings)?;
    settings.selection.shard = past.info.shard;
    if past.info.config_sha256 != run_info::config_sha256(project) {
        eprint_masked(&format!("warning: the project file is not the one of run {id}"));
    }
    let what = &args.select.what;
    let scenarios = project.scenarios(what)?;
    super::tell_of_variables(args, &scenarios)?;
    let scenarios = scenarios.into_iter().map(|s| settings.under(sources, s));
    let tags = &settings.selection.tags;
    let (plan, missing) = past.plan(scenarios.collect::<Vec<_>>(), |s| tags.as_ref().is_none_or(|t| t.holds(&s.tags)));
    if what.is_empty()
        && let Some(gone) = missing.first()
    {
        let text = format!("scenario {gone} of run {id} is not there any more, so its mail cannot be judged");
        return Err(CliError::Usage(text));
    }
    Ok(plan)
}

/// The target of a run that can be looked at again.
fn as_it_was(past: &RecordedRun, args: &RunArgs, settings: &Settings) -> Result<TargetKind, CliError> {
    let (run, target) = (&past.run, &past.target);
    let wrong = |text: String| Err(CliError::Usage(text));
    let profile =
        |name: &Option<String>| name.as_ref().map_or("no profile".to_owned(), |name| format!("profile {name}"));
    match target.parse::<TargetKind>() {
        Ok(kind) if args.select.target.is_some_and(|typed| typed != kind) => {
            wrong(format!("run {run} was against target {target}; leave --target out"))
        }
        Ok(TargetKind::Gmail) if past.info.profile != settings.options.profile.value => {
            let (was, is) = (profile(&past.info.profile), profile(&settings.options.profile.value));
            wrong(format!("run {run} was made with {was}, and this one has {is}; give the same"))
        }
        Ok(TargetKind::Gmail) if settings.selection.shard.is_some_and(|shard| past.info.shard != Some(shard)) => {
            let was =
                past.info.shard.map_or("was not divided".to_owned(), |s| format!("is shard {}/{}", s.index, s.total));
            wrong(format!("run {run} {was}; leave --shard out"))
        }
        Ok(TargetKind::Gmail) => Ok(TargetKind::Gmail),
        Ok(_) => wrong(format!("nothing to look at: the world of target {target} ended with run {run}")),
        Err(error) => wrong(format!("run {run}: {error}")),
    }
}

/// The scenarios that did not pass in an earlier run on this target, those that it never came to among them.
///
/// # Errors
/// When there is no such run, or it was on another target.
pub(super) fn failed(
    project: &Project,
    target: TargetKind,
    named: &str,
) -> Result<(RunId, BTreeSet<ScenarioId>), CliError> {
    let record = recorded_runs::newest_of(project, named, Some(target))?;
    let mut summary = RunSummary::default();
    record.events.iter().for_each(|event| summary.event(event));
    summary.close();
    let Some(run) = summary.run.clone() else {
        return Err(CliError::Usage(format!("{} tells of no run", record.name)));
    };
    if summary.target != target.as_str() {
        let text = format!("run {run} was against target {}, not {target}; choose with --target", summary.target);
        return Err(CliError::Usage(text));
    }
    let broken = summary.scenarios.iter().filter(|s| s.status.is_broken() || s.status == Status::NotRun).map(|s| &s.id);
    let ids = broken.chain(summary.unknown()).map(ScenarioId::once).collect();
    Ok((run, ids))
}
