//! `sealcheck run`.

mod earlier;
mod run_args;
mod run_info;
mod run_record;
mod run_settings;

pub(super) use run_args::LISTEN;
pub use run_args::RunArgs;
pub(super) use run_args::{Artifacts, Flaky, Obsolete};
pub(super) use run_settings::Settings;

use crate::{
    cli::{
        Context, Global,
        cli_error::{CliError, CommandResult},
        commands::{
            console_options::console_options,
            options::Sources,
            report_args::{self, ReportSpec, reporters},
        },
        context::{eprint_masked, mask_with, print},
        project::{EVENTS, Project},
        runtime::block_on,
        signals::{self, Signals},
    },
    core::{Redactor, deadline, file::Access},
    judge::snapshot::Store,
    outcome::ExitCode,
    report::{self, ReporterThread},
    run::{self, ArtifactPolicy, EventSender, FlakyPolicy, Plan, RunDir, Stop},
    scenario::Scenario,
};
use clap::ArgMatches;
use run_args::NoTests;
use run_record::RunRecord;

/// The variable by which tests shorten every limit of a connection; a run with it says so.
const TEST_TIME_SCALE: &str = "SEALCHECK_TEST_TIME_SCALE";

pub(in crate::cli) fn run(context: &Context, global: &Global, args: &RunArgs, matches: &ArgMatches) -> CommandResult {
    if let Some(factor) = context.variable(TEST_TIME_SCALE) {
        deadline::scale_by(factor).map_err(|wrong| CliError::Usage(format!("{TEST_TIME_SCALE}: {wrong}")))?;
    }
    let project = Project::find(context, global, &args.changes())?;
    let sources = Sources::new(context, (global, args, matches), &project)?;
    let mut settings = Settings::of(&sources, args)?;
    let running = &args.running;
    let mut chosen = format!("scenario for target {}", settings.options.target.value);
    let mut plan = match &running.resume {
        Some(named) => earlier::resume(&project, args, (&mut settings, &sources), named)?,
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
        print(&ids).map_err(|e| CliError::stdout(&e))?;
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
    let renamed = args.values.renamed(settings.selection.shard);
    let given = project
        .world_source(
            context,
            (settings.options.target.value, settings.lab.clone()),
            &plan,
            (&renamed, &settings.vars),
            &redactor,
        )
        .await?;
    check_names(&plan, &settings.options.report.value, &redactor)?;
    let run = context.new_run();
    let directory = project.run_dir(&run);
    let info = run_info::info(context, project, &settings).await;
    let output = &args.output;
    let options = settings.options;
    let consoles = console_options(context, options.color.value, &output.reports, options.progress.value, &directory);
    let record = ReportSpec::record(directory.join(EVENTS), Access::Private);
    let copy = output.record.iter().map(|path| ReportSpec::record(path.clone(), Access::Usual));
    let unwritable = record.unwritable().filter(|_| options.artifacts.value == Artifacts::None);
    if let Some(error) = &unwritable {
        eprint_masked(&format!(
            "warning: the run is not recorded, since {} cannot be written: {error}",
            directory.join(EVENTS).display()
        ));
    }
    let record = unwritable.is_none().then_some(record);
    let specs: Vec<ReportSpec> = copy.chain(options.report.value).collect();
    let files: Vec<ReportSpec> = record.iter().chain(&specs).cloned().collect();
    report_args::writable(&files)?;
    project.make_private();
    let record = RunRecord::new(record, &redactor);
    let reporters = reporters(context, &specs, consoles, &redactor)?;
    let (events, received) = std::sync::mpsc::channel();
    let reporting = ReporterThread::start(received, reporters).map_err(|e| CliError::Internal(e.to_string()))?;
    let options = run::Options {
        run,
        tool: format!("sealcheck {}", env!("CARGO_PKG_VERSION")),
        info,
        jobs: options.jobs.value,
        worlds: given,
        vars: settings.vars,
        global_timeout: options.global_timeout.value,
        max_fail: options.max_fail.value,
        flaky: match options.flaky.value {
            Flaky::Warn => FlakyPolicy::Warn,
            Flaky::Pass => FlakyPolicy::Pass,
            Flaky::Fail => FlakyPolicy::Fail,
        },
        artifacts: match options.artifacts.value {
            Artifacts::Failed => ArtifactPolicy::Failed,
            Artifacts::All => ArtifactPolicy::All,
            Artifacts::None => ArtifactPolicy::None,
        },
        diagnosis_text: report::console::diagnosis_text,
        snapshots: Store::new(&project.snapshots, options.update.value, redactor.clone()),
        obsolete_is_unclean: options.obsolete.value == Obsolete::Fail,
        // Another shard may have something to run.
        all_skipped: match (args.running.no_tests, settings.selection.shard) {
            (NoTests::Fail, None) => ExitCode::NothingSelected,
            _ => ExitCode::Success,
        },
        run_dir: RunDir::new(directory, redactor.clone()),
        sent: Some(project.sent()),
        redactor: redactor.clone(),
    };
    let emitter = EventSender::new(events, context.clock.clone()).masked_by(redactor.clone());
    let written = record.clone();
    let emitter = emitter.recorded_by(move |event| written.write(event));
    let outcome = run::run(plan, options, emitter, stop).await;
    let errors: Vec<_> = reporting.join().into_iter().chain(record.close()).collect();
    signals.abort();
    let mut exit = match outcome {
        Ok((totals, exit)) => {
            if totals.is_all_skipped() {
                eprint_masked("everything that was selected is skipped");
            }
            exit
        }
        Err(run::PlanErrors(problems)) => return Err(CliError::mistakes(&problems)),
    };
    for error in &errors {
        eprint_masked(&format!("error: {error}"));
    }
    let leaks = report_args::leaks(&files, &redactor);
    for leak in &leaks {
        eprint_masked(&format!("error: {leak}"));
    }
    if !errors.is_empty() || !leaks.is_empty() {
        exit = exit.max(ExitCode::Report);
    }
    project.tidy();
    Ok(exit)
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
