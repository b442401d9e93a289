//! How a run ends before its time.

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
            && matches!(*first, None | Some(StopReason::TooManyFailures))
        {
            *first = Some(reason);
        }
        if reason != StopReason::TooManyFailures {
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
