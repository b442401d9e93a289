//! `$name` and `$account.field` in texts, filled in when an attempt starts.

use crate::core::Position;
use std::collections::BTreeMap;

/// A text that may name variables, with the place where it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Template {
    /// The text as written.
    pub text: String,
    /// Where its value starts.
    pub at: Position,
}

/// A text names a variable that nothing defines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown variable `${name}`")]
pub struct UnknownVariable {
    /// The name without its dollar sign.
    pub name: String,
    /// Where the text stands.
    pub at: Position,
    /// A defined name that looks like it.
    pub similar: Option<String>,
}

/// What the variables stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vars(BTreeMap<String, String>);

impl Vars {
    /// Nothing defined.
    pub fn new() -> Self {
        Self::default()
    }

    /// Defines or redefines one.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// What a name stands for.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Every name with its value, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }
}

impl Template {
    /// A text written at a place.
    pub fn new(text: impl Into<String>, at: Position) -> Self {
        Self { text: text.into(), at }
    }

    /// The text with `$name`, `${name}` and `$account.field` replaced; `$$` is one dollar sign.
    ///
    /// # Errors
    /// At the first name that `vars` does not define.
    pub fn fill(&self, vars: &Vars) -> Result<String, UnknownVariable> {
        let _ = vars;
        unimplemented!()
    }
}
