//! The event stream itself, one JSON object a line.

use super::{MaskedWriter, Reporter, RunSummary};
use crate::outcome::RunEvent;
use std::io;

/// Writes every event as it comes.
pub struct Jsonl(MaskedWriter);

impl Jsonl {
    /// Writes to this sink.
    pub fn new(sink: MaskedWriter) -> Self {
        Self(sink)
    }

    /// Writes an event.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn write(&mut self, event: &RunEvent) -> io::Result<()> {
        self.0.line(&serde_json::to_string(event)?)
    }
}

impl Reporter for Jsonl {
    fn event(&mut self, event: &RunEvent, _: &RunSummary) -> io::Result<()> {
        self.write(event)
    }
}
