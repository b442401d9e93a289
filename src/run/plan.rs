//! Which scenarios are run, and whether they can be: everything that is a person's mistake is found here, before a mail
//! is sent.

use super::{
    TagExpr,
    resume::{RecordedMail, Resumed},
};
use crate::{
    core::{RunId, ScenarioId, Token},
    outcome::ShardInfo,
    scenario::{Scenario, Vars},
    target::{Target, TargetKind},
};
use std::{path::PathBuf, sync::Arc};

/// One scenario to run.
#[derive(Debug, Clone)]
pub struct PlannedScenario {
    /// Its place in the plan, from 0.
    pub index: usize,
    /// The scenario's id, with `#2` and so on for repetitions.
    pub id: ScenarioId,
    /// Which repetition it is, from 1.
    pub repetition: usize,
    /// What is to be done.
    pub scenario: Arc<Scenario>,
    /// The scenario's directory.
    pub base: PathBuf,
    /// Its mail, when an earlier run has sent it.
    pub recorded: Option<Arc<RecordedMail>>,
}

/// Every scenario to run, in order.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The scenarios.
    pub items: Vec<PlannedScenario>,
    /// What is selected before a shard is taken of it.
    pub selection: Vec<ScenarioId>,
    /// Snapshot files that belong to no scenario.
    pub obsolete_snapshots: Vec<String>,
    /// What is taken from an earlier run: nothing is sent, then.
    pub resumed: Option<Resumed>,
}

/// Which of the scenarios that were found are run.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Only those that can run there.
    pub target: Option<TargetKind>,
    /// Only those with these tags.
    pub tags: Option<TagExpr>,
    /// Only this part of them.
    pub shard: Option<ShardInfo>,
    /// Each so many times.
    pub repeat: usize,
}

impl Plan {
    /// The scenarios that the selection takes, in their order.
    pub fn select(scenarios: impl IntoIterator<Item = Scenario>, selection: &Selection) -> Self {
        let selected = scenarios.into_iter().filter(|s| {
            selection.target.is_none_or(|t| s.targets.contains(&t))
                && selection.tags.as_ref().is_none_or(|t| t.holds(&s.tags))
        });
        let mut plan = Self::default();
        for (n, scenario) in selected.enumerate() {
            let mine = selection.shard.is_none_or(|s| shard_of(n, s.total) == s.index);
            let scenario = Arc::new(scenario);
            for repetition in 1..=selection.repeat.max(1) {
                let id = match repetition {
                    1 => scenario.id.clone(),
                    n => ScenarioId::new(format!("{}#{n}", scenario.id)),
                };
                plan.selection.push(id.clone());
                if mine {
                    let item = PlannedScenario::new(plan.items.len(), id, Arc::clone(&scenario));
                    plan.items.push(PlannedScenario { repetition, ..item });
                }
            }
        }
        plan
    }
}

/// Which of `total` shards, counted from 1, runs the `n`th scenario of a selection, counted from 0: in turn, so that shards
/// differ by one scenario at most and rows of a matrix are spread. Every shard must see the same selection; a scenario more
/// or less may move the others, which changes nothing for them.
pub(crate) fn shard_of(n: usize, total: usize) -> usize {
    n % total.max(1) + 1
}

impl PlannedScenario {
    /// A scenario that is run once, with files beside its own.
    pub(super) fn new(index: usize, id: ScenarioId, scenario: Arc<Scenario>) -> Self {
        let base = PathBuf::from(&*scenario.file).parent().map(PathBuf::from).unwrap_or_default();
        Self { index, repetition: id.repetition(), id, scenario, base, recorded: None }
    }

    /// What the texts of the scenario may name; later ones win: the accounts, the scenario's own, the command line's
    /// (`given`), and what is new in every attempt.
    pub(super) fn vars(&self, target: &Target, given: &Vars, run: &RunId, token: &Token) -> Vars {
        let mut vars = self.scenario.vars_on(target, given);
        vars.set("token", token.as_str());
        vars.set("run", run.as_str());
        vars
    }

    /// What makes the mail of the `attempt`th attempt unlike every other.
    pub(super) fn token(&self, run: &RunId, attempt: u32) -> Token {
        self.recorded
            .as_ref()
            .map_or_else(|| Token::of(run, self.index, attempt), |recorded| recorded.mail.token.clone())
    }
}
