//! This machine's clock beside the one of a server that says what time it is.

use crate::{
    core::clock::{is_apart, time_in},
    outcome::{HarnessError, HarnessErrorKind},
};
use jiff::Timestamp;

/// Why nothing is to be sent, where a server's text tells a time that is too far from ours.
pub(super) fn compare(stage: impl FnOnce() -> String, told: &str) -> Option<HarnessError> {
    let (there, now) = (time_in(told)?, Timestamp::now().as_second());
    let word = if there < now { "ahead of" } else { "behind" };
    is_apart(there, now, now).then(|| {
        let message =
            format!("nothing was sent: this machine's clock is {} seconds {word} the server's", now.abs_diff(there));
        let next =
            "set this machine's clock right, for example `timedatectl set-ntp true`, or tell who keeps the server";
        HarnessError::new(HarnessErrorKind::Clock, stage(), message, next)
    })
}
