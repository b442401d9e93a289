//! Who says what a value is.

use crate::{core::Span, scenario::Config};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt;

/// Who says what a value is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(in crate::cli::commands) enum Origin {
    /// The person, on the command line.
    CommandLine {
        /// The argument.
        flag: String,
    },
    /// The person, who changes the project file on the command line.
    Set {
        /// The keys.
        key: String,
    },
    /// The environment.
    Environment {
        /// The variable.
        variable: String,
    },
    /// The scenario itself, or the file that it extends.
    Scenario {
        /// Where.
        at: Place,
    },
    /// A profile.
    Profile {
        /// The profile that was chosen.
        name: String,
        /// The profile that says it, where that is another.
        inherited_from: Option<String>,
        /// Where.
        at: Place,
    },
    /// The project file.
    ProjectFile {
        /// Where.
        at: Place,
    },
    /// The user's own file.
    UserFile {
        /// Where.
        at: Place,
    },
    /// What is usual at the provider that a file names.
    Provider {
        /// Where.
        at: Place,
    },
    /// Nobody: it is what is usual.
    Default,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(in crate::cli::commands) struct Place {
    /// The file.
    file: String,
    /// Line, from 1.
    line: u32,
    /// Column, from 1.
    column: u32,
    /// It is what `--set` says, which is its own place.
    #[serde(skip)]
    is_typed: bool,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_typed { f.write_str(&self.file) } else { write!(f, "{}:{}:{}", self.file, self.line, self.column) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine { flag } => write!(f, "{flag} on the command line"),
            Self::Set { key } => write!(f, "--set {key}"),
            Self::Environment { variable } => f.write_str(variable),
            Self::Scenario { at } | Self::ProjectFile { at } | Self::UserFile { at } => write!(f, "{at}"),
            Self::Profile { name, inherited_from: None, at } => write!(f, "profile {name} ({at})"),
            Self::Profile { name, inherited_from: Some(parent), at } => {
                write!(f, "profile {name} ({at}, inherited from {parent})")
            }
            Self::Provider { at } => write!(f, "provider ({at})"),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Config {
    /// Who says what stands at a place of a project file, of the user's, or of a change to them.
    pub(in crate::cli::commands) fn origin(&self, at: &Span) -> Origin {
        match self.set_at(at) {
            Some(key) => Origin::Set { key: key.to_owned() },
            None if self.user_file.as_ref() == Some(&at.file) => Origin::UserFile { at: self.written(at) },
            None => Origin::ProjectFile { at: self.written(at) },
        }
    }

    /// A place of these files, of a scenario, or of a change to them.
    pub(in crate::cli::commands) fn written(&self, at: &Span) -> Place {
        Place { file: at.file.to_string(), line: at.line, column: at.column, is_typed: self.set_at(at).is_some() }
    }

    /// Who says what some keys are, as `accounts.gmail.imap.host`.
    pub(in crate::cli::commands) fn origin_of(&self, key: &str) -> Origin {
        self.place(key).map_or(Origin::Default, |at| self.origin(at))
    }
}
