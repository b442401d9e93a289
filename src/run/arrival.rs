//! A message that came, and when.

use crate::{
    evidence::Arrival,
    mail::{Message, dsn::Dsn, received},
};
use jiff::Timestamp;
use std::time::Duration;

/// A message that arrived, and whether it is a bounce.
pub(super) struct Found {
    pub(super) arrival: Arrival,
    pub(super) after: Duration,
    pub(super) message: Message,
    pub(super) dsn: Option<Dsn>,
}

/// How long after its submission a mail came: by the receiver's clock, to the second; where the receiver does not say, it was
/// there when it was found.
pub(super) fn came(arrival: &Arrival, submitted: Timestamp, ago: Duration) -> Duration {
    let stamped = || received::hops(&Message::parse(arrival.raw.clone())).last().and_then(|hop| hop.time);
    let at = arrival.internal_date.or_else(stamped).and_then(|at| Timestamp::from_second(at).ok());
    at.map_or(ago, |at| between(submitted, at).min(ago))
}

/// The time from one moment to a later one.
pub(super) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}
