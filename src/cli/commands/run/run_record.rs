//! The record of a run, written in step with it.

use crate::{
    cli::commands::report_args::ReportSpec,
    core::Redactor,
    outcome::RunEvent,
    report::{
        ReportError,
        jsonl::Jsonl,
        masked_writer::{LazyFile, MaskedWriter},
    },
};
use std::sync::{Arc, Mutex, PoisonError};

/// The file of events that `--resume` reads. Unlike a report it is never behind the run. Clones share one file.
#[derive(Clone)]
pub(super) struct RunRecord(Arc<Mutex<State>>);

enum State {
    Written(ReportSpec, Jsonl),
    Failed(ReportError),
    None,
}

impl RunRecord {
    /// The record in the file of this report; without one nothing is recorded.
    pub(super) fn new(spec: Option<ReportSpec>, redactor: &Redactor) -> Self {
        let state = match spec.and_then(|spec| Some((spec.path.clone()?, spec))) {
            Some((path, spec)) => {
                let sink = MaskedWriter::new(LazyFile::new(path, spec.access), redactor.clone());
                State::Written(spec, Jsonl::new(sink))
            }
            None => State::None,
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Writes an event. After an error nothing more is written, and the run goes on.
    pub(super) fn write(&self, event: &RunEvent) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Written(spec, file) = &mut *state
            && let Err(source) = file.write(event)
        {
            *state = State::Failed(ReportError { name: spec.name(), source });
        }
    }

    /// Why it is not whole. The file is closed.
    pub(super) fn close(self) -> Option<ReportError> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *state, State::None) {
            State::Failed(error) => Some(error),
            State::Written(..) | State::None => None,
        }
    }
}
