//! Bounces from before RFC 3464, for people's eyes only: Exim's and Gmail's older ones (`X-Failed-Recipients`), and
//! qmail's (`Hi. This is the qmail-send program …`).

use super::{Dsn, RecipientStatus, Returned};
use crate::mail::{
    Message,
    mime::Part,
    reply::{self, Reply},
};
use std::collections::HashMap;

/// Lines that announce the returned message.
const RETURNED: [&str; 4] = [
    "------ This is a copy of the message",
    "------ This is a copy of your message",
    "--- Below this line is a copy of the message",
    "----- Original message -----",
];

/// Reads the first text part of a message as a bounce; `None` when neither the header nor the text says that it is one.
pub(super) fn read(message: &Message, text: &Part<'_>) -> Option<Dsn> {
    let text = text.text();
    let (notification, returned) = split(&text);
    let recipients = match message.first("X-Failed-Recipients") {
        Some(field) => exim(&field.value(), notification),
        None if text.trim_start().starts_with("Hi. This is the") => qmail(notification),
        None => return None,
    };
    let header = Message::parse(returned.trim_start());
    Some(Dsn {
        reporting_mta: None,
        arrival_date: None,
        original_envelope_id: None,
        recipients,
        returned: if header.fields().is_empty() { Returned::None } else { Returned::Full },
        original_message_id: header.message_id(),
        notification: notification.trim().to_owned(),
    })
}

/// The message below the text for people.
pub(super) fn returned(report: &Message, text: &Part<'_>) -> Option<(Returned, Message)> {
    let dsn = read(report, text)?;
    let first_line = text.line(report);
    let text = text.text();
    let returned = split(&text).1.trim_start();
    let breaks = memchr::memchr_iter(b'\n', &text.as_bytes()[..text.len() - returned.len()]).count();
    let line = first_line.zip(u32::try_from(breaks).ok()).map_or(1, |(line, breaks)| line.saturating_add(breaks));
    (dsn.returned != Returned::None).then(|| (dsn.returned, Message::parse(returned).at_line(line)))
}

/// The text for people, and the message below it.
fn split(text: &str) -> (&str, &str) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if RETURNED.iter().any(|r| line.starts_with(r)) {
            return (&text[..at], &text[at + line.len()..]);
        }
        at += line.len();
    }
    (text, "")
}

/// The recipients of `X-Failed-Recipients`; what the text says between one of them and the next is about the first.
fn exim(recipients: &str, notification: &str) -> Vec<RecipientStatus> {
    let recipients: Vec<&str> = recipients.split(',').map(str::trim).filter(|r| !r.is_empty()).collect();
    let mut about: HashMap<&str, &str> = recipients.iter().map(|&r| (r, "")).collect();
    let mut current: Option<(&str, usize)> = None;
    let mut at = 0;
    for word in notification.split_inclusive(char::is_whitespace) {
        let bare = word.trim_matches(|c: char| c.is_whitespace() || "<>:,;.".contains(c));
        if about.contains_key(bare) && current.is_none_or(|(recipient, _)| recipient != bare) {
            close(&mut about, current, &notification[..at]);
            current = Some((bare, at + word.len()));
        }
        at += word.len();
    }
    close(&mut about, current, notification);
    recipients.iter().map(|r| failed(r, about[r])).collect()
}

/// Keeps the first text about a recipient.
fn close<'a>(about: &mut HashMap<&'a str, &'a str>, current: Option<(&'a str, usize)>, text: &'a str) {
    if let Some((recipient, start)) = current
        && let Some(slot) = about.get_mut(recipient)
        && slot.is_empty()
    {
        *slot = &text[start..];
    }
}

/// qmail names each recipient in a paragraph of its own: `<user@company.example>:`.
fn qmail(notification: &str) -> Vec<RecipientStatus> {
    let paragraphs = notification.split("\n\n").map(str::trim_start);
    paragraphs
        .filter_map(|p| p.strip_prefix('<')?.split_once(">:"))
        .map(|(recipient, why)| failed(recipient, why))
        .collect()
}

fn failed(recipient: &str, why: &str) -> RecipientStatus {
    let reply = reply(why);
    RecipientStatus {
        final_recipient: Some(recipient.to_owned()),
        action: Some("failed".to_owned()),
        status: reply.as_ref().and_then(|r| r.enhanced_status.clone()),
        reply,
        ..RecipientStatus::default()
    }
}

