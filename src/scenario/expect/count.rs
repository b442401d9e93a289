//! `count:`: so many copies arrive.

use super::{FolderTest, form, settle::Settle};
use crate::{
    core::{
        Spanned,
        reading::{HumanDuration, OneOrMany},
    },
    target::TargetKind,
};
use serde::Deserialize;

/// `count:`.
#[derive(Debug, Clone, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Count")]
pub struct CountExpectation {
    /// The account.
    #[serde(deserialize_with = "form::account")]
    pub to: Spanned<String>,
    /// The folder; any when not written.
    #[serde(default)]
    pub folder: FolderTest,
    /// How many copies.
    #[serde(deserialize_with = "form::some")]
    #[schemars(range(min = 1))]
    pub is: Spanned<u32>,
    /// How long to go on looking for more after that many have arrived.
    #[serde(default)]
    #[schemars(with = "HumanDuration")]
    pub settle: Settle,
    /// Where it applies.
    #[serde(default)]
    #[schemars(with = "OneOrMany<TargetKind>")]
    pub targets: OneOrMany<Spanned<TargetKind>>,
}
