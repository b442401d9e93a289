//! A value as `check --show-config` shows it.

use super::{Effective, Origin};
use crate::{
    cli::commands::report_args::ReportSpec,
    core::duration,
    outcome::ShardInfo,
    run::TagExpr,
    scenario::model::{ArcPolicy, RetryOn},
    target::TargetKind,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;

/// A value with its name and origin.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Shown")]
pub(in crate::cli::commands) struct DisplayedValue {
    /// Its name: for what stands in a file, its keys.
    pub(in crate::cli::commands) key: String,
    /// What counts: a text, a number, a list; null for none.
    pub(in crate::cli::commands) value: Value,
    /// Who says so.
    pub(in crate::cli::commands) origin: Origin,
}

impl DisplayedValue {
    pub(super) fn of<T: DisplayValue>(key: &str, given: &Effective<T>) -> Self {
        Self { key: key.to_owned(), value: given.value.display_value(), origin: given.origin.clone() }
    }
}

/// How a value is shown: as a file would write it.
pub(super) trait DisplayValue {
    fn display_value(&self) -> Value;
}

impl<T: DisplayValue> DisplayValue for Option<T> {
    fn display_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, DisplayValue::display_value)
    }
}

impl<T: DisplayValue> DisplayValue for Vec<T> {
    fn display_value(&self) -> Value {
        self.iter().map(DisplayValue::display_value).collect()
    }
}

impl DisplayValue for Duration {
    fn display_value(&self) -> Value {
        duration::human(*self).into()
    }
}

impl DisplayValue for TagExpr {
    fn display_value(&self) -> Value {
        self.to_string().into()
    }
}

impl DisplayValue for ShardInfo {
    fn display_value(&self) -> Value {
        format!("{}/{}", self.index, self.total).into()
    }
}

impl DisplayValue for ReportSpec {
    fn display_value(&self) -> Value {
        self.name().into()
    }
}

/// What serde writes as files do.
macro_rules! as_written {
    ($($type:ty),*) => {$(
        impl DisplayValue for $type {
            fn display_value(&self) -> Value {
                json!(self)
            }
        }
    )*};
}

as_written!(String, usize, u32, TargetKind, ArcPolicy, RetryOn);

/// Words of the command line.
macro_rules! words {
    ($($type:ty),*) => {$(
        impl displayed_value::DisplayValue for $type {
            fn display_value(&self) -> serde_json::Value {
                clap::ValueEnum::to_possible_value(self).map_or(serde_json::Value::Null, |word| word.get_name().into())
            }
        }
    )*};
}
pub(super) use words;
