//! Bounces for people's eyes only, from before RFC 3464 or beside it: those of Exim and older ones of Gmail (`X-Failed-Recipients`),
//! of qmail, James, DragonFly, IronPort, GMX and others, which a server sends and whose text says what they are.

use super::{Dsn, RecipientStatus, Returned};
use crate::mail::{Message, failure::Failure, mime::Part, reply::Reply};

/// How many recipients of one report are read.
const MOST: usize = 100;
/// How many characters of a text can be a reason.
const LONGEST: usize = 2000;

/// How the lines begin that announce the returned message.
const RETURNED: [&str; 8] = [
    "------ This is a copy of the message",
    "------ This is a copy of your message",
    "--- Below this line is a copy of the message",
    "----- Original message -----",
    "--- The header of the original message is following. ---",
    "--- The original message was attached. ---",
    "Message headers follow",
    "Original message follows",
];

/// Words of a subject, or of a text for people, that a report is made of; lower case.
const REPORTS: [&str; 22] = [
    "undeliver",
    "delivery fail",
    "delivery status",
    "delivery notification",
    "delivery problem",
    "failure notice",
    "mail delivery",
    "delivery report",
    "returned mail",
    "returned to sender",
    "mail system error",
    "delayed",
    "could not be delivered",
    "could not deliver",
    "unable to deliver",
    "able to deliver",
    "not be delivered",
    "error delivering",
    "was not delivered",
    "did not reach",
    "not yet been delivered",
    "配信",
];

/// Words that tell of a delay, not of a failure; lower case.
const DELAYS: [&str; 4] =
    ["not yet been delivered", "still being retried", "this is a warning", "no action is required on your part"];

/// Reads the first text part of a message as a bounce; `None` when neither the header nor the text says that it is one.
pub(super) fn read(message: &Message, text: &Part<'_>) -> Option<Dsn> {
    let text = text.text();
    let (notification, returned) = split(&text);
    let failed = message.first("X-Failed-Recipients").map(|field| field.value());
    let recipients: Vec<String> = match failed {
        Some(failed) => failed.split(',').map(str::trim).filter(|r| !r.is_empty()).map(str::to_owned).collect(),
        None if is_report(message, notification) => named(notification, &envelope(message)),
        None => return None,
    };
    let header = Message::parse(returned.trim_start());
    Some(Dsn {
        reporting_mta: None,
        arrival_date: None,
        original_envelope_id: None,
        envelope_sender: None,
        recipients: statuses(notification, &recipients),
        returned: if header.fields().is_empty() { Returned::None } else { Returned::Full },
        original_message_id: header.message_id(),
        notification: notification.trim().to_owned(),
    })
}

/// What a text says of these recipients; where it names none, what it says all the same.
pub(super) fn statuses(notification: &str, recipients: &[String]) -> Vec<RecipientStatus> {
    let lower = notification.to_lowercase();
    let action = if DELAYS.iter().any(|words| lower.contains(words)) { "delayed" } else { "failed" };
    if recipients.is_empty() {
        let one = recipient(None, notification, action);
        return if one.reply.is_some() || one.failure.is_some() { vec![one] } else { Vec::new() };
    }
    let names: Vec<&str> = recipients.iter().map(String::as_str).collect();
    names.iter().zip(about(notification, &names)).map(|(name, why)| recipient(Some(name), why, action)).collect()
}

/// Whether a message is a report: a server sent it, and it says so.
pub(super) fn is_report(message: &Message, text: &str) -> bool {
    let value = |name: &str| message.first(name).map(|f| f.value().to_lowercase()).unwrap_or_default();
    let (path, from, subject) = (value("Return-Path"), value("From"), value("Subject"));
    let start = cut(text).to_lowercase();
    let says = |text: &str| REPORTS.iter().any(|words| text.contains(words));
    let by_server = ["mailer-daemon", "postmaster@", "mail delivery s"].iter().any(|name| from.contains(name));
    // Answers of people's programs have no sender in the envelope either.
    let no_sender = matches!(path.trim(), "<>" | "<mailer-daemon>");
    text.trim_start().starts_with("Hi. This is the")
        || (no_sender && says(&subject))
        || (by_server && (says(&subject) || says(&start)))
}

