//! What a mailbox says of this machine's clock: a copy cannot have come before the mail was sent, nor after it was seen.

use super::arrival::Found;
use crate::{
    core::clock::is_apart,
    mail::received,
    outcome::{HarnessCode, StageError},
};
use jiff::Timestamp;
use std::sync::{Mutex, PoisonError};

/// What was found out about the clocks of a world.
#[derive(Debug, Default)]
pub(super) struct Clocks(Mutex<Option<StageError>>);

impl Clocks {
    /// Why nothing more is to be sent: `Date`, signatures and deadlines would be wrong.
    pub(super) fn wrong(&self) -> Option<StageError> {
        let wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        wrong.map(|wrong| StageError { message: format!("nothing was sent: {}", wrong.message), ..wrong })
    }

    /// Compares when servers say that mail came with when that can have been; `span` is from before it was sent until
    /// now, by our clock, in seconds since 1970.
    pub(super) fn compare(&self, found: &[Found], span: (i64, i64)) -> Option<StageError> {
        let wrong = found.iter().find_map(|one| apart(one, span))?;
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
