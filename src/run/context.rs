//! What every scenario of a run shares.

use super::{ArtifactPolicy, DiagnosisText, EventSender, RunDir, Stop, limits::Limits, worlds::Worlds};
use crate::{core::RunId, judge::snapshot::Store, scenario::Vars};

/// What every scenario of a run shares.
pub(super) struct RunContext {
    pub(super) run: RunId,
    pub(super) events: EventSender,
    pub(super) worlds: Worlds,
    pub(super) limits: Limits,
    pub(super) run_dir: RunDir,
    pub(super) stop: Stop,
    pub(super) artifacts: ArtifactPolicy,
    pub(super) diagnosis_text: DiagnosisText,
    pub(super) snapshots: Store,
    pub(super) vars: Vars,
}
