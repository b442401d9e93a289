//! From the parts of a message to a report.

use super::{Dsn, RecipientStatus, Returned, plain};
use crate::mail::{
    Field, Message,
    failure::Failure,
    lexer::collapse,
    mime::{self, Part},
    reply::Reply,
};

/// The message that a report gives back.
pub(super) fn returned_message(report: &Message) -> Option<(Returned, Message)> {
    let parts = mime::parts(report);
    let Some(status) = parts.iter().position(is_status) else {
        let text = &parts[text_part(&parts)?];
        return plain::returned(report, text)
            .or_else(|| plain::read(report, text).and_then(|_| given_back(report, &parts)));
    };
    given_back(report, &parts[status + 1..])
}

fn given_back(report: &Message, parts: &[Part<'_>]) -> Option<(Returned, Message)> {
    parts.iter().find_map(|p| {
        let message = Message::parse(&p.body[..]);
        Some((returned(p)?, message.at_line(p.line(report).unwrap_or(1))))
    })
}

fn is_status(part: &Part<'_>) -> bool {
    ["message/delivery-status", "message/global-delivery-status"].contains(&part.kind.as_str())
}

/// Where the first text for people is.
fn text_part(parts: &[Part<'_>]) -> Option<usize> {
    ["text/plain", "text/html"].iter().find_map(|kind| parts.iter().position(|part| part.kind == *kind))
}

impl Dsn {
    /// Reads a `multipart/report; report-type=delivery-status`, also where a server gave the multipart another type.
    /// Without a `message/delivery-status` part of its own, a message is a report only where its header
    /// (`X-Failed-Recipients`, `report-type`), or its sender and its words say so; otherwise `None`. A report in a form that
    /// cannot be read has no recipients.
    pub fn of(message: &Message) -> Option<Self> {
        let parts = mime::parts(message);
        let text = text_part(&parts);
        let Some(status) = parts.iter().position(is_status) else {
            let plain = text.and_then(|at| plain::read(message, &parts[at]));
            let plain = plain.or_else(|| is_named_so(message).then(Self::unread));
            return plain.map(|dsn| dsn.with_returned(&parts));
        };
        let notification = text.filter(|&at| at < status);
        let returned = parts[status + 1..].iter().find_map(|p| Some((returned(p)?, p)));
        let mut dsn = Self {
            reporting_mta: None,
            arrival_date: None,
            original_envelope_id: None,
            envelope_sender: None,
            recipients: Vec::new(),
            returned: returned.map_or(Returned::None, |(how, _)| how),
            original_message_id: returned.and_then(|(_, p)| Message::parse(&p.body[..]).message_id()),
            notification: notification.map(|at| parts[at].text().trim().to_owned()).unwrap_or_default(),
        };
        dsn.read_status(&parts[status].text());
        dsn.read_notification();
        Some(dsn)
    }

    /// A report of which nothing can be read.
    fn unread() -> Self {
        Self {
            reporting_mta: None,
            arrival_date: None,
            original_envelope_id: None,
            envelope_sender: None,
            recipients: Vec::new(),
            returned: Returned::None,
            original_message_id: None,
            notification: String::new(),
        }
    }

    /// With what stands in a part of its own.
    fn with_returned(self, parts: &[Part<'_>]) -> Self {
        match parts.iter().find_map(|p| Some((returned(p)?, p))) {
            Some((how, part)) if self.returned == Returned::None => {
                Self { returned: how, original_message_id: Message::parse(&part.body[..]).message_id(), ..self }
            }
            _ => self,
        }
    }

    /// Completes what the blocks say of each recipient by the text for people: OpenSMTPD gives the reply only there, and
    /// sendmail gives only its first line in the block.
    fn read_notification(&mut self) {
        if self.recipients.is_empty() {
            self.recipients = plain::statuses(&self.notification, &[]);
        }
        let names: Vec<String> =
            self.recipients.iter().map(|r| r.final_recipient.clone().unwrap_or_default()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let about = plain::about(&self.notification, &names);
        let is_alone = names.len() == 1;
        for (recipient, about) in self.recipients.iter_mut().zip(about) {
            let about = if is_alone && about.trim().is_empty() { &self.notification } else { about };
            match &recipient.reply {
                Some(first) => {
                    if let Some(whole) = transcript(&self.notification, first) {
                        recipient.reply = Some(whole);
                    }
                }
                None if recipient.failure.is_none() && !recipient.has_arrived() => {
                    (recipient.reply, recipient.failure) = plain::reason(about);
                    let code = recipient.diagnostic_code.as_deref();
                    if recipient.reply.is_none() && recipient.failure.is_none() {
                        let status = recipient.status.as_deref();
                        recipient.failure = status.and_then(Failure::of_status);
                        recipient.reply = code.and_then(|code| without_code(code, status));
                    }
                }
                None => {}
            }
        }
    }

    /// Reads the blocks of a `message/delivery-status` part (RFC 3464 §2.1): the first one about the message, each other
    /// one about a recipient. Where a server forgets the empty line between, the recipients are told apart all the same.
    fn read_status(&mut self, text: &str) {
        for block in blocks(text) {
            let mut recipient = RecipientStatus::default();
            for field in block.fields() {
                if field.is("Final-Recipient") && recipient.final_recipient.is_some() {
                    self.add(std::mem::take(&mut recipient));
                }
                if !self.read_message_field(field) {
                    read_recipient_field(&mut recipient, field);
                }
            }
            self.add(recipient);
        }
    }

    fn add(&mut self, mut recipient: RecipientStatus) {
        if recipient != RecipientStatus::default() {
            recipient.reply = recipient.diagnostic_code.as_deref().and_then(reply);
            recipient.failure = match recipient.reply {
                Some(_) => None,
                None => recipient.diagnostic_code.as_deref().map(without_type).and_then(|words| Failure::of(&words)),
            };
            self.recipients.push(recipient);
        }
    }

    fn read_message_field(&mut self, field: &Field) -> bool {
        let value = collapse(&field.value());
        if field.is("Reporting-MTA") {
            self.reporting_mta.get_or_insert_with(|| without_type(&value));
        } else if field.is("Arrival-Date") {
            self.arrival_date.get_or_insert(value);
        } else if field.is("Original-Envelope-Id") {
            self.original_envelope_id.get_or_insert(value);
        } else if field.is("X-Postfix-Sender") {
            self.envelope_sender.get_or_insert_with(|| without_type(&value));
        } else if field.is("X-Original-Message-ID") {
            self.original_message_id.get_or_insert(value);
        } else {
            return false;
        }
        true
    }
}

fn read_recipient_field(recipient: &mut RecipientStatus, field: &Field) {
    let value = collapse(&field.value());
    if field.is("Original-Recipient") {
        recipient.original_recipient.get_or_insert_with(|| without_type(&value));
    } else if field.is("Final-Recipient") {
        recipient.final_recipient.get_or_insert_with(|| without_type(&value));
    } else if field.is("Action") {
        recipient.action.get_or_insert_with(|| first_word(&value).to_ascii_lowercase());
    } else if field.is("Status") {
        recipient.status.get_or_insert_with(|| first_word(&value));
    } else if field.is("Remote-MTA") {
        recipient.remote_mta.get_or_insert_with(|| without_type(&value));
    } else if field.is("Diagnostic-Code") {
        recipient.diagnostic_code.get_or_insert(value);
    }
}

/// What a part gives back of the message that is reported on.
fn returned(part: &Part<'_>) -> Option<Returned> {
    match part.kind.as_str() {
        "message/rfc822" | "message/global" => Some(Returned::Full),
        "text/rfc822-headers" | "message/rfc822-headers" | "message/global-headers" => Some(Returned::Headers),
        _ => None,
    }
}

/// The blocks between empty lines.
fn blocks(text: &str) -> Vec<Message> {
    let lines: Vec<&str> = text.lines().collect();
    let blocks = lines.split(|line| line.trim().is_empty()).filter(|block| !block.is_empty());
    blocks.map(|block| Message::parse(block.join("\n"))).collect()
}

/// `dns; mx.company.example` without `dns;`.
fn without_type(value: &str) -> String {
    value.split_once(';').map_or(value, |(_, rest)| rest).trim().to_owned()
}

/// A status or action without the comment after it.
fn first_word(value: &str) -> String {
    value.split([' ', '(']).next().unwrap_or_default().to_owned()
}

/// Whether the header says that a message is a report (RFC 6522).
fn is_named_so(message: &Message) -> bool {
    let kind = message.first("Content-Type").map(|f| f.value().to_lowercase()).unwrap_or_default();
    kind.trim_start().starts_with("multipart/report") && kind.contains("delivery-status")
}

/// The reply in a diagnostic code, also where the server tells who said it, `x-postfix; host … said: 550 5.7.1 …`, and as Exchange
/// writes it, `smtp;<mx.receiver.example #5.7.1 smtp;550-5.7.1 …>`.
fn reply(diagnostic_code: &str) -> Option<Reply> {
    let said = || {
        let (_, said) = diagnostic_code.split_once(" said: ")?;
        Reply::parse(said.rsplit_once(" (in reply to ").map_or(said, |(said, _)| said))
    };
    let exchange = || if diagnostic_code.contains('#') { Reply::find(diagnostic_code) } else { None };
    Reply::parse(diagnostic_code).or_else(said).or_else(exchange)
}

/// The words of another server of which the one that reports left out the code: its class is that of the status (RFC 3463 §2).
fn without_code(diagnostic_code: &str, status: Option<&str>) -> Option<Reply> {
    let (kind, words) = diagnostic_code.split_once(';')?;
    let status = status?;
    // Of these the other server has said nothing.
    if Failure::of_status(status).is_some() || matches!(status, "4.4.4" | "5.4.4") {
        return None;
    }
    let code = match status.as_bytes().first()? {
        b'4' => "450",
        b'5' => "550",
        _ => return None,
    };
    let words = words.rsplit_once(" (in reply to ").map_or(words, |(words, _)| words);
    let is_smtp = kind.trim().eq_ignore_ascii_case("smtp") && !words.trim().is_empty();
    if is_smtp { Reply::parse(&format!("{code} {status} {words}")) } else { None }
}

/// The whole of a reply from a transcript of sendmail, where the block has no more than its first line: lines behind `<<<`.
fn transcript(notification: &str, first: &Reply) -> Option<Reply> {
    let said: Vec<&str> = notification.lines().map(|l| l.strip_prefix("<<< ").unwrap_or_default()).collect();
    let mut replies = said.split(|line| line.is_empty()).filter(|lines| !lines.is_empty());
    let whole = replies.find_map(|lines| {
        let reply = Reply::parse(&lines.join("\n"))?;
        (reply.code == first.code && reply.text.starts_with(&first.text)).then_some(reply)
    })?;
    (whole.text.len() > first.text.len()).then_some(whole)
}
