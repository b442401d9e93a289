//! The clocks of other machines: a copy cannot have come before the mail was sent, nor after it was seen.

use super::{arrival::Found, moment::Moment};
use crate::{
    core::{UnixTime, clock::is_apart},
    mail::received,
    outcome::{HarnessError, HarnessErrorKind},
};
use jiff::Timestamp;
use std::sync::{Mutex, PoisonError};

/// What was found out about the clocks of a world.
#[derive(Debug, Default)]
pub(super) struct ClockCheck(Mutex<Option<HarnessError>>);

impl ClockCheck {
    /// Why nothing more is to be sent: `Date`, signatures and deadlines would be wrong.
    pub(super) fn wrong(&self) -> Option<HarnessError> {
        let wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        wrong.map(|wrong| HarnessError { message: format!("nothing was sent: {}", wrong.message), ..wrong })
    }

    /// Compares when servers say that mail came with when that can have been: after the attempt began, and before now. Where
    /// this machine's clock was stepped in between, it may have come at any time that the clock showed.
    pub(super) fn compare(&self, found: &[Found], began: Moment, now: Moment) -> Option<HarnessError> {
        let (began, now) = (began.wall.as_second(), now.wall.as_second());
        let wrong = found.iter().find_map(|one| apart(one, began.min(now), began.max(now)))?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(wrong.clone());
        Some(wrong)
    }
}

fn apart(found: &Found, sent: UnixTime, now: UnixTime) -> Option<HarnessError> {
    let there = found.arrival.internal_date.filter(|there| is_apart(*there, sent, now))?;
    let account = &found.arrival.account;
    // Who else was there: the servers that the mail passed before.
    let times: Vec<i64> = received::hops(&found.arrival.message).iter().filter_map(|hop| hop.time).collect();
    let with = |from, to| times.iter().filter(|time| !is_apart(**time, from, to)).count();
    let (with_us, with_them) = (with(sent, now), with(there, there));
    let message = format!(
        "the server of {account} says that the mail came at {}, and this machine's clock showed {} when it was sent; of the \
         servers on the way {with_us} agree with this machine, {with_them} with that server",
        text(there),
        text(sent),
    );
    let next = if with_us > with_them {
        format!("the clock of {account}'s server is wrong: tell who keeps it")
    } else {
        "set this machine's clock right, for example `timedatectl set-ntp true`".to_owned()
    };
    Some(HarnessError::new(HarnessErrorKind::Clock, format!("compare clocks with {account}"), message, next))
}

fn text(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Arrival, Folder};
    use std::time::{Duration, Instant};

    fn moment(wall: i64, after: u64, start: Instant) -> Moment {
        Moment { wall: Timestamp::from_second(wall).unwrap(), monotonic: start + Duration::from_secs(after) }
    }

    fn found(internal_date: UnixTime) -> Found {
        let raw = b"Message-ID: <a@b>\r\n\r\n".to_vec();
        let arrival = Arrival { internal_date: Some(internal_date), ..Arrival::new("gmail", Folder::Inbox, 1, raw) };
        Found { arrival, after: Duration::ZERO }
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
                let clock_check = ClockCheck::default();
                assert_eq!(clock_check.compare(&[found(came)], began, now), None, "{came} within {wall}");
                assert_eq!(clock_check.wrong(), None);
            }
        }
    }

    #[test]
    fn a_skew_is_found_with_and_without_a_step() {
        let start = Instant::now();
        let began = moment(1_000_000, 0, start);
        for (wall, came) in [(1_000_010, 1_000_400), (1_000_010, 999_600), (1_003_610, 1_004_000), (996_410, 996_000)] {
            let clock_check = ClockCheck::default();
            let wrong = clock_check.compare(&[found(came)], began, moment(wall, 10, start));
            assert_eq!(wrong.map(|e| e.kind), Some(HarnessErrorKind::Clock), "{came} within {wall}");
            assert!(clock_check.wrong().is_some());
        }
    }
}
