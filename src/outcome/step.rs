//! What an attempt does, one step after the other.

use crate::core::{Recorded, recorded::recorded_words};
use serde::{Deserialize, Serialize};

recorded_words! {
    /// What a step does.
    pub enum StepKind {
        /// Waiting for the limits of accounts.
        Pace = "pace",
        /// Opening the mailboxes.
        Watch = "watch",
        /// Handing the mail to its first server.
        Send = "send",
        /// The next server puts the mail off.
        Deferred = "deferred",
        /// Waiting for what is expected.
        Wait = "wait",
        /// Looking for mail on another connection.
        Search = "search",
        /// Reading the logs of servers.
        Logs = "logs",
        /// Verifying the signatures.
        Verify = "verify",
        /// Checking the expectations.
        Assert = "assert",
        /// Deleting the mail.
        Cleanup = "cleanup",
    }
}

recorded_words! {
    /// How far a step has come.
    pub enum StepStatus {
        /// It begins.
        Begun = "begun",
        /// It did what it is for.
        Ok = "ok",
        /// An expectation does not hold.
        Failed = "failed",
        /// The harness could not do it.
        Error = "error",
    }
}

/// One step of an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Step {
    /// `watch`, `send`, `wait`, `logs`, `verify`, `assert`, `cleanup`.
    pub kind: Recorded<StepKind>,
    /// `ok`, `failed` or `error`.
    pub status: Recorded<StepStatus>,
    /// From the start of the attempt.
    pub at_ms: u64,
    /// How long it took.
    pub duration_ms: u64,
    /// What to know about it: the reply, the folder and UID.
    pub detail: serde_json::Value,
}
