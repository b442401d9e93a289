//! `sealcheck run`.

mod earlier;
mod run_args;
mod run_info;
mod run_record;
mod run_settings;

pub(super) use run_args::LISTEN;
pub(super) use run_args::Obsolete;
pub use run_args::RunArgs;
pub(super) use run_settings::Settings;

use crate::{
    cli::{
        CliError, CommandResult, Context, EVENTS, Global, Project, WorldRequest, block_on,
        commands::{
            console_options::console_options,
            options::Sources,
            report_args::{self, ReportSpec, reporters},
        },
        eprint_masked, mask_with, print,
        signals::{self, Signals},
    },
    core::{Redactor, deadline, file::Access},
    judge::snapshot::Store,
    outcome::ExitCode,
    report::{ReporterThread, console::diagnosis_text},
    run::{self, ArtifactPolicy, EventSender, Plan, RunDir, Stop},
    scenario::Scenario,
};
use clap::ArgMatches;
use run_args::NoTests;
use run_record::RunRecord;
use std::path::Path;

/// The variable by which tests shorten or lengthen every limit of a connection; a run with it says so.
const TEST_TIME_SCALE: &str = "SEALCHECK_TEST_TIME_SCALE";

pub(in crate::cli) fn run(context: &Context, global: &Global, args: &RunArgs, matches: &ArgMatches) -> CommandResult {
    if let Some(factor) = context.variable(TEST_TIME_SCALE) {
        deadline::scale_by(factor).map_err(|wrong| CliError::Usage(format!("{TEST_TIME_SCALE}: {wrong}")))?;
    }
    let project = Project::find(context, global, &args.changes())?;
    let sources = Sources::new(context, global, args, matches, &project)?;
    let mut settings = Settings::of(&sources, args)?;
    let running = &args.running;
    let mut chosen = format!("scenario for target {}", settings.options.target.value);
    let mut plan = match &running.resume {
        Some(named) => earlier::resume(&project, args, &mut settings, &sources, named)?,
        None => {
            let mut scenarios = project.scenarios(&args.select.what)?;
            tell_of_variables(args, &scenarios)?;
            if let Some(named) = &running.failed {
                let (run, failed) = earlier::failed(&project, settings.options.target.value, named)?;
                scenarios.retain(|s| failed.contains(&s.id));
                chosen.push_str(&format!(" that did not pass in run {run}"));
            }
            Plan::select(scenarios.into_iter().map(|s| settings.under(&sources, s)), &settings.selection)
        }
    };
    if running.list {
        let ids: String = plan.items.iter().map(|i| format!("{}\n", i.id)).collect();
        print(&ids)?;
        return Ok(ExitCode::Success);
    }
    // A shard may have nothing to do; the others need its record all the same.
    if plan.selection.is_empty() {
        if running.no_tests == NoTests::Pass {
            return Ok(ExitCode::Success);
        }
        eprint_masked(&format!("no {chosen} was selected; `sealcheck list` shows what there is"));
        return Ok(ExitCode::NothingSelected);
    }
    plan.obsolete_snapshots = obsolete_snapshots(&project, settings.options.obsolete.value)?;
    block_on(execute(context, args, &project, settings, plan))
}

/// Says what is odd about the variables of the command line.
///
/// # Errors
/// When one of them can have no effect.
fn tell_of_variables(args: &RunArgs, scenarios: &[Scenario]) -> Result<(), CliError> {
    let (errors, warnings) = args.values.misused(scenarios)?;
    warnings.iter().for_each(|warning| eprint_masked(&warning.to_string()));
    if errors.is_empty() { Ok(()) } else { Err(CliError::mistakes(&errors)) }
}

