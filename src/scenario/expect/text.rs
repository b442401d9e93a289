//! A test of a text: `is`, `contains` or `matches`.

use crate::{
    core::{
        Span, Spanned,
        reading::{ScalarText, ShortOrLong, Wrong, value},
        schema_as::schema_as,
    },
    scenario::{
        forms::{Form, Formed},
        vars::Template,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

/// A test of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    /// Equal.
    Is(Template),
    /// Contains, ignoring case.
    Contains(Template),
    /// A regular expression finds a match.
    Matches(Template),
}

impl TextTest {
    /// The test that exactly one of three keys makes.
    ///
    /// # Errors
    /// When none of them is written, or more than one.
    pub(super) fn one_of(
        is: Option<&Template>,
        contains: Option<&Template>,
        matches: Option<&Template>,
    ) -> Result<Self, Wrong> {
        match (is, contains, matches) {
            (Some(text), None, None) => Ok(Self::Is(text.clone())),
            (None, Some(text), None) => Ok(Self::Contains(text.clone())),
            (None, None, Some(text)) => Ok(Self::Matches(text.clone())),
            (is, contains, matches) => {
                let written = [is, contains, matches].into_iter().flatten().count();
                let message = format!("{written} of the keys `is`, `contains` and `matches` are written");
                Err(Wrong::new(message, "write exactly one"))
            }
        }
    }

    /// What stands for a test that is wrong, which is noted: any text.
    fn any() -> Self {
        Self::Matches(Template::new(".", Span::new("", 0, 0)))
    }

    /// The text that is tested for.
    pub(super) fn template(&self) -> &Template {
        let (Self::Is(text) | Self::Contains(text) | Self::Matches(text)) = self;
        text
    }

    /// The text that is tested for; one that must be equal has the form of what it is held against.
    pub(super) fn formed(&self, form: Form) -> Formed<'_> {
        let form = match self {
            Self::Is(_) => form,
            Self::Contains(_) => Form::Line,
            Self::Matches(_) => Form::Expression,
        };
        (form, self.template())
    }
}

/// A test of a text: exactly one key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "short:is", deny_unknown_fields)]
#[schemars(rename = "TextTest", extend("minProperties" = 1, "maxProperties" = 1))]
struct TextKeys {
    /// Equal.
    #[schemars(with = "Option<ScalarText>")]
    is: Option<Template>,
    /// Contains, ignoring case.
    #[schemars(with = "Option<ScalarText>")]
    contains: Option<Template>,
    /// A regular expression finds a match.
    #[schemars(with = "Option<ScalarText>")]
    matches: Option<Template>,
}

impl TextKeys {
    fn test(&self) -> Result<TextTest, Wrong> {
        TextTest::one_of(self.is.as_ref(), self.contains.as_ref(), self.matches.as_ref())
    }
}

impl<'de> Deserialize<'de> for TextTest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let keys = value(deserializer, |keys: &TextKeys| keys.test().map(drop))?;
        Ok(keys.test().unwrap_or_else(|_| Self::any()))
    }
}

/// What is wanted of the header fields of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderTest {
    /// A test of the topmost field's value.
    Text(TextTest),
    /// There is no field of this name.
    Absent,
}

/// A test of the header fields of a name: exactly one key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "short:is", deny_unknown_fields)]
#[schemars(rename = "HeaderTest", extend("minProperties" = 1, "maxProperties" = 1))]
struct HeaderKeys {
    /// Equal.
    #[schemars(with = "Option<ScalarText>")]
    is: Option<Template>,
    /// Contains, ignoring case.
    #[schemars(with = "Option<ScalarText>")]
    contains: Option<Template>,
    /// A regular expression finds a match.
    #[schemars(with = "Option<ScalarText>")]
    matches: Option<Template>,
    /// There is no field of this name.
    #[serde(default, deserialize_with = "absence")]
    absent: Option<bool>,
}

fn absence<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    value(deserializer, |absent: &Option<bool>| match absent {
        Some(false) => {
            Err(Wrong::new("`absent: false` says nothing", "write `matches: '.'` for any text, or leave it out"))
        }
        _ => Ok(()),
    })
}

impl HeaderKeys {
    fn test(&self) -> Result<HeaderTest, Wrong> {
        let text = TextTest::one_of(self.is.as_ref(), self.contains.as_ref(), self.matches.as_ref());
        if self.absent.is_none() {
            return text.map(HeaderTest::Text);
        }
        if self.is.is_none() && self.contains.is_none() && self.matches.is_none() {
            return Ok(HeaderTest::Absent);
        }
        Err(Wrong::new("a header field that is absent has no text", "keep `absent: true` alone"))
    }
}

impl<'de> Deserialize<'de> for HeaderTest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let keys = value(deserializer, |keys: &HeaderKeys| keys.test().map(drop))?;
        Ok(keys.test().unwrap_or_else(|_| Self::Text(TextTest::any())))
    }
}

schema_as! {
    [] TextTest: ShortOrLong<ScalarText, TextKeys>;
    [] HeaderTest: ShortOrLong<ScalarText, HeaderKeys>;
}

/// The texts of tests that are written, each with the form of what it is held against.
pub(super) fn formed<const N: usize>(tests: [(Form, &Option<Spanned<TextTest>>); N]) -> Vec<Formed<'_>> {
    tests.into_iter().filter_map(|(form, test)| Some(test.as_ref()?.value.formed(form))).collect()
}
