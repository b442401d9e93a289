//! Text as a search looks at it: decoded and in lower case.

use crate::lab::embedded::{
    imap_server::fetch::mime::{Part, decode_base64, decode_quoted_printable},
    store::{StoredMessage, header},
};

/// Whether some field of this name has the text; an empty text asks whether there is such a field.
pub(super) fn field_contains(message: &StoredMessage, name: &str, wanted: &str) -> bool {
    header::fields(message.header())
        .into_iter()
        .filter(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()))
        .any(|(_, value)| contains(&decode_words(&String::from_utf8_lossy(value).replace("\r\n", "")), wanted))
}

/// Whether the body, taken out of its transfer encoding, has the text.
pub(super) fn body_contains(message: &StoredMessage, wanted: &str) -> bool {
    let raw = &message.raw;
    let body = raw.get(message.header().len()..).unwrap_or_default();
    bytes_contain(body, wanted)
        || Part::read(raw).any(&mut |part| part.text(raw).is_some_and(|text| bytes_contain(&text, wanted)))
}

/// Whether the header section has the text.
pub(super) fn header_contains(message: &StoredMessage, wanted: &str) -> bool {
    contains(
        &decode_words(&String::from_utf8_lossy(message.header()).replace("\r\n ", " ").replace("\r\n\t", " ")),
        wanted,
    )
}

pub(super) fn contains(text: &str, wanted: &str) -> bool {
    bytes_contain(text.as_bytes(), wanted)
}

/// Whether a text has another in it, in any case; bytes that are no UTF-8 match nothing.
fn bytes_contain(text: &[u8], wanted: &str) -> bool {
    let Some(first) = wanted.bytes().next() else { return true };
    if !wanted.is_ascii() {
        return String::from_utf8_lossy(text).to_lowercase().contains(&wanted.to_lowercase());
    }
    memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text)
        .any(|at| text.get(at..at + wanted.len()).is_some_and(|found| found.eq_ignore_ascii_case(wanted.as_bytes())))
}

/// Takes encoded-words (RFC 2047) out of their encoding; other charsets than UTF-8, US-ASCII and ISO-8859-1 stay.
fn decode_words(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    let mut after_word = false;
    while let Some((before, after)) = rest.split_once("=?") {
        let word = after.split_once('?').and_then(|(charset, after)| {
            let (encoding, after) = after.split_once('?')?;
            let (code, after) = after.split_once("?=")?;
            Some((decode_word(charset, encoding, code)?, after))
        });
        match word {
            Some((word, after)) => {
                // White space between two encoded-words is none.
                if !(after_word && before.trim().is_empty()) {
                    out.push_str(before);
                }
                out.push_str(&word);
                (rest, after_word) = (after, true);
            }
            None => {
                out.push_str(before);
                out.push_str("=?");
                (rest, after_word) = (after, false);
            }
        }
    }
    out.push_str(rest);
    out
}

fn decode_word(charset: &str, encoding: &str, code: &str) -> Option<String> {
    let bytes = match encoding {
        "b" | "B" => decode_base64(code.as_bytes()),
        "q" | "Q" => decode_quoted_printable(code.as_bytes(), true),
        _ => return None,
    };
    match charset.split('*').next().unwrap_or(charset).to_ascii_lowercase().as_str() {
        "utf-8" | "us-ascii" => String::from_utf8(bytes).ok(),
        "iso-8859-1" => Some(bytes.into_iter().map(char::from).collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter_in_any_script() {
        assert!(bytes_contain(b"x ToKeN-1\xff", "token-1") && bytes_contain("ÉTÉ".as_bytes(), "été"));
        assert!(!bytes_contain(b"toke", "token") && bytes_contain(b"", ""));
    }

    #[test]
    fn encoded_words_are_read() {
        assert_eq!(decode_words("a =?utf-8?B?4pyT?= =?UTF-8?q?x_y?= b"), "a ✓x y b");
        assert_eq!(decode_words("=?iso-8859-1?Q?=E9t=E9?="), "été");
        assert_eq!(decode_words("=?x?y =?koi8-r?B?AA==?="), "=?x?y =?koi8-r?B?AA==?=");
    }
}
