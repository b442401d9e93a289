//! Reports that are written in one piece when the run is over.

use super::{Reporter, sink, tally::Tally};
use crate::{core::Redactor, outcome::RunEvent};
use std::{
    io::{self, Write},
    path::PathBuf,
};

/// Where a document goes.
pub enum Destination {
    /// A file, replaced whole.
    File(PathBuf),
    /// Standard output.
    Stdout,
}

impl Destination {
    /// Writes the document.
    ///
    /// # Errors
    /// Those of the file or stream.
    pub fn write(&self, text: &str, redactor: &Redactor) -> io::Result<()> {
        match self {
            Self::File(path) => sink::write_atomic(path, text, redactor),
            Self::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(sink::shown(text, redactor).as_bytes())?;
                out.flush()
            }
        }
    }
}

/// The text of a document for what the events add up to.
///
/// # Errors
/// When the text cannot be made.
pub type Render = fn(&Tally) -> io::Result<String>;

/// Writes a document when the run is over, also when it broke off.
pub struct Document {
    to: Destination,
    redactor: Redactor,
    tally: Tally,
    render: Render,
}

impl Document {
    /// Writes what `render` makes of the run.
    pub fn new(to: Destination, redactor: Redactor, render: Render) -> Self {
        Self { to, redactor, tally: Tally::default(), render }
    }
}

impl Reporter for Document {
    fn event(&mut self, event: &RunEvent) -> io::Result<()> {
        self.tally.event(event);
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.tally.close();
        self.to.write(&(self.render)(&self.tally)?, &self.redactor)
    }
}
