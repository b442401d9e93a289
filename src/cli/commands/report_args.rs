//! `--report FORMAT[=PATH]`: which reports go where. Shared by `run`, `report` and `merge`.

use crate::{
    cli::{CliError, Context, eprint_masked},
    core::{
        Redactor,
        file::{self, Access, Place},
    },
    outcome::ExitCode,
    report::{
        Reporter,
        console::{self, Console},
        document::{Destination, Document, Render},
        github::{Github, Step},
        html, json,
        jsonl::Jsonl,
        junit, markdown,
        masked_writer::{LazyFile, MaskedWriter},
        openmetrics, tap,
    },
};
use clap::ValueEnum;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::PathBuf,
    str::FromStr,
};

/// What is told, and how much.
#[derive(Debug, clap::Args)]
pub(super) struct ReportArgs {
    /// Show failures and the summary only
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Show every check; twice: every step
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// Write a report: console, github, html, json, jsonl, junit, markdown, openmetrics or tap, with =PATH to a file; repeatable
    #[arg(long = "report", value_name = "FORMAT[=PATH]")]
    pub(super) reports: Vec<ReportSpec>,
}

/// One report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReportSpec {
    /// Its format.
    pub(super) format: ReportFormat,
    /// Its file; standard output when there is none.
    pub(super) path: Option<PathBuf>,
    /// Who may read that file.
    pub(super) access: Access,
}

/// The formats there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    /// For people.
    Console,
    /// Annotations, summary and outputs of a step of GitHub Actions.
    Github,
    /// A page for people.
    Html,
    /// One document at the end.
    Json,
    /// The event stream.
    Jsonl,
    /// JUnit XML.
    Junit,
    /// A summary for people.
    Markdown,
    /// Metrics.
    Openmetrics,
    /// The Test Anything Protocol.
    Tap,
}

impl ReportFormat {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |word| word.get_name().to_owned())
    }
}

impl FromStr for ReportSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, path) = text.split_once('=').map_or((text, None), |(name, path)| (name, Some(path)));
        let format = ReportFormat::from_str(name, false).map_err(|_| {
            let known: Vec<_> = ReportFormat::value_variants().iter().map(|format| format.name()).collect();
            format!("unknown report format `{name}`; there are {}", known.join(", "))
        })?;
        match path {
            Some("") => Err(format!("`{name}=` names no file")),
            path => Ok(Self { format, path: path.filter(|p| *p != "-").map(PathBuf::from), access: Access::Usual }),
        }
    }
}

impl ReportSpec {
    /// The event stream in a file.
    pub(super) fn record(path: PathBuf, access: Access) -> Self {
        Self { format: ReportFormat::Jsonl, path: Some(path), access }
    }

    /// Why it cannot be written where it is to go, as far as that can be found out without leaving anything behind.
    pub(super) fn unwritable(&self) -> Option<io::Error> {
        file::try_to_write(self.path.as_ref()?).err()
    }

    /// Its name on the command line.
    pub(super) fn name(&self) -> String {
        let name = self.format.name();
        self.path.as_ref().map_or_else(|| name.clone(), |path| format!("{name}={}", path.display()))
    }
}

/// A reporter with its name on the command line.
type Named = (String, Box<dyn Reporter>);

/// How the console looks where it goes.
pub(super) struct ConsoleOptions {
    /// On standard output.
    pub(super) stdout: console::Options,
    /// On standard error.
    pub(super) stderr: console::Options,
    /// In a file.
    pub(super) file: console::Options,
}

/// Sets up every report, and the console. The console makes way for a machine's format: it then goes to standard error.
///
/// # Errors
/// When two reports would go to standard output, or to one file.
pub(super) fn reporters(
    context: &Context,
    specs: &[ReportSpec],
    consoles: ConsoleOptions,
    redactor: &Redactor,
) -> Result<Vec<Named>, CliError> {
    let machines: Vec<_> =
        specs.iter().filter(|s| s.path.is_none() && s.format != ReportFormat::Console).map(ReportSpec::name).collect();
    if machines.len() > 1 {
        let names = machines.join(" and ");
        let text = format!("reports {names} would all go to standard output; give all but one a file, as in json=PATH");
        return Err(CliError::Usage(text));
    }
    apart(specs)?;
    let sink = |to: Box<dyn io::Write + Send>| MaskedWriter::new(to, redactor.clone());
    let console = if machines.is_empty() {
        Console::new(sink(Box::new(io::stdout())), consoles.stdout)
    } else {
        Console::new(sink(Box::new(io::stderr())), consoles.stderr)
    };
    let mut out: Vec<Named> = vec![("console".into(), Box::new(console))];
    for spec in specs {
        let file = |path: &PathBuf| sink(Box::new(LazyFile::new(path.clone(), spec.access)));
        let document = |render: Render| -> Box<dyn Reporter> {
            let to = spec.path.clone().map_or(Destination::Stdout, Destination::File);
            Box::new(Document::new(to, redactor.clone(), render))
        };
        let reporter: Box<dyn Reporter> = match (spec.format, &spec.path) {
            // It is there already.
            (ReportFormat::Console, None) => continue,
            (ReportFormat::Console, Some(path)) => Box::new(Console::new(file(path), consoles.file.clone())),
            (ReportFormat::Jsonl, None) => Box::new(Jsonl::new(sink(Box::new(io::stdout())))),
            (ReportFormat::Jsonl, Some(path)) => Box::new(Jsonl::new(file(path))),
            (ReportFormat::Github, path) => {
                let to = path.as_ref().map_or_else(|| sink(Box::new(io::stdout())), file);
                Box::new(Github::new(to, step(context), redactor.clone()))
            }
            (ReportFormat::Html, _) => document(html::render),
            (ReportFormat::Json, _) => document(json::render),
            (ReportFormat::Junit, _) => document(junit::render),
            (ReportFormat::Markdown, _) => document(markdown::render),
            (ReportFormat::Openmetrics, _) => document(openmetrics::render),
            (ReportFormat::Tap, _) => document(tap::render),
        };
        out.push((spec.name(), reporter));
    }
    Ok(out)
}

