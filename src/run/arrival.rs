//! A message that came, and when.

use super::moment::SubmissionEnd;
use crate::{
    evidence::{Arrival, Folder},
    mail::received,
};
use jiff::Timestamp;
use std::time::Duration;

/// A message that arrived, and how long after its submission.
pub(super) struct Found {
    pub(super) arrival: Arrival,
    pub(super) after: Duration,
}

impl Found {
    /// Whether another look shows what this one showed: the same message in the same folder, or in Gmail's All Mail, which holds
    /// everything that is elsewhere, too.
    pub(super) fn is_shown_by(&self, other: &Arrival) -> bool {
        let mine = &self.arrival;
        let is_same_place = (mine.folder, mine.uid) == (other.folder, other.uid);
        let is_same_mail = match (mine.gm_msgid, other.gm_msgid) {
            (Some(mine), Some(other)) => mine == other,
            _ => mine.raw() == other.raw(),
        };
        mine.account == other.account && (is_same_place || (other.folder == Folder::All && is_same_mail))
    }
}

/// How long after its submission a mail came that was there by a moment: by the receiver's clock, to the second; where the
/// receiver does not say, it came when it was found.
pub(super) fn came(arrival: &Arrival, end: &SubmissionEnd) -> Duration {
    let there_by = end.until(arrival.seen);
    let stamped = arrival.internal_date.or_else(|| received::hops(&arrival.message).last()?.time);
    let at = stamped.and_then(|at| Timestamp::from_second(at).ok());
    at.map_or(there_by, |at| between(end.wall, at).min(there_by))
}

/// The time from one moment to a later one.
pub(super) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}
