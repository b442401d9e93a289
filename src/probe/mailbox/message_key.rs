//! What a message says about the attempt that it belongs to.

use crate::{
    core::Token,
    mail::{Message, dsn::Dsn},
    probe::compose::PROBE_HEADER,
};

/// What an attempt can be known by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum MessageKey {
    /// A Message-ID with angle brackets.
    MessageId(String),
    /// A token.
    Token(String),
}

/// What an attempt looks for: a message that carries this token in its probe header, or one without a probe header and
/// with this Message-ID; and delivery status notifications about such a message.
#[derive(Debug, Clone)]
pub struct MailIdentity {
    /// With angle brackets.
    pub message_id: String,
    /// The attempt's token.
    pub token: Token,
}

impl MailIdentity {
    /// Both keys.
    pub(super) fn keys(&self) -> [MessageKey; 2] {
        [MessageKey::MessageId(self.message_id.clone()), MessageKey::Token(self.token.as_str().to_owned())]
    }
}

/// The keys of a message, from its header. A probe header decides alone: two attempts may share a Message-ID that a
/// scenario wrote itself, never a token.
pub(super) fn of_header(message: &Message) -> Vec<MessageKey> {
    let tokens: Vec<MessageKey> = message.all(PROBE_HEADER).filter_map(|f| token(&f.value())).collect();
    if tokens.is_empty() {
        message.all("Message-ID").map(|f| MessageKey::MessageId(f.value())).collect()
    } else {
        tokens
    }
}

/// The keys of the message that a report is about, from what it returns or says of it; `dsn` is what was read of it.
pub(super) fn of_report(message: &Message, dsn: Option<&Dsn>) -> Vec<MessageKey> {
    let body = message.body();
    let tokens: Vec<MessageKey> = lines_named(body, PROBE_HEADER).filter_map(|v| token(&v)).collect();
    if !tokens.is_empty() {
        return tokens;
    }
    let mut keys = Vec::new();
    if let Some(dsn) = dsn {
        keys.extend(dsn.original_message_id.clone().map(MessageKey::MessageId));
        // The envelope id of a submission is its Message-ID without brackets.
        keys.extend(dsn.original_envelope_id.as_ref().map(|id| MessageKey::MessageId(format!("<{id}>"))));
    }
    if keys.is_empty() {
        keys.extend(lines_named(body, "Message-ID").map(MessageKey::MessageId));
    }
    keys
}

/// Whether a message may report on another one: a delivery status notification (RFC 3464), mail from the null
/// reverse-path or from a mail server itself, or a bounce of Exim's and Gmail's older kind.
pub(super) fn is_report(message: &Message) -> bool {
    let named = |name: &str| message.first(name).map(|f| f.value().to_ascii_lowercase());
    named("Content-Type").is_some_and(|v| v.starts_with("multipart/report"))
        || named("Return-Path").is_some_and(|v| v == "<>")
        || named("From").is_some_and(|v| v.contains("mailer-daemon@"))
        || named("X-Failed-Recipients").is_some()
}

/// Whether a message comes from this tool.
pub(super) fn is_probe(message: &Message) -> bool {
    message.first(PROBE_HEADER).is_some()
}

/// Whether a report returns the header of a message from this tool.
pub(super) fn is_about_probe(report: &Message) -> bool {
    is_report(report) && of_report(report, None).iter().any(|key| matches!(key, MessageKey::Token(_)))
}

fn token(value: &str) -> Option<MessageKey> {
    let token = value.split(';').next().unwrap_or_default().trim();
    if token.is_empty() { None } else { Some(MessageKey::Token(token.to_owned())) }
}

/// The values of lines `Name: value` anywhere in a body, a first folded line included.
fn lines_named<'a>(body: &'a [u8], name: &'a str) -> impl Iterator<Item = String> + 'a {
    let lines: Vec<&[u8]> = body.split(|b| *b == b'\n').collect();
    (0..lines.len()).filter_map(move |at| {
        let line = lines[at];
        let (head, rest) = line.split_at_checked(name.len())?;
        if !head.eq_ignore_ascii_case(name.as_bytes()) {
            return None;
        }
        let value = rest.strip_prefix(b":")?;
        let folded = lines.get(at + 1).filter(|next| next.starts_with(b" ") || next.starts_with(b"\t"));
        let whole = [value, folded.copied().unwrap_or_default()].concat();
        let text = String::from_utf8_lossy(&whole).replace('\r', "").trim().to_owned();
        if text.is_empty() { None } else { Some(text) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> MessageKey {
        MessageKey::MessageId(text.to_owned())
    }

    fn tok(text: &str) -> MessageKey {
        MessageKey::Token(text.to_owned())
    }

    #[test]
    fn the_probe_header_decides_alone() {
        let both = Message::parse(&b"Message-ID:\r\n <a@b>\r\nx-sealcheck-run: t-1; run=r\r\n\r\n"[..]);
        assert_eq!(of_header(&both), [tok("t-1")]);
        let one = Message::parse(&b"Message-ID:\r\n <a@b>\r\n\r\n"[..]);
        assert_eq!(of_header(&one), [id("<a@b>")]);
        assert_eq!(of_header(&Message::parse(&b"X-Sealcheck-Run: ; run=r\r\n\r\n"[..])), []);
    }

    #[test]
    fn reports_are_known_by_what_they_return() {
        let report = |returned: &str| {
            let text = format!(
                "From: <>\r\nMessage-ID: <bounce@x>\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
                 --b\r\nContent-Type: text/plain\r\n\r\nsorry\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
                 Reporting-MTA: dns; mx.example\r\n{returned}--b--\r\n"
            );
            let message = Message::parse(text.into_bytes());
            assert!(is_report(&message));
            of_report(&message, Dsn::of(&message).as_ref())
        };
        let header = "\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n";
        assert_eq!(report(&format!("{header}Message-ID: <t@x>\r\nX-Sealcheck-Run: t-9; run=r\r\n\r\n")), [tok("t-9")]);
        assert_eq!(report(&format!("{header}Message-ID:\r\n\t<t@x>\r\n\r\n")), [id("<t@x>")]);
        let envelope_id = "Original-Envelope-Id: t@x\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n";
        assert_eq!(report(envelope_id), [id("<t@x>")]);
    }

    #[test]
    fn old_bounces_are_reports_too() {
        let message = Message::parse(
            &b"Return-Path: <>\r\nSubject: failure notice\r\n\r\nHi\r\n--- Below\r\nMessage-ID: <t@x>\r\n"[..],
        );
        assert!(is_report(&message));
        assert_eq!(of_report(&message, Dsn::of(&message).as_ref()), [id("<t@x>")]);
        assert!(is_report(&Message::parse(&b"From: Mail <MAILER-DAEMON@x>\r\n\r\n"[..])));
        assert!(!is_report(&Message::parse(&b"Return-Path: <a@b>\r\n\r\n"[..])));
    }
}
