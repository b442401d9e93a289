//! `delivered.headers:`: the topmost field of a name (RFC 5322 §2.2, RFC 2047).

use super::{
    comparison::Comparison,
    context::{Context, Results},
    text::Actual,
};
use crate::{
    core::Spanned,
    evidence::ReceivedCopy,
    judge::phrases,
    mail::{Field, encoded_word},
    outcome::CheckPart,
    scenario::model::HeaderTest,
};

pub(super) fn check(
    wanted: &[(Spanned<String>, Spanned<HeaderTest>)],
    copy: &ReceivedCopy,
    context: Context<'_>,
    results: &mut Results,
) {
    for (name, test) in wanted {
        let value = copy.arrival.message.first(&name.value).map(decoded);
        let comparison = match &test.value {
            HeaderTest::Text(test) => Actual::exactly(value.as_deref(), NO_FIELD).compare(test, context.vars),
            HeaderTest::Absent => {
                let seen = value.as_deref().map_or_else(|| NO_FIELD.to_owned(), |value| phrases::cut(value, 160));
                Comparison::new(value.is_none(), NO_FIELD, seen)
            }
        };
        results.add(CheckPart::Header(name.value.clone()), &test.at, comparison);
    }
}

const NO_FIELD: &str = "no such field";

/// The value as a person reads it: unfolded, white space collapsed, encoded words decoded.
fn decoded(field: &Field) -> String {
    encoded_word::decode(&field.value()).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Message;

    #[test]
    fn values_are_read_as_people_read_them() {
        let message = Message::parse(
            &b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?b?IHp1cg==?= Probe\r\nX-A: one\r\n\ttwo  three\r\n\r\n"
                [..],
        );
        assert_eq!(decoded(&message.fields()[0]), "Grüße zur Probe");
        assert_eq!(decoded(&message.fields()[1]), "one two three");
    }
}
