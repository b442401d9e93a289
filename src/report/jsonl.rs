//! The event stream itself, one JSON object a line.

use super::{Reporter, sink::Sink, tally::Tally};
use crate::outcome::RunEvent;
use std::io;

/// Writes every event as it comes.
pub struct Jsonl(Sink);

impl Jsonl {
    /// Writes to this sink.
    pub fn new(sink: Sink) -> Self {
        Self(sink)
    }
}

impl Reporter for Jsonl {
    fn event(&mut self, event: &RunEvent, _: &Tally) -> io::Result<()> {
        self.0.line(&serde_json::to_string(event)?)
    }
}
