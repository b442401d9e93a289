//! In which order? From a plan to a report: every scenario through its steps, many at a time, with limits, retries and
//! ways to stop.

mod artifacts;
mod attempt;
mod emit;
mod evidence;
mod goals;
mod limits;
mod log;
mod pool;
mod preflight;
mod route;
mod scenario;
mod stop;
mod tags;
mod wait;
mod worlds;

pub mod plan;

pub use artifacts::{ArtifactPolicy, RunDir};
pub use emit::{Clock, Emitter};
pub use plan::{Item, Plan, Selection};
pub use pool::{FlakyPolicy, Options, Refused, run};
pub use stop::{Stop, StopReason};
pub use tags::{TagError, TagExpr};
pub use worlds::Given;

use crate::{
    core::{RunId, Token},
    judge::snapshot::Store,
    scenario::{Target, Vars},
};
use std::time::Duration;

/// What every scenario of a run shares.
struct Environment {
    run: RunId,
    emitter: Emitter,
    worlds: worlds::Worlds,
    limits: limits::Limits,
    run_dir: RunDir,
    stop: Stop,
    artifacts: ArtifactPolicy,
    snapshots: Store,
    timeout: Option<Duration>,
    retries: Option<u32>,
    vars: Vars,
}

impl Environment {
    /// What the texts of a scenario may name: the accounts, the scenario's own variables, those of the command line, and
    /// what is new in every attempt.
    fn vars(&self, item: &Item, target: &Target, token: &Token) -> Vars {
        plan::vars(item, target, &self.vars, &self.run, token)
    }
}
