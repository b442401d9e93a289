//! A scenario: what is sent, and what must then be true.

pub use super::{
    expect::*,
    send::{Attachment, Encoding, SendSpec},
    wait::Wait,
};

use super::{YamlError, vars::Vars, yaml::Errors};
use crate::{
    core::{
        ScenarioId, Span, Spanned, Versions,
        reading::{HumanDuration, OneOrMany, Wrong, time, value},
    },
    target::{Target, TargetKind, knobs::Knobs},
};
use serde::{Deserialize, Deserializer, Serialize};
use std::{fmt, sync::Arc, time::Duration};

/// One scenario, or one row of a scenario with a matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its name in every output: the path below the scenario folder without `.yaml`, and the matrix row in brackets.
    pub id: ScenarioId,
    /// The file it came from, as the person named it.
    pub file: Arc<str>,
    /// One line for people.
    pub name: String,
    /// More for people.
    pub description: Option<String>,
    /// Words to select it by.
    pub tags: Vec<String>,
    /// Where it can run; never empty.
    pub targets: Vec<TargetKind>,
    /// The matrix row, in the order of the file.
    pub params: Vec<(String, String)>,
    /// The scenario's own variables and its matrix row.
    pub vars: Vars,
    /// Why it is not run.
    pub skip: Option<String>,
    /// A failure that is known.
    pub known_issue: Option<KnownIssue>,
    /// Whether the receiver must speak about ARC.
    pub arc: ArcPolicy,
    /// What it changes about a lab.
    pub knobs: Knobs,
    /// What is sent.
    pub send: SendSpec,
    /// How long to wait.
    pub wait: Wait,
    /// What must be true; never empty.
    pub expect: Vec<Expectation>,
    /// What a snapshot keeps.
    pub snapshot: SnapshotPreset,
    /// When to try again with a new mail.
    pub retries: Retries,
    /// What happens to the mail afterwards.
    pub cleanup: Cleanup,
    /// The options that the file itself writes; what it does not write, others may say.
    pub written: FileOptions,
    /// The file's text, for source excerpts.
    pub source: Arc<str>,
    /// The name and text of the file that it extends; positions can stand there too.
    pub base: Option<(Arc<str>, Arc<str>)>,
}

impl Scenario {
    /// The expectations that apply to a target of this kind, in the order of the file.
    pub fn expected_on(&self, kind: TargetKind) -> impl Iterator<Item = &Expectation> {
        self.expect.iter().filter(move |e| e.targets.is_empty() || e.targets.contains(&kind))
    }

    /// Why it is not run on a target of this kind: the reason that it gives itself, or that nothing would be asserted.
    pub fn skipped_on(&self, kind: TargetKind) -> Option<String> {
        if self.skip.is_some() || self.expected_on(kind).next().is_some() {
            return self.skip.clone();
        }
        Some(format!("no expectation applies to target {kind}"))
    }

    /// The text of the file that a position stands in.
    pub fn source_of(&self, position: &Span) -> Option<&str> {
        match &self.base {
            _ if position.file == self.file => Some(&self.source),
            Some((file, text)) if position.file == *file => Some(text),
            _ => None,
        }
    }

    /// Something wrong at a place in it, with the line.
    pub fn wrong(&self, at: &Span, message: impl Into<String>) -> YamlError {
        self.with_line(YamlError::new(message, at.clone()))
    }

    /// The same error with the line of the file that it stands in.
    pub fn with_line(&self, error: YamlError) -> YamlError {
        match self.source_of(&error.position) {
            Some(text) => error.with_source(text),
            None => error,
        }
    }
}

/// Whether the receiver must speak about ARC. What is not asserted is told in the notes of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ArcPolicy {
    /// Everything about ARC is asserted.
    #[default]
    Required,
    /// What the receiver says about ARC and what it seals is not asserted, what servers before it sealed and our own
    /// verification is.
    Advisory,
    /// Nothing about ARC is asserted.
    Off,
}

impl fmt::Display for ArcPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Required => "required",
            Self::Advisory => "advisory",
            Self::Off => "off",
        })
    }
}

/// A failure that is known: the scenario must fail, and passing is a failure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "KnownIssue", description = "A failure that is known.")]
pub struct KnownIssue {
    /// Why it fails.
    #[serde(deserialize_with = "reason")]
    pub reason: String,
    /// Where it is tracked.
    pub issue: Option<String>,
    /// The day after which it is no longer accepted, as `2027-03-31`.
    #[serde(default, deserialize_with = "day")]
    #[schemars(extend("format" = "date"))]
    pub until: Option<String>,
    /// Where it is known; everywhere when not written.
    when: Option<Spanned<When>>,
}

/// Which versions of a program have a failure that is known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct When {
    /// Versions of the rspamd that seals, as `<3.6` or `>=3.10.0 <3.10.2`; where none is known to seal, the scenario must pass.
    #[serde(deserialize_with = "versions")]
    #[schemars(with = "String", extend("pattern" = r"^\s*((<|<=|>|>=|=)\d+\.\d+(\.\d+)?\s*)+$"))]
    rspamd: Option<Versions>,
}

