//! GitHub Actions: an annotation for each scenario that broke, the summary of the step, and its outputs.

use super::{FailureSummary, MaskedWriter, Reporter, RunSummary, markdown, masked_writer, plain};
use crate::{
    core::Redactor,
    outcome::{RunEvent, ScenarioReport, Status},
};
use std::{
    fs,
    io::{self, Write},
    path::{Component, Path, PathBuf},
};

/// How many scenarios have an annotation of their own: a step may have ten.
const MOST: usize = 9;
/// How many lines of a diagnosis an annotation has.
const LINES: usize = 20;

/// What GitHub tells a step of itself.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// The current directory as the repository's root sees it; empty at the root.
    pub directory: PathBuf,
    /// The file that the summary is appended to.
    pub summary: Option<PathBuf>,
    /// The file that outputs are appended to.
    pub outputs: Option<PathBuf>,
}

/// Writes everything when the run is over.
pub struct Github {
    annotations: MaskedWriter,
    step: Step,
    redactor: Redactor,
}

impl Github {
    /// Writes annotations there, where the runner reads them.
    pub fn new(annotations: MaskedWriter, step: Step, redactor: Redactor) -> Self {
        Self { annotations, step, redactor }
    }

    fn append(&self, file: &Path, text: &str) -> io::Result<()> {
        let mut to = fs::OpenOptions::new();
        let written = to
            .append(true)
            .create(true)
            .open(file)
            .and_then(|mut to| to.write_all(masked_writer::shown(text, &self.redactor).as_bytes()));
        written.map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", file.display())))
    }
}

impl Reporter for Github {
    fn event(&mut self, _: &RunEvent, _: &RunSummary) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, whole: &RunSummary) -> io::Result<()> {
        self.annotations.begin()?;
        for line in annotations(whole, &self.step.directory)? {
            self.annotations.line(&line)?;
        }
        if let Some(file) = &self.step.summary {
            self.append(file, &markdown::text(whole)?)?;
        }
        if let Some(file) = &self.step.outputs {
            self.append(file, &outputs(whole))?;
        }
        Ok(())
    }
}

/// The workflow commands of a run, one a line. `directory` is the one that files of scenarios are relative to, as the
/// repository's root sees it.
///
/// # Errors
/// When the reports of scenarios cannot be read again.
pub fn annotations(summary: &RunSummary, directory: &Path) -> io::Result<Vec<String>> {
    let broken = summary.reports_of(true).take(MOST);
    let mut lines = broken.map(|s| Ok(annotation(&s?, directory))).collect::<io::Result<Vec<String>>>()?;
    if let Some(more @ 1..) = summary.broken().checked_sub(MOST) {
        let more = format!("{more} more scenarios broke; the summary of the step names them");
        lines.push(format!("::error title=sealcheck::{}", data(&more)));
    }
    Ok(lines)
}

fn annotation(scenario: &ScenarioReport, directory: &Path) -> String {
    let failure = FailureSummary::of(scenario);
    let (file, line, column) = match failure.checks.first() {
        Some(check) => (check.file.as_str(), check.line, check.column),
        None => (scenario.file.as_str(), scenario.line, 0),
    };
    // What the harness could not tell is no error of the mail system.
    let level = if scenario.status == Status::Errored { "warning" } else { "error" };
    let mut properties = vec![format!("file={}", property(&in_repository(directory, file))), format!("line={line}")];
    if column > 0 {
        properties.push(format!("col={column}"));
    }
    let title = plain(&format!("{} {} {}", scenario.status.word(), scenario.id, failure.code));
    properties.push(format!("title={}", property(&title)));
    let lines = failure.lines();
    let text: Vec<&str> = [failure.title.as_str()].into_iter().chain(lines.iter().map(String::as_str)).collect();
    format!("::{level} {}::{}", properties.join(","), data(&text[..text.len().min(LINES)].join("\n")))
}

/// The path of a file as the repository's root sees it.
fn in_repository(directory: &Path, file: &str) -> String {
    let mut path = PathBuf::new();
    for part in directory.join(file).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path.to_string_lossy().replace('\\', "/")
}

fn outputs(summary: &RunSummary) -> String {
    let code = summary.exit_code.map(|code| code.to_string()).unwrap_or_default();
    let run = summary.run.as_ref().map(|run| plain(run.as_str())).unwrap_or_default();
    let totals = &summary.totals;
    format!(
        "exit-code={code}\nrun={run}\ncomplete={}\nselected={}\npassed={}\nfailed={}\nerrored={}\n",
        summary.complete,
        totals.selected,
        totals.passed,
        totals.broken(),
        totals.errored
    )
}

/// The message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
