//! `auth:`: the receiver's own Authentication-Results (RFC 8601).

use super::text::TextTest;
use crate::{
    core::{
        Span, Spanned,
        reading::{OneOrMany, ShortOrLong, Wrong, value},
        suggest,
    },
    scenario::{
        forms::{Form, Formed},
        vars::Template,
        yaml::Errors,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

/// `auth:`: the trusted Authentication-Results.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AuthExpectation {
    /// The authserv-id.
    pub by: Option<Template>,
    /// Method and what is wanted of it, in the order of the file.
    pub methods: Vec<(String, Spanned<MethodTest>)>,
}

/// `auth:`: methods and what is wanted of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Auth")]
pub(super) struct AuthKeys {
    /// The authserv-id.
    by: Option<Template>,
    /// ARC (RFC 8617).
    #[schemars(with = "Option<Method>")]
    arc: Option<Spanned<MethodTest>>,
    /// DKIM (RFC 6376).
    #[schemars(with = "Option<Method>")]
    dkim: Option<Spanned<MethodTest>>,
    /// SPF (RFC 7208).
    #[schemars(with = "Option<Method>")]
    spf: Option<Spanned<MethodTest>>,
    /// DMARC (RFC 7489).
    #[schemars(with = "Option<Method>")]
    dmarc: Option<Spanned<MethodTest>>,
    /// Google's own `dara`.
    #[schemars(with = "Option<Method>")]
    dara: Option<Spanned<MethodTest>>,
}

impl AuthKeys {
    fn check(&self) -> Result<(), Wrong> {
        let Self { by, arc, dkim, spf, dmarc, dara } = self;
        if by.is_none() && [arc, dkim, spf, dmarc, dara].into_iter().all(Option::is_none) {
            return Err(Wrong::new("`auth` says nothing", "write `by` or a method, for example `arc: pass`"));
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for AuthExpectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let AuthKeys { by, arc, dkim, spf, dmarc, dara } = value(deserializer, AuthKeys::check)?;
        let written = [("arc", arc), ("dkim", dkim), ("spf", spf), ("dmarc", dmarc), ("dara", dara)];
        let mut methods: Vec<_> =
            written.into_iter().filter_map(|(name, method)| Some((name.to_owned(), method?))).collect();
        methods.sort_by_key(|(_, test)| (test.at.line, test.at.column));
        Ok(Self { by, methods })
    }
}

impl AuthExpectation {
    pub(super) fn check(&self, errors: &mut Errors<'_>) {
        for (name, method) in &self.methods {
            method.value.check(name, &method.at, errors);
        }
    }

    pub(super) fn texts(&self) -> Vec<Formed<'_>> {
        let Self { by, methods } = self;
        let mut texts: Vec<Formed<'_>> = by.iter().map(|by| (Form::Line, by)).collect();
        for (_, method) in methods {
            let MethodTest { result: _, domain, comment } = &method.value;
            texts.extend(domain.iter().map(|domain| (Form::Domain, domain)));
            texts.extend(comment.as_ref().map(|comment| comment.formed(Form::Line)));
        }
        texts
    }
}

/// What is wanted of one method.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename = "short:result", deny_unknown_fields)]
#[schemars(rename = "Method")]
pub struct MethodTest {
    /// The result or results.
    #[schemars(with = "Option<OneOrMany<String>>")]
    pub result: Option<ResultTest>,
    /// The domain that the statement is about.
    #[serde(rename = "d")]
    pub domain: Option<Template>,
    /// The comment.
    pub comment: Option<TextTest>,
}

/// A result, a list of results, `any`, `absent`, or a map.
type Method = ShortOrLong<OneOrMany<String>, MethodTest>;

impl MethodTest {
    fn check(&self, name: &str, at: &Span, errors: &mut Errors<'_>) {
        let rest = self.domain.is_some() || self.comment.is_some();
        match &self.result {
            None if !rest => {
                errors.error_at(at, format!("`{name}` says nothing"), "write `result`, `d` or `comment`");
            }
            Some(ResultTest::Absent) if rest => {
                errors.error_at(at, format!("`{name}: absent` has no domain and no comment"), "keep `absent` alone");
            }
            Some(ResultTest::OneOf(words)) => check_results(name, words, errors),
            None | Some(ResultTest::Any | ResultTest::Absent) => {}
        }
    }
}

/// A result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResultTest {
    /// Anything, also nothing.
    Any,
    /// The receiver wrote no such method.
    Absent,
    /// One of these.
    OneOf(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for ResultTest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let OneOrMany(words) = OneOrMany::<Spanned<String>>::deserialize(deserializer)?;
        Ok(match words.as_slice() {
            [any] if any.value == "any" => Self::Any,
            [absent] if absent.value == "absent" => Self::Absent,
            _ => Self::OneOf(words),
        })
    }
}

fn check_results(method: &str, words: &[Spanned<String>], errors: &mut Errors<'_>) {
    for (n, word) in words.iter().enumerate() {
        if matches!(word.value.as_str(), "any" | "absent") {
            errors.error_at(&word.at, format!("`{}` stands alone", word.value), "write it without a list");
            return;
        }
        if !check_result(method, word, errors) {
            return;
        }
        if words[..n].iter().any(|before| before.value == word.value) {
            errors.error_at(&word.at, format!("`{}` is written twice", word.value), "keep one of them");
        }
    }
}

/// Whether the method can have this result (RFC 8601 §2.7); notes where it cannot.
pub(super) fn check_result(method: &str, word: &Spanned<String>, errors: &mut Errors<'_>) -> bool {
    let known: &[&str] = match method {
        "arc" => &["none", "pass", "fail"],
        "dkim" => &["none", "pass", "fail", "policy", "neutral", "temperror", "permerror"],
        "spf" => &["none", "neutral", "pass", "fail", "softfail", "policy", "temperror", "permerror"],
        "dmarc" => &["none", "pass", "fail", "temperror", "permerror", "bestguesspass"],
        _ => &["none", "pass", "fail", "neutral", "temperror", "permerror"],
    };
    let is_known = known.contains(&word.value.as_str());
    if !is_known {
        let help = suggest::hint(&word.value, known.iter().copied().chain(["any", "absent"]), "one of");
        errors.error_at(&word.at, format!("`{method}` has no result `{}`", word.value), help.unwrap_or_default());
    }
    is_known
}
