//! From twins to the domain's types. Every function notes what is wrong and goes on, so that one look at a file shows
//! all of it.

pub(crate) mod config;
pub(crate) mod expect;
pub(crate) mod login;
pub(crate) mod profile;
pub(crate) mod scenario;
pub(crate) mod send;
pub(crate) mod server;
mod signer;

use super::{Source, YamlError, YamlErrors, de::Fault, node::Place, spot::Spot};
use crate::{
    core::{
        At, Position,
        reading::{HumanDuration, OneOrMany},
    },
    scenario::vars::Template,
    target::TargetKind,
};
use std::{path::PathBuf, time::Duration};

/// The files that are being read, and what was found wrong in them.
pub(crate) struct Cx<'a> {
    pub(crate) sources: &'a [Source],
    pub(crate) errors: Vec<YamlError>,
    /// Lines (file, line) where the twin could not be read: what else is odd there follows from it.
    unread: Vec<(u32, u32)>,
}

impl<'a> Cx<'a> {
    pub(crate) fn new(sources: &'a [Source]) -> Self {
        Self { sources, errors: Vec::new(), unread: Vec::new() }
    }

    fn source(&self, place: Place) -> Option<&'a Source> {
        usize::try_from(place.file).ok().and_then(|i| self.sources.get(i))
    }

    /// A place as a position.
    pub(crate) fn position(&self, place: Place) -> Position {
        self.source(place).map_or_else(|| Position::new("", 0, 0), |s| s.position(place))
    }

    /// A path as the rest of the tool takes it: of the user's file it is made whole, as only that file knows its folder.
    pub(crate) fn path(&self, spot: &Spot<String>) -> PathBuf {
        let folder = self.source(spot.at).and_then(|source| source.folder.as_deref());
        folder.map_or_else(|| PathBuf::from(&spot.value), |folder| folder.join(&spot.value))
    }

    /// Notes a fault.
    pub(crate) fn fault(&mut self, fault: Fault) {
        let place = fault.at.unwrap_or_default();
        if self.errors.len() > YamlErrors::MOST || self.unread.contains(&(place.file, place.line)) {
            return;
        }
        let mut error = YamlError::new(fault.message, self.position(place));
        if let Some(source) = self.source(place) {
            error = error.with_source(&source.text);
        }
        error.help = fault.help;
        self.errors.push(error);
        self.errors.extend(YamlErrors::enough(&self.errors));
    }

    /// Notes what kept a twin from being read.
    pub(crate) fn faults(&mut self, faults: Vec<Fault>) {
        let lines: Vec<_> =
            faults.iter().filter(|f| !f.is_note).filter_map(|f| f.at).map(|p| (p.file, p.line)).collect();
        faults.into_iter().for_each(|f| self.fault(f));
        self.unread = lines;
    }

    /// Everything that was found wrong, in the order of the lines.
    ///
    /// # Errors
    /// When there is anything.
    pub(crate) fn finish(self) -> Result<(), YamlErrors> {
        let mut errors = self.errors;
        errors.sort_by(|a, b| {
            (&a.position.file, a.position.line, a.position.column).cmp(&(
                &b.position.file,
                b.position.line,
                b.position.column,
            ))
        });
        errors.dedup();
        if errors.is_empty() { Ok(()) } else { Err(YamlErrors(errors)) }
    }

    /// Notes what is wrong at a place, and what to do.
    pub(crate) fn wrong(&mut self, at: Place, message: impl Into<String>, help: impl Into<String>) {
        self.fault(Fault::new(message, at).with_help(help));
    }

    /// The same value with its place as a position.
    pub(crate) fn at<T>(&self, spot: Spot<T>) -> At<T> {
        At::new(spot.value, self.position(spot.at))
    }

    /// A text that may name variables.
    pub(crate) fn template(&self, spot: Spot<String>) -> Template {
        Template::new(spot.value, self.position(spot.at))
    }

    /// A duration with its place.
    pub(crate) fn time(&self, spot: Spot<HumanDuration>) -> At<Duration> {
        At::new(spot.value.0, self.position(spot.at))
    }

    /// A time that something must come in.
    pub(crate) fn within(&mut self, within: Option<&At<Duration>>) {
        if let Some(within) = within
            && within.value.is_zero()
        {
            self.wrong_at(&within.at, "`within` is zero", "nothing comes in no time; write for example 2m");
        }
    }

    /// The account of an expectation, which is not empty.
    pub(crate) fn filled_account(&mut self, account: &At<String>) {
        if account.value.trim().is_empty() {
            self.wrong_at(&account.at, "the account is empty", "write it or leave the key out");
        }
    }

    /// A text that must not be empty.
    pub(crate) fn filled(&mut self, what: &str, spot: &Spot<String>) {
        if spot.value.trim().is_empty() {
            self.wrong(spot.at, format!("{what} is empty"), "write it or leave the key out");
        }
    }

    /// A list of targets without repetition.
    pub(crate) fn distinct(&mut self, targets: &OneOrMany<At<TargetKind>>) -> Vec<TargetKind> {
        let mut kinds = Vec::new();
        for target in &targets.0 {
            if kinds.contains(&target.value) {
                self.wrong_at(&target.at, format!("target `{}` is written twice", target.value), "keep one of them");
            } else {
                kinds.push(target.value);
            }
        }
        kinds
    }

    /// Notes what is wrong at a position, and what to do.
    pub(crate) fn wrong_at(&mut self, at: &Position, message: impl Into<String>, help: impl Into<String>) {
        let file = self.sources.iter().position(|s| s.file == at.file).and_then(|n| u32::try_from(n).ok());
        let Position { line, column, len, .. } = *at;
        self.wrong(Place { file: file.unwrap_or(u32::MAX), line, column, len }, message, help);
    }

    /// A list of targets without repetition.
    pub(crate) fn targets(&mut self, spot: Option<Spot<OneOrMany<Spot<TargetKind>>>>) -> Vec<TargetKind> {
        let mut kinds = Vec::new();
        for target in spot.map(|s| s.value.0).unwrap_or_default() {
            if kinds.contains(&target.value) {
                self.wrong(target.at, format!("target `{}` is written twice", target.value), "keep one of them");
            } else {
                kinds.push(target.value);
            }
        }
        kinds
    }
}