async fn execute(
    context: &Context,
    args: &RunArgs,
    project: &Project,
    settings: Settings,
    plan: Plan,
) -> CommandResult {
    let listening = Signals::new().map_err(|e| CliError::Internal(format!("cannot listen for signals: {e}")))?;
    let stop = Stop::new();
    let signals = signals::stop_run(listening, stop.clone());
    let redactor = Redactor::new();
    mask_with(&redactor);
    let Settings { options, lab, selection, vars } = settings;
    let renamed = args.values.renamed(selection.shard);
    let wanted = WorldRequest { kind: options.target.value, settings: lab, renamed: &renamed, vars: &vars };
    let worlds = project.world_source(context, wanted, &plan, &redactor).await?;
    check_names(&plan, &options.report.value, &redactor)?;
    let run = context.new_run();
    let directory = project.run_dir(&run);
    let info = run_info::info(context, project, options.profile.value.clone(), selection.shard).await;
    let consoles =
        console_options(context, options.color.value, &args.output.reports, options.progress.value, &directory);
    let record = record(&directory, options.artifacts.value);
    let copy = args.output.record.iter().map(|path| ReportSpec::record(path.clone(), Access::Usual));
    let reports: Vec<ReportSpec> = copy.chain(options.report.value.clone()).collect();
    let files: Vec<ReportSpec> = record.iter().chain(&reports).cloned().collect();
    report_args::writable(&files)?;
    project.make_private();
    let record = RunRecord::new(record, &redactor);
    let reporters = reporters(context, &reports, consoles, &redactor)?;
    let (events, received) = std::sync::mpsc::channel();
    let reporting = ReporterThread::start(received, reporters).map_err(|e| CliError::Internal(e.to_string()))?;
    let run_dir = RunDir::new(directory, redactor.clone());
    let snapshots = Store::new(&project.snapshots, options.update.value, redactor.clone());
    let options = options.for_run(run::Options {
        info,
        vars,
        // Another shard may have something to run.
        all_skipped: match (args.running.no_tests, selection.shard) {
            (NoTests::Fail, None) => ExitCode::NothingSelected,
            _ => ExitCode::Success,
        },
        sent: Some(project.sent()),
        ..run::Options::new(run, worlds, snapshots, run_dir, diagnosis_text, redactor.clone())
    });
    let written = record.clone();
    let events = EventSender::new(events, context.clock.clone())
        .masked_by(redactor.clone())
        .recorded_by(move |event| written.write(event));
    let outcome = run::run(plan, options, events, stop).await;
    let errors: Vec<_> = reporting.join().into_iter().chain(record.close()).collect();
    signals.abort();
    let (totals, exit) = outcome.map_err(|run::PlanErrors(problems)| CliError::mistakes(&problems))?;
    if totals.is_all_skipped() {
        eprint_masked("everything that was selected is skipped");
    }
    let leaks = report_args::leaks(&files, &redactor);
    project.tidy();
    Ok(exit.max(report_args::tell_errors(errors.iter().map(ToString::to_string).chain(leaks))))
}

/// Where the run is recorded. Without artifacts a run does without a record that cannot be written.
fn record(directory: &Path, artifacts: ArtifactPolicy) -> Option<ReportSpec> {
    let path = directory.join(EVENTS);
    let record = ReportSpec::record(path.clone(), Access::Private);
    match record.unwritable() {
        Some(error) if artifacts == ArtifactPolicy::None => {
            let shown = path.display();
            eprint_masked(&format!("warning: the run is not recorded, since {shown} cannot be written: {error}"));
            None
        }
        _ => Some(record),
    }
}

/// The snapshots that belong to no scenario, as far as anybody wants to know.
fn obsolete_snapshots(project: &Project, obsolete: Obsolete) -> Result<Vec<String>, CliError> {
    let found = if obsolete == Obsolete::Ignore { Some(Vec::new()) } else { project.obsolete_snapshots() };
    let untold =
        "which snapshots are obsolete cannot be told, since not all scenarios can be read; see `sealcheck check`";
    match found {
        Some(found) => Ok(found),
        None if obsolete == Obsolete::Fail => Err(CliError::Usage(format!("--obsolete fail: {untold}"))),
        None => {
            eprint_masked(&format!("warning: {untold}"));
            Ok(Vec::new())
        }
    }
}

/// Names of files are shown, and no mask can be put over them.
fn check_names(plan: &Plan, reports: &[ReportSpec], redactor: &Redactor) -> Result<(), CliError> {
    let ids = plan.items.iter().map(|item| item.id.as_str().to_owned());
    let paths = reports.iter().filter_map(|spec| spec.path.as_ref()).map(|path| path.display().to_string());
    match ids.chain(paths).find(|name| redactor.leaks(name.as_bytes())) {
        Some(name) => Err(CliError::Usage(format!("the name `{name}` holds a secret; name the file otherwise"))),
        None => Ok(()),
    }
}
