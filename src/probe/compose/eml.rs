//! A message file sent as it is, but for its Message-ID and the probe header.

use super::{ComposeError, PROBE_HEADER, field::check_name};
use crate::{core::Spanned, mail::Message, probe::line_ends::crlf, scenario::model::SendSpec};
use std::path::{Path, PathBuf};

/// The byte order mark that editors put before UTF-8; it is no part of the message.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The bytes of a message file.
///
/// # Errors
/// With the place in the file, when it does not begin as a message does.
pub(super) fn message(path: &Path, raw: Vec<u8>) -> Result<Vec<u8>, String> {
    let raw = match raw.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => rest.to_vec(),
        None => raw,
    };
    let line = raw.split(|b| matches!(b, b'\r' | b'\n')).next().unwrap_or_default();
    let text = String::from_utf8_lossy(line);
    let name = text.split(':').next().unwrap_or_default();
    let problem = if line.is_empty() || (text.contains(':') && check_name(name.trim_end()).is_ok()) {
        return Ok(raw);
    } else if line.starts_with(b"From ") {
        "a mailbox (mbox) begins with this line, a message does not; take it away, or save one message alone".to_owned()
    } else if raw.starts_with(b"\xFF\xFE") || raw.starts_with(b"\xFE\xFF") {
        "the file is UTF-16; save the message with the bytes that it has on the wire".to_owned()
    } else {
        format!("`{}` is no header field; a message begins with one, or with an empty line", text.escape_debug())
    };
    Err(format!("{}:1:1: {problem}", path.display()))
}

/// The message with its Message-ID and probe header replaced in place, or put on top where they are missing. Line ends become
/// CRLF, and every other byte stays.
pub(super) fn adopt(raw: Vec<u8>, message_id: &str, probe: &str) -> Vec<u8> {
    let message = Message::parse(crlf(&raw).into_owned());
    let wanted = [("Message-ID", message_id), (PROBE_HEADER, probe)];
    let mut cuts: Vec<(usize, usize, String)> = wanted
        .iter()
        .map(|(name, value)| match message.first(name) {
            Some(field) => (field.offset, field.len, format!("{}: {value}\r\n", field.name)),
            None => (0, 0, format!("{name}: {value}\r\n")),
        })
        .collect();
    cuts.sort_by_key(|(offset, len, _)| (*offset, *len));
    let raw = message.raw();
    let mut out = Vec::with_capacity(raw.len() + 256);
    let mut done = 0;
    for (offset, len, field) in cuts {
        out.extend_from_slice(&raw[done..offset]);
        out.extend_from_slice(field.as_bytes());
        done = offset + len;
    }
    out.extend_from_slice(&raw[done..]);
    out
}

/// `eml:` next to anything that would also make content is a contradiction.
pub(super) fn refuse_other_content(send: &SendSpec, file: &Spanned<PathBuf>) -> Result<(), ComposeError> {
    let others = [
        ("subject", send.subject.is_some()),
        ("text", send.text.is_some()),
        ("html", send.html.is_some()),
        ("headers", !send.headers.is_empty()),
        ("attach", !send.attach.is_empty()),
    ];
    match others.iter().find(|(_, there)| *there) {
        Some((name, _)) => Err(ComposeError::new(
            &file.at,
            format!("`eml` is sent as it is, so `{name}` has no effect; take one of the two away"),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_in_place_and_nothing_else() {
        let raw = b"Received: x\r\nmessage-id:\r\n <old@a.example>\r\nX-SEALCHECK-RUN: old\r\nFrom: a@a.example\r\n\r\nb\xff\0dy\r\n.\r\nMessage-ID: <in-body>\r\n";
        let out = adopt(raw.to_vec(), "<t@b.example>", "t; run=r");
        let want = b"Received: x\r\nmessage-id: <t@b.example>\r\nX-SEALCHECK-RUN: t; run=r\r\nFrom: a@a.example\r\n\r\nb\xff\0dy\r\n.\r\nMessage-ID: <in-body>\r\n";
        assert_eq!(out, want);
    }

    #[test]
    fn adds_on_top_what_is_missing() {
        assert_eq!(
            adopt(b"A: 1\r\n\r\nx".to_vec(), "<t@b>", "p"),
            b"Message-ID: <t@b>\r\nX-Sealcheck-Run: p\r\nA: 1\r\n\r\nx"
        );
        assert_eq!(adopt(b"".to_vec(), "<t@b>", "p"), b"Message-ID: <t@b>\r\nX-Sealcheck-Run: p\r\n");
    }

    #[test]
    fn line_ends_become_crlf_also_where_some_are() {
        for body in ["x\r\n.\r\ny\r\n", "x\n.\ny\n", "x\r.\ry\r", "x\n.\r\ny\n", "x\r\n.\ny\r\n"] {
            let out = adopt(format!("A: 1\r\n\r\n{body}").into_bytes(), "<t@b>", "p");
            assert!(out.ends_with(b"A: 1\r\n\r\nx\r\n.\r\ny\r\n"), "{body:?}");
        }
    }

    #[test]
    fn what_does_not_begin_as_a_message_is_refused() {
        let read = |raw: &[u8]| message(Path::new("mails/m.eml"), raw.to_vec());
        assert_eq!(read(b"\xEF\xBB\xBFFrom: a@b.example\r\n").unwrap(), b"From: a@b.example\r\n");
        for good in [&b""[..], b"\r\nbody", b"\nbody", b"From: a@b.example\n", b"Subject :x\r\n", b"X:"] {
            assert_eq!(read(good).unwrap(), good);
        }
        for (bad, says) in [
            (&b"From probe@ext.example Mon Nov 23 02:13:20 2026\nFrom: a@b.example\n"[..], "mailbox (mbox)"),
            (b"\xEF\xBB\xBFFrom probe@ext.example\r\n", "mailbox (mbox)"),
            (b"\xFF\xFEF\0r\0o\0m\0:\0", "UTF-16"),
            (b"hello\r\nSubject: x\r\n", "`hello` is no header field"),
            (b"S\xe9: x\r\n", "is no header field"),
        ] {
            let error = read(bad).unwrap_err();
            assert!(error.starts_with("mails/m.eml:1:1: ") && error.contains(says), "{error}");
        }
    }
}
