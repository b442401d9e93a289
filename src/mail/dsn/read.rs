//! From the parts of a message to a report.

use super::{Dsn, RecipientStatus, Returned, plain};
use crate::mail::{
    Field, Message,
    lexer::collapse,
    mime::{self, Part},
    reply::Reply,
};

/// The message that a report gives back.
pub(super) fn returned_message(report: &Message) -> Option<(Returned, Message)> {
    let parts = mime::parts(report);
    let Some(status) = parts.iter().position(is_status) else {
        return plain::returned(report, &parts[text_part(&parts)?]);
    };
    parts[status + 1..].iter().find_map(|p| {
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
    /// (`X-Failed-Recipients`) or its first words (qmail) say so; otherwise `None`.
    pub fn of(message: &Message) -> Option<Self> {
        let parts = mime::parts(message);
        let text = text_part(&parts);
        let Some(status) = parts.iter().position(is_status) else {
            return plain::read(message, &parts[text?]);
        };
        let notification = text.filter(|&at| at < status);
        let returned = parts[status + 1..].iter().find_map(|p| Some((returned(p)?, p)));
        let mut dsn = Self {
            reporting_mta: None,
            arrival_date: None,
            original_envelope_id: None,
            recipients: Vec::new(),
            returned: returned.map_or(Returned::None, |(how, _)| how),
            original_message_id: returned.and_then(|(_, p)| Message::parse(&p.body[..]).message_id()),
            notification: notification.map(|at| parts[at].text().trim().to_owned()).unwrap_or_default(),
        };
        dsn.read_status(&parts[status].text());
        Some(dsn)
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

/// The reply in a diagnostic code, also where the server tells who said it: `x-postfix; host … said: 550 5.7.1 …`.
fn reply(diagnostic_code: &str) -> Option<Reply> {
    Reply::parse(diagnostic_code).or_else(|| {
        let (_, said) = diagnostic_code.split_once(" said: ")?;
        Reply::parse(said.rsplit_once(" (in reply to ").map_or(said, |(said, _)| said))
    })
}
