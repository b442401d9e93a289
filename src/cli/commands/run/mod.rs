//! `sealcheck run`.

mod args;
mod reports;
mod signals;

pub use args::RunArgs;
pub use reports::{Format, ReportSpec};

use crate::{
    cli::{
        Context, Global,
        context::{complain, print},
        failure::{Failure, Outcome},
        project::Project,
    },
    core::{Redactor, RunId},
    outcome::{ExitCode, RunInfo},
    report::{
        Hub,
        console::{self, Palette, ProgressKind, Verbosity},
    },
    run::{self, ArtifactPolicy, Emitter, FlakyPolicy, Given, Plan, RunDir, Selection, Stop},
    scenario::{TargetKind, Vars, load},
};
use args::{Artifacts, Flaky, NoTests, Progress};
use reports::{Looks, ReportsError, reporters};
use std::{path::Path, time::Duration};

/// How long the console may be silent without a terminal.
const PATIENCE: Duration = Duration::from_secs(30);

pub(in crate::cli) fn run(context: &Context, global: &Global, args: &RunArgs) -> Outcome {
    let project = Project::find(context, global)?;
    let target = args.select.target.unwrap_or(project.target);
    let loaded = load(&project.scenarios, &args.select.what);
    if !loaded.errors.is_empty() {
        let errors: Vec<String> = loaded.errors.iter().map(ToString::to_string).collect();
        return Err(Failure::Usage(errors.join("\n\nerror: ")));
    }
    let selection = Selection {
        target: Some(target),
        tags: args.select.tag.clone(),
        shard: args.select.shard,
        repeat: usize::try_from(args.running.repeat).unwrap_or(1),
    };
    let plan = Plan::select(loaded.scenarios, &selection);
    if args.running.list {
        let ids: String = plan.items.iter().map(|i| format!("{}\n", i.id)).collect();
        print(&ids).map_err(|e| Failure::stdout(&e))?;
        return Ok(ExitCode::Success);
    }
    if plan.items.is_empty() {
        return Ok(match args.running.no_tests {
            NoTests::Pass => ExitCode::Success,
            NoTests::Fail => {
                complain(&format!(
                    "no scenario for target {target} was selected; `sealcheck list` shows what there is"
                ));
                ExitCode::NothingSelected
            }
        });
    }
    let run = context.new_run();
    let redactor = Redactor::new();
    let directory = project.run_dir(&run);
    let (events, received) = std::sync::mpsc::channel();
    let reporters = reporters(&args.output.reports, looks(context, global, args, &directory), &redactor);
    let hub = Hub::start(
        received,
        reporters.map_err(|e| match e {
            ReportsError::Usage(text) => Failure::Usage(text),
            ReportsError::File(text) => Failure::Output(text),
        })?,
    )
    .map_err(|e| Failure::Internal(e.to_string()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::Internal(format!("cannot start: {e}")))?;
    let stop = Stop::new();
    let options = options(context, args, target, run, redactor.clone(), &directory)?;
    let emitter = Emitter::new(events, context.clock.clone());
    let outcome = runtime.block_on(async {
        let signals = signals::listen(stop.clone());
        let outcome = run::run(plan, options, emitter, stop).await;
        signals.abort();
        outcome
    });
    // Threads that still talk to a dead server are left behind.
    runtime.shutdown_background();
    let errors = hub.join();
    let exit = match outcome {
        Ok((_, exit)) => exit,
        Err(run::Refused(problems)) => {
            let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
            return Err(Failure::Usage(texts.join("\nerror: ")));
        }
    };
    for error in &errors {
        complain(&format!("error: {error}"));
    }
    Ok(if errors.is_empty() { exit } else { exit.max(ExitCode::Report) })
}

fn options(
    context: &Context,
    args: &RunArgs,
    target: TargetKind,
    run: RunId,
    redactor: Redactor,
    directory: &Path,
) -> Result<run::Options, Failure> {
    let mut vars = Vars::new();
    for (name, value) in &args.values.vars {
        vars.set(name, value);
    }
    let jobs = args
        .running
        .jobs
        .map_or_else(|| if target.is_lab() { (context.processors * 2).min(8) } else { 2 }, usize::from);
    Ok(run::Options {
        run,
        tool: format!("sealcheck {}", env!("CARGO_PKG_VERSION")),
        info: RunInfo {
            profile: args.values.profile.clone(),
            shard: args.select.shard,
            host: context.host.clone(),
            git: None,
            ci: context.ci(),
            config_sha256: None,
        },
        given: Given::Lab(target),
        vars,
        jobs,
        retries: args.running.retries,
        timeout: args.running.timeout,
        global_timeout: args.running.global_timeout,
        max_fail: if args.running.fail_fast {
            Some(1)
        } else {
            args.running.max_fail.and_then(|n| usize::try_from(n).ok())
        },
        flaky: match args.running.flaky {
            None | Some(Flaky::Warn) => FlakyPolicy::Warn,
            Some(Flaky::Pass) => FlakyPolicy::Pass,
            Some(Flaky::Fail) => FlakyPolicy::Fail,
        },
        artifacts: match args.output.artifacts {
            None | Some(Artifacts::Failed) => ArtifactPolicy::Failed,
            Some(Artifacts::All) => ArtifactPolicy::All,
            Some(Artifacts::None) => ArtifactPolicy::None,
        },
        run_dir: RunDir::new(directory.to_owned(), redactor.clone()),
        redactor,
    })
}

fn looks(context: &Context, global: &Global, args: &RunArgs, directory: &Path) -> Looks {
    let verbosity = match (args.output.quiet, args.output.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, 0) => Verbosity::Normal,
        (false, 1) => Verbosity::Verbose,
        (false, _) => Verbosity::Everything,
    };
    let look = |is_terminal: bool, stderr: bool| console::Options {
        palette: Palette { color: context.color(global.color.asked(), is_terminal) },
        progress: match args.output.progress {
            Progress::Auto if is_terminal && !context.is_ci() => ProgressKind::Bar,
            Progress::Auto | Progress::Lines => ProgressKind::Lines,
            Progress::Bar => ProgressKind::Bar,
            Progress::None => ProgressKind::None,
        },
        verbosity,
        stderr,
        run_dir: directory.display().to_string(),
        patience: PATIENCE,
    };
    let mut file = look(false, false);
    file.palette = Palette { color: false };
    file.progress = ProgressKind::None;
    Looks { stdout: look(context.stdout_is_terminal, false), stderr: look(context.stderr_is_terminal, true), file }
}
