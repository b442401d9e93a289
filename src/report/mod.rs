//! How is it told? Reporters read [`crate::outcome::RunEvent`]s and nothing else.
//!
//! A [`Hub`] adds events up and hands every one to every reporter on a thread of its own; what a reporter writes goes through a
//! [`sink::Sink`] or [`sink::write_atomic`], and so through the redactor.

pub mod claims;
pub mod console;
pub mod document;
pub mod github;
mod head;
pub mod history;
pub mod html;
pub mod hub;
pub mod json;
pub mod jsonl;
pub mod junit;
mod kept;
pub mod markdown;
pub mod merge;
pub mod openmetrics;
pub mod record;
pub mod sink;
mod stations;
pub mod survival;
pub mod tally;
pub mod tap;
pub mod trouble;

pub use hub::{Hub, ReportError};
pub use stations::organization;

use crate::outcome::RunEvent;
use std::io;
use tally::Tally;

/// One way to tell a run.
pub trait Reporter: Send {
    /// Takes the next event, and what all events add up to with it.
    ///
    /// # Errors
    /// When its output cannot be written; it is not called again.
    fn event(&mut self, event: &RunEvent, so_far: &Tally) -> io::Result<()>;

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
    fn finish(&mut self, _whole: &Tally) -> io::Result<()> {
        Ok(())
    }
}
