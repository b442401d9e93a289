//! The report of a scenario.

use super::PlannedScenario;
use crate::outcome::{ScenarioReport, Status};
use std::collections::BTreeMap;

/// A report of a scenario to which nothing has happened yet.
pub(super) fn blank(item: &PlannedScenario) -> ScenarioReport {
    let scenario = &item.scenario;
    ScenarioReport {
        id: item.id.clone(),
        file: scenario.file.to_string(),
        line: scenario.expect.first().map_or(1, |e| e.at.line),
        name: scenario.name.clone(),
        tags: scenario.tags.clone(),
        params: scenario.params.iter().cloned().collect::<BTreeMap<_, _>>(),
        status: Status::NotRun,
        reason: None,
        flaky: false,
        duration_ms: 0,
        max_attempts: 1,
        attempts: Vec::new(),
        snapshot: None,
        source: scenario.source.clone(),
    }
}