/// The addresses of the report itself.
fn envelope(message: &Message) -> Vec<String> {
    let values = ["To", "From", "X-Original-To", "Delivered-To"].iter().filter_map(|name| message.first(name));
    values
        .flat_map(|f| f.value().split([' ', ',']).filter_map(address).map(str::to_owned).collect::<Vec<_>>())
        .collect()
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

/// The recipients that a text names: at the start of a line, or behind `to` where no other was named before.
fn named(notification: &str, not: &[String]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for line in notification.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let leads =
            |n: usize| n == 0 || matches!(words[n - 1].to_ascii_lowercase().as_str(), "to" | "to:" | "recipient:");
        for (n, word) in words.iter().enumerate() {
            let is_named = n == 0 || (out.is_empty() && leads(n));
            let Some(address) = address(word) else { continue };
            if is_named && out.len() < MOST && !not.iter().chain(&out).any(|known| known.eq_ignore_ascii_case(address))
            {
                out.push(address.to_owned());
            }
        }
    }
    out
}

/// A word as an address, without what stands around it.
fn address(word: &str) -> Option<&str> {
    let bare = word.trim_matches(|c: char| "<>()[]:;,.\"'".contains(c));
    let (local, domain) = bare.rsplit_once('@')?;
    let is_domain = domain.contains('.') && domain.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    let is_daemon = ["mailer-daemon", "postmaster"].iter().any(|name| local.eq_ignore_ascii_case(name));
    (is_domain && !is_daemon && !local.is_empty() && !local.contains([':', '<', '='])).then_some(bare)
}

/// What the text says of each of these recipients: from where it names one of them to where it names the next.
pub(super) fn about<'t>(notification: &'t str, recipients: &[&str]) -> Vec<&'t str> {
    let mut about = vec![""; recipients.len()];
    let mut current: Option<(usize, usize)> = None;
    let mut at = 0;
    for word in notification.split_inclusive(char::is_whitespace) {
        let bare = word.trim_matches(|c: char| c.is_whitespace() || "<>:,;.()".contains(c));
        let named = recipients.iter().position(|r| bare.contains('@') && r.eq_ignore_ascii_case(bare));
        if let Some(named) = named.filter(|n| current.is_none_or(|(recipient, _)| recipient != *n)) {
            close(&mut about, current, &notification[..at]);
            current = Some((named, at + word.len()));
        }
        at += word.len();
    }
    close(&mut about, current, notification);
    about
}

/// Keeps the first text about a recipient.
fn close<'t>(about: &mut [&'t str], current: Option<(usize, usize)>, text: &'t str) {
    if let Some((recipient, start)) = current
        && about[recipient].trim().is_empty()
    {
        about[recipient] = &text[start..];
    }
}

/// The reason that a text gives: another server's reply, or else the words of the one that reports. What the other server
/// said stands behind `<<<` in a transcript of sendmail.
pub(super) fn reason(why: &str) -> (Option<Reply>, Option<Failure>) {
    let said = why.replace("\n<<< ", "\n");
    let reply = Reply::find(&said).filter(|reply| !reply.is_positive());
    let failure = if reply.is_none() { Failure::of(cut(why)) } else { None };
    (reply, failure)
}

/// As much of a text as can be a reason.
fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST).map_or(text, |(end, _)| &text[..end])
}

fn recipient(address: Option<&str>, why: &str, action: &str) -> RecipientStatus {
    let (reply, failure) = reason(why);
    RecipientStatus {
        final_recipient: address.map(str::to_owned),
        action: Some(action.to_owned()),
        status: reply.as_ref().and_then(|r| r.enhanced_status.clone()),
        reply,
        failure,
        ..RecipientStatus::default()
    }
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
