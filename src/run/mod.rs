//! In which order? From a plan to a report: every scenario through its steps, many at a time, with limits, retries and
//! ways to stop.

mod account_permits;
mod arrival;
mod artifacts;
mod attempt_report;
mod clock_check;
mod context;
mod deliveries;
mod events;
mod evidence_builder;
mod exit_code;
mod file_limit;
mod gmail_metadata;
mod handover;
mod incomplete;
mod late_arrivals;
mod ledger;
mod limits;
mod log_query;
mod moment;
mod next_hop;
mod options;
mod pipeline;
mod pool;
mod preflight;
mod removal;
mod route;
mod scenario;
mod scenario_report;
mod search;
mod step_log;
mod steps;
mod stop;
mod tag_expression;
mod unreachable_accounts;
mod unverified;
mod wait;
mod wait_policy;
mod watches;
mod whole_run;
mod world;
mod worlds;

pub mod plan;
pub mod resume;

pub use artifacts::{ArtifactPolicy, DiagnosisText, RunDir};
pub use events::{Clock, EventSender};
pub use options::{FlakyPolicy, Options, PlanErrors};
pub use plan::{Plan, PlannedScenario, Selection};
pub use preflight::prepare;
pub use stop::{Stop, StopReason};
pub use tag_expression::{TagError, TagExpr};
pub use whole_run::run;
pub use worlds::WorldSource;

use context::RunContext;
