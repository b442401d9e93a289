//! `log:`: a line stands in a server's log.

use super::{form, text::TextTest};
use crate::{
    core::{
        Span, Spanned,
        reading::{HumanDuration, OneOrMany, ScalarText, time, written},
    },
    scenario::{
        forms::{Form, Formed},
        vars::Template,
        yaml::Errors,
    },
    target::TargetKind,
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// `log:`: one of `is`, `contains` and `matches`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Log")]
pub struct LogExpectation {
    /// The account whose server wrote the log.
    pub of: Spanned<String>,
    /// The whole line.
    #[schemars(with = "Option<ScalarText>")]
    is: Option<Template>,
    /// The line contains this, ignoring case.
    #[schemars(with = "Option<ScalarText>")]
    contains: Option<Template>,
    /// A regular expression finds a match in the line.
    #[schemars(with = "Option<ScalarText>")]
    matches: Option<Template>,
    /// How long to wait for it.
    #[serde(default, deserialize_with = "time")]
    #[schemars(with = "Option<HumanDuration>")]
    pub within: Option<Spanned<Duration>>,
    /// Where it applies.
    #[serde(default, deserialize_with = "written")]
    #[schemars(with = "OneOrMany<TargetKind>")]
    pub targets: OneOrMany<Spanned<TargetKind>>,
}

impl LogExpectation {
    /// The test of any one line about this message.
    pub fn line(&self) -> Option<Spanned<TextTest>> {
        let test = TextTest::one_of(self.is.as_ref(), self.contains.as_ref(), self.matches.as_ref()).ok()?;
        let at = test.template().at.clone();
        Some(Spanned::new(test, at))
    }

    /// Notes what is wrong; it stands at `at`.
    pub(super) fn check(&self, at: &Span, errors: &mut Errors<'_>) {
        errors.not_empty("the account", &self.of);
        if let Err(wrong) = TextTest::one_of(self.is.as_ref(), self.contains.as_ref(), self.matches.as_ref()) {
            errors.error_at(at, wrong.to_string(), format!("{wrong:#}"));
        }
        form::check_within(&self.within, errors);
    }

    pub(super) fn texts(&self) -> Vec<Formed<'_>> {
        let Self { of: _, is, contains, matches, within: _, targets: _ } = self;
        let tests = [(Form::Line, is), (Form::Line, contains), (Form::Expression, matches)];
        tests.into_iter().filter_map(|(form, text)| Some((form, text.as_ref()?))).collect()
    }
}
