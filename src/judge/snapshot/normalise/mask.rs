//! What differs in every run, masked.

use super::roles::Roles;
use crate::evidence::Sent;
use regex::Regex;
use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::LazyLock,
};

/// Expression and what stands in its place, in the order in which they are used.
const VOLATILE: [(&str, &str); 9] = [
    (
        r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}(?::\d{2})?(?: [+-]\d{4})?(?: \([A-Z]{1,5}\))?",
        "[date]",
    ),
    (r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?", "[date]"),
    (r"(?i)\bsc-[0-9a-z]{26}-\d+-\d+", "[token]"),
    (r"(?i)\b[0-7][0-9a-hjkmnp-tv-z]{25}\b", "[run]"),
    (r#"(?i)\bsrs0[=+-][^\s@<>"]*@"#, "[srs]@"),
    // Rewritten twice.
    (r#"(?i)\bsrs1[=+-][^\s@<>"]*@"#, "[srs1]@"),
    (r#"(?i)\bboundary=(?:"[^"]*"|[^\s;]+)"#, "boundary=[boundary]"),
    (r"\S+ - (gsmtp|gcdp)\b", "[id] - $1"),
    (r"(?i)\b(queued as|queue id:?) [0-9a-z._-]+", "$1 [id]"),
];

static EXPRESSIONS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    VOLATILE.iter().filter_map(|(pattern, with)| Regex::new(pattern).ok().map(|regex| (regex, *with))).collect()
});

/// Masks texts of one attempt.
pub(super) struct Mask {
    message_id: String,
    token: Option<String>,
    date: Option<String>,
    roles: Roles,
}

impl Mask {
    /// Knows the mail that was sent and who is who.
    pub(super) fn new(sent: &Sent, roles: Roles) -> Self {
        let message_id = sent.message_id.trim_matches(['<', '>']).to_owned();
        // The unique half of the Message-ID stands wherever the scenario writes its token.
        let token = message_id.split('@').next().filter(|t| t.len() >= 8).map(str::to_owned);
        let date = sent.message.first("Date").map(|date| date.value().trim().to_owned());
        Self { message_id, token, date, roles }
    }

    /// The value of a Message-ID: whether it is the one that was sent.
    pub(super) fn message_id(&self, value: &str) -> &'static str {
        let same = value.trim().trim_matches(['<', '>']) == self.message_id;
        if same { "[message-id]" } else { "[another message-id]" }
    }

    /// The value of a Date: whether it is the one that was sent, where that had one.
    pub(super) fn date(&self, value: &str) -> &'static str {
        let same = self.date.as_ref().is_none_or(|date| value.trim() == date);
        if same { "[date]" } else { "[another date]" }
    }

    /// The roles.
    pub(super) fn roles(&self) -> &Roles {
        &self.roles
    }

    /// Whether a text names an IP address.
    pub(super) fn has_address(&self, text: &str) -> bool {
        self.unmasked_words(text).split(|c| !is_word_char(c)).any(|word| address_tail(word).is_some())
    }

    /// The text without anything that differs from run to run, in one line.
    pub(super) fn text(&self, text: &str) -> String {
        words(&self.unmasked_words(text))
    }

    /// The same of a value that may not be there.
    pub(super) fn text_or_absent(&self, value: Option<&String>) -> String {
        value.map_or_else(|| "absent".to_owned(), |value| self.text(value))
    }

    /// The text in which only addresses and queue ids are left.
    fn unmasked_words(&self, text: &str) -> String {
        let mut out = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !self.message_id.is_empty() {
            out = out.replace(&self.message_id, "[message-id]");
        }
        if let Some(token) = &self.token {
            out = out.replace(token, "[token]");
        }
        for (regex, with) in EXPRESSIONS.iter() {
            out = regex.replace_all(&out, *with).into_owned();
        }
        self.roles.text(&out)
    }
}

