//! Recorded runs as the person names them, and how they are told again: shared by `report` and `merge`.

use super::{
    console_options::{Progress, console_options},
    report_args::{ReportArgs, ReportSpec, reporters, tell_errors},
};
use crate::{
    cli::{CliError, Context, EVENTS, Global, Project},
    core::{Redactor, RunId},
    outcome::{Event, ExitCode, RunEvent},
    report::{
        ReporterThread,
        record_file::{Record, RecordError},
    },
    target::TargetKind,
};
use std::{
    fs,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    sync::mpsc,
};

/// The name of the run that was begun last.
pub(super) const LAST: &str = "last";

impl From<RecordError> for CliError {
    fn from(error: RecordError) -> Self {
        Self::Usage(error.to_string())
    }
}

/// The records behind what the person names: a file, a folder with `*.jsonl` in it or below, or the id of a run that this
/// project keeps, or its beginning.
///
/// # Errors
/// When there is nothing of that name, or several runs.
pub(super) fn files(project: &Project, named: &str) -> Result<Vec<PathBuf>, CliError> {
    let path = Path::new(named);
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    if path.is_dir() {
        let mut found = Vec::new();
        below(path, &mut found).map_err(|e| CliError::Usage(format!("cannot read {named}: {e}")))?;
        found.sort();
        return Ok(found);
    }
    let mut runs = project.recorded();
    runs.retain(|dir| named.len() >= 4 && dir.file_name().is_some_and(|n| n.to_string_lossy().starts_with(named)));
    match runs.as_slice() {
        [run] => Ok(vec![run.join(EVENTS)]),
        [] => Err(CliError::Usage(format!("there is no file, folder or run `{named}`"))),
        many => Err(CliError::Usage(format!("`{named}` is the beginning of {} runs; write more of it", many.len()))),
    }
}

/// The record behind a name; `last` is the newest run that this project keeps, of a target where one is given. A run that was
/// looked at again is told by the run that did, so that one counts in its place; a file is what it is.
///
/// # Errors
/// When there is no such run, or its record cannot be read.
pub(super) fn newest_of(project: &Project, named: &str, target: Option<TargetKind>) -> Result<Record, CliError> {
    if Path::new(named).is_file() {
        return Ok(one(project, named)?.1);
    }
    let files = project.recorded().into_iter().rev().map(|dir| dir.join(EVENTS));
    let kept: Vec<(PathBuf, RecordedStart)> =
        files.filter_map(|file| RecordedStart::read(&file).map(|started| (file, started))).collect();
    let mut file = if named == LAST {
        let mut of_target =
            kept.iter().filter(|(_, started)| target.is_none_or(|target| started.target == target.as_str()));
        let newest = of_target.next().map(|(file, _)| file.clone());
        let of = target.map_or(String::new(), |target| format!(" on target {target}"));
        newest.ok_or_else(|| CliError::Usage(format!("this project keeps no run{of}; `sealcheck run` makes one")))?
    } else {
        one(project, named)?.0
    };
    // As many steps as there are runs, so that a circle ends.
    for _ in &kept {
        let run = kept.iter().find(|(of, _)| *of == file).map(|(_, started)| &started.run);
        match kept.iter().find(|(_, started)| run.is_some() && started.resumes.as_ref() == run) {
            Some((later, _)) => file.clone_from(later),
            None => break,
        }
    }
    Ok(Record::read(&file)?)
}

/// The first event of a record.
struct RecordedStart {
    run: RunId,
    target: String,
    resumes: Option<RunId>,
}

impl RecordedStart {
    /// Reads no more of a record than this; `None` when it is none.
    fn read(file: &Path) -> Option<Self> {
        let mut line = String::new();
        BufReader::new(fs::File::open(file).ok()?).read_line(&mut line).ok()?;
        match serde_json::from_str::<RunEvent>(&line).ok()?.event {
            Event::RunStarted { run, target, resumes, .. } => Some(Self { run, target, resumes }),
            _ => None,
        }
    }
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            below(&path, found)?;
        } else if path.extension().is_some_and(|e| e == "jsonl") {
            found.push(path);
        }
    }
    Ok(())
}

/// Tells the events of a run again.
///
/// # Errors
/// When two reports would go to standard output.
pub(super) fn replay(
    context: &Context,
    global: &Global,
    args: &ReportArgs,
    specs: &[ReportSpec],
    events: Vec<RunEvent>,
    folder: &Path,
) -> Result<ExitCode, CliError> {
    // What was recorded was masked then.
    let redactor = Redactor::new();
    let consoles = console_options(context, global.color, args, Progress::None, folder);
    let reporters = reporters(context, specs, consoles, &redactor)?;
    let (to, received) = mpsc::channel();
    let reporting = ReporterThread::start(received, reporters).map_err(|e| CliError::Internal(e.to_string()))?;
    for event in events {
        drop(to.send(event));
    }
    drop(to);
    Ok(tell_errors(reporting.join().iter().map(ToString::to_string)))
}

/// The only record behind a name.
///
/// # Errors
/// When there is none or there are several, or it is none.
pub(super) fn one(project: &Project, named: &str) -> Result<(PathBuf, Record), CliError> {
    match files(project, named)?.as_slice() {
        [file] => Ok((file.clone(), Record::read(file)?)),
        many => Err(CliError::Usage(format!("{named} holds {} records; name one of them, or merge them", many.len()))),
    }
}