/// The first reply in a text, up to the end of its paragraph: `550 5.1.1 …` at the start of a line or after a colon.
fn reply(text: &str) -> Option<Reply> {
    let mut can_start = true;
    let mut at = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        if can_start && word.starts_with(['4', '5']) && reply::starts(word.trim_end()) {
            let rest = &text[at..];
            return Reply::parse(rest.split("\n\n").next().unwrap_or(rest));
        }
        if !word.trim_end().is_empty() {
            can_start = word.trim_end().ends_with(':');
        }
        can_start |= word.ends_with('\n');
        at += word.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Option<Dsn> {
        Dsn::of(&Message::parse(raw))
    }

    fn shown(dsn: &Dsn) -> Vec<(&str, Option<&str>, Option<String>)> {
        let recipients = dsn.recipients.iter();
        recipients
            .map(|r| {
                (r.final_recipient.as_deref().unwrap(), r.status.as_deref(), r.reply.as_ref().map(|r| r.to_string()))
            })
            .collect()
    }

    #[test]
    fn exim() {
        let dsn = read(
            "X-Failed-Recipients: a@gmail.com,\n b@company.example\nSubject: Mail delivery failed\n\n\
             This message was created automatically by mail delivery software.\n\n  a@gmail.com\n    \
             SMTP error from remote mail server after end of data:\n    host gmail.example [192.0.2.1]: 550-5.7.26 This mail\n    \
             550-5.7.26 has been blocked.\n    550 5.7.26 See the help.\n  b@company.example\n    unrouteable address\n\n\
             ------ This is a copy of the message, including all the headers. ------\n\nMessage-Id: <x@sender.example>\n\nbody\n",
        )
        .unwrap();
        assert_eq!((dsn.returned, dsn.original_message_id.as_deref()), (Returned::Full, Some("<x@sender.example>")));
        let recipients = shown(&dsn);
        assert_eq!(recipients[0].1, Some("5.7.26"));
        assert_eq!(recipients[0].2.as_deref(), Some("550 5.7.26 This mail has been blocked. See the help."));
        assert_eq!(recipients[1], ("b@company.example", None, None));
        assert!(dsn.notification.ends_with("unrouteable address"));
    }

    #[test]
    fn the_message_below_the_text_is_given_back() {
        let given = |raw: &str| {
            super::super::returned(&Message::parse(raw)).map(|(how, m)| (how, m.message_id(), m.body().to_vec()))
        };
        let text = "X-Failed-Recipients: a@gmail.com\n\nIt failed.\n\n------ This is a copy of the message ------\n\n";
        let whole = (Returned::Full, Some("<x@sender.example>".to_owned()), b"body\n".to_vec());
        assert_eq!(given(&format!("{text}Message-Id: <x@sender.example>\n\nbody\n")), Some(whole));
        assert_eq!(given(text), None);
        assert_eq!(given("Subject: no bounce\n\nMessage-Id: <x@sender.example>\n"), None);
        let line = |raw: &str| super::super::returned(&Message::parse(raw)).unwrap().1.fields()[0].line;
        assert_eq!(line(&format!("{text}\nMessage-Id: <x@sender.example>\n\nbody\n")), 8);
        let report = |kind: &str| {
            format!(
                "Content-Type: multipart/report; boundary=b\n\n--b\n\nFailed.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\n--b\nContent-Type: {kind}\n\nMessage-Id: <y@sender.example>\n\nbody\n\n--b--\n"
            )
        };
        let whole = (Returned::Full, Some("<y@sender.example>".to_owned()), b"body\n".to_vec());
        assert_eq!(given(&report("message/rfc822")), Some(whole.clone()));
        assert_eq!(line(&report("message/rfc822")), 14);
        // In an encoded part lines are counted from its own start.
        let encoded = "message/rfc822\nContent-Transfer-Encoding: quoted-printable";
        assert_eq!(line(&report(encoded)), 1);
        assert_eq!(given(&report("text/rfc822-headers")), Some((Returned::Headers, whole.1, whole.2)));
        assert_eq!(given(&report("text/plain")), None);
    }

    #[test]
    fn a_reply_belongs_to_its_recipient() {
        let dsn = read(
            "X-Failed-Recipients: a@gmail.com, b@gmail.com, c@gmail.com\n\n<a@gmail.com>: gone\n\n  b@gmail.com\n    \
             SMTP error after RCPT TO:<b@gmail.com>:\n    <b@gmail.com>: 450 busy, 550 times\n",
        )
        .unwrap();
        let busy = Some("450 busy, 550 times".to_owned());
        assert_eq!(
            shown(&dsn),
            [("a@gmail.com", None, None), ("b@gmail.com", None, busy), ("c@gmail.com", None, None)]
        );
    }

    #[test]
    fn qmail() {
        let dsn = read(
            "Subject: failure notice\n\nHi. This is the qmail-send program at mx.company.example.\nI'm afraid I wasn't able to\n\n\
             <a@gmail.com>:\n192.0.2.1 failed after I sent the message.\nRemote host said: 550 5.1.1 No such user\n\n\
             <b@gmail.com>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n\
             --- Below this line is a copy of the message.\n\nReturn-Path: <alice@sender.example>\nMessage-ID: <x@sender.example>\n\nbody\n",
        )
        .unwrap();
        assert_eq!(dsn.original_message_id.as_deref(), Some("<x@sender.example>"));
        let reply = "550 5.1.1 No such user".to_owned();
        assert_eq!(shown(&dsn), [("a@gmail.com", Some("5.1.1"), Some(reply)), ("b@gmail.com", None, None)]);
    }

    #[test]
    fn gmail_s_older_ones() {
        let dsn = read(
            "X-Failed-Recipients: a@company.example\n\nDelivery to the following recipient failed permanently:\n\n     a@company.example\n\n\
             Technical details of permanent failure:\nThe error that the other server returned was:\n550-5.1.1 No such\n550 5.1.1 user\n\n\n\
             ----- Original message -----\n\nSubject: x\n",
        )
        .unwrap();
        assert_eq!(shown(&dsn), [("a@company.example", Some("5.1.1"), Some("550 5.1.1 No such user".into()))]);
        assert_eq!((dsn.returned, dsn.original_message_id), (Returned::Full, None));
    }

    #[test]
    fn other_text_is_no_bounce() {
        assert_eq!(read("Subject: x\n\n550 5.1.1 No such user\n"), None);
        assert_eq!(read("Subject: x\n\nHe said: Hi. This is the end.\n"), None);
        let bare = read("X-Failed-Recipients: a@company.example\n\n").unwrap();
        assert_eq!((shown(&bare), bare.returned), (vec![("a@company.example", None, None)], Returned::None));
    }
}
