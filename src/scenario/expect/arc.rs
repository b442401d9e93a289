//! `arc:`: the chain of the received copy (RFC 8617).

use super::auth::check_result;
use crate::{
    core::{
        Span, Spanned,
        reading::{Wrong, value, words, written},
    },
    scenario::{
        forms::{Form, Formed},
        vars::Template,
        yaml::Errors,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

/// `arc:`: the chain of the received copy.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Arc")]
pub struct ArcExpectation {
    /// What the receiver says that the chain carries: `arc=pass (i=1 spf=pass …)`.
    pub carries: Option<Spanned<CarriesTest>>,
    /// Seals by instance.
    #[serde(default)]
    pub seals: Vec<Spanned<SealTest>>,
    /// Our own verification of every part.
    #[serde(default, deserialize_with = "verdict")]
    #[schemars(with = "Option<Verify>")]
    pub verify: Option<Spanned<String>>,
}

words! {
    /// `cv=` of a seal (RFC 8617 §4.4).
    enum Cv { None = "none", Pass = "pass", Fail = "fail" }
    /// Our own verification of the chain.
    enum Verify {
        /// The same as `pass`.
        True = "true",
        Pass = "pass", Fail = "fail", None = "none", TempError = "temperror",
    }
}

fn verdict<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Spanned<String>>, D::Error> {
    let word = Option::<Spanned<Verify>>::deserialize(deserializer)?;
    Ok(word.map(|word| word.map(|word| if word == Verify::True { Verify::Pass } else { word }.as_str().to_owned())))
}

/// `arc:` that says something.
pub(super) fn expectation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ArcExpectation, D::Error> {
    let arc = value(deserializer, |arc: &Option<ArcExpectation>| match arc {
        Some(ArcExpectation { carries: None, seals, verify: None }) if seals.is_empty() => {
            Err(Wrong::new("`arc` says nothing", "write `carries`, `seals` or `verify`"))
        }
        _ => Ok(()),
    })?;
    Ok(arc.unwrap_or_default())
}

impl ArcExpectation {
    pub(super) fn check(&self, errors: &mut Errors<'_>) {
        if let Some(carries) = &self.carries {
            carries.value.check(&carries.at, errors);
        }
        for (n, seal) in self.seals.iter().enumerate() {
            seal.value.check(&seal.at, errors);
            let first = self.seals[..n].iter().find(|before| before.value.i == seal.value.i);
            if let Some(first) = first
                && seal.value.i != SealIndex::NONE
            {
                let help = format!("line {} tests it already; join the two", first.at.line);
                errors.error_at(&seal.at, "this seal is tested twice", help);
            }
        }
    }

    pub(super) fn texts(&self) -> Vec<Formed<'_>> {
        let domains = self.seals.iter().flat_map(|seal| seal.value.by.iter().chain(&seal.value.selector));
        domains.map(|domain| (Form::Domain, domain)).collect()
    }
}

/// What the receiver says that the chain carries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Carries", description = "The receiver's comment on the chain.", extend("minProperties" = 1))]
pub struct CarriesTest {
    /// The instance.
    #[schemars(range(min = 1, max = 50))]
    pub i: Option<Spanned<u32>>,
    /// `spf=`.
    pub spf: Option<Spanned<String>>,
    /// `dkim=`, of every signature.
    pub dkim: Option<Spanned<String>>,
    /// `dmarc=`.
    pub dmarc: Option<Spanned<String>>,
}

impl CarriesTest {
    fn check(&self, at: &Span, errors: &mut Errors<'_>) {
        let Self { i, spf, dkim, dmarc } = self;
        if i.is_none() && spf.is_none() && dkim.is_none() && dmarc.is_none() {
            errors.error_at(at, "`carries` says nothing", "write `i`, `spf`, `dkim` or `dmarc`");
        }
        if let Some(i) = i
            && !(1..=50).contains(&i.value)
        {
            let help = "instances go from 1 to 50 (RFC 8617 §4.2.1)";
            errors.error_at(&i.at, format!("there is no instance {}", i.value), help);
        }
        for (method, word) in [("spf", spf), ("dkim", dkim), ("dmarc", dmarc)] {
            if let Some(word) = word
                && word.value != "absent"
            {
                check_result(method, word, errors);
            }
        }
    }
}

/// One seal.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Seal")]
pub struct SealTest {
    /// Its instance: a number from 1 to 50, `last`, or `last-1`.
    #[schemars(with = "String", extend("type" = serde_json::json!(["integer", "string"])))]
    pub i: SealIndex,
    /// `d=`.
    pub by: Option<Template>,
    /// `cv=`.
    #[serde(default, deserialize_with = "chain_validation")]
    #[schemars(with = "Option<Cv>")]
    pub cv: Option<String>,
    /// `s=`.
    pub selector: Option<Template>,
    /// The seal must not be there.
    #[serde(default, deserialize_with = "written")]
    #[schemars(with = "Option<bool>")]
    pub absent: bool,
}

fn chain_validation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Cv>::deserialize(deserializer)?.map(|cv| cv.as_str().to_owned()))
}

impl SealTest {
    fn check(&self, at: &Span, errors: &mut Errors<'_>) {
        let says_something = self.by.is_some() || self.cv.is_some() || self.selector.is_some();
        if self.i == SealIndex::NONE {
            return;
        }
        if self.absent && says_something {
            let message = "a seal that is absent has no `by`, `cv` or `selector`";
            errors.error_at(at, message, "keep `absent: true` alone");
        }
        if !self.absent && !says_something {
            errors.error_at(at, "the seal test says nothing", "write `by`, `cv`, `selector` or `absent: true`");
        }
    }
}

/// Which seal of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealIndex {
    /// By instance.
    Number(u32),
    /// Counted back from the newest: `last` is 0, `last-1` is 1.
    Last(u32),
}

impl SealIndex {
    /// What stands for an index that is wrong, which is noted.
    const NONE: Self = Self::Number(0);

    fn read(text: &str) -> Option<Self> {
        match text.strip_prefix("last") {
            Some("") => Some(Self::Last(0)),
            Some(rest) => rest.trim().strip_prefix('-')?.trim().parse().ok().filter(|n| *n < 50).map(Self::Last),
            None => text.parse().ok().filter(|n| (1..=50).contains(n)).map(Self::Number),
        }
    }
}

impl<'de> Deserialize<'de> for SealIndex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = value(deserializer, |text: &String| match Self::read(text) {
            Some(_) => Ok(()),
            None => Err(Wrong::new(format!("`{text}` is no seal"), "write a number from 1 to 50, `last`, or `last-1`")),
        })?;
        Ok(Self::read(&text).unwrap_or(Self::NONE))
    }
}
