//! What runs have left in a folder: mail with the probe header, and reports that return it.

use super::{
    batch::{Batch, Unread, sequence_set},
    folder_index::day,
    imap_connection::ImapConnection,
    message_key,
};
use crate::{
    core::UnixTime,
    {evidence::Folder, mail::Message, outcome::HarnessError},
};

/// How many messages a command is about at most.
pub(super) const BATCH: usize = 200;

/// A message of this tool that a run has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestMail {
    /// Where it is.
    pub folder: Folder,
    /// Its UID there.
    pub(super) uid: u32,
    /// INTERNALDATE (RFC 3501 §2.3.3), in seconds since 1970.
    pub internal_date: UnixTime,
    /// Its Message-ID with angle brackets; empty when it has none.
    pub message_id: String,
    /// Its subject as it is written, without control characters.
    pub subject: String,
}

/// Those of the selected folder that came by a moment in seconds since 1970.
pub(super) fn find(
    connection: &mut ImapConnection,
    folder: Folder,
    by: UnixTime,
) -> Result<Vec<TestMail>, HarnessError> {
    // BEFORE goes by days, of whatever time zone the server likes.
    let day = day(by.saturating_add(2 * 86_400));
    let old = connection.search(&format!("BEFORE {day}"))?;
    let mut found = Vec::new();
    for some in old.chunks(BATCH) {
        for message in connection.headers(&sequence_set(some))?.messages {
            let Some(internal_date) = message.internal_date.filter(|date| *date <= by) else { continue };
            let header = Message::parse(message.header.clone().unwrap_or_default());
            let unread = Unread::of(&message, &header);
            if !(message_key::is_probe(&header) || unread.is_report && is_about_probe(connection, unread)?) {
                continue;
            }
            let text = |name: &str| {
                let value = header.first(name).map(|field| field.value()).unwrap_or_default();
                value.replace(char::is_control, " ")
            };
            let (subject, message_id) = (text("Subject"), text("Message-ID"));
            found.push(TestMail { folder, uid: message.uid, internal_date, message_id, subject });
        }
    }
    Ok(found)
}

fn is_about_probe(connection: &mut ImapConnection, report: Unread) -> Result<bool, HarnessError> {
    let mut is_about = false;
    for batch in Batch::of(&[report]) {
        let (read, _) = connection.messages(&batch, false)?;
        is_about |= read.into_iter().filter_map(|m| m.raw).any(|raw| message_key::is_about_probe(&Message::parse(raw)));
    }
    Ok(is_about)
}
