//! Recorded runs as the person names them, and how they are told again: shared by `report` and `merge`.

use super::{
    looks::{Progress, looks},
    reports::{ReportArgs, ReportSpec, reporters},
};
use crate::{
    cli::{Context, Failure, Global, context::complain, project::Project},
    core::Redactor,
    outcome::{ExitCode, RunEvent},
    report::{
        Hub,
        record::{Record, RecordError},
    },
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::mpsc,
};

/// What a run's directory calls its record.
pub(super) const FILE: &str = "events.jsonl";

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        Self::Usage(error.to_string())
    }
}

/// The records behind what the person names: a file, a folder with `*.jsonl` in it or below, or the id of a run that this
/// project keeps, or its beginning.
///
/// # Errors
/// When there is nothing of that name, or several runs.
pub(super) fn files(project: &Project, named: &str) -> Result<Vec<PathBuf>, Failure> {
    let path = Path::new(named);
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    if path.is_dir() {
        let mut found = Vec::new();
        below(path, &mut found).map_err(|e| Failure::Usage(format!("cannot read {named}: {e}")))?;
        found.sort();
        return Ok(found);
    }
    let runs: Vec<PathBuf> = project
        .recorded()
        .into_iter()
        .filter(|dir| named.len() >= 4 && dir.file_name().is_some_and(|n| n.to_string_lossy().starts_with(named)))
        .collect();
    match runs.as_slice() {
        [run] => Ok(vec![run.join(FILE)]),
        [] => Err(Failure::Usage(format!("there is no file, folder or run `{named}`"))),
        many => Err(Failure::Usage(format!("`{named}` is the beginning of {} runs; write more of it", many.len()))),
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
pub(super) fn tell(
    context: &Context,
    global: &Global,
    (args, specs): (&ReportArgs, &[ReportSpec]),
    (events, folder): (Vec<RunEvent>, &Path),
) -> Result<ExitCode, Failure> {
    // What was recorded was masked then.
    let redactor = Redactor::new();
    let looks = looks(context, global.color, args, Progress::None, folder);
    let reporters = reporters(context, specs, looks, &redactor)?;
    let (to, received) = mpsc::channel();
    let hub = Hub::start(received, reporters).map_err(|e| Failure::Internal(e.to_string()))?;
    for event in events {
        drop(to.send(event));
    }
    drop(to);
    let errors = hub.join();
    for error in &errors {
        complain(&format!("error: {error}"));
    }
    Ok(if errors.is_empty() { ExitCode::Success } else { ExitCode::Report })
}

/// The only record behind a name.
///
/// # Errors
/// When there is none or there are several, or it is none.
pub(super) fn one(project: &Project, named: &str) -> Result<(PathBuf, Record), Failure> {
    match files(project, named)?.as_slice() {
        [file] => Ok((file.clone(), Record::read(file)?)),
        many => Err(Failure::Usage(format!("{named} holds {} records; name one of them, or merge them", many.len()))),
    }
}
