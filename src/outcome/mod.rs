//! What can a run say? Values only: results of checks, verdicts, reports, and the events that reporters read.

pub mod check;
pub mod claim;
pub mod event;
pub mod exit;
pub mod info;
pub mod report;
pub mod sent;
pub mod stage_error;
pub mod survival;

pub use check::{CheckResult, Checks, Confidence, Diagnosis, EvidenceRef};
pub use claim::{Agreement, Claim};
pub use event::{Event, RunEvent};
pub use exit::ExitCode;
pub use info::{CiInfo, Connections, GitInfo, Redactions, RunInfo, ShardInfo};
pub use report::{
    Artifact, AttemptReport, Observed, ObservedKind, ObservedSeal, ScenarioReport, SnapshotOutcome, SnapshotStatus,
    Status, Step, Totals,
};
pub use sent::{ComposedMail, SubmissionReply, SubmittedMail};
pub use stage_error::{HarnessErrorKind, MailboxTrouble, StageError};
pub use survival::{BodyChange, Fate, HeaderChange, SigningField, Survival};
