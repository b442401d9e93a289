//! Reports that are written in one piece when the run is over.

use super::{Reporter, RunSummary, masked_writer};
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
    /// Those of the file or stream, and those of `tell`.
    pub fn write(&self, redactor: &Redactor, tell: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        match self {
            Self::File(path) => masked_writer::write_atomic(path, redactor, tell),
            Self::Stdout => masked_writer::masked(io::stdout().lock(), redactor, tell),
        }
    }
}

/// Writes the document of what the events add up to.
///
/// # Errors
/// When the text cannot be made or written.
pub type Render = fn(&RunSummary, &mut dyn Write) -> io::Result<()>;

/// Writes a document when the run is over, also when it broke off.
pub struct Document {
    to: Destination,
    redactor: Redactor,
    render: Render,
}

impl Document {
    /// Writes what `render` makes of the run.
    pub fn new(to: Destination, redactor: Redactor, render: Render) -> Self {
        Self { to, redactor, render }
    }
}

impl Reporter for Document {
    fn event(&mut self, _: &RunEvent, _: &RunSummary) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, whole: &RunSummary) -> io::Result<()> {
        self.to.write(&self.redactor, |out| (self.render)(whole, out))
    }
}
