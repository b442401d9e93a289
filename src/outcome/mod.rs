//! What can a run say? Values only: results of checks, verdicts, reports, and the events that reporters read.

pub mod check;
pub mod check_path;
pub mod claim;
pub mod event;
pub mod exit;
pub mod harness_error;
pub mod info;
pub mod report;
pub mod sent;
pub mod step;
pub mod survival;

pub use check::{CheckResult, Checks, Confidence, Diagnosis, EvidenceRef};
pub use check_path::{CheckPart, CheckPath, UnknownPath};
pub use claim::{Agreement, Claim};
pub use event::{Event, RunEvent};
pub use exit::ExitCode;
pub use harness_error::{HarnessError, HarnessErrorKind, MailboxTrouble};
pub use info::{CiInfo, Connections, GitInfo, Redactions, RunInfo, ShardInfo};
pub use report::{
    Artifact, AttemptReport, Observed, ObservedKind, ObservedSeal, ScenarioReport, SnapshotOutcome, SnapshotStatus,
    Status, Totals,
};
pub use sent::{ComposedMail, SubmissionReply, SubmittedMail};
pub use step::{Step, StepKind, StepStatus};
pub use survival::{BodyChange, Fate, HeaderChange, SigningField, Survival};
