//! A recorded run, read again: what [`super::jsonl`] wrote, whole or as far as it came.

use crate::{
    core::RunId,
    outcome::{Event, RunEvent, ScenarioReport, event::VERSION},
};
use serde::Deserialize;
use std::{fs, io, path::Path};

/// A run as its events tell it: the first is [`Event::RunStarted`].
#[derive(Debug, Clone)]
pub struct Record {
    /// Where it was read, as shown to people.
    pub name: String,
    /// Its events, in order.
    pub events: Vec<RunEvent>,
}

/// A file is no record of a run.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It cannot be read.
    #[error("cannot read {file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// The run broke off before it told anything.
    #[error("{file}: holds no event; the run broke off before it began")]
    Empty {
        /// The file.
        file: String,
    },
    /// A line is not what stands in a record.
    #[error("{file}:{line}: {message}")]
    Line {
        /// The file.
        file: String,
        /// From 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
}

/// What every version of the format has.
#[derive(Deserialize)]
struct VersionOnly {
    v: u32,
}

impl Record {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or holds something else.
    pub fn read(path: &Path) -> Result<Self, RecordError> {
        let name = path.display().to_string();
        match fs::read(path) {
            Ok(bytes) => Self::parse(name, &bytes),
            Err(source) => Err(RecordError::Io { file: name, source }),
        }
    }

    /// Reads the bytes of a file. A last line that was cut is left out: the run broke off while it was written.
    ///
    /// # Errors
    /// When they are something else.
    pub fn parse(name: impl Into<String>, bytes: &[u8]) -> Result<Self, RecordError> {
        let name = name.into();
        let mut events: Vec<RunEvent> = Vec::new();
        let mut lines = bytes.split(|b| *b == b'\n').enumerate().peekable();
        while let Some((n, line)) = lines.next() {
            let last = lines.peek().is_none();
            if last && line.is_empty() {
                break;
            }
            match event(line, events.last()) {
                Ok(event) => events.push(event),
                Err(LineError::Cut) if last && !events.is_empty() => break,
                Err(wrong) => return Err(RecordError::Line { file: name, line: n + 1, message: wrong.to_string() }),
            }
        }
        if events.is_empty() { Err(RecordError::Empty { file: name }) } else { Ok(Self { name, events }) }
    }

    /// The run that it tells of.
    pub fn run(&self) -> Option<&RunId> {
        match &self.events.first()?.event {
            Event::RunStarted { run, .. } => Some(run),
            _ => None,
        }
    }

    /// How each scenario ended, as far as it is known.
    pub(super) fn reports(events: &[RunEvent]) -> Vec<&ScenarioReport> {
        let mut reports: Vec<&ScenarioReport> = Vec::new();
        for event in events {
            match &event.event {
                Event::ScenarioFinished { report, .. } => reports.push(report),
                Event::ScenarioAmended { report, .. } => match reports.iter_mut().find(|known| known.id == report.id) {
                    Some(known) => *known = report,
                    None => reports.push(report),
                },
                _ => {}
            }
        }
        reports
    }

    /// Whether the run came to its end.
    pub fn is_complete(&self) -> bool {
        self.events.last().is_some_and(|e| matches!(e.event, Event::RunFinished { .. }))
    }
}

/// Why a line is no event, or not the next one.
#[derive(Debug, thiserror::Error)]
enum LineError {
    #[error("the line ends in the middle")]
    Cut,
    #[error("{0}")]
    Other(String),
}

/// The event of a line, which must follow the one before it.
fn event(line: &[u8], before: Option<&RunEvent>) -> Result<RunEvent, LineError> {
    let mut event: RunEvent = serde_json::from_slice(line).map_err(|error| match serde_json::from_slice(line) {
        _ if error.is_eof() => LineError::Cut,
        Ok(VersionOnly { v }) if v != VERSION => LineError::Other(of_version(v)),
        Ok(_) => LineError::Other(format!("no event that this version knows: {error}")),
        Err(_) => LineError::Other("no event of a run; a record is what --record or --report jsonl writes".to_owned()),
    })?;
    if let Some(problem) = misplaced(&event, before) {
        return Err(LineError::Other(problem));
    }
    if let Event::ScenarioFinished { report, source, .. } | Event::ScenarioAmended { report, source, .. } =
        &mut event.event
    {
        report.source = source.as_str().into();
    }
    Ok(event)
}

/// Why an event does not follow the one before it.
fn misplaced(event: &RunEvent, before: Option<&RunEvent>) -> Option<String> {
    let starts = matches!(event.event, Event::RunStarted { .. });
    match before {
        _ if event.v != VERSION => Some(of_version(event.v)),
        None if !starts => Some("the first event must be run_started; lines are missing".to_owned()),
        Some(_) if starts => Some("a second run begins here; a record holds one".to_owned()),
        Some(last) if matches!(last.event, Event::RunFinished { .. }) => {
            Some("an event after the end of the run".to_owned())
        }
        Some(last) if last.seq.checked_add(1) != Some(event.seq) => {
            Some(format!("event {} follows event {}; lines are missing", event.seq, last.seq))
        }
        None | Some(_) => None,
    }
}

fn of_version(v: u32) -> String {
    format!("version {v} of the event format, this sealcheck reads {VERSION}; use the one that wrote it")
}
