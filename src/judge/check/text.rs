//! Tests of a text: `is`, `contains`, `matches`.

use super::comparison::Comparison;
use crate::{
    core::ascii_address,
    scenario::{Template, Vars, model::TextTest},
};
use regex::RegexBuilder;

/// The most memory that a compiled expression may take, in bytes.
const REGEX_LIMIT: usize = 1 << 20;

/// What was seen, and how it is shown and compared.
#[derive(Clone, Copy)]
pub(super) struct Actual<'a> {
    /// The texts of which one must fit; the first is shown. Empty when there is nothing to test.
    pub(super) texts: &'a [&'a str],
    /// What is said when there is nothing: `no enhanced status code`.
    pub(super) nothing: &'a str,
    /// Whether `is` ignores case, as it does for addresses.
    pub(super) ignore_case: bool,
}

impl<'a> Actual<'a> {
    /// Texts compared as they are.
    pub(super) fn exactly(texts: &'a [&'a str], nothing: &'a str) -> Self {
        Self { texts, nothing, ignore_case: false }
    }

    /// Addresses.
    pub(super) fn address(texts: &'a [&'a str], nothing: &'a str) -> Self {
        Self { texts, nothing, ignore_case: true }
    }
}

/// Tests a text.
pub(super) fn test(test: &TextTest, vars: &Vars, seen: Actual<'_>) -> Comparison {
    match Matcher::new(test, vars, seen.ignore_case) {
        Err(comparison) => comparison,
        Ok(matcher) => {
            let actual = seen.texts.first().map_or(seen.nothing, |t| *t);
            Comparison::new(seen.texts.iter().any(|t| matcher.fits(t)), matcher.words, actual)
        }
    }
}

/// A test with its variables filled in, ready to be used on many texts.
pub(super) struct Matcher {
    how: TextMatch,
    /// The test in words: `contains "unauthenticated"`.
    pub(super) words: String,
}

enum TextMatch {
    Is(String),
    IsAddress(String),
    Contains(String),
    Matches(regex::Regex),
}

impl Matcher {
    /// Fills in and compiles a test.
    ///
    /// # Errors
    /// With a failed comparison, when a variable is unknown or the expression cannot be read or is too large.
    pub(super) fn new(test: &TextTest, vars: &Vars, ignore_case: bool) -> Result<Self, Comparison> {
        match test {
            TextTest::Is(template) => {
                let text = fill(template, vars)?;
                let words = text.clone();
                Ok(Self { how: if ignore_case { TextMatch::IsAddress(text) } else { TextMatch::Is(text) }, words })
            }
            TextTest::Contains(template) => {
                let text = fill(template, vars)?;
                Ok(Self { words: format!("contains \"{text}\""), how: TextMatch::Contains(text.to_lowercase()) })
            }
            TextTest::Matches(template) => {
                let text = fill(template, vars)?;
                let words = format!("matches /{text}/");
                match RegexBuilder::new(&text).size_limit(REGEX_LIMIT).build() {
                    Ok(regex) => Ok(Self { how: TextMatch::Matches(regex), words }),
                    Err(error) => Err(Comparison::failed(words, regex_problem(&error))),
                }
            }
        }
    }

    /// Whether a text passes.
    pub(super) fn fits(&self, text: &str) -> bool {
        match &self.how {
            TextMatch::Is(wanted) => text == wanted,
            TextMatch::IsAddress(wanted) => ascii_address(text).to_lowercase() == ascii_address(wanted).to_lowercase(),
            TextMatch::Contains(wanted) => text.to_lowercase().contains(wanted),
            TextMatch::Matches(regex) => regex.is_match(text),
        }
    }
}

/// The text of a template.
///
/// # Errors
/// With a failed comparison that names the unknown variable.
pub(super) fn fill(template: &Template, vars: &Vars) -> Result<String, Comparison> {
    template.fill(vars).map_err(|error| Comparison::failed(&template.text, error.to_string()))
}

fn regex_problem(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "the regular expression is too large to be compiled; write a simpler one",
        _ => "the regular expression cannot be read; check its brackets and backslashes",
    }
    .to_owned()
}
