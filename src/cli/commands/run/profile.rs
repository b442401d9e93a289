//! What a profile says in texts of the command line.

use crate::{
    cli::commands::reports::ReportSpec,
    core::At,
    run::TagExpr,
    scenario::{Config, YamlError, config::Profile},
};
use std::{fmt::Display, str::FromStr};

/// The texts of a profile, read.
#[derive(Debug)]
pub(in crate::cli) struct ProfileTexts {
    /// All its conditions at once.
    pub(super) tags: Option<TagExpr>,
    /// Its reports.
    pub(super) reports: Vec<ReportSpec>,
}

impl ProfileTexts {
    /// Reads them.
    ///
    /// # Errors
    /// Every text that means nothing, with its place in the project file.
    pub(in crate::cli) fn of(config: &Config, profile: &Profile) -> Result<Self, Vec<YamlError>> {
        let mut wrong = Vec::new();
        let tags: Vec<TagExpr> = read(config, profile.tags.as_deref(), &mut wrong);
        let reports = read(config, profile.report.as_deref(), &mut wrong);
        let tags = tags.into_iter().reduce(|all, next| TagExpr::And(Box::new(all), Box::new(next)));
        if wrong.is_empty() { Ok(Self { tags, reports }) } else { Err(wrong) }
    }
}

fn read<T: FromStr<Err: Display>>(config: &Config, texts: Option<&[At<String>]>, wrong: &mut Vec<YamlError>) -> Vec<T> {
    let mut good = Vec::new();
    for text in texts.unwrap_or_default() {
        match text.value.parse() {
            Ok(value) => good.push(value),
            Err(error) => wrong.push(config.wrong(&text.at, format!("`{}`: {error}", text.value))),
        }
    }
    good
}
