//! Tests of texts and of authentication results.

use super::Cx;
use crate::{
    core::{At, reading::OneOrMany, suggest},
    scenario::{
        model::{HeaderTest, MethodTest, ResultTest, TextTest},
        vars::Template,
        yaml::{
            node::Place,
            spot::{Form, Scalar, Spot},
            twin::expect::{Header, HeaderTwin, Method, Text, TextTwin},
        },
    },
};

impl Cx<'_> {
    /// A test of a text, or `None` when it is wrong.
    pub(crate) fn text(&mut self, text: Text) -> Option<At<TextTest>> {
        let test = match text.value {
            Form::Short(Scalar(value)) => TextTest::Is(Template::new(value, self.position(text.at))),
            Form::Long(TextTwin { is, contains, matches }) => {
                return self.text_of(text.at, is, contains, matches).map(|mut test| {
                    test.at = self.position(text.at);
                    test
                });
            }
        };
        Some(At::new(test, self.position(text.at)))
    }

    /// The test that exactly one of three keys makes.
    pub(crate) fn text_of(
        &mut self,
        at: Place,
        is: Option<Spot<Scalar>>,
        contains: Option<Spot<Scalar>>,
        matches: Option<Spot<Scalar>>,
    ) -> Option<At<TextTest>> {
        let written = [&is, &contains, &matches].into_iter().flatten().count();
        if written != 1 {
            self.wrong(
                at,
                format!("{written} of the keys `is`, `contains` and `matches` are written"),
                "write exactly one",
            );
            return None;
        }
        let (spot, make): (_, fn(Template) -> TextTest) = match (is, contains, matches) {
            (Some(spot), ..) => (spot, TextTest::Is),
            (_, Some(spot), _) => (spot, TextTest::Contains),
            (.., Some(spot)) => (spot, TextTest::Matches),
            _ => return None,
        };
        let template = Template::new(spot.value.0, self.position(spot.at));
        let at = template.at.clone();
        Some(At::new(make(template), at))
    }

    /// A test of the header fields of a name, or `None` when it is wrong.
    pub(crate) fn header_test(&mut self, header: Header) -> Option<At<HeaderTest>> {
        let text = match header.value {
            Form::Short(text) => Form::Short(text),
            Form::Long(HeaderTwin { is, contains, matches, absent: None }) => {
                Form::Long(TextTwin { is, contains, matches })
            }
            Form::Long(HeaderTwin { is: None, contains: None, matches: None, absent: Some(absent) }) => {
                if !absent.value {
                    self.wrong(
                        absent.at,
                        "`absent: false` says nothing",
                        "write `matches: '.'` for any text, or leave it out",
                    );
                }
                return Some(At::new(HeaderTest::Absent, self.position(header.at)));
            }
            Form::Long(_) => {
                self.wrong(header.at, "a header field that is absent has no text", "keep `absent: true` alone");
                return None;
            }
        };
        self.text(Spot { value: text, at: header.at }).map(|test| test.map(HeaderTest::Text))
    }

    /// What is wanted of a method.
    pub(crate) fn method(&mut self, name: &str, method: Method) -> Option<At<MethodTest>> {
        let (result, domain, comment) = match method.value {
            Form::Short(results) => (Some(results), None, None),
            Form::Long(twin) => (twin.result, twin.d, twin.comment),
        };
        if result.is_none() && domain.is_none() && comment.is_none() {
            self.wrong(method.at, format!("`{name}` says nothing"), "write `result`, `d` or `comment`");
            return None;
        }
        let result = result.map_or(Some(ResultTest::Any), |r| self.results(name, r))?;
        if result == ResultTest::Absent && (domain.is_some() || comment.is_some()) {
            self.wrong(method.at, format!("`{name}: absent` has no domain and no comment"), "keep `absent` alone");
        }
        let domain = domain.map(|d| self.template(d));
        let comment = match comment {
            Some(text) => Some(self.text(text)?.value),
            None => None,
        };
        Some(At::new(MethodTest { result, domain, comment }, self.position(method.at)))
    }

    fn results(&mut self, method: &str, many: OneOrMany<Spot<String>>) -> Option<ResultTest> {
        let alone = many.0.len() == 1;
        let mut results = Vec::new();
        for word in many.0 {
            match word.value.as_str() {
                "any" if alone => return Some(ResultTest::Any),
                "absent" if alone => return Some(ResultTest::Absent),
                "any" | "absent" => {
                    self.wrong(word.at, format!("`{}` stands alone", word.value), "write it without a list");
                    return None;
                }
                result => {
                    self.result(method, &word)?;
                    if results.iter().any(|r| r == result) {
                        self.wrong(word.at, format!("`{result}` is written twice"), "keep one of them");
                    }
                    results.push(result.to_owned());
                }
            }
        }
        Some(ResultTest::OneOf(results))
    }

    /// A result that the method can have (RFC 8601 §2.7).
    pub(crate) fn result(&mut self, method: &str, word: &Spot<String>) -> Option<()> {
        let known: &[&str] = match method {
            "arc" => &["none", "pass", "fail"],
            "dkim" => &["none", "pass", "fail", "policy", "neutral", "temperror", "permerror"],
            "spf" => &["none", "neutral", "pass", "fail", "softfail", "policy", "temperror", "permerror"],
            "dmarc" => &["none", "pass", "fail", "temperror", "permerror", "bestguesspass"],
            _ => &["none", "pass", "fail", "neutral", "temperror", "permerror"],
        };
        if known.contains(&word.value.as_str()) {
            return Some(());
        }
        let help = suggest::hint(&word.value, known.iter().copied().chain(["any", "absent"]), "one of");
        self.wrong(word.at, format!("`{method}` has no result `{}`", word.value), help.unwrap_or_default());
        None
    }
}
