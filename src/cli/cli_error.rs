//! A command could not do its work: what to say, and the exit code that says it to a program.

use crate::{outcome::ExitCode, scenario::YamlError};

/// Why a command ends without having done its work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CliError {
    /// The person's mistake: arguments, files, variables, secrets. Nothing was sent.
    #[error("{0}")]
    Usage(String),
    /// The world did not answer or could not be built.
    #[error("{0}")]
    Inconclusive(String),
    /// The server that is to be tested is broken.
    #[error("{0}")]
    Broken(String),
    /// Something could not be written.
    #[error("{0}")]
    Output(String),
    /// Shards do not come to a run.
    #[error("{0}")]
    Shard(String),
    /// A bug.
    #[error("internal error: {0}; please report it")]
    Internal(String),
}

impl CliError {
    /// What the process ends with.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::Usage,
            Self::Inconclusive(_) => ExitCode::Inconclusive,
            Self::Broken(_) => ExitCode::Failed,
            Self::Output(_) => ExitCode::Report,
            Self::Shard(_) => ExitCode::Shard,
            Self::Internal(_) => ExitCode::Internal,
        }
    }

    /// Mistakes in files, each with its place.
    pub(super) fn mistakes(errors: &[YamlError]) -> Self {
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        Self::Usage(texts.join("\n\nerror: "))
    }
}

/// What a command comes to.
pub(super) type CommandResult = Result<ExitCode, CliError>;
