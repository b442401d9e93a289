//! `sealcheck run`.

mod args;
mod info;
mod profile;
mod settings;

pub use args::RunArgs;
pub(in crate::cli) use profile::ProfileTexts;

use crate::{
    cli::{
        Context, Global,
        commands::{
            looks::looks,
            reports::{self, Format, ReportSpec, reporters},
        },
        context::{complain, mask_with, print},
        failure::{Failure, Outcome},
        project::Project,
        runtime::block_on,
        signals::{self, Signals},
    },
    core::Redactor,
    judge::snapshot::Store,
    outcome::ExitCode,
    report::{self, Hub},
    run::{self, Emitter, Plan, RunDir, Stop},
    scenario::TargetKind,
};
use args::{NoTests, Obsolete};
use settings::Settings;

pub(in crate::cli) fn run(context: &Context, global: &Global, args: &RunArgs) -> Outcome {
    let mut changes = args.values.set.clone();
    changes.extend(args.listen.map(|address| format!("targets.staging.listen='{address}'")));
    let project = Project::find(context, global, &changes)?;
    let settings = Settings::of(context, &project, args)?;
    if args.listen.is_some() && settings.target != TargetKind::Staging {
        let text =
            format!("--listen has no effect on target {}; it is for staging: choose with --target", settings.target);
        return Err(Failure::Usage(text));
    }
    let scenarios = project.scenarios(&args.select.what)?;
    let mut plan = Plan::select(scenarios.into_iter().map(|s| settings.under(s)), &settings.selection);
    if args.running.list {
        let ids: String = plan.items.iter().map(|i| format!("{}\n", i.id)).collect();
        print(&ids).map_err(|e| Failure::stdout(&e))?;
        return Ok(ExitCode::Success);
    }
    // A shard may have nothing to do; the others need its record all the same.
    if plan.selection.is_empty() {
        if args.running.no_tests == NoTests::Pass {
            return Ok(ExitCode::Success);
        }
        let target = settings.target;
        complain(&format!("no scenario for target {target} was selected; `sealcheck list` shows what there is"));
        return Ok(ExitCode::NothingSelected);
    }
    if settings.obsolete != Obsolete::Ignore {
        plan.obsolete_snapshots = project.obsolete_snapshots();
    }
    block_on(execute(context, global, args, &project, settings, plan))
}

async fn execute(
    context: &Context,
    global: &Global,
    args: &RunArgs,
    project: &Project,
    settings: Settings,
    plan: Plan,
) -> Outcome {
    let listening = Signals::new().map_err(|e| Failure::Internal(format!("cannot listen for signals: {e}")))?;
    let stop = Stop::new();
    let signals = signals::stop_run(listening, stop.clone());
    let redactor = Redactor::new();
    mask_with(&redactor);
    let renamed = args.values.renamed(settings.selection.shard);
    let given = project.given(context, (settings.target, settings.lab.clone()), &plan, &renamed, &redactor).await?;
    check_names(&plan, &settings.reports, &redactor)?;
    let run = context.new_run();
    let directory = project.run_dir(&run);
    let info = info::info(context, args, project, &settings).await;
    let output = &args.output;
    let looks = looks(context, global, &output.reports, output.progress, &directory);
    let mut specs = settings.reports;
    let record = output.record.iter().cloned().chain([directory.join("events.jsonl")]);
    specs.extend(record.map(|path| ReportSpec { format: Format::Jsonl, path: Some(path) }));
    reports::writable(&specs)?;
    let reporters = reporters(context, &specs, looks, &redactor)?;
    let (events, received) = std::sync::mpsc::channel();
    let hub = Hub::start(received, reporters).map_err(|e| Failure::Internal(e.to_string()))?;
    let jobs = settings.jobs.unwrap_or_else(|| match settings.target.is_lab() {
        true => (context.processors * 2).min(8),
        false => 2,
    });
    let options = run::Options {
        run,
        tool: format!("sealcheck {}", env!("CARGO_PKG_VERSION")),
        info,
        jobs,
        given,
        vars: settings.vars,
        retries: args.running.retries,
        timeout: args.running.timeout,
        global_timeout: settings.global_timeout,
        max_fail: settings.max_fail,
        flaky: settings.flaky,
        artifacts: settings.artifacts,
        diagnosis_text: report::console::diagnosis_text,
        snapshots: Store::new(&project.snapshots, settings.update, redactor.clone()),
        obsolete_is_unclean: settings.obsolete == Obsolete::Fail,
        run_dir: RunDir::new(directory, redactor.clone()),
        sent: Some(project.sent()),
        redactor: redactor.clone(),
    };
    let emitter = Emitter::new(events, context.clock.clone()).masked_by(redactor.clone());
    let outcome = run::run(plan, options, emitter, stop).await;
    signals.abort();
    let errors = hub.join();
    let mut exit = match outcome {
        Ok((_, exit)) => exit,
        Err(run::Refused(problems)) => return Err(Failure::mistakes(&problems)),
    };
    for error in &errors {
        complain(&format!("error: {error}"));
    }
    let leaks = reports::leaks(&specs, &redactor);
    for leak in &leaks {
        complain(&format!("error: {leak}"));
    }
    if !errors.is_empty() || !leaks.is_empty() {
        exit = exit.max(ExitCode::Report);
    }
    project.tidy();
    Ok(exit)
}

/// Names of files are shown, and no mask can be put over them.
fn check_names(plan: &Plan, reports: &[ReportSpec], redactor: &Redactor) -> Result<(), Failure> {
    let ids = plan.items.iter().map(|item| item.id.as_str().to_owned());
    let paths = reports.iter().filter_map(|spec| spec.path.as_ref()).map(|path| path.display().to_string());
    match ids.chain(paths).find(|name| redactor.leaks(name.as_bytes())) {
        Some(name) => Err(Failure::Usage(format!("the name `{name}` holds a secret; name the file otherwise"))),
        None => Ok(()),
    }
}
