//! The fields and the body of a mail, joined.

use super::{ComposeContext, ComposeError, PROBE_HEADER, attachment, field, part::Part, text};
use crate::{core::UnixTime, scenario::model::SendSpec};

/// The Message-ID that is in the mail, and the mail.
pub(super) fn write(
    send: &SendSpec,
    from: &str,
    to: &[String],
    message_id: String,
    cx: &ComposeContext<'_>,
) -> Result<(String, Vec<u8>), ComposeError> {
    let custom = Custom::of(send, cx)?;
    let message_id = custom.value("Message-ID").unwrap_or(message_id);
    let subject = match &send.subject {
        Some(template) => (cx.fill(template)?, &template.at),
        None => (format!("sealcheck {}", cx.token), &send.from.at),
    };
    let date = date(cx.now).map_err(|m| ComposeError::new(&send.from.at, m))?;
    let body = body(send, cx)?;

    let mut head = String::new();
    let mut put = |name: &str, value: &str, at: &crate::core::Span| {
        custom.stand_in(name, &mut head, || field::write(name, value)).map_err(|m| ComposeError::new(at, m))
    };
    let here = &send.from.at;
    put("From", from, here)?;
    put("To", &to.join(", "), here)?;
    put("Subject", &subject.0, subject.1)?;
    put("Date", &date, here)?;
    put("Message-ID", &message_id, here)?;
    put(PROBE_HEADER, &cx.probe_value(), here)?;
    put("MIME-Version", "1.0", here)?;
    for (name, written) in &body.fields {
        custom.stand_in(name, &mut head, || Ok(written.clone())).map_err(|m| ComposeError::new(here, m))?;
    }
    let defaults = ["From", "To", "Subject", "Date", "Message-ID", PROBE_HEADER, "MIME-Version"];
    let taken =
        |name: &str| defaults.iter().chain(body.fields.iter().map(|(n, _)| n)).any(|d| d.eq_ignore_ascii_case(name));
    custom.rest(&mut head, taken);

    let mut raw = Vec::with_capacity(head.len() + body.body.len() + 2);
    raw.extend_from_slice(head.as_bytes());
    raw.extend_from_slice(b"\r\n");
    raw.extend_from_slice(&body.body);
    Ok((message_id, raw))
}

fn body(send: &SendSpec, cx: &ComposeContext<'_>) -> Result<Part, ComposeError> {
    let mut alternatives = Vec::new();
    let mut add = |content_type: &str, content: &str| {
        let (encoding, body) = text::encode(content, send.encoding());
        alternatives.push(Part::leaf(content_type, encoding, body));
    };
    match &send.text {
        Some(template) => add("text/plain; charset=utf-8", &cx.fill(template)?),
        None if send.html.is_none() => {
            add("text/plain; charset=utf-8", &format!("Sent by sealcheck to test mail delivery: {}", cx.token));
        }
        None => {}
    }
    if let Some(template) = &send.html {
        add("text/html; charset=utf-8", &cx.fill(template)?);
    }
    // `=_` cannot occur in base64 or quoted-printable text (RFC 2045 §6.7).
    let boundary = |kind: &str| format!("=_{}_{kind}", cx.token);
    let mut parts = vec![Part::multipart("alternative", &boundary("alternative"), alternatives)];
    for attached in &send.attach {
        parts.push(attachment::part(attached, cx)?);
    }
    Ok(Part::multipart("mixed", &boundary("mixed"), parts))
}

fn date(now: UnixTime) -> Result<String, String> {
    let time = jiff::Timestamp::from_second(now).map_err(|e| format!("the time {now} is out of range: {e}"))?;
    jiff::fmt::rfc2822::to_string(&time.to_zoned(jiff::tz::TimeZone::UTC)).map_err(|e| e.to_string())
}

/// The scenario's own fields: name, value and the whole field; an empty value has no field.
struct Custom(Vec<(String, String, String)>);

impl Custom {
    fn of(send: &SendSpec, cx: &ComposeContext<'_>) -> Result<Self, ComposeError> {
        send.headers
            .iter()
            .map(|(name, template)| {
                let value = cx.fill(template)?;
                let written = field::write(&name.value, &value).map_err(|m| ComposeError::new(&template.at, m))?;
                let written = if value.is_empty() { String::new() } else { written };
                Ok((name.value.clone(), value, written))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a (String, String, String)> {
        self.0.iter().filter(move |(n, _, _)| n.eq_ignore_ascii_case(name))
    }

    fn value(&self, name: &str) -> Option<String> {
        self.named(name).map(|(_, value, _)| value.trim().to_owned()).find(|v| !v.is_empty())
    }

    /// Writes the scenario's fields of this name, or the default one when it has none.
    fn stand_in(
        &self,
        name: &str,
        head: &mut String,
        default: impl FnOnce() -> Result<String, String>,
    ) -> Result<(), String> {
        if self.named(name).next().is_none() {
            head.push_str(&default()?);
        }
        for (_, _, written) in self.named(name) {
            head.push_str(written);
        }
        Ok(())
    }

    fn rest(&self, head: &mut String, taken: impl Fn(&str) -> bool) {
        for (_, _, written) in self.0.iter().filter(|(name, _, _)| !taken(name)) {
            head.push_str(written);
        }
    }
}
