//! What a run is told beside its plan.

use super::{ArtifactPolicy, DiagnosisText, RunDir, WorldSource};
use crate::{
    core::{Redactor, RunId},
    judge::snapshot::Store,
    outcome::{ExitCode, RunInfo},
    scenario::{Vars, YamlError},
};
use std::{path::PathBuf, time::Duration};

/// What a pass after a retry counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlakyPolicy {
    /// A pass.
    Pass,
    /// A pass that is shown.
    Warn,
    /// Not clean (exit 5).
    Fail,
}

/// How to run a plan.
pub struct Options {
    /// The run's id.
    pub run: RunId,
    /// The tool and its version.
    pub tool: String,
    /// The circumstances.
    pub info: RunInfo,
    /// Where worlds come from.
    pub worlds: WorldSource,
    /// The variables of the command line.
    pub vars: Vars,
    /// How many scenarios at a time.
    pub jobs: usize,
    /// For the whole run.
    pub global_timeout: Option<Duration>,
    /// After how many failures no new scenario is started.
    pub max_fail: Option<usize>,
    /// What a pass after a retry counts as.
    pub flaky: FlakyPolicy,
    /// When files are kept.
    pub artifacts: ArtifactPolicy,
    /// What `diagnosis.txt` says.
    pub diagnosis_text: DiagnosisText,
    /// The regression files.
    pub snapshots: Store,
    /// A snapshot without a scenario is not clean (exit 5).
    pub obsolete_is_unclean: bool,
    /// What it means when everything that was selected is skipped.
    pub all_skipped: ExitCode,
    /// The run's directory.
    pub run_dir: RunDir,
    /// Where all runs count what they send to accounts that have a limit; without it this run counts for itself.
    pub sent: Option<PathBuf>,
    /// Every secret.
    pub redactor: Redactor,
}

impl Options {
    /// A run of one scenario at a time that nobody has any wishes for.
    pub fn new(
        run: RunId,
        worlds: WorldSource,
        snapshots: Store,
        run_dir: RunDir,
        diagnosis_text: DiagnosisText,
        redactor: Redactor,
    ) -> Self {
        Self {
            run,
            tool: format!("sealcheck {}", env!("CARGO_PKG_VERSION")),
            info: RunInfo::default(),
            worlds,
            vars: Vars::new(),
            jobs: 1,
            global_timeout: None,
            max_fail: None,
            flaky: FlakyPolicy::Warn,
            artifacts: ArtifactPolicy::Failed,
            diagnosis_text,
            snapshots,
            obsolete_is_unclean: false,
            all_skipped: ExitCode::Success,
            run_dir,
            sent: None,
            redactor,
        }
    }
}

/// A plan that cannot work: nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanErrors(pub Vec<YamlError>);
