//! Transfer encodings of text (RFC 2045 §6).

use crate::{core::line_ending::with_crlf, scenario::model::Encoding};
use lettre::message::{Body, header::ContentTransferEncoding};

/// The longest line that 7bit and 8bit allow, without its CRLF (RFC 5322 §2.1.1).
const LONGEST_LINE: usize = 998;

/// The text with CRLF line ends, the last line included. A CR alone stays.
pub(super) fn crlf(text: &str) -> Vec<u8> {
    let mut out = with_crlf(text.as_bytes()).into_owned();
    if !out.is_empty() && !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// The encoded text and the value of its Content-Transfer-Encoding.
pub(super) fn encode(text: &str, encoding: Encoding) -> (&'static str, Vec<u8>) {
    let bytes = crlf(text);
    match encoding {
        Encoding::EightBit => ("8bit", bytes),
        Encoding::Auto if is_7bit(&bytes) => ("7bit", bytes),
        Encoding::Auto | Encoding::QuotedPrintable => {
            ("quoted-printable", encoded(bytes, ContentTransferEncoding::QuotedPrintable))
        }
        Encoding::Base64 => ("base64", base64(bytes)),
    }
}

/// Base64 in lines of 76 characters, the last one closed too.
pub(super) fn base64(bytes: Vec<u8>) -> Vec<u8> {
    let mut out = encoded(bytes, ContentTransferEncoding::Base64);
    if !out.is_empty() {
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Whether bytes can travel as they are (RFC 2045 §2.7).
pub(super) fn is_7bit(bytes: &[u8]) -> bool {
    bytes.is_ascii()
        && !bytes.contains(&0)
        && bytes.split(|b| *b == b'\n').all(|line| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            line.len() <= LONGEST_LINE && !line.contains(&b'\r')
        })
}

fn encoded(bytes: Vec<u8>, encoding: ContentTransferEncoding) -> Vec<u8> {
    match Body::new_with_encoding(bytes, encoding) {
        Ok(body) => body.into_vec(),
        Err(as_they_were) => as_they_were,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_become_crlf() {
        assert_eq!(crlf("a\nb\r\nc"), b"a\r\nb\r\nc\r\n");
        assert_eq!(crlf(""), b"");
        assert_eq!(crlf("\n\n"), b"\r\n\r\n");
        assert_eq!(crlf("a\rb"), b"a\rb\r\n");
    }

    #[test]
    fn auto_takes_7bit_where_it_can() {
        assert_eq!(encode("plain\n", Encoding::Auto), ("7bit", b"plain\r\n".to_vec()));
        assert_eq!(encode(&"x".repeat(998), Encoding::Auto).0, "7bit");
        for text in ["é", &"x".repeat(999), "a\rb", "a\0b"] {
            assert_eq!(encode(text, Encoding::Auto).0, "quoted-printable", "{text:?}");
        }
    }

    #[test]
    fn every_encoding_reads_back() {
        let text = "Grüße = ok \t\n.\nFrom here\n trailing \n\n".repeat(30) + &"länge".repeat(400);
        for encoding in [Encoding::Auto, Encoding::EightBit, Encoding::QuotedPrintable, Encoding::Base64] {
            let (cte, body) = encode(&text, encoding);
            let mut mail =
                format!("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {cte}\r\n\r\n")
                    .into_bytes();
            mail.extend_from_slice(&body);
            let read = mail_parser::MessageParser::new().parse(&mail).unwrap();
            assert_eq!(read.body_text(0).unwrap().as_bytes(), crlf(&text), "{encoding:?}");
            if encoding != Encoding::EightBit {
                assert!(is_7bit(&body), "{encoding:?}");
                assert!(body.split(|b| *b == b'\n').all(|l| l.len() <= 77), "{encoding:?}");
            }
        }
    }
}
