//! Forms of values that serde cannot know.

use crate::{
    core::{
        Spanned,
        reading::{Wrong, value},
    },
    scenario::yaml::Errors,
};
use serde::Deserializer;
use std::time::Duration;

pub(super) fn account<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Spanned<String>, D::Error> {
    value(deserializer, |account: &Spanned<String>| match account.value.trim() {
        "" => Err(Wrong::empty("the account")),
        _ => Ok(()),
    })
}

pub(super) fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Spanned<u32>, D::Error> {
    value(deserializer, |count: &Spanned<u32>| match count.value {
        0 => Err(Wrong::new("`count` of 0", "write `absent` instead")),
        _ => Ok(()),
    })
}

/// Notes where the time that something must come in is none.
pub(super) fn check_within(within: &Option<Spanned<Duration>>, errors: &mut Errors<'_>) {
    if let Some(within) = within
        && within.value.is_zero()
    {
        errors.error_at(&within.at, "`within` is zero", "nothing comes in no time; write for example 2m");
    }
}
