//! Fields that say that mail was filed as spam, written by the receiver where it keeps it or hands it out.

use super::{Field, Message, encoded_word, received::Hop};

/// From this spam confidence level on, Exchange files mail in the junk folder.
const JUNK: i8 = 5;

/// The field by which the receiver says that it filed the mail as spam: the labels of an export of Gmail, or the spam
/// confidence level of Exchange, which takes that of others out.
pub(crate) fn junk_field<'m>(message: &'m Message, hops: &[Hop]) -> Option<&'m Field> {
    gmail_labels(message).or_else(|| exchange_level(message, hops))
}

/// Labels with the one of spam. Gmail's export puts them above everything that came with the mail.
fn gmail_labels(message: &Message) -> Option<&Field> {
    let labels = message.first("X-Gmail-Labels")?;
    let came_with = message.first("Received").is_some_and(|received| received.line < labels.line);
    let text = encoded_word::decode(&labels.value());
    let is_spam = text.split(',').any(|label| matches!(label.trim(), "Spam" | "迷惑メール"));
    (is_spam && !came_with).then_some(labels)
}

/// A level of spam that a server of Microsoft's gave, the last one on the path.
fn exchange_level<'m>(message: &'m Message, hops: &[Hop]) -> Option<&'m Field> {
    let level = message.first("X-MS-Exchange-Organization-SCL")?;
    let is_spam = level.value().parse().is_ok_and(|level: i8| level >= JUNK);
    let is_exchange = hops.last().and_then(|hop| hop.by.as_deref()).is_some_and(|by| by.ends_with(".outlook.com"));
    (is_spam && is_exchange).then_some(level)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::received;

    fn found(header: &str) -> Option<String> {
        let message = Message::parse(format!("{header}\r\n\r\n"));
        junk_field(&message, &received::hops(&message)).map(|field| field.name.clone())
    }

    #[test]
    fn what_the_receiver_filed_as_spam_is_seen() {
        let outlook = "Received: from a.example by x.mail.protection.outlook.com; Tue, 22 Sep 2026 08:12:36 +0200";
        let google = "Received: by 2002:a17::1; Tue, 22 Sep 2026 08:12:36 +0200";
        for (header, wanted) in [
            (format!("X-Gmail-Labels: Spam,Unread\r\n{google}"), "X-Gmail-Labels"),
            (format!("X-Gmail-Labels: =?UTF-8?B?6L+35oOR44Oh44O844Or?=\r\n{google}"), "X-Gmail-Labels"),
            (format!("{outlook}\r\nX-MS-Exchange-Organization-SCL: 5"), "X-MS-Exchange-Organization-SCL"),
        ] {
            assert_eq!(found(&header).as_deref(), Some(wanted), "{header}");
        }
        for header in [
            format!("X-Gmail-Labels: Inbox,Not Spam\r\n{google}"),
            // It came with the mail.
            format!("{google}\r\nX-Gmail-Labels: Spam"),
            format!("{google}\r\nX-MS-Exchange-Organization-SCL: 9"),
            format!("{outlook}\r\nX-MS-Exchange-Organization-SCL: -1"),
            format!("{outlook}\r\nX-MS-Exchange-Organization-SCL: 1"),
        ] {
            assert_eq!(found(&header), None, "{header}");
        }
    }
}
