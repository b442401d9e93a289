//! Line ends of mail.

use memchr::memchr_iter;
use std::borrow::Cow;

/// Every bare LF becomes CRLF, as SMTP carries a message from one line-oriented server to the next; every other byte stays, a
/// bare CR among them.
///
/// The lab and the evaluator both use this, and share no other code of how mail is read and written.
pub fn with_crlf(raw: &[u8]) -> Cow<'_, [u8]> {
    let (mut out, mut from) = (Vec::new(), 0);
    for at in memchr_iter(b'\n', raw).filter(|at| *at == 0 || raw[at - 1] != b'\r') {
        out.extend_from_slice(&raw[from..at]);
        out.push(b'\r');
        from = at;
    }
    if out.is_empty() {
        return Cow::Borrowed(raw);
    }
    out.extend_from_slice(&raw[from..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_line_feeds_become_line_ends() {
        assert_eq!(&*with_crlf(b"\na\r\nb\n\nc"), b"\r\na\r\nb\r\n\r\nc");
        assert_eq!(&*with_crlf(b"\na\nb\r\nc\r\rd\n"), b"\r\na\r\nb\r\nc\r\rd\r\n");
        assert!(matches!(with_crlf(b"a\r\n"), Cow::Borrowed(_)));
        assert!(matches!(with_crlf(b"a\r\nb\r"), Cow::Borrowed(_)));
    }
}
