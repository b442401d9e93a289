//! What Gmail asks of the form of a message (RFC 5322 §3.6, and its loop limit).

use super::replies::{self, Refusal};
use crate::lab::embedded::signing::Message;

/// A message that came over this many servers goes round in a loop.
const MAX_HOPS: usize = 50;

/// Fields that a message may have once.
const SINGLE: [&str; 11] =
    ["From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject", "Date", "Message-ID", "In-Reply-To", "References"];

/// Why the form of a message is refused, if it is.
pub(super) fn defect(message: &Message<'_>) -> Option<Refusal> {
    if message.named("Received").count() >= MAX_HOPS {
        return Some(replies::HOPS);
    }
    if SINGLE.iter().any(|name| message.named(name).count() > 1) {
        return Some(replies::DUPLICATE_HEADERS);
    }
    let from = message.named("From").next().map(|f| addresses(&f.text())).unwrap_or_default();
    match from.as_slice() {
        [] => return Some(replies::NO_FROM),
        [_] => {}
        _ => return Some(replies::SEVERAL_FROM),
    }
    let id = message.named("Message-ID").next().map(|f| f.text()).unwrap_or_default();
    if !id.contains(|c: char| !c.is_whitespace() && c != '<' && c != '>') {
        return Some(replies::NO_MESSAGE_ID);
    }
    None
}

/// Takes an address that has ended: what stood in angle brackets, or all of it.
fn take(now: &mut String, angle: &mut Option<String>, list: &mut Vec<String>) {
    let text = std::mem::take(now);
    let address = angle.take().unwrap_or(text).trim().to_owned();
    if address.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty()) {
        list.push(address);
    }
}

/// The addresses of a From field; only whole ones, with local part and domain.
pub(super) fn addresses(text: &str) -> Vec<String> {
    let mut list = Vec::new();
    let (mut now, mut angle, mut comment, mut in_quotes) = (String::new(), None::<String>, 0usize, false);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let escaped = chars.next();
                if comment == 0 {
                    now.extend(escaped);
                }
            }
            '"' if comment == 0 => {
                in_quotes = !in_quotes;
                now.push(c);
            }
            '(' if !in_quotes => comment += 1,
            ')' if comment > 0 => comment -= 1,
            _ if comment > 0 => {}
            '<' if !in_quotes => now.clear(),
            '>' if !in_quotes => angle = Some(std::mem::take(&mut now)),
            ',' | ';' if !in_quotes => take(&mut now, &mut angle, &mut list),
            c => now.push(c),
        }
    }
    take(&mut now, &mut angle, &mut list);
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault_of(header: &str) -> Option<Refusal> {
        defect(&Message::new(format!("{header}\r\nbody\r\n").as_bytes()))
    }

    #[test]
    fn faults_of_form_are_found() {
        let good = "From: Probe <probe@ext.example>\r\nMessage-ID: <1@ext.example>\r\n";
        assert_eq!(fault_of(good), None);
        assert_eq!(fault_of(""), Some(replies::NO_FROM));
        assert_eq!(fault_of("From: nobody\r\nMessage-ID: <1@x>\r\n"), Some(replies::NO_FROM));
        assert_eq!(
            fault_of("From: a@x.example, B <b@x.example>\r\nMessage-ID: <1@x>\r\n"),
            Some(replies::SEVERAL_FROM)
        );
        assert_eq!(fault_of("From: a@x.example\r\n"), Some(replies::NO_MESSAGE_ID));
        assert_eq!(fault_of("From: a@x.example\r\nMessage-ID: <>\r\n"), Some(replies::NO_MESSAGE_ID));
        for twice in ["Subject: a\r\nsubject: b\r\n", "From: a@x.example\r\n", "To: a@x\r\nTo: b@x\r\n"] {
            assert_eq!(fault_of(&format!("{good}{twice}")), Some(replies::DUPLICATE_HEADERS), "{twice}");
        }
        assert_eq!(fault_of(&format!("{}{good}", "Received: x\r\n".repeat(49))), None);
        assert_eq!(fault_of(&format!("{}{good}", "Received: x\r\n".repeat(50))), Some(replies::HOPS));
    }

    #[test]
    fn addresses_are_told_from_names() {
        assert_eq!(addresses("\"a@b, c\" <x@y.example> (or z@y.example)"), ["x@y.example"]);
        assert_eq!(addresses("x@y.example"), ["x@y.example"]);
        assert_eq!(addresses("\"a b\"@y.example"), ["\"a b\"@y.example"]);
        assert!(addresses("@y.example, x@, <>").is_empty());
    }
}
