//! What a run comes to, as the program's exit code.

use super::{FlakyPolicy, Options, StopReason};
use crate::outcome::{ExitCode, ScenarioReport, SnapshotStatus, Totals};

/// Everything that the exit code is decided by.
pub(super) struct Ending<'a> {
    pub(super) options: &'a Options,
    pub(super) scenarios: &'a [ScenarioReport],
    pub(super) totals: &'a Totals,
    pub(super) stopped: Option<StopReason>,
    pub(super) is_nothing_selected: bool,
    /// There are snapshots without a scenario.
    pub(super) has_obsolete: bool,
    /// It looked for the mail of an earlier run.
    pub(super) is_resumed: bool,
    /// A scenario panicked.
    pub(super) is_bug: bool,
    /// No file that is kept holds a secret.
    pub(super) is_swept: bool,
}

impl Ending<'_> {
    /// The heaviest of everything that there is to say.
    pub(super) fn exit_code(&self) -> ExitCode {
        let Self { options, totals, stopped, .. } = self;
        let mut snapshots = self.scenarios.iter().filter_map(|s| s.snapshot.as_ref());
        let is_unclean = snapshots.any(|s| s.status == SnapshotStatus::Missing)
            || (totals.flaky > 0 && options.flaky == FlakyPolicy::Fail)
            || (options.obsolete_is_unclean && self.has_obsolete);
        // Nobody who looks again may take what was never sent for good.
        let is_inconclusive = totals.errored > 0 || (self.is_resumed && totals.not_run > 0);
        let reasons = [
            (totals.broken() > 0, ExitCode::Failed),
            (is_inconclusive, ExitCode::Inconclusive),
            (is_unclean, ExitCode::NotClean),
            (self.is_nothing_selected, ExitCode::NothingSelected),
            (totals.is_all_skipped(), options.all_skipped),
            (self.is_bug, ExitCode::Internal),
            (!self.is_swept, ExitCode::Report),
        ];
        let heaviest = reasons.into_iter().filter(|(is_so, _)| *is_so).map(|(_, code)| code).max();
        heaviest.max(stopped.and_then(StopReason::exit_code)).unwrap_or(ExitCode::Success)
    }
}
