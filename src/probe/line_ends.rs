//! Line ends as SMTP carries them: CR and LF never stand alone (RFC 5321 §2.3.8). A server that takes one of them for a line
//! end would find the end of the mail, and another mail behind it, where nobody wrote one.

use memchr::memchr2;
use std::borrow::Cow;

/// The same with CRLF for every line end.
pub(super) fn crlf(raw: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    let (mut rest, mut done) = (0, 0);
    while let Some(at) = memchr2(b'\r', b'\n', &raw[rest..]).map(|at| rest + at) {
        if raw[at..].starts_with(b"\r\n") {
            rest = at + 2;
            continue;
        }
        out.extend_from_slice(&raw[done..at]);
        out.extend_from_slice(b"\r\n");
        (rest, done) = (at + 1, at + 1);
    }
    if done == 0 {
        return Cow::Borrowed(raw);
    }
    out.extend_from_slice(&raw[done..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_stands_alone() {
        for (raw, wire) in [
            ("", ""),
            ("a\r\n.\r\n", "a\r\n.\r\n"),
            ("a\n.\nb", "a\r\n.\r\nb"),
            ("a\r.\rb", "a\r\n.\r\nb"),
            ("\n.\r\n", "\r\n.\r\n"),
            ("\r\n.\n", "\r\n.\r\n"),
            ("\n\r\n\r\r\n", "\r\n\r\n\r\n\r\n"),
        ] {
            assert_eq!(crlf(raw.as_bytes()), wire.as_bytes(), "{raw:?}");
        }
        assert!(matches!(crlf(b"a\r\n"), Cow::Borrowed(_)));
    }
}
