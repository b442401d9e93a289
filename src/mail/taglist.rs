//! Tag lists: `i=1; a=rsa-sha256; …` (RFC 6376 §3.2), as DKIM-Signature, ARC-Seal and ARC-Message-Signature use them.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use std::collections::HashSet;

/// One tag as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The name, case kept: tag names are case-sensitive.
    pub name: String,
    /// The value with outer white space removed; folding inside is kept.
    pub value: String,
}

/// The tags of one field in their order, duplicates included, with what breaks the grammar.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagList {
    /// Every tag that could be read.
    pub tags: Vec<Tag>,
    /// What RFC 6376 §3.2 forbids: duplicate, empty or illegal tags, in plain words.
    pub defects: Vec<String>,
}

impl TagList {
    /// Reads the value of a field. Tags may stand in any order, also after `b=`.
    pub fn parse(raw: &[u8]) -> Self {
        let text = String::from_utf8_lossy(raw);
        let text = text.trim_ascii();
        let text = text.strip_suffix(';').unwrap_or(text);
        let mut list = Self::default();
        let mut seen = HashSet::new();
        for spec in text.split(';') {
            match spec.split_once('=') {
                _ if spec.trim_ascii().is_empty() => list.defects.push("empty tag".to_owned()),
                None => list.defects.push(format!("tag without `=`: {}", excerpt(spec))),
                Some((name, value)) => {
                    let (name, value) = (name.trim_ascii(), value.trim_ascii());
                    if !is_tag_name(name) {
                        list.defects.push(format!("illegal tag name `{}`", excerpt(name)));
                    }
                    if !value.bytes().all(is_value_byte) {
                        list.defects.push(format!("illegal character in the value of `{}`", excerpt(name)));
                    }
                    if !seen.insert(name) {
                        list.defects.push(format!("duplicate tag `{}`", excerpt(name)));
                    }
                    list.tags.push(Tag { name: name.to_owned(), value: value.to_owned() });
                }
            }
        }
        list
    }

    /// The value of the first tag of this name, case-sensitive.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.tags.iter().find(|t| t.name == name).map(|t| t.value.as_str())
    }

    /// As [`TagList::get`], with all white space removed: for base64 and colon lists.
    pub fn compact(&self, name: &str) -> Option<String> {
        self.get(name).map(|v| v.chars().filter(|c| !c.is_whitespace()).collect())
    }

    /// As [`TagList::compact`], in lower case: for domains.
    pub fn lower(&self, name: &str) -> Option<String> {
        self.compact(name).map(|v| v.to_ascii_lowercase())
    }

    /// The octets of a base64 value (`b=`); the padding may be left out (RFC 6376 §2.10).
    pub(crate) fn base64(&self, name: &str) -> Option<Vec<u8>> {
        let config = GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true);
        GeneralPurpose::new(&STANDARD, config).decode(self.compact(name)?).ok()
    }

    /// The names of a colon list (`h=`), lower case, in order.
    pub fn names(&self, name: &str) -> Vec<String> {
        let list = self.lower(name).unwrap_or_default();
        list.split(':').filter(|n| !n.is_empty()).map(str::to_owned).collect()
    }

    /// A number (`i=`, `t=`); `None` when it is not all digits or too large.
    pub fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.get(name).filter(|v| v.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
    }
}

/// `ALPHA *ALNUMPUNC`.
fn is_tag_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `VALCHAR` and the white space between.
fn is_value_byte(byte: u8) -> bool {
    matches!(byte, 0x21..=0x3a | 0x3c..=0x7e | b' ' | b'\t' | b'\r' | b'\n')
}

/// Enough of a text to know it again, on one line.
fn excerpt(text: &str) -> String {
    let text = super::lexer::collapse(text);
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_after_the_signature_are_read() {
        let list = TagList::parse(
            b" i=1; a=rsa-sha256;\r\n\th=from:to\r\n\t :Subject; b=ab\r\n\t cd==;\r\n\tdara=google.com\r\n",
        );
        assert_eq!(list.defects, Vec::<String>::new());
        assert_eq!(list.number::<u32>("i"), Some(1));
        assert_eq!(list.compact("b").as_deref(), Some("abcd=="));
        assert_eq!(list.get("b"), Some("ab\r\n\t cd=="));
        assert_eq!(list.names("h"), ["from", "to", "subject"]);
        assert_eq!(list.get("dara"), Some("google.com"));
        assert_eq!(list.get("I"), None);
    }

    #[test]
    fn what_breaks_the_grammar_is_named() {
        let defects = |text: &[u8]| TagList::parse(text).defects;
        assert_eq!(defects(b"a=1; a=2"), ["duplicate tag `a`"]);
        assert_eq!(defects(b"a=1;; b=2;"), ["empty tag"]);
        assert_eq!(defects(b"a=1; nothing"), ["tag without `=`: nothing"]);
        assert_eq!(defects(b"a=1; 2b=x; =y"), ["illegal tag name `2b`", "illegal tag name ``"]);
        assert_eq!(defects("a=\u{fc}".as_bytes()), ["illegal character in the value of `a`"]);
        assert_eq!(defects(b"a=\xff"), ["illegal character in the value of `a`"]);
        assert_eq!(defects(b""), ["empty tag"]);
        assert_eq!(TagList::parse(b"a=1; a=2").get("a"), Some("1"));
    }

    #[test]
    fn numbers_are_digits_only() {
        let list = TagList::parse(b"a=+1; b=-1; c=99999999999999999999; d=; e=007; f=1 2");
        assert_eq!([list.number::<i64>("a"), list.number("b"), list.number("c"), list.number("d")], [None; 4]);
        assert_eq!((list.number::<i64>("e"), list.number::<i64>("f")), (Some(7), None));
    }
}
