//! How a run ends before its time.

use crate::outcome::ExitCode;
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;

/// Why a run ends before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// SIGINT.
    Interrupted,
    /// SIGTERM, or SIGHUP: the terminal is gone.
    Terminated,
    /// `--global-timeout` has passed.
    GlobalTimeout,
    /// `--fail-fast` or `--max-fail`: what runs may finish.
    TooManyFailures,
}

impl StopReason {
    /// In words, for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
            Self::GlobalTimeout => "global timeout",
            Self::TooManyFailures => "too many failures",
        }
    }

    /// What a run that ends so comes to at least; nothing where what it has seen says it.
    pub fn exit_code(self) -> Option<ExitCode> {
        match self {
            Self::Interrupted => Some(ExitCode::Interrupted),
            Self::Terminated => Some(ExitCode::Terminated),
            Self::GlobalTimeout => Some(ExitCode::Inconclusive),
            Self::TooManyFailures => None,
        }
    }

    /// Whether what runs may finish.
    fn lets_the_rest_finish(self) -> bool {
        match self {
            Self::Interrupted | Self::Terminated | Self::GlobalTimeout => false,
            Self::TooManyFailures => true,
        }
    }
}

/// Tells everything in a run to stop. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    reason: Arc<Mutex<Option<StopReason>>>,
    waits: CancellationToken,
}

impl Stop {
    /// Nothing is to stop yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// No new scenario is started; but for too many failures, what runs is cut off too. The first reason counts, unless
    /// it let the rest finish and this one does not.
    pub fn stop(&self, reason: StopReason) {
        if let Ok(mut first) = self.reason.lock()
            && first.is_none_or(StopReason::lets_the_rest_finish)
        {
            *first = Some(reason);
        }
        if !reason.lets_the_rest_finish() {
            self.waits.cancel();
        }
    }

    /// The reason.
    pub fn reason(&self) -> Option<StopReason> {
        self.reason.lock().ok().and_then(|r| *r)
    }

    /// Returns when what runs must be cut off.
    pub async fn cut_off(&self) {
        self.waits.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_failures_let_the_rest_finish() {
        let stop = Stop::new();
        stop.stop(StopReason::TooManyFailures);
        assert!(!stop.waits.is_cancelled());
        stop.stop(StopReason::Interrupted);
        assert!(stop.waits.is_cancelled());
        assert_eq!(stop.reason(), Some(StopReason::Interrupted));
        stop.stop(StopReason::Terminated);
        assert_eq!(stop.reason(), Some(StopReason::Interrupted));
    }
}
