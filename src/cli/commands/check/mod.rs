//! `sealcheck check`: everything that can be known to be wrong or odd without secrets and without sending anything.

pub(super) mod show_config;

mod account_rows;

use super::{
    options::{Options, Origin, typed_by},
    run::RunArgs,
};
use crate::{
    catalogue::Cause,
    cli::{Args, CliError, CommandResult, Context, Format, Global, Project, eprint_masked, pretty, print},
    core::{RunId, UnixTime},
    lab::{Lab, Settings},
    outcome::ExitCode,
    run::{Plan, PlanErrors, Selection, prepare},
    scenario::{Config, Scenario, Vars, Warning, YamlError, config::Selected, lint},
    target::{Target, TargetKind},
};
use clap::{ArgMatches, CommandFactory};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    run: RunArgs,
    /// Show every option, account and target that `run` would use with these arguments, and who says so
    #[arg(long, help_heading = "Check")]
    show_config: bool,
    /// Warnings are mistakes too: exit 2
    #[arg(long, conflicts_with = "show_config", help_heading = "Check")]
    deny_warnings: bool,
    /// For people or for programs
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Check")]
    format: Format,
}

/// What counts for scenarios and the project file, and not only for how they are run.
const HERE: [&str; 12] = [
    "what",
    "target",
    "vars",
    "vars_file",
    "set",
    "accounts",
    "listen",
    "deny_warnings",
    "format",
    "config",
    "user_config",
    "color",
];

pub(in crate::cli) fn run(context: &Context, global: &Global, args: &CheckArgs, matches: &ArgMatches) -> CommandResult {
    if args.show_config {
        return show_config::run(context, global, args, matches);
    }
    let command = Args::command();
    let others = matches.ids().map(|id| id.as_str()).filter(|id| !HERE.contains(id));
    let mut others = others.filter_map(|id| typed_by(&command, matches, id));
    if let Some(Origin::CommandLine { flag }) = others.find(|by| matches!(by, Origin::CommandLine { .. })) {
        return Err(CliError::Usage(format!("{flag} has no effect on `check` without --show-config")));
    }
    let mut found = Findings::default();
    match Project::open(context, global, &args.run.changes()) {
        Err(errors) => found.errors = errors.0,
        Ok(project) => look(context, &project, args, &mut found)?,
    }
    match args.format {
        Format::Json => print(&pretty(&found.document())?)?,
        Format::Text => {
            found.warnings.iter().for_each(|w| eprint_masked(&format!("{w}\n")));
            if !found.errors.is_empty() {
                return Err(CliError::mistakes(&found.errors));
            }
            if found.scenarios > 0 {
                print(&format!("{}\n", found.summary()))?;
            } else {
                eprint_masked("there is no scenario to check");
            }
        }
    }
    if found.scenarios == 0 && found.errors.is_empty() {
        return Ok(ExitCode::NothingSelected);
    }
    let good = found.errors.is_empty() && (found.warnings.is_empty() || !args.deny_warnings);
    Ok(if good { ExitCode::Success } else { ExitCode::Usage })
}

/// What is wrong or odd.
#[derive(Default)]
struct Findings {
    scenarios: usize,
    files: usize,
    errors: Vec<YamlError>,
    warnings: Vec<Warning>,
}

impl Findings {
    fn add(&mut self, errors: impl IntoIterator<Item = YamlError>) {
        for error in errors {
            if !self.errors.contains(&error) {
                self.errors.push(error);
            }
        }
    }

    fn summary(&self) -> String {
        let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let verb = if self.scenarios == 1 { "is" } else { "are" };
        let (scenarios, files) = (count(self.scenarios, "scenario"), count(self.files, "file"));
        let warnings = match self.warnings.len() {
            0 => String::new(),
            n => format!(", with {}", count(n, "warning")),
        };
        format!("{scenarios} in {files} {verb} sound{warnings}")
    }

    fn document(&self) -> Value {
        let mut warnings = Vec::new();
        for Warning { code, what } in &self.warnings {
            let mut object = object(what);
            object["code"] = json!(code);
            warnings.push(object);
        }
        json!({
            "version": 1,
            "scenarios": self.scenarios,
            "files": self.files,
            "errors": self.errors.iter().map(object).collect::<Vec<_>>(),
            "warnings": warnings,
        })
    }
}

