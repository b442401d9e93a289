//! `delivered:`: a copy arrives, and what it looks like.

use super::{
    FolderTest,
    arc::{self, ArcExpectation},
    auth::{AuthExpectation, AuthKeys},
    form,
    text::HeaderTest,
};
use crate::{
    core::{
        Category, Spanned,
        reading::{Entries, HumanDuration, OneOrMany, Wrong, time, value, written},
    },
    scenario::{
        forms::{Form, Formed},
        vars::Template,
        yaml::Errors,
    },
    target::TargetKind,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::time::Duration;

/// `delivered:`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "short:to", deny_unknown_fields)]
#[schemars(rename = "Delivered")]
pub struct DeliveredExpectation {
    /// The account whose mailbox it arrives in.
    pub to: Spanned<String>,
    /// The folder; the inbox when not written.
    #[serde(default = "inbox", deserialize_with = "written")]
    #[schemars(with = "Option<FolderTest>")]
    pub folder: FolderTest,
    /// The time from the end of the submission.
    #[serde(default, deserialize_with = "time")]
    #[schemars(with = "Option<HumanDuration>")]
    pub within: Option<Spanned<Duration>>,
    /// The receiver's own, topmost Authentication-Results.
    #[serde(default, deserialize_with = "written")]
    #[schemars(with = "Option<AuthKeys>")]
    pub auth: AuthExpectation,
    /// The ARC chain.
    #[serde(default, deserialize_with = "arc::expectation")]
    #[schemars(with = "Option<ArcExpectation>")]
    pub arc: ArcExpectation,
    /// Whether the body is the one that was sent.
    pub body: Option<Spanned<BodyExpectation>>,
    /// Tests of the copy's header fields.
    #[serde(default, deserialize_with = "headers")]
    #[schemars(with = "Option<Entries<HeaderTest>>")]
    pub headers: HeaderTests,
    /// Labels that it has at Gmail: one, or a list. `\\Important` and `\\Starred` are Gmail's own.
    #[serde(default, deserialize_with = "labels")]
    #[schemars(with = "Option<OneOrMany<String>>")]
    pub labels: Vec<Template>,
    /// What Gmail takes it for: the tab of its inbox.
    pub category: Option<Spanned<Category>>,
    /// Where it applies.
    #[serde(default, deserialize_with = "written")]
    #[schemars(with = "OneOrMany<TargetKind>")]
    pub targets: OneOrMany<Spanned<TargetKind>>,
}

/// Tests of header fields by name, in the order of the file.
type HeaderTests = Vec<(Spanned<String>, Spanned<HeaderTest>)>;

/// What happened to the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "BodyTest")]
pub enum BodyExpectation {
    /// The same after relaxed canonicalization (RFC 6376 §3.4.4).
    Unchanged,
    /// Not the same.
    Changed,
}

fn inbox() -> FolderTest {
    FolderTest::Inbox
}

fn headers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HeaderTests, D::Error> {
    let headers = value(deserializer, |headers: &Option<Entries<Spanned<HeaderTest>>>| match headers {
        Some(Entries(fields)) if fields.is_empty() => {
            Err(Wrong::new("`headers` says nothing", "write the name of a field and a text"))
        }
        _ => Ok(()),
    })?;
    Ok(headers.unwrap_or_default().0)
}

fn labels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Template>, D::Error> {
    Ok(Option::<OneOrMany<Template>>::deserialize(deserializer)?.unwrap_or_default().0)
}

impl DeliveredExpectation {
    /// Notes what is wrong.
    pub(super) fn check(&self, errors: &mut Errors<'_>) {
        errors.not_empty("the account", &self.to);
        for (n, label) in self.labels.iter().enumerate() {
            if self.labels[..n].iter().any(|before| before.text == label.text) {
                errors.error_at(&label.at, format!("label `{}` is written twice", label.text), "keep one of them");
            }
        }
        for (n, (name, _)) in self.headers.iter().enumerate() {
            errors.field_name(name);
            let mut before = self.headers[..n].iter();
            if let Some((first, _)) = before.find(|(first, _)| first.value.eq_ignore_ascii_case(&name.value)) {
                let message = format!("header field `{}` is tested twice", name.value);
                let help = format!("`{}` is the same field, whatever the case; keep one of them", first.value);
                errors.error_at(&name.at, message, help);
            }
        }
        form::check_within(&self.within, errors);
        self.auth.check(errors);
        self.arc.check(errors);
    }

    pub(super) fn texts(&self) -> Vec<Formed<'_>> {
        let Self { to: _, folder: _, within: _, auth, arc, body: _, headers, labels, category: _, targets: _ } = self;
        let mut texts = auth.texts();
        texts.extend(arc.texts());
        texts.extend(headers.iter().filter_map(|(_, test)| match &test.value {
            HeaderTest::Text(text) => Some(text.formed(Form::Value)),
            HeaderTest::Absent => None,
        }));
        texts.extend(labels.iter().map(|label| (Form::Label, label)));
        texts
    }
}
