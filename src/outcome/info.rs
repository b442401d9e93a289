//! Where and how a run was made: for archives and dashboards, never for a decision.

use serde::{Deserialize, Serialize};

/// The circumstances of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RunInfo {
    /// The profile of `sealcheck.yaml`.
    pub profile: Option<String>,
    /// Which part of the selection this run is.
    pub shard: Option<ShardInfo>,
    /// The machine's name.
    pub host: Option<String>,
    /// The checkout that the scenarios came from.
    pub git: Option<GitInfo>,
    /// The CI job.
    pub ci: Option<CiInfo>,
    /// SHA-256 of `sealcheck.yaml` in hexadecimal digits.
    pub config_sha256: Option<String>,
}

/// `--shard 2/5` is index 2 of 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ShardInfo {
    /// From 1.
    pub index: usize,
    /// How many there are.
    pub total: usize,
}

/// A git checkout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GitInfo {
    /// The commit's name.
    pub commit: String,
    /// The branch; `None` when no branch is checked out.
    pub branch: Option<String>,
    /// Whether tracked files were changed.
    pub dirty: bool,
}

/// A CI job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CiInfo {
    /// `github-actions`, `gitlab`, or `unknown`.
    pub provider: String,
    /// The job's page.
    pub run_url: Option<String>,
}

/// What the redaction did in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Redactions {
    /// How many secrets were known.
    pub secrets: usize,
    /// How many times one of them was masked.
    pub replaced: usize,
    /// How many files still held one at the end and were removed.
    pub leaks_found: usize,
}

/// The IMAP connections of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Connections {
    /// How many were opened: one for each folder that was watched.
    pub opened: usize,
    /// Of these, how many because an earlier one broke.
    pub reopened: usize,
}