fn object(error: &YamlError) -> Value {
    let YamlError { position, help, .. } = error;
    let known = |n: u32| (n > 0).then_some(n);
    json!({
        "message": error.text(),
        "file": &*position.file,
        "line": known(position.line),
        "column": known(position.column),
        "help": help,
    })
}

fn look(context: &Context, project: &Project, args: &CheckArgs, found: &mut Findings) -> Result<(), CliError> {
    let config = &project.config;
    for profile in config.profiles.values().chain([&config.run]) {
        found.add(Options::wrong_in(config, profile));
    }
    let loaded = project.load(&args.run.select.what);
    found.scenarios = loaded.scenarios.len();
    found.files = loaded.scenarios.iter().map(|s| &*s.file).collect::<BTreeSet<_>>().len();
    found.add(loaded.errors);
    found.warnings = lint(&loaded.scenarios);
    let (errors, warnings) = args.run.values.misused(&loaded.scenarios)?;
    found.add(errors);
    found.warnings.extend(warnings);
    let (run, now) = (context.new_run(), context.clock.now().as_second());
    let dry_run = DryRun { project, vars: args.run.values.vars()?, renamed: args.run.values.every_renamed(), run, now };
    let kinds = targets(config, args.run.select.target);
    for scenario in loaded.scenarios {
        for kind in kinds.iter().copied().filter(|kind| scenario.targets.contains(kind)) {
            dry_run.prepare(&scenario, kind, found);
        }
    }
    Ok(())
}

/// The targets that scenarios are tried on: the one that is asked for, or those that people run.
fn targets(config: &Config, asked: Option<TargetKind>) -> Vec<TargetKind> {
    match asked {
        Some(only) => vec![only],
        None => TargetKind::ALL
            .into_iter()
            .filter(|kind| match kind {
                // Without a server of their own people run the labs and Gmail.
                TargetKind::Staging => config.accounts.values().any(|a| a.mx.is_some()),
                kind => kind.is_lab() || !config.accounts.is_empty(),
            })
            .collect(),
    }
}

/// What every scenario is tried with.
struct DryRun<'a> {
    project: &'a Project,
    vars: Vars,
    /// What stands in for what in each shard.
    renamed: Vec<BTreeMap<String, String>>,
    run: RunId,
    now: UnixTime,
}

impl DryRun<'_> {
    /// Does with a scenario all that a run does before it sends anything.
    fn prepare(&self, scenario: &Scenario, kind: TargetKind, found: &mut Findings) {
        let Some(target) = self.target(scenario, kind, found) else { return };
        let all = Selection { target: None, tags: None, shard: None, repeat: 1 };
        let plan = Plan::select([scenario.clone()], &all);
        if let Err(PlanErrors(errors)) = prepare(plan, &target, &self.vars, &self.run, self.now) {
            found.add(errors);
        }
    }

    fn target(&self, scenario: &Scenario, kind: TargetKind, found: &mut Findings) -> Option<Target> {
        let mut settings = Settings::default();
        if kind == TargetKind::Staging {
            match self.project.staging() {
                Ok(staging) => settings.staging = Some(staging),
                Err(errors) => {
                    found.add(errors.0);
                    return None;
                }
            }
        }
        if let Some(target) = Lab::outline(kind, &settings) {
            return Some(target);
        }
        let mut target = None;
        for renamed in &self.renamed {
            let scenarios = std::slice::from_ref(scenario);
            match self.project.config.outline(Selected { kind, scenarios, renamed, vars: &self.vars }) {
                Ok(outline) => {
                    for what in outline.hints {
                        let hint = Warning { code: Cause::W08, what };
                        if !found.warnings.contains(&hint) {
                            found.warnings.push(hint);
                        }
                    }
                    target.get_or_insert(outline.target);
                }
                Err(errors) => {
                    found.add(errors.0);
                    return None;
                }
            }
        }
        target
    }
}
