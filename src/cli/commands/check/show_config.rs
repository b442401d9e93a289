//! `sealcheck check --show-config`: what counts, and who says so. It looks up no secret.

use super::CheckArgs;
use crate::{
    cli::{
        CliError, CommandResult, Context, Format, Global, Project,
        commands::{
            options::{DisplayedValue, Options, Origin, Sources},
            run::{LISTEN, Settings},
        },
        pretty, print,
    },
    core::visible::plain,
    outcome::ExitCode,
};
use clap::ArgMatches;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// What counts, and who says so.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Settings")]
pub(in crate::cli::commands) struct Document {
    /// Always 1.
    version: u32,
    /// The project file.
    project_file: Option<String>,
    /// The user's own file, where it is there.
    user_file: Option<String>,
    /// The options of `run`, as they are for scenarios that say nothing themselves.
    options: Vec<DisplayedValue>,
    /// What scenarios say themselves.
    scenarios: Vec<OfScenario>,
    /// Variables, and accounts that stand in for others.
    values: Vec<DisplayedValue>,
    /// Folders, DNS and targets.
    project: Vec<DisplayedValue>,
    /// The accounts with their servers and limits; of a secret only where it is.
    accounts: Vec<DisplayedValue>,
}

/// What a scenario says itself.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ScenarioSettings")]
struct OfScenario {
    /// Its id.
    scenario: String,
    /// The options that it says.
    options: Vec<DisplayedValue>,
}

pub(super) fn run(context: &Context, global: &Global, args: &CheckArgs, matches: &ArgMatches) -> CommandResult {
    let project = Project::find(context, global, &args.run.changes())?;
    let sources = Sources::new(context, global, &args.run, matches, &project)?;
    let settings = Settings::of(&sources, &args.run)?;
    let mut scenarios = Vec::new();
    for scenario in project.scenarios(&args.run.select.what)? {
        let mut options = Options::of(&sources, &scenario.written).rows();
        options.retain(|row| matches!(row.origin, Origin::Scenario { .. }));
        if !options.is_empty() {
            scenarios.push(OfScenario { scenario: scenario.id.to_string(), options });
        }
    }
    let document = Document {
        version: 1,
        project_file: project.file.as_ref().map(|file| file.display().to_string()),
        user_file: project.config.user_file.as_deref().map(str::to_owned),
        options: settings.options.rows(),
        scenarios,
        values: values(args, &settings)?,
        project: of_project(args, &project),
        accounts: project
            .config
            .accounts
            .values()
            .flat_map(|spec| super::account_rows::rows(&project.config, spec))
            .collect(),
    };
    let text = match args.format {
        Format::Text => document.text(),
        Format::Json => pretty(&document)?,
    };
    print(&text)?;
    Ok(ExitCode::Success)
}

fn row(key: String, value: impl Into<Value>, origin: Origin) -> DisplayedValue {
    DisplayedValue { key, value: value.into(), origin }
}

fn values(args: &CheckArgs, settings: &Settings) -> Result<Vec<DisplayedValue>, CliError> {
    let values = &args.run.values;
    let typed = |flag: &str| Origin::CommandLine { flag: flag.to_owned() };
    let vars = values.said()?.into_iter();
    let vars = vars.map(|(name, (value, flag))| row(format!("vars.{name}"), value, typed(flag)));
    let renamed = values.renamed(settings.selection.shard).into_iter();
    Ok(vars.chain(renamed.map(|(name, other)| row(format!("account.{name}"), other, typed("--account")))).collect())
}

fn of_project(args: &CheckArgs, project: &Project) -> Vec<DisplayedValue> {
    let config = &project.config;
    let path = |path: &Option<std::path::PathBuf>, usual: &str| {
        path.as_ref().map_or_else(|| usual.to_owned(), |path| path.display().to_string())
    };
    let staging = config.staging;
    let imap = (staging.imap > 0).then_some(staging.imap);
    let rows: [(&str, Value); 8] = [
        ("scenarios", path(&config.scenarios, "scenarios").into()),
        ("snapshots", path(&config.snapshots, "snapshots").into()),
        ("dns", config.dns.map_or_else(|| "system".to_owned(), |dns| dns.to_string()).into()),
        (LISTEN, staging.listen.to_string().into()),
        ("targets.staging.smtp", staging.smtp.into()),
        ("targets.staging.bounces", staging.bounces.into()),
        ("targets.staging.dns", staging.dns.into()),
        ("targets.staging.imap", imap.map_or_else(|| "any".into(), Value::from)),
    ];
    let listen = args.run.listen.map(|_| Origin::CommandLine { flag: "--listen".to_owned() });
    let rows = rows.into_iter().map(|(key, value)| match &listen {
        Some(origin) if key == LISTEN => row(key.to_owned(), value, origin.clone()),
        _ => row(key.to_owned(), value, config.origin_of(key)),
    });
    rows.collect()
}

impl Document {
    /// For people: a table for each kind of thing.
    fn text(&self) -> String {
        let name = |file: &Option<String>| file.clone().unwrap_or_else(|| "none".to_owned());
        let mut text = format!("project file  {}\nuser file     {}\n", name(&self.project_file), name(&self.user_file));
        for (title, rows) in [
            ("options of run", self.options.iter().map(Line::of).collect()),
            ("options of scenarios", self.scenarios.iter().flat_map(OfScenario::lines).collect()),
            ("values", self.values.iter().map(Line::of).collect()),
            ("project", self.project.iter().map(Line::of).collect()),
            ("accounts", self.accounts.iter().map(Line::of).collect()),
        ] {
            text.push_str(&table(title, rows));
        }
        text
    }
}

impl OfScenario {
    fn lines(&self) -> impl Iterator<Item = Line> {
        self.options.iter().map(|row| Line { key: format!("{}  {}", self.scenario, row.key), ..Line::of(row) })
    }
}

/// A line of a table.
struct Line {
    key: String,
    value: String,
    origin: String,
}

impl Line {
    fn of(row: &DisplayedValue) -> Self {
        Self { key: row.key.clone(), value: plain(&words(&row.value)), origin: plain(&row.origin.to_string()) }
    }
}

/// A value as a person would say it.
fn words(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) if all.is_empty() => "-".to_owned(),
        Value::Array(all) => all.iter().map(words).collect::<Vec<_>>().join(", "),
        // Where a secret or a log is.
        Value::Object(one) => one.iter().map(|(key, value)| format!("{key} {}", words(value))).collect(),
        other => other.to_string(),
    }
}

/// A longer value moves its own line alone.
const WIDEST: usize = 40;

fn table(title: &str, lines: Vec<Line>) -> String {
    let width =
        |of: fn(&Line) -> &str| lines.iter().map(|line| of(line).chars().count()).filter(|n| *n <= WIDEST).max();
    let (keys, values) = (width(|l| &l.key).unwrap_or(0), width(|l| &l.value).unwrap_or(0));
    let lines: Vec<String> =
        lines.iter().map(|l| format!("  {:keys$}  {:values$}  {}\n", l.key, l.value, l.origin)).collect();
    if lines.is_empty() { String::new() } else { format!("\n{title}\n{}", lines.concat()) }
}
