//! How is it told? Reporters read [`crate::outcome::RunEvent`]s and nothing else.
//!
//! A [`ReporterThread`] adds events up and hands every one to every reporter on a thread of its own; what a reporter writes goes
//! through a [`masked_writer::MaskedWriter`] or [`masked_writer::write_atomic`], and so through the redactor.

pub(crate) mod claim_lines;
pub mod console;
pub mod document;
pub mod failure_summary;
pub mod github;
pub mod html;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod markdown;
pub mod masked_writer;
pub mod openmetrics;
mod page_header;
mod path_hosts;
pub mod record_file;
mod report_store;
pub mod reporter_thread;
pub mod run_summary;
pub(crate) mod scenario_history;
pub mod shard_merge;
pub(crate) mod survival_lines;
pub mod tap;

pub use reporter_thread::{ReportError, ReporterThread};

use crate::{
    core::visible::plain,
    outcome::{RunEvent, ScenarioReport, Status},
};
use console::Tone;
use failure_summary::FailureSummary;
use masked_writer::MaskedWriter;
use run_summary::RunSummary;
use std::io;

/// A text that may not be known.
fn or_unknown(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or("?")
}

/// How a scenario ended, in a few letters.
fn word(scenario: &ScenarioReport) -> &'static str {
    if scenario.flaky { "FLKY" } else { scenario.status.word() }
}

/// Whether a scenario ended as it should.
fn tone(scenario: &ScenarioReport) -> Tone {
    match scenario.status {
        Status::Passed if !scenario.flaky => Tone::Good,
        status if status.is_broken() => Tone::Bad,
        _ => Tone::Doubtful,
    }
}

/// What there is to say of a scenario on one line.
fn said(scenario: &ScenarioReport) -> &str {
    match scenario.status {
        Status::Skipped | Status::NotRun => scenario.reason.as_deref().unwrap_or_default(),
        Status::ExpectedFailure => scenario.reason.as_deref().unwrap_or("known issue"),
        _ => scenario.attempts.last().map_or("", |attempt| attempt.summary.as_str()),
    }
}

/// One way to tell a run.
pub trait Reporter: Send {
    /// Takes the next event, and what all events add up to with it.
    ///
    /// # Errors
    /// When its output cannot be written; it is not called again.
    fn event(&mut self, event: &RunEvent, so_far: &RunSummary) -> io::Result<()>;

    /// Called several times a second while no event comes: for clocks on the screen.
    ///
    /// # Errors
    /// As [`Reporter::event`].
    fn tick(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Called once after the last event, also when the run broke off: writes what is kept back until then.
    ///
    /// # Errors
    /// As [`Reporter::event`].
    fn finish(&mut self, _whole: &RunSummary) -> io::Result<()> {
        Ok(())
    }
}
