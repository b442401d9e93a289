//! The kinds of world.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The kinds of world that a scenario can run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TargetKind {
    /// Everything in this process.
    Embedded,
    /// The embedded world, with a real rspamd making the seals.
    Rspamd,
    /// A real Postfix and rspamd between embedded ends.
    Postfix,
    /// The user's own server, with the look-alike behind it.
    Staging,
    /// The user's server and Gmail itself.
    Gmail,
}

impl TargetKind {
    /// Every kind, the default first.
    pub const ALL: [Self; 5] = [Self::Embedded, Self::Rspamd, Self::Postfix, Self::Staging, Self::Gmail];

    /// The name as written in scenarios and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Rspamd => "rspamd",
            Self::Postfix => "postfix",
            Self::Staging => "staging",
            Self::Gmail => "gmail",
        }
    }

    /// Whether sealcheck builds this world itself, so that `lab:` knobs have effect.
    pub fn is_lab(self) -> bool {
        matches!(self, Self::Embedded | Self::Rspamd | Self::Postfix)
    }

    /// Whether a real rspamd of ours seals in it, whose version is known.
    pub fn has_rspamd(self) -> bool {
        matches!(self, Self::Rspamd | Self::Postfix)
    }
}

impl fmt::Display for TargetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for TargetKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|k| k.as_str() == text)
            .ok_or_else(|| format!("unknown target `{text}`; one of embedded, rspamd, postfix, staging, gmail"))
    }
}
