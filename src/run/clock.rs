//! Clocks: that of this machine, which somebody may set while an attempt runs, and those of other machines. A copy cannot have
//! come before the mail was sent, nor after it was seen.

use super::{Clock, arrival::Found};
use crate::{
    core::clock::is_apart,
    evidence::{Stage, Submission},
    mail::received,
    outcome::{HarnessCode, StageError},
};
use jiff::Timestamp;
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

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

/// What was found out about the clocks of a world.
#[derive(Debug, Default)]
pub(super) struct Clocks(Mutex<Option<StageError>>);

impl Clocks {
    /// Why nothing more is to be sent: `Date`, signatures and deadlines would be wrong.
    pub(super) fn wrong(&self) -> Option<StageError> {
        let wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        wrong.map(|wrong| StageError { message: format!("nothing was sent: {}", wrong.message), ..wrong })
    }

    /// Compares when servers say that mail came with when that can have been: after the attempt began, and before now. Where
    /// this machine's clock was stepped in between, it may have come at any time that the clock showed.
    pub(super) fn compare(&self, found: &[Found], began: Moment, now: Moment) -> Option<StageError> {
        let (began, now) = (began.wall.as_second(), now.wall.as_second());
        let wrong = found.iter().find_map(|one| apart(one, (began.min(now), began.max(now))))?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(wrong.clone());
        Some(wrong)
    }
}

fn apart(found: &Found, (sent, now): (i64, i64)) -> Option<StageError> {
    let there = found.arrival.internal_date.filter(|there| is_apart(*there, (sent, now)))?;
    let account = &found.arrival.account;
    // Who else was there: the servers that the mail passed before.
    let times: Vec<i64> = received::hops(&found.message).iter().filter_map(|hop| hop.time).collect();
    let with = |from, to| times.iter().filter(|time| !is_apart(**time, (from, to))).count();
    let (with_us, with_them) = (with(sent, now), with(there, there));
    let message = format!(
        "the server of {account} says that the mail came at {}, and this machine's clock showed {} when it was sent; of the \
         servers on the way {with_us} agree with this machine, {with_them} with that server",
        text(there),
        text(sent),
    );
    let next = match with_us > with_them {
        true => format!("the clock of {account}'s server is wrong: tell who keeps it"),
        false => "set this machine's clock right, for example `timedatectl set-ntp true`".to_owned(),
    };
    Some(StageError::new(HarnessCode::H10, format!("compare clocks with {account}"), message, next))
}

fn text(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::{Arrival, Folder, StageReply},
        mail::{Message, reply::Reply},
    };

    fn moment(wall: i64, after: u64, start: Instant) -> Moment {
        Moment { wall: Timestamp::from_second(wall).unwrap(), monotonic: start + Duration::from_secs(after) }
    }

    fn found(internal_date: i64) -> Found {
        let raw = b"Message-ID: <a@b>\r\n\r\n".to_vec();
        let arrival = Arrival {
            account: "gmail".into(),
            folder: Folder::Inbox,
            folder_name: "INBOX".into(),
            uid: 1,
            gm_msgid: None,
            labels: None,
            internal_date: Some(internal_date),
            raw: raw.clone(),
            seen: Instant::now(),
            cut_from: None,
        };
        Found { arrival, after: Duration::ZERO, message: Message::parse(raw), dsn: None }
    }

    #[test]
    fn a_step_is_not_taken_for_a_skew() {
        let start = Instant::now();
        let began = moment(1_000_000, 0, start);
        // Ten seconds of the attempt, and what the wall clock made of them.
        for (wall, stepped) in [(1_000_010, false), (1_000_012, false), (1_003_610, true), (996_410, true)] {
            let now = moment(wall, 10, start);
            assert_eq!(began.is_stepped_by(now), stepped, "{wall}");
            for came in [1_000_003, wall - 5] {
                let clocks = Clocks::default();
                assert_eq!(clocks.compare(&[found(came)], began, now), None, "{came} within {wall}");
                assert_eq!(clocks.wrong(), None);
            }
        }
    }

    #[test]
    fn a_skew_is_found_with_and_without_a_step() {
        let start = Instant::now();
        let began = moment(1_000_000, 0, start);
        for (wall, came) in [(1_000_010, 1_000_400), (1_000_010, 999_600), (1_003_610, 1_004_000), (996_410, 996_000)] {
            let clocks = Clocks::default();
            let wrong = clocks.compare(&[found(came)], began, moment(wall, 10, start));
            assert_eq!(wrong.map(|e| e.code), Some(HarnessCode::H10), "{came} within {wall}");
            assert!(clocks.wrong().is_some());
        }
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
