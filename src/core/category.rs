//! The tabs of Gmail's inbox.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What Gmail takes a mail for: the tab of the inbox that it shows it under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// From people, and what fits nowhere else.
    Primary,
    /// From social networks.
    Social,
    /// Offers and advertising.
    Promotions,
    /// Confirmations, bills, notices.
    Updates,
    /// Mailing lists.
    Forums,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 5] = [Self::Primary, Self::Social, Self::Promotions, Self::Updates, Self::Forums];

    /// The name as scenarios, and Gmail's search `category:`, write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Social => "social",
            Self::Promotions => "promotions",
            Self::Updates => "updates",
            Self::Forums => "forums",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
