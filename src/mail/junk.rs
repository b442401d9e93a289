//! Fields that say that mail was filed as spam, written by the receiver where it keeps it or hands it out.

use super::{Field, Message, encoded_word, received::Hop};

/// The field by which the receiver says that it filed the mail as spam: the labels of an export of Gmail, or the spam
/// confidence level of Exchange, which takes that of others out.
pub(crate) fn junk_field<'m>(message: &'m Message, hops: &[Hop]) -> Option<&'m Field> {
    let is_exchange = hops.last().and_then(|hop| hop.by.as_deref()).is_some_and(|by| by.ends_with(".outlook.com"));
    let level = if is_exchange { message.first("X-MS-Exchange-Organization-SCL") } else { None };
    // From 5 on it goes to the junk folder.
    let is_spam = |field: &&Field| field.value().trim().parse().is_ok_and(|level: i8| level >= 5);
    // Gmail's export puts its labels above everything that came with the mail.
    let first_hop = message.first("Received").map_or(u32::MAX, |received| received.line);
    let labels = message.first("X-Gmail-Labels").filter(|labels| labels.line < first_hop);
    let has_spam = |field: &&Field| {
        let labels = encoded_word::decode(&field.value());
        labels.split(',').any(|label| matches!(label.trim(), "Spam" | "迷惑メール"))
    };
    labels.filter(has_spam).or_else(|| level.filter(is_spam))
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
