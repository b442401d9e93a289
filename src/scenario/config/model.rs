//! What a project file says, before any secret is looked up.

use super::{AccountSpec, Profile};
use crate::{
    core::Span,
    scenario::{
        YamlError,
        yaml::{Source, source_of},
    },
    target::{Limit, StagingSpec},
};
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, sync::Arc};

/// A project file.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The scenario folder, relative to the file.
    pub scenarios: Option<PathBuf>,
    /// The snapshot folder, relative to the file.
    pub snapshots: Option<PathBuf>,
    /// Where verification asks DNS; `None` is the system's resolver.
    pub dns: Option<SocketAddr>,
    /// The accounts by name.
    pub accounts: BTreeMap<String, AccountSpec>,
    /// Where our servers of target staging listen.
    pub staging: StagingSpec,
    /// Limits by account.
    pub limits: BTreeMap<String, Limit>,
    /// The options of `run` where no profile says otherwise.
    pub run: Profile,
    /// Named sets of options.
    pub profiles: BTreeMap<String, Profile>,
    /// The name of the user's own file, where it counts.
    pub user_file: Option<Arc<str>>,
    /// Where each value stands, by its keys.
    pub(crate) places: BTreeMap<String, Span>,
    /// The files and what the command line set in them, for excerpts.
    pub(crate) sources: Vec<Source>,
}

impl Config {
    /// A set of options and those that it inherits from, with their names, the nearest first.
    pub fn lineage<'a>(&'a self, first: &'a Profile) -> impl Iterator<Item = (Option<&'a str>, &'a Profile)> {
        let parent = |profile: &'a Profile| self.profiles.get_key_value(&profile.inherits.as_ref()?.value);
        std::iter::successors(Some((None, first)), move |(_, profile)| {
            parent(profile).map(|(name, profile)| (Some(name.as_str()), profile))
        })
    }

    /// Where some keys have their value, as `accounts.gmail.imap.host`; of a value in a short form there are no keys below.
    pub fn place(&self, key: &str) -> Option<&Span> {
        let above = key.rsplit_once('.').map(|(above, _)| above);
        self.places.get(key).or_else(|| self.places.get(above?))
    }

    /// The keys that `--set` changes at a place, where it is one of these.
    pub(crate) fn set_at(&self, at: &Span) -> Option<&str> {
        source_of(&self.sources, &at.file)?.set.as_deref()
    }

    /// An error at a place in the project file or on the command line, with its line.
    pub(crate) fn wrong(&self, at: &Span, message: impl Into<String>) -> YamlError {
        let error = YamlError::new(message, at.clone());
        match source_of(&self.sources, &at.file) {
            Some(source) => error.with_source(&source.text).without_secrets(source),
            None => error,
        }
    }
}
