//! Texts and numbers of knobs that must have a form.

use crate::core::reading::{OneOrMany, Wrong, texts, value};
use serde::Deserializer;

texts! {
    /// A refusal as a server writes it: a code, then perhaps an enhanced status code and a text.
    RefusalReply = |text: &str| reply(text, &["4", "5"]);
    /// A label that the receiver can put on mail.
    Label = label;
}

/// The text of a reply that defers.
pub(super) fn deferral<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    value(deserializer, |text: &String| reply(text, &["4"])).map(|text| text.trim().to_owned())
}

/// How many attempts meet a reply.
pub(super) fn times<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    value(deserializer, |times: &u32| match times {
        1..=20 => Ok(()),
        _ => Err(Wrong::new(format!("`times` is {times}"), "write a number from 1 to 20")),
    })
}

impl From<RefusalReply> for Option<String> {
    fn from(reply: RefusalReply) -> Self {
        Some(reply.0.trim().to_owned())
    }
}

impl From<OneOrMany<Label>> for Vec<String> {
    fn from(labels: OneOrMany<Label>) -> Self {
        labels.0.into_iter().map(|label| label.0).collect()
    }
}

fn label(text: &str) -> Result<(), Wrong> {
    let own = text.starts_with('\\');
    let known = matches!(text, "\\Important" | "\\Starred");
    if text.trim().is_empty() || text.chars().any(char::is_control) || (own && !known) {
        let help = "write a name, or `\\Important` or `\\Starred`";
        return Err(Wrong::new(format!("`{}` is no label for mail in the inbox", text.escape_debug()), help));
    }
    Ok(())
}

fn reply(text: &str, classes: &[&str]) -> Result<(), Wrong> {
    let text = text.trim();
    let (code, rest) = text.split_at_checked(3).unwrap_or((text, ""));
    let class = code.get(..1).unwrap_or_default();
    let shaped =
        code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()) && (rest.is_empty() || rest.starts_with(' '));
    if !shaped || !classes.contains(&class) || text.chars().any(char::is_control) {
        let example = if classes.contains(&"5") { "550 5.1.1 no such user`" } else { "421 4.7.28`" };
        return Err(Wrong::new(
            format!("`{text}` is no {}xx reply", classes.join("xx or ")),
            format!("write a code, an enhanced status and a text, for example `{example}"),
        ));
    }
    let status =
        rest.split_whitespace().next().filter(|w| w.contains('.') && w.starts_with(|c: char| c.is_ascii_digit()));
    match status.filter(|s| !s.starts_with(class)) {
        Some(status) => Err(Wrong::new(
            format!("the enhanced status {status} does not fit the code {code}"),
            "RFC 3463: both start with the same digit",
        )),
        None => Ok(()),
    }
}
