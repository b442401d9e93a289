//! A message file sent as it is, but for its Message-ID and the probe header.

use super::{ComposeError, PROBE_HEADER};
use crate::{core::At, mail::Message, scenario::model::SendSpec};
use std::path::PathBuf;

/// The message with its Message-ID and probe header replaced in place, or put on top where they are missing. Every
/// other byte stays. A file that has no CRLF at all was saved with bare line feeds; they become CRLF, because SMTP
/// carries no others (RFC 5321 §2.3.8).
pub(super) fn adopt(raw: Vec<u8>, message_id: &str, probe: &str) -> Vec<u8> {
    let raw = if memchr::memmem::find(&raw, b"\r\n").is_some() { raw } else { with_crlf(&raw) };
    let message = Message::parse(raw);
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
pub(super) fn refuse_other_content(send: &SendSpec, file: &At<PathBuf>) -> Result<(), ComposeError> {
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

fn with_crlf(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 32);
    for byte in raw {
        if *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_in_place_and_nothing_else() {
        let raw = b"Received: x\r\nmessage-id:\r\n <old@a.example>\r\nX-SEALCHECK-RUN: old\r\nFrom: a@a.example\r\n\r\nb\xff\0dy\n.\r\nMessage-ID: <in-body>\r\n";
        let out = adopt(raw.to_vec(), "<t@b.example>", "t; run=r");
        let want = b"Received: x\r\nmessage-id: <t@b.example>\r\nX-SEALCHECK-RUN: t; run=r\r\nFrom: a@a.example\r\n\r\nb\xff\0dy\n.\r\nMessage-ID: <in-body>\r\n";
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
    fn bare_line_feeds_become_crlf_only_when_there_is_no_crlf() {
        assert!(adopt(b"A: 1\n\nx\n".to_vec(), "<t@b>", "p").ends_with(b"A: 1\r\n\r\nx\r\n"));
        assert!(adopt(b"A: 1\r\n\r\nx\ny\n".to_vec(), "<t@b>", "p").ends_with(b"A: 1\r\n\r\nx\ny\n"));
    }
}
