//! A main.cf: settings by name.

use std::{collections::BTreeMap, fmt};

/// Settings of Postfix, as postconf(5) names them; the last value that a name is given counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Gives a setting its value.
    pub(super) fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// The value of a setting.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Gives every setting of `other` its value.
    pub(super) fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.clone());
    }

    /// The settings whose names end so.
    pub(super) fn only(&self, ending: &str) -> Self {
        self.iter().filter(|(name, _)| name.ends_with(ending)).collect()
    }

    /// Names and values in the order of the names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Settings {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(settings: I) -> Self {
        Self(settings.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|(name, value)| writeln!(f, "{name} = {value}"))
    }
}
