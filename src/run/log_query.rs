//! Which logs an attempt reads, and for how long.

use super::{moment::SubmissionEnd, step_log::StepLog, world::World};
use crate::{
    evidence::LogLine,
    judge::check::logs_hold,
    outcome::{StepKind, StepStatus},
    probe::logs::{LogRequest, LogResult, Mark},
    scenario::{Scenario, Vars, model::ExpectationKind},
    target::Account,
};
use serde_json::json;
use std::time::Instant;

/// What an attempt asks the logs for.
pub(super) struct LogQuery<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) vars: &'a Vars,
    /// The accounts that the mail was meant to pass.
    pub(super) reaches: &'a [String],
    pub(super) message_id: &'a str,
    /// Where the logs stood when the attempt began.
    pub(super) since: &'a Mark,
    pub(super) end: &'a SubmissionEnd,
    /// The attempt's end.
    pub(super) deadline: Instant,
}

impl LogQuery<'_> {
    /// Reads the logs of every server on the way, and those that the scenario wants a line of. Wanted lines are waited
    /// for.
    pub(super) async fn gather(&self, world: &World, log: &StepLog) -> LogResult {
        let (mut named, mut within) = (Vec::new(), None);
        for expectation in self.scenario.expected_on(world.target.kind) {
            if let ExpectationKind::Log(log) = &expectation.kind {
                named.push(log.of.value.as_str());
                within = within.max(log.within.as_ref().map(|w| w.value));
            }
        }
        let accounts = world.target.accounts.values().filter(|a| !a.logs.is_empty());
        let accounts: Vec<&Account> =
            accounts.filter(|a| self.reaches.contains(&a.name) || named.contains(&a.name.as_str())).collect();
        if accounts.is_empty() {
            return LogResult::default();
        }
        let begun = log.begin(StepKind::Logs);
        let request = LogRequest {
            accounts: &accounts,
            message_id: self.message_id,
            since: self.since,
            until: within.map(|within| self.end.plus(within).min(self.deadline)),
            enough: &|lines: &[LogLine]| logs_hold(self.scenario, &world.target, self.vars, lines),
        };
        let gathered = world.logs.gather(&request).await;
        let unread: Vec<_> = gathered.unread.iter().map(|u| format!("{}; {}", u.problem, u.next)).collect();
        if unread.is_empty() {
            log.end(&begun, StepStatus::Ok, json!({ "lines": gathered.lines.len() }));
        } else {
            log.end(&begun, StepStatus::Error, json!(unread));
        }
        gathered
    }
}
