//! What stays as an earlier run left it.

use crate::{
    core::{RunId, ScenarioId},
    outcome::{Event, ScenarioReport},
};

/// What a run that looks again takes from the run before it.
#[derive(Debug, Clone, Default)]
pub struct Resumed {
    /// That run.
    pub(in crate::run) run: Option<RunId>,
    /// Its scenarios, in their order.
    pub(in crate::run) order: Vec<ScenarioId>,
    /// What stays as it was.
    pub(in crate::run) kept: Vec<ScenarioReport>,
    /// What was told of mails that are not decided, to be told again: this run may break off, too.
    pub(in crate::run) mails: Vec<Event>,
    /// What a person should know.
    pub(in crate::run) notes: Vec<String>,
}
