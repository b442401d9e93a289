//! `absent:`: nothing arrives.

use super::{form, settle::Settle};
use crate::{
    core::{
        Spanned,
        reading::{HumanDuration, OneOrMany},
    },
    target::TargetKind,
};
use serde::Deserialize;

/// `absent:`: an account, or a map.
#[derive(Debug, Clone, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(rename = "short:from", deny_unknown_fields)]
#[schemars(rename = "Absent", description = "`absent:`.")]
pub struct AbsentExpectation {
    /// The account whose mailboxes stay without it.
    #[serde(deserialize_with = "form::account")]
    pub from: Spanned<String>,
    /// How long to go on looking after everything else has arrived.
    #[serde(default)]
    #[schemars(with = "HumanDuration")]
    pub settle: Settle,
    /// Where it applies.
    #[serde(default)]
    #[schemars(with = "OneOrMany<TargetKind>")]
    pub targets: OneOrMany<Spanned<TargetKind>>,
}
