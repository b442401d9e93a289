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
pub(super) struct Actual<'a> {
    /// The texts of which one must fit; the first is shown. Empty when there is nothing to test.
    texts: Vec<&'a str>,
    /// What is said when there is nothing: `no enhanced status code`.
    nothing: &'a str,
    /// Whether `is` ignores case, as it does for addresses.
    ignore_case: bool,
}

impl<'a> Actual<'a> {
    /// Texts compared as they are.
    pub(super) fn exactly(texts: impl IntoIterator<Item = &'a str>, nothing: &'a str) -> Self {
        Self { texts: texts.into_iter().collect(), nothing, ignore_case: false }
    }

    /// An address.
    pub(super) fn address(text: Option<&'a str>, nothing: &'a str) -> Self {
        Self { texts: text.into_iter().collect(), nothing, ignore_case: true }
    }

    /// Tests it.
    pub(super) fn compare(&self, test: &TextTest, vars: &Vars) -> Comparison {
        match Matcher::new(test, vars, self.ignore_case) {
            Err(comparison) => comparison,
            Ok(matcher) => {
                let shown = self.texts.first().copied().unwrap_or(self.nothing);
                Comparison::new(self.texts.iter().any(|text| matcher.fits(text)), matcher.words, shown)
            }
        }
    }
}

/// A test with its variables filled in, ready to be used on many texts.
pub(super) struct Matcher {
    test: TextMatch,
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
                Ok(Self { test: if ignore_case { TextMatch::IsAddress(text) } else { TextMatch::Is(text) }, words })
            }
            TextTest::Contains(template) => {
                let text = fill(template, vars)?;
                Ok(Self { words: format!("contains \"{text}\""), test: TextMatch::Contains(text.to_lowercase()) })
            }
            TextTest::Matches(template) => {
                let text = fill(template, vars)?;
                let words = format!("matches /{text}/");
                match RegexBuilder::new(&text).size_limit(REGEX_LIMIT).build() {
                    Ok(regex) => Ok(Self { test: TextMatch::Matches(regex), words }),
                    Err(error) => Err(Comparison::failed(words, regex_problem(&error))),
                }
            }
        }
    }

    /// Whether a text passes.
    pub(super) fn fits(&self, text: &str) -> bool {
        match &self.test {
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
