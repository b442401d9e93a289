//! What commands print: masked, and with every character escaped that steers what shows it.

use super::CliError;
use crate::core::{Redactor, visible};
use serde::Serialize;
use std::{
    borrow::Cow,
    io::{self, Write},
    sync::{PoisonError, RwLock},
};

/// The secrets of what this process does.
static SECRETS: RwLock<Option<Redactor>> = RwLock::new(None);

/// Masks from now on what these secrets say in whatever is printed.
pub(super) fn mask_with(redactor: &Redactor) {
    *SECRETS.write().unwrap_or_else(PoisonError::into_inner) = Some(redactor.clone());
}

fn masked(text: &str) -> Cow<'_, str> {
    let secrets = SECRETS.read().unwrap_or_else(PoisonError::into_inner);
    secrets.as_ref().map_or(Cow::Borrowed(text), |redactor| redactor.text(text))
}

/// Writes to standard output. A reader that has gone away wanted no more.
///
/// # Errors
/// When it cannot be written.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    write(&visible::lines(&masked(text)))
}

/// [`print()`] of a text in colours, which stay.
///
/// # Errors
/// As [`print()`].
pub(super) fn print_coloured(text: &str) -> Result<(), CliError> {
    write(&visible::coloured(&masked(text)))
}

/// Writes to standard output what the person has asked to see unmasked.
///
/// # Errors
/// When it cannot be written, or nobody reads it.
pub(super) fn print_secret(text: &str) -> Result<(), CliError> {
    write_whole(text).map_err(|e| of_stdout(&e))
}

fn write(text: &str) -> Result<(), CliError> {
    match write_whole(text) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(of_stdout(&e)),
        _ => Ok(()),
    }
}

fn write_whole(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

fn of_stdout(error: &io::Error) -> CliError {
    CliError::Output(format!("cannot write to standard output: {error}"))
}

/// Writes a line to standard error as [`print()`] writes. There is nobody left to tell when that fails.
pub(super) fn eprint_masked(text: &str) {
    writeln!(io::stderr().lock(), "{}", visible::lines(&masked(text))).ok();
}

/// [`eprint_masked`] of a text in colours, which stay.
pub(super) fn eprint_coloured(text: &str) {
    writeln!(io::stderr().lock(), "{}", visible::coloured(&masked(text))).ok();
}

/// A document for programs, with a line break at its end.
///
/// # Errors
/// When it cannot be written as JSON.
pub(super) fn pretty(document: &impl Serialize) -> Result<String, CliError> {
    let text = serde_json::to_string_pretty(document).map_err(|e| CliError::Internal(e.to_string()))?;
    Ok(text + "\n")
}
