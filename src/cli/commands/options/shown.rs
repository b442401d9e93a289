//! A value as `check --show-config` shows it.

use super::{Given, Origin};
use crate::{
    cli::{
        ColorChoice,
        commands::{
            looks::Progress,
            reports::ReportSpec,
            run::{Artifacts, Flaky, Obsolete},
        },
    },
    core::duration,
    judge::snapshot::Update,
    outcome::ShardInfo,
    run::TagExpr,
    scenario::model::{ArcPolicy, RetryOn},
    target::TargetKind,
};
use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;

/// A value with its name and origin.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(in crate::cli::commands) struct Shown {
    /// Its name: for what stands in a file, its keys.
    pub(in crate::cli::commands) key: String,
    /// What counts: a text, a number, a list; null for none.
    pub(in crate::cli::commands) value: Value,
    /// Who says so.
    pub(in crate::cli::commands) origin: Origin,
}

impl Shown {
    pub(super) fn of<T: Show>(key: &str, given: &Given<T>) -> Self {
        Self { key: key.to_owned(), value: given.value.show(), origin: given.origin.clone() }
    }
}

/// How a value is shown: as a file would write it.
pub(super) trait Show {
    fn show(&self) -> Value;
}

impl<T: Show> Show for Option<T> {
    fn show(&self) -> Value {
        self.as_ref().map_or(Value::Null, Show::show)
    }
}

impl<T: Show> Show for Vec<T> {
    fn show(&self) -> Value {
        self.iter().map(Show::show).collect()
    }
}

impl Show for Duration {
    fn show(&self) -> Value {
        duration::human(*self).into()
    }
}

impl Show for TagExpr {
    fn show(&self) -> Value {
        self.to_string().into()
    }
}

impl Show for ShardInfo {
    fn show(&self) -> Value {
        format!("{}/{}", self.index, self.total).into()
    }
}

impl Show for ReportSpec {
    fn show(&self) -> Value {
        self.name().into()
    }
}

/// What serde writes as files do.
macro_rules! as_written {
    ($($type:ty),*) => {$(
        impl Show for $type {
            fn show(&self) -> Value {
                json!(self)
            }
        }
    )*};
}

as_written!(String, usize, u32, TargetKind, ArcPolicy, RetryOn);

/// Words of the command line.
macro_rules! as_typed {
    ($($type:ty),*) => {$(
        impl Show for $type {
            fn show(&self) -> Value {
                self.to_possible_value().map_or(Value::Null, |word| word.get_name().into())
            }
        }
    )*};
}

as_typed!(Flaky, Obsolete, Artifacts, Progress, ColorChoice, Update);