/// Masks IP addresses and the queue ids of Postfix (capital hexadecimal digits).
fn words(text: &str) -> String {
    let (mut out, mut word) = (String::with_capacity(text.len()), String::new());
    for c in text.chars() {
        if is_word_char(c) {
            word.push(c);
        } else {
            out.push_str(&mask_word(&word));
            word.clear();
            out.push(c);
        }
    }
    out.push_str(&mask_word(&word));
    out
}

fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || ".:-".contains(c)
}

fn mask_word(word: &str) -> String {
    if let Some(tail) = address_tail(word) {
        return format!("[ip]{tail}");
    }
    let bare = word.trim_end_matches(['.', ':', '-']);
    let hexadecimal = bare.len() >= 9 && bare.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
    if hexadecimal { format!("[id]{}", &word[bare.len()..]) } else { word.to_owned() }
}

/// What stands behind the address that a word is.
fn address_tail(word: &str) -> Option<&str> {
    let bare = word.trim_end_matches(['.', ':', '-']);
    let tagged = bare.get(..5).filter(|t| t.eq_ignore_ascii_case("ipv6:")).map_or(bare, |_| &bare[5..]);
    if is_ip(tagged) || tagged.parse::<Ipv4Addr>().is_ok() {
        return Some(&word[bare.len()..]);
    }
    // A v6 address may end in a colon (`2001:db8::`), so the word is tried with its tail too.
    is_ip(word).then_some("")
}

fn is_ip(word: &str) -> bool {
    word.matches(':').count() >= 2 && word.parse::<Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::{super::roles::Roles, *};

    #[test]
    fn every_expression_compiles() {
        assert_eq!(EXPRESSIONS.len(), VOLATILE.len());
    }

    #[test]
    fn addresses_and_ids_are_masked() {
        for (text, wanted) in [
            ("from [203.0.113.5]: no", "from [[ip]]: no"),
            ("ip 2001:db8::1, 2001:db8::, IPv6:2001:db8::7.", "ip [ip], [ip], [ip]."),
            ("at 02:38:56 status 5.7.26", "at 02:38:56 status 5.7.26"),
            ("id 02875996506 to A8304996357.", "id [id] to [id]."),
            ("DEADBEEF1", "[id]"),
        ] {
            assert_eq!(words(text), wanted);
        }
    }

    #[test]
    fn what_differs_in_every_run_has_a_mask_and_nothing_else() {
        let mask = Mask {
            message_id: "abcdefgh@ext.example".into(),
            token: Some("abcdefgh".into()),
            date: None,
            roles: Roles::none(),
        };
        for (text, wanted) in [
            ("on Tue, 24 Nov 2026 02:45:36 +0000 (UTC); x", "on [date]; x"),
            ("24 Nov 2026 02:45", "[date]"),
            ("at 2026-11-24T02:45:36.123Z, 2026-11-24 02:45:36+0100", "at [date], [date]"),
            ("<abcdefgh@ext.example> about abcdefgh", "<[message-id]> about [token]"),
            ("sc-01jd8q6v000000000000000000-1-2", "[token]"),
            ("run=01JD8Q6V000000000000000000", "run=[run]"),
            ("<SRS0=ab+c=de=ext.example=probe@corp.example>", "<[srs]@corp.example>"),
            ("<SRS1=ab=fwd.example==c=de=ext.example=probe@corp.example>", "<[srs1]@corp.example>"),
            ("boundary=\"=_a b\"; x boundary=abc; y", "boundary=[boundary]; x boundary=[boundary]; y"),
            ("OK  1795000000 a1-b2.12 - gsmtp", "OK [id] [id] - gsmtp"),
            ("Ok: queued as 4F2A1-b", "Ok: queued as [id]"),
            ("[192.0.2.10] 2001:db8:: IPv6:2001:db8::1.", "[[ip]] [ip] [ip]."),
            ("id 0000F99001; id 0000F9900", "id [id]; id [id]"),
            ("24 November, 5.7.26, 12:30, 0000F990, DEADBEEFX", "24 November, 5.7.26, 12:30, 0000F990, DEADBEEFX"),
        ] {
            assert_eq!(mask.text(text), wanted);
        }
    }
}