/// Refuses reports that would replace the records that they are made of.
///
/// # Errors
/// When one would.
pub(super) fn records_stay(records: &[PathBuf], specs: &[ReportSpec]) -> Result<(), CliError> {
    let records: BTreeSet<PathBuf> = records.iter().filter_map(|record| record.canonicalize().ok()).collect();
    for spec in specs {
        let Some(Ok(path)) = spec.path.as_ref().map(|path| path.canonicalize()) else { continue };
        if records.contains(&path) {
            let name = spec.name();
            let text = format!("report {name} would replace the record that it is made of; give it another file");
            return Err(CliError::Usage(text));
        }
    }
    Ok(())
}

/// Refuses two reports in one file: one of them would be lost.
fn apart(specs: &[ReportSpec]) -> Result<(), CliError> {
    let mut known = BTreeMap::new();
    for spec in specs {
        let Some(Ok(Place::File(path))) = spec.path.as_deref().map(file::place) else { continue };
        let folder = file::folder_of(&path);
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let file = folder.join(path.file_name().unwrap_or_default());
        if let Some(other) = known.insert(file, spec) {
            let (one, two) = (other.name(), spec.name());
            let text = format!("reports {one} and {two} would be written to one file; give each a file of its own");
            return Err(CliError::Usage(text));
        }
    }
    Ok(())
}

/// What GitHub tells of the step that this is.
fn step(context: &Context) -> Step {
    let root = context.variable("GITHUB_WORKSPACE").map(PathBuf::from);
    let file = |name: &str| context.variable(name).map(|file| context.directory.join(file));
    Step {
        directory: root.and_then(|r| context.directory.strip_prefix(r).ok().map(PathBuf::from)).unwrap_or_default(),
        summary: file("GITHUB_STEP_SUMMARY"),
        outputs: file("GITHUB_OUTPUT"),
    }
}

/// Finds out whether every report can be written, before anything is sent, and leaves nothing behind.
///
/// # Errors
/// When a report cannot be written where it is to go.
pub(super) fn writable(specs: &[ReportSpec]) -> Result<(), CliError> {
    let mut wrong = Vec::new();
    for spec in specs {
        if let Some(error) = spec.unwritable() {
            wrong.push(format!("cannot write report {}: {error}; nothing was sent", spec.name()));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(CliError::Usage(wrong.join("\n\nerror: "))) }
}

/// Says what is wrong with the reports; the exit code of that.
pub(super) fn tell_errors(errors: impl Iterator<Item = String>) -> ExitCode {
    let mut exit = ExitCode::Success;
    for error in errors {
        eprint_masked(&format!("error: {error}"));
        exit = ExitCode::Report;
    }
    exit
}

/// Reads every report again and removes those that hold a secret; what there is to say of each.
pub(super) fn leaks(specs: &[ReportSpec], redactor: &Redactor) -> Vec<String> {
    let mut leaks = Vec::new();
    for spec in specs {
        let Some(Ok(Place::File(path))) = spec.path.as_deref().map(file::place) else { continue };
        if !path.is_file() {
            continue;
        }
        let shown = path.display();
        match fs::File::open(&path).and_then(|file| redactor.leaks_in(file)) {
            Ok(false) => {}
            Ok(true) => leaks.push(match fs::remove_file(&path) {
                Ok(()) => format!("{shown} held a secret and was removed"),
                Err(e) => format!("{shown} holds a secret and cannot be removed: {e}"),
            }),
            Err(e) => leaks.push(format!("{shown} cannot be searched for secrets: {e}")),
        }
    }
    leaks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_with_and_without_a_file() {
        let parse = |text: &str| text.parse::<ReportSpec>();
        assert_eq!(parse("junit=out/j=1.xml").unwrap().path.unwrap(), PathBuf::from("out/j=1.xml"));
        assert_eq!(parse("jsonl").unwrap(), parse("jsonl=-").unwrap());
        assert_eq!(
            parse("xml").unwrap_err(),
            "unknown report format `xml`; there are console, github, html, json, jsonl, junit, markdown, openmetrics, tap"
        );
        assert!(parse("json=").is_err());
    }
}
