//! How long to go on looking.

use crate::core::{
    Span, Spanned,
    reading::{HumanDuration, Wrong, value},
};
use serde::{Deserialize, Deserializer};
use std::time::Duration;

/// How long to go on looking after everything else has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Settle {
    #[serde(deserialize_with = "settle")]
    written: Option<Spanned<Duration>>,
}

impl Settle {
    /// The time; 5 seconds when the scenario does not say.
    pub fn time(&self) -> Duration {
        self.written.as_ref().map_or(Duration::from_secs(5), |written| written.value)
    }

    /// Where it is written.
    pub fn at(&self) -> Option<&Span> {
        self.written.as_ref().map(|written| &written.at)
    }
}

fn settle<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Spanned<Duration>>, D::Error> {
    let time = value(deserializer, |time: &Spanned<HumanDuration>| match time.value.0 {
        Duration::ZERO => {
            Err(Wrong::new("`settle` is zero", "a mail can come later than at once; write for example 5s"))
        }
        _ => Ok(()),
    })?;
    Ok(Some(time.map(|time| time.0)))
}
