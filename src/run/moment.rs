//! The clock of this machine, which somebody may set while an attempt runs.

use super::Clock;
use crate::evidence::{Stage, Submission};
use jiff::Timestamp;
use std::time::{Duration, Instant};

/// How far the wall clock and the monotonic clock may part before the wall clock counts as stepped.
const STEP: Duration = Duration::from_secs(2);

/// A moment by the wall clock and by the monotonic clock. The wall clock can be stepped, by NTP or by hand, and goes on while
/// the machine is suspended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) wall: Timestamp,
    pub(super) monotonic: Instant,
}

impl Moment {
    pub(super) fn now(clock: &Clock) -> Self {
        Self { wall: clock.now(), monotonic: Instant::now() }
    }

    /// Some time after this one, as far as the clock is not stepped meanwhile.
    fn plus(self, time: Duration) -> Self {
        let wall = self.wall.checked_add(time).unwrap_or(Timestamp::MAX);
        Self { wall, monotonic: self.monotonic + time }
    }

    /// Whether the wall clock was stepped between this moment and a later one.
    pub(super) fn is_stepped_by(self, later: Self) -> bool {
        let passed = later.monotonic.saturating_duration_since(self.monotonic);
        let (from, to) = (self.plus(passed).wall, later.wall);
        to.duration_since(from).unsigned_abs() > STEP
    }
}

/// The end of a submission: the final reply to the message (RFC 5321 §4.1.1.4). Every time of an attempt counts from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct SubmissionEnd {
    pub(super) wall: Timestamp,
    /// A moment of this process, and how long it was after the end.
    known: (Instant, Duration),
}

impl SubmissionEnd {
    /// That of a submission which began at a moment and is over; now when the message was not answered.
    pub(super) fn of(submission: &Submission, began: Moment, now: Moment) -> Self {
        let answered = submission.replies.iter().rfind(|r| r.stage == Stage::Message);
        let end = answered.map_or(now, |reply| began.plus(reply.at));
        Self { wall: end.wall, known: (end.monotonic, Duration::ZERO) }
    }

    /// That of a submission of an earlier run, so long before now.
    pub(super) fn earlier(wall: Timestamp, ago: Duration) -> Self {
        Self { wall, known: (Instant::now(), ago) }
    }

    /// How long after it a moment of this process is.
    pub(super) fn until(&self, moment: Instant) -> Duration {
        self.known.1 + moment.saturating_duration_since(self.known.0)
    }

    /// How long ago it was.
    pub(super) fn elapsed(&self) -> Duration {
        self.until(Instant::now())
    }

    /// The moment so long after it; not before this process knew of it.
    pub(super) fn plus(&self, time: Duration) -> Instant {
        self.known.0 + time.saturating_sub(self.known.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{evidence::StageReply, mail::reply::Reply};

    fn moment(wall: i64, after: u64, start: Instant) -> Moment {
        Moment { wall: Timestamp::from_second(wall).unwrap(), monotonic: start + Duration::from_secs(after) }
    }

    #[test]
    fn times_count_from_the_reply_to_the_message() {
        let start = Instant::now();
        let reply = |stage, at| StageReply {
            stage,
            recipient: None,
            reply: Reply { code: 250, enhanced_status: None, text: "ok".into() },
            at: Duration::from_secs(at),
            took: Duration::ZERO,
        };
        let (began, now) = (moment(1_000_000, 0, start), moment(1_000_030, 30, start));
        let replies = vec![reply(Stage::Data, 1), reply(Stage::Message, 2), reply(Stage::Quit, 30)];
        let end = SubmissionEnd::of(&Submission { replies, ..Submission::default() }, began, now);
        assert_eq!(end.until(now.monotonic), Duration::from_secs(28), "a slow QUIT is no part of it");
        assert_eq!(
            (end.wall.as_second(), end.plus(Duration::from_secs(5))),
            (1_000_002, moment(0, 7, start).monotonic)
        );
        assert_eq!(end.until(start), Duration::ZERO, "a server may deliver before it answers");
        let unanswered = SubmissionEnd::of(&Submission::default(), began, now);
        assert_eq!(unanswered.until(now.monotonic), Duration::ZERO);
    }
}
