//! From one stream of events to many reporters.

use super::{Reporter, RunSummary};
use crate::outcome::RunEvent;
use std::{
    io,
    sync::mpsc::{Receiver, RecvTimeoutError},
    thread::JoinHandle,
    time::Duration,
};

/// How often reporters may redraw.
const TICK: Duration = Duration::from_millis(100);

/// A report could not be written; the others went on.
#[derive(Debug, thiserror::Error)]
#[error("cannot write report {name}: {source}")]
pub struct ReportError {
    /// Which one, as on the command line: `junit=out/junit.xml`.
    pub name: String,
    /// Why.
    pub source: io::Error,
}

/// The thread that feeds the reporters.
pub struct ReporterThread(JoinHandle<Vec<ReportError>>);

impl ReporterThread {
    /// Starts to hand every event to every reporter. A reporter that fails is left out from then on.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(events: Receiver<RunEvent>, reporters: Vec<(String, Box<dyn Reporter>)>) -> io::Result<Self> {
        std::thread::Builder::new().name("reports".into()).spawn(move || feed(&events, reporters)).map(Self)
    }

    /// Waits until every event was told and every report written. Every sender of events must be gone by then.
    pub fn join(self) -> Vec<ReportError> {
        self.0.join().unwrap_or_else(|_| {
            vec![ReportError { name: "all".into(), source: io::Error::other("the reporting thread panicked") }]
        })
    }
}

fn feed(events: &Receiver<RunEvent>, reporters: Vec<(String, Box<dyn Reporter>)>) -> Vec<ReportError> {
    let mut live: Vec<_> = reporters.into_iter().map(|(name, reporter)| (name, Some(reporter))).collect();
    let mut errors = Vec::new();
    let mut summary = RunSummary::default();
    loop {
        let next = events.recv_timeout(TICK);
        let over = matches!(next, Err(RecvTimeoutError::Disconnected));
        match &next {
            Ok(event) => summary.event(event),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => summary.close(),
        }
        for (name, slot) in &mut live {
            let Some(reporter) = slot else { continue };
            let result = match &next {
                Ok(event) => reporter.event(event, &summary),
                Err(RecvTimeoutError::Timeout) => reporter.tick(),
                Err(RecvTimeoutError::Disconnected) => reporter.finish(&summary),
            };
            if let Err(source) = result {
                *slot = None;
                // A reader that has gone away, as in `sealcheck run | head`, wanted no more.
                if source.kind() != io::ErrorKind::BrokenPipe {
                    errors.push(ReportError { name: name.clone(), source });
                }
            }
        }
        if over {
            return errors;
        }
    }
}
