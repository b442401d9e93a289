//! `wait:`: how long to wait for mail.

use super::yaml::Errors;
use crate::core::{
    Spanned,
    reading::{HumanDuration, ShortOrLong, time},
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// How long to wait and how.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Wait", description = "How long to wait.")]
pub struct Wait {
    /// For the whole attempt.
    #[serde(default, deserialize_with = "time")]
    #[schemars(with = "Option<HumanDuration>")]
    pub timeout: Option<Spanned<Duration>>,
    /// When to say SLOW.
    #[serde(default, deserialize_with = "time")]
    #[schemars(with = "Option<HumanDuration>")]
    slow_after: Option<Spanned<Duration>>,
    /// How often a mailbox is asked.
    #[schemars(with = "Option<ShortOrLong<HumanDuration, Poll>>")]
    poll: Option<Spanned<Poll>>,
}

/// How often a mailbox is asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename = "short:max", deny_unknown_fields)]
#[schemars(rename = "Poll")]
struct Poll {
    /// The first interval.
    #[serde(default, deserialize_with = "time")]
    #[schemars(with = "Option<HumanDuration>")]
    every: Option<Spanned<Duration>>,
    /// The longest that a mailbox is left unasked; more than ten seconds are ten.
    #[serde(default, deserialize_with = "time")]
    #[schemars(with = "Option<HumanDuration>")]
    max: Option<Spanned<Duration>>,
}

impl Poll {
    fn longest(&self) -> Option<Duration> {
        self.max.as_ref().or(self.every.as_ref()).map(|time| time.value)
    }
}

impl Wait {
    /// For the whole attempt: 3 minutes when the scenario does not say.
    pub fn timeout(&self) -> Duration {
        self.timeout.as_ref().map_or(Duration::from_secs(180), |timeout| timeout.value)
    }

    /// When to say SLOW.
    pub fn slow_after(&self) -> Option<Duration> {
        self.slow_after.as_ref().map(|slow| slow.value)
    }

    /// The longest that a mailbox is left unasked.
    pub fn poll(&self) -> Duration {
        self.poll.as_ref().and_then(|poll| poll.value.longest()).unwrap_or(Duration::from_secs(15))
    }

    /// Notes what is wrong.
    pub(super) fn check(&self, errors: &mut Errors<'_>) {
        if let Some(timeout) = &self.timeout
            && timeout.value.is_zero()
        {
            errors.error_at(&timeout.at, "`timeout` is zero", "nothing arrives in no time; write for example 3m");
        }
        if let Some(slow) = &self.slow_after
            && slow.value >= self.timeout()
        {
            let message = "option without effect: `slow_after` is not less than `timeout`";
            errors.error_at(&slow.at, message, "lower it, or raise `timeout`");
        }
        let Some(poll) = &self.poll else { return };
        if let (Some(every), Some(max)) = (&poll.value.every, &poll.value.max)
            && every.value > max.value
        {
            errors.error_at(&every.at, "`every` is more than `max`", "start with the shorter interval");
        }
        match poll.value.longest() {
            None => errors.error_at(&poll.at, "`poll` says nothing", "write `every` or `max`"),
            Some(Duration::ZERO) => errors.error_at(&poll.at, "`poll` is zero", "write for example 2s"),
            Some(_) => {}
        }
    }
}
