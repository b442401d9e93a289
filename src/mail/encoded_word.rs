//! Encoded words in header fields (RFC 2047), also those of mailers that split a character over two words.

use mail_parser::decoders::{base64::base64_decode, charsets::map::charset_decoder};

/// The value of a header field as a person reads it, with its encoded words decoded.
///
/// RFC 2047 §5 wants every word to hold whole characters. Old mailers cut the bytes where the line is full, so what adjacent
/// words of one charset hold is put together before it is decoded. A word that cannot be read stays as it is written.
pub fn decode(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut open: Option<Word<'_>> = None;
    let mut rest = value;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        let Some((word, after)) = Word::read(from) else {
            close(&mut out, &mut open);
            out.push_str(&rest[..at + 2]);
            rest = &rest[at + 2..];
            continue;
        };
        // White space between words is no text (RFC 2047 §6.2).
        let adjacent = open.is_some() && before.trim().is_empty();
        match &mut open {
            Some(first) if adjacent && first.charset.eq_ignore_ascii_case(word.charset) => first.join(&word),
            _ => {
                close(&mut out, &mut open);
                if !adjacent {
                    out.push_str(before);
                }
                open = Some(word);
            }
        }
        rest = after;
    }
    close(&mut out, &mut open);
    out + rest
}

fn close(out: &mut String, open: &mut Option<Word<'_>>) {
    if let Some(word) = open.take() {
        out.push_str(&word.text());
    }
}

/// One encoded word, or what adjacent ones of a charset hold.
struct Word<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
}

impl<'a> Word<'a> {
    /// The word at the start of a text, and what follows it: `=?charset?encoding?text?=`.
    fn read(text: &'a str) -> Option<(Self, &'a str)> {
        let inner = text.strip_prefix("=?")?;
        let (charset, inner) = inner.split_once('?')?;
        let (encoding, inner) = inner.split_once('?')?;
        let (encoded, after) = inner.split_once('?')?;
        let after = after.strip_prefix('=')?;
        // A language may follow the charset (RFC 2231 §5).
        let charset = charset.split_once('*').map_or(charset, |(charset, _)| charset);
        if charset.is_empty() || !charset.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        let bytes = match encoding {
            "B" | "b" => base64(encoded)?,
            "Q" | "q" => quoted(encoded)?,
            _ => return None,
        };
        Some((Self { charset, bytes }, after))
    }

    /// Adds what the next word of the charset holds.
    fn join(&mut self, next: &Self) {
        // Back to ASCII and on to another set at once is an error to decoders of ISO-2022-JP, and means nothing.
        let back = [b"\x1b(B", b"\x1b(J"].iter().any(|ascii| self.bytes.ends_with(*ascii));
        if back && next.bytes.first() == Some(&0x1b) {
            self.bytes.truncate(self.bytes.len() - 3);
        }
        self.bytes.extend_from_slice(&next.bytes);
    }

    fn text(&self) -> String {
        match charset_decoder(self.charset.as_bytes()) {
            Some(decode) => decode(&self.bytes),
            None => String::from_utf8_lossy(&self.bytes).into_owned(),
        }
    }
}

fn base64(encoded: &str) -> Option<Vec<u8>> {
    if encoded.is_empty() { Some(Vec::new()) } else { base64_decode(encoded.as_bytes()) }
}

fn hex_digit(byte: Option<u8>) -> Option<u8> {
    u8::try_from(char::from(byte?).to_digit(16)?).ok()
}

/// The `Q` encoding (RFC 2047 §4.2).
fn quoted(encoded: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'_' => b' ',
            b'=' => hex_digit(bytes.next())? << 4 | hex_digit(bytes.next())?,
            other => other,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_decoded_and_the_rest_stays() {
        for (written, read) in [
            ("plain = text? =? ?=", "plain = text? =? ?="),
            ("=?utf-8?q?Gr=C3=BC=C3=9Fe?= =?utf-8?b?IHp1cg==?= Probe", "Grüße zur Probe"),
            ("=?UTF-8*de?Q?a_b?= c", "a b c"),
            ("a =?iso-8859-1?q?=FC?= b =?iso-8859-1?q?=E4?=", "a ü b ä"),
            ("=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
            ("=?utf-8?q?a?= \t =?iso-8859-1?q?=FC?=", "aü"),
            ("=?utf-8?q?=4?= =?utf-8?x?a?= =?utf-8?q?b", "=?utf-8?q?=4?= =?utf-8?x?a?= =?utf-8?q?b"),
            ("=?utf-8?b??= a", " a"),
            ("=?nobody-knows?q?a=C3=BC?=", "aü"),
            ("(=?utf-8?q?in_brackets?=)", "(in brackets)"),
        ] {
            assert_eq!(decode(written), read, "{written}");
        }
    }

    #[test]
    fn a_character_may_be_split_over_words() {
        for (written, read) in [
            ("=?UTF-8?B?6L+35oOR4w==?= =?UTF-8?B?g6Hjg7zjg6s=?=", "迷惑メール"),
            ("=?utf-8?Q?=E8=BF=B7=E6?=\t=?UTF-8?q?=83=91?=", "迷惑"),
            ("=?utf-8?B?6L8=?= =?utf-8?Q?=B7?=", "迷"),
            // Shift_JIS 迷惑: 96 C0 98 66.
            ("=?Shift_JIS?B?lsCY?= =?shift_jis?B?Zg==?=", "迷惑"),
            // ISO-2022-JP 迷惑: ESC $ B 4C 42 4F 47 ESC ( B, cut within a character and between two.
            ("=?ISO-2022-JP?B?GyRCTEJP?= =?iso-2022-jp?B?RxsoQg==?=", "迷惑"),
            ("=?ISO-2022-JP?B?GyRCTEI=?= =?iso-2022-jp?B?T0cbKEI=?=", "迷惑"),
            // Whole, as it should be.
            ("=?ISO-2022-JP?B?GyRCTEIbKEI=?= =?ISO-2022-JP?B?GyRCT0cbKEI=?=", "迷惑"),
        ] {
            assert_eq!(decode(written), read, "{written}");
        }
    }
}
