//! Tag lists: `i=1; a=rsa-sha256; …` (RFC 6376 §3.2), as DKIM-Signature, ARC-Seal and ARC-Message-Signature use them.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use std::collections::HashSet;

/// As lenient as RFC 6376 §2.10 and what signers write.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

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
        let text = super::lexer::text(raw);
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
                    if !value.chars().all(|c| is_value_char(c) || may_be_utf8(name, c)) {
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
        self.get(name).map(without_white_space)
    }

    /// As [`TagList::compact`], in lower case: for domains.
    pub fn lower(&self, name: &str) -> Option<String> {
        self.compact(name).map(|v| v.to_ascii_lowercase())
    }

    /// A `dkim-quoted-printable` value (RFC 6376 §2.11), without white space: `i=` of a DKIM-Signature.
    pub(crate) fn quoted_printable(&self, name: &str) -> Option<String> {
        let compact = self.compact(name)?;
        let mut octets = Vec::with_capacity(compact.len());
        let mut rest = compact.as_bytes();
        while let Some((&first, after)) = rest.split_first() {
            if first == b'='
                && let Some(octet) = after.get(..2).and_then(hex_octet)
            {
                octets.push(octet);
                rest = &after[2..];
            } else {
                octets.push(first);
                rest = after;
            }
        }
        Some(String::from_utf8_lossy(&octets).into_owned())
    }

    /// The octets of a base64 value (`b=`); the padding may be left out (RFC 6376 §2.10).
    pub(crate) fn base64(&self, name: &str) -> Option<Vec<u8>> {
        BASE64.decode(self.compact(name)?).ok()
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

fn without_white_space(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    out.extend(text.split_whitespace());
    out
}

/// Two hexadecimal digits.
fn hex_octet(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u8::from_str_radix(digits, 16).ok())?
}

/// `ALPHA *ALNUMPUNC`.
fn is_tag_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `VALCHAR` and the white space between.
fn is_value_char(c: char) -> bool {
    matches!(c, '\u{21}'..='\u{3a}' | '\u{3c}'..='\u{7e}' | ' ' | '\t' | '\r' | '\n')
}

/// Domains and addresses may be written in UTF-8 (RFC 8616 §5).
fn may_be_utf8(name: &str, c: char) -> bool {
    matches!(name, "d" | "s" | "i") && !c.is_ascii() && c != char::REPLACEMENT_CHARACTER
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
        assert_eq!(defects("d=b\u{fc}cher.example; s=\u{4f8b}; i=@b\u{fc}cher.example".as_bytes()), [""; 0]);
        assert_eq!(defects(b"d=b\xfccher.example"), ["illegal character in the value of `d`"]);
        assert_eq!(defects(b""), ["empty tag"]);
        assert_eq!(TagList::parse(b"a=1; a=2").get("a"), Some("1"));
    }

    #[test]
    fn quoted_printable_is_decoded() {
        let list = TagList::parse(b"i==E4=BE=8B=3B\r\n =4=zz@sender.example; j=a=");
        assert_eq!(list.quoted_printable("i").as_deref(), Some("\u{4f8b};=4=zz@sender.example"));
        assert_eq!((list.quoted_printable("j").as_deref(), list.quoted_printable("k")), (Some("a="), None));
    }

    #[test]
    fn numbers_are_digits_only() {
        let list = TagList::parse(b"a=+1; b=-1; c=99999999999999999999; d=; e=007; f=1 2");
        assert_eq!([list.number::<i64>("a"), list.number("b"), list.number("c"), list.number("d")], [None; 4]);
        assert_eq!((list.number::<i64>("e"), list.number::<i64>("f")), (Some(7), None));
    }
}