fn reason<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    value(deserializer, |reason: &String| match reason.trim() {
        "" => Err(Wrong::empty("`reason`")),
        _ => Ok(()),
    })
}

fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    value(deserializer, |day: &Option<String>| match day {
        Some(day) if day.parse::<jiff::civil::Date>().is_err() => {
            Err(Wrong::new(format!("`{day}` is no day"), "write it as 2027-03-31"))
        }
        _ => Ok(()),
    })
}

fn versions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Versions>, D::Error> {
    let text = value(deserializer, |text: &String| match text.parse::<Versions>() {
        Ok(_) => Ok(()),
        Err(_) => {
            let help = "write for example `<3.6`, or `>=3.10.0 <3.10.2`: every comparison must hold";
            Err(Wrong::new(format!("`{text}` says no versions"), help))
        }
    })?;
    Ok(text.parse().ok())
}

impl KnownIssue {
    /// Notes what is wrong with it in a scenario that runs on these.
    pub(super) fn check(&self, targets: &[TargetKind], errors: &mut Errors<'_>) {
        if let Some(when) = &self.when
            && !targets.iter().any(|kind| kind.has_rspamd())
        {
            let message = "option without effect: `when` without a target whose rspamd is known";
            errors.error_at(&when.at, message, "it needs target rspamd or postfix");
        }
    }

    /// The versions of rspamd that have it; every world has it where none are named.
    pub fn rspamd(&self) -> Option<&Versions> {
        self.when.as_ref()?.value.rspamd.as_ref()
    }

    /// Whether the scenario must fail in this world. Where no rspamd is known to seal, an issue of some versions is none.
    pub fn is_of(&self, target: &Target) -> bool {
        self.rspamd().is_none_or(|versions| target.rspamd.is_some_and(|version| versions.hold(version)))
    }
}

/// What a snapshot keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SnapshotPreset {
    /// Folder, Authentication-Results, ARC, bounce.
    #[default]
    Auth,
    /// And the hops.
    Trace,
    /// And the header fields.
    Full,
    /// No snapshot.
    None,
}

/// When to try again; every try sends a new mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retries {
    /// How many more attempts.
    pub max: u32,
    /// After what.
    pub on: Vec<RetryOn>,
    /// How long to wait before.
    pub delay: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { max: 0, on: vec![RetryOn::Error, RetryOn::Timeout, RetryOn::Fail], delay: Duration::ZERO }
    }
}

/// The options of a scenario that others may say in its place, as far as its file writes them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileOptions {
    /// `wait.timeout`.
    pub timeout: Option<Spanned<Duration>>,
    /// `arc`.
    pub arc: Option<Spanned<ArcPolicy>>,
    /// `retries`.
    pub retries: Option<FileRetries>,
}

/// `retries` as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Retries", description = "When to try again; every try sends a new mail.")]
pub struct FileRetries {
    /// How many more attempts.
    #[schemars(range(max = 10))]
    pub max: Spanned<u32>,
    /// After what.
    #[serde(default, deserialize_with = "retry_on")]
    #[schemars(with = "Option<OneOrMany<RetryOn>>")]
    pub on: Option<Spanned<Vec<RetryOn>>>,
    /// How long to wait before.
    #[serde(default, deserialize_with = "time")]
    #[schemars(with = "Option<HumanDuration>")]
    pub delay: Option<Spanned<Duration>>,
}

fn retry_on<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Spanned<Vec<RetryOn>>>, D::Error> {
    let on = Option::<Spanned<OneOrMany<RetryOn>>>::deserialize(deserializer)?;
    Ok(on.map(|on| on.map(|on| on.0)))
}

/// The most tries that a file may ask for.
const MAX_RETRIES: u32 = 10;

impl FileRetries {
    /// Notes what is wrong.
    pub(super) fn check(&self, errors: &mut Errors<'_>) {
        let Self { max, delay, .. } = self;
        if max.value > MAX_RETRIES {
            errors.error_at(&max.at, format!("`max` is {}", max.value), format!("at most {MAX_RETRIES}"));
        }
        if max.value == 0
            && let Some(delay) = delay
        {
            let message = "option without effect: `delay` without a retry";
            errors.error_at(&delay.at, message, "raise `max` or leave `delay` out");
        }
    }
}

impl From<FileRetries> for Retries {
    /// What is not written is as it is by default.
    fn from(written: FileRetries) -> Self {
        let usual = Self::default();
        Self {
            max: written.max.value,
            on: written.on.map_or(usual.on, |on| on.value),
            delay: written.delay.map_or(usual.delay, |delay| delay.value),
        }
    }
}

/// What an attempt can end with that is worth another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RetryOn {
    /// The harness could not tell.
    Error,
    /// It did not arrive in time.
    Timeout,
    /// An expectation failed.
    Fail,
}

/// What happens to the mail afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cleanup {
    /// It stays.
    #[default]
    Keep,
    /// It is moved to the bin.
    Delete,
}
