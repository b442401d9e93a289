//! From the twins of a project file to the domain's types. Every function notes what is wrong and goes on, so that one look at
//! a file shows all of it.

pub(crate) mod config;
pub(crate) mod login;
pub(crate) mod profile;
pub(crate) mod server;
mod signer;

use super::{
    Errors,
    errors::{position, source_of},
    node::Place,
    spot::Spot,
};
use crate::core::{At, Position};
use std::path::PathBuf;

impl Errors<'_> {
    /// A place as a position.
    pub(crate) fn position(&self, place: Place) -> Position {
        position(self.sources(), place)
    }

    /// A path as the rest of the tool takes it: of the user's file it is made whole, as only that file knows its folder.
    pub(crate) fn path(&self, spot: &Spot<String>) -> PathBuf {
        let at = self.position(spot.at);
        let folder = source_of(self.sources(), &at.file).and_then(|source| source.folder.as_deref());
        folder.map_or_else(|| PathBuf::from(&spot.value), |folder| folder.join(&spot.value))
    }

    /// Notes what is wrong at a place, and what to do.
    pub(crate) fn wrong(&mut self, at: Place, message: impl Into<String>, help: impl Into<String>) {
        self.error_at(&self.position(at), message, help);
    }

    /// The same value with its place as a position.
    pub(crate) fn at<T>(&self, spot: Spot<T>) -> At<T> {
        At::new(spot.value, self.position(spot.at))
    }

    /// A text that must not be empty.
    pub(crate) fn filled(&mut self, what: &str, spot: &Spot<String>) {
        self.not_empty(what, &self.at(spot.clone()));
    }
}
