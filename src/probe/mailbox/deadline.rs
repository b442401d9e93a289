//! The moment by which what is done on a connection must be over.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Shared by a connection, whose every read and write keeps to it, and by those who use the connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Deadline(Arc<Mutex<Option<Instant>>>);

impl Deadline {
    /// Sets it; `None` when there is none.
    pub(super) fn set(&self, by: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = by;
    }

    /// This moment, or the deadline where it is earlier.
    pub(super) fn or_sooner(&self, at: Instant) -> Instant {
        let by = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        by.map_or(at, |by| by.min(at))
    }

    /// At most so long from now on; never zero, which means "for ever" to sockets.
    pub(super) fn at_most(&self, most: Duration) -> Duration {
        let now = Instant::now();
        self.or_sooner(now + most).saturating_duration_since(now).max(Duration::from_millis(1))
    }
}
