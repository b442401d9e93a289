//! Exit codes: what a CI job sees.

use serde::{Deserialize, Serialize};

/// Why the program ends. Ordered by weight: of several reasons the greatest counts, so that a failure never hides
/// behind an inconclusive neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(into = "u8", try_from = "u8")]
pub enum ExitCode {
    /// 0: everything that was selected passed.
    Success,
    /// 4: nothing was selected, or all of it is skipped.
    NothingSelected,
    /// 5: passed, but a snapshot is pending, missing or obsolete, or a pass was flaky.
    NotClean,
    /// 6: a report could not be written, or a secret leaked into one.
    Report,
    /// 7: a shard is missing or duplicated.
    Shard,
    /// 3: inconclusive; nothing failed.
    Inconclusive,
    /// 1: at least one scenario failed.
    Failed,
    /// 2: usage, bad YAML, unknown variable or missing secret; nothing was sent.
    Usage,
    /// 130: interrupted by SIGINT.
    Interrupted,
    /// 143: ended by SIGTERM or SIGHUP.
    Terminated,
    /// 70: a bug.
    Internal,
}

impl ExitCode {
    /// Every code there is.
    const ALL: [Self; 11] = [
        Self::Success,
        Self::NothingSelected,
        Self::NotClean,
        Self::Report,
        Self::Shard,
        Self::Inconclusive,
        Self::Failed,
        Self::Usage,
        Self::Interrupted,
        Self::Terminated,
        Self::Internal,
    ];

    /// The number that the process ends with.
    pub fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Inconclusive => 3,
            Self::NothingSelected => 4,
            Self::NotClean => 5,
            Self::Report => 6,
            Self::Shard => 7,
            Self::Internal => 70,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl From<ExitCode> for u8 {
    fn from(code: ExitCode) -> Self {
        code.number()
    }
}

impl TryFrom<u8> for ExitCode {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::ALL.into_iter().find(|code| code.number() == number).ok_or_else(|| format!("{number} is no exit code"))
    }
}
