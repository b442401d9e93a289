//! Names of runs, scenarios and attempts.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a text that is known to be such a name.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

text_id! {
    /// One run of the tool: a ULID, so names sort by time.
    RunId
}
text_id! {
    /// One scenario: the file's path below the scenario folder without its extension, and the matrix row in brackets,
    /// as in `forward/arc[size=5MB]`; of a file elsewhere, its path from the folder around that.
    ScenarioId
}
text_id! {
    /// What makes one attempt's mail unlike every other: lower-case letters, digits and hyphens, in the Message-ID,
    /// in the probe header and wherever a scenario writes `$token`.
    Token
}

impl RunId {
    /// The first eight characters, as shown to people.
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

impl ScenarioId {
    /// The id without the number of a repetition.
    pub fn once(&self) -> Self {
        match self.repeated() {
            Some((id, _)) => Self(id.to_owned()),
            None => self.clone(),
        }
    }

    /// Which repetition it is, from 1.
    pub fn repetition(&self) -> usize {
        self.repeated().map_or(1, |(_, n)| n)
    }

    fn repeated(&self) -> Option<(&str, usize)> {
        let (id, n) = self.0.rsplit_once('#')?;
        let is_number = !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
        if is_number { Some((id, n.parse().ok()?)) } else { None }
    }
}

impl Token {
    /// The token of the `attempt`th attempt (from 1) at the `index`th scenario (from 0) of a run.
    pub fn of(run: &RunId, index: usize, attempt: u32) -> Self {
        Self(format!("sc-{}-{index}-{attempt}", run.0.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_of_one_scenario() {
        for (id, once, repetition) in [
            ("a#2", "a", 2),
            ("a[s=#7]", "a[s=#7]", 1),
            ("a[s=#7]#12", "a[s=#7]", 12),
            ("a#", "a#", 1),
            ("a#+2", "a#+2", 1),
        ] {
            let id = ScenarioId::new(id);
            assert_eq!((id.once().as_str(), id.repetition()), (once, repetition), "{id}");
        }
    }
}
