//! `cleanup: delete`: what arrived is put away after the verdict. That it cannot be changes nothing about what was found out.

use super::{step_log::StepLog, stop::Stop, world::World};
use crate::{
    core::deadline,
    evidence::{Arrival, Evidence},
    outcome::{Step, StepKind, StepStatus},
};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How long deleting what arrived may take.
const LIMIT: Duration = Duration::from_secs(10);

/// What an attempt leaves in mailboxes.
pub(super) struct Removal {
    world: Arc<World>,
    log: StepLog,
    arrivals: Vec<Arrival>,
}

/// What is to be told of it.
pub(super) struct Removed {
    /// Every step of the attempt, with this one.
    pub(super) steps: Vec<Step>,
    /// What was in the way.
    pub(super) notes: Vec<String>,
}

impl Removal {
    /// Everything that an attempt saw arrive.
    pub(super) fn of(evidence: &Evidence, world: Arc<World>, log: StepLog) -> Self {
        let copies = evidence.copies.iter().map(|c| &c.arrival);
        let arrivals = copies.chain(evidence.bounces.iter().map(|b| &b.arrival)).cloned().collect();
        Self { world, log, arrivals }
    }

    /// Deletes it, in ten seconds at most and until the run is cut off; what is in the way is told in notes.
    pub(super) async fn run(self, stop: &Stop) -> Removed {
        let begun = self.log.begin(StepKind::Cleanup);
        let by = Instant::now() + deadline::scaled(LIMIT);
        let mut problems = Vec::new();
        for arrival in &self.arrivals {
            let problem = tokio::select! {
                biased;
                () = stop.cut_off() => Some("the run was cut off".to_owned()),
                deleted = self.world.mailboxes.delete(arrival, by) => deleted.err().map(|error| error.to_string()),
            };
            problems.extend(problem);
        }
        problems.dedup();
        if problems.is_empty() {
            self.log.end(&begun, StepStatus::Ok, Value::Null);
        } else {
            self.log.end(&begun, StepStatus::Error, json!(problems));
        }
        let notes = problems.iter().map(|problem| format!("cleanup: what arrived is still there: {problem}"));
        Removed { steps: self.log.steps(), notes: notes.collect() }
    }
}
