//! Mail that is in a folder already, looked up on the connection for commands.

use super::{
    batch::{Batch, Unread, sequence_set},
    error,
    fetch::Fetched,
    imap_connection::{ImapConnection, Selected},
    message_key::{self, MessageKey},
};
use crate::{
    core::UnixTime,
    mail::{Message, dsn::Dsn},
    outcome::{HarnessError, HarnessErrorKind},
};
use jiff::Timestamp;
use std::{cell::Cell, collections::BTreeMap};

/// How many headers one FETCH asks for.
const HEADERS: usize = 32;

/// What the messages of a folder may be known by, as far as they were read: attempts that look for mail in the same folder
/// read its headers once.
#[derive(Debug, Default)]
pub(super) struct FolderIndex {
    uid_validity: u32,
    known: BTreeMap<u32, IndexedMessage>,
}

/// A message of which the header, or of a report the beginning, was read.
#[derive(Debug)]
struct IndexedMessage {
    unread: Unread,
    keys: Vec<MessageKey>,
}

impl FolderIndex {
    /// The messages of the selected folder that any of these keys belongs to, and the reports about them, each with all of its
    /// keys, of those that the server got on that day (as IMAP writes days) or later. Says when labels cannot be read.
    ///
    /// # Errors
    /// H07 too when it stays open what a message is.
    pub(super) fn find(
        &mut self,
        connection: &mut ImapConnection,
        selected: Selected,
        wanted: &[MessageKey],
        since: &str,
        without_labels: &Cell<bool>,
    ) -> Result<Vec<(Vec<MessageKey>, Fetched)>, HarnessError> {
        if !selected.is_still(self.uid_validity) {
            *self = Self { uid_validity: selected.uid_validity, known: BTreeMap::new() };
        }
        let there = connection.search(&format!("SINCE {since}"))?;
        let new: Vec<u32> = there.iter().copied().filter(|uid| !self.known.contains_key(uid)).collect();
        for some in new.chunks(HEADERS) {
            self.read(connection, some)?;
        }
        let known = there.iter().filter_map(|uid| self.known.get(uid));
        let wanted = known.filter(|known| known.keys.iter().any(|key| wanted.contains(key)));
        let unread: Vec<Unread> = wanted.map(|known| known.unread).collect();
        let mut found = Vec::new();
        for batch in Batch::of(&unread) {
            let labels = connection.is_gmail() && !without_labels.get();
            let fetched = connection.messages(&batch, labels);
            if labels && fetched.as_ref().is_err_and(|e| e.kind == HarnessErrorKind::Protocol) {
                without_labels.set(true);
            }
            let (messages, _) = fetched?;
            if let Some(uid) = batch.uids.iter().find(|uid| !messages.iter().any(|m| m.uid == **uid)) {
                return Err(error::missing(*uid));
            }
            for message in messages {
                found.extend(self.known.get(&message.uid).map(|known| (known.keys.clone(), message)));
            }
        }
        Ok(found)
    }

    /// Reads what messages may be known by.
    fn read(&mut self, connection: &mut ImapConnection, uids: &[u32]) -> Result<(), HarnessError> {
        let mut read: BTreeMap<u32, IndexedMessage> = BTreeMap::new();
        let mut reports = Vec::new();
        for message in connection.headers(&sequence_set(uids))?.messages {
            let header = Message::parse(message.header.clone().unwrap_or_default());
            let known = IndexedMessage { unread: Unread::of(&message, &header), keys: message_key::of_header(&header) };
            if known.unread.is_report {
                reports.push(known);
            } else {
                read.insert(message.uid, known);
            }
        }
        // What a report is about stands in its body.
        for batch in Batch::of(&reports.iter().map(|report| report.unread).collect::<Vec<_>>()) {
            for report in connection.messages(&batch, false)?.0 {
                let known = reports.iter().position(|known| known.unread.uid == report.uid);
                let Some(mut known) = known.map(|at| reports.swap_remove(at)) else { continue };
                let message = Message::parse(report.raw.unwrap_or_default());
                known.keys.extend(message_key::of_report(&message, Dsn::of(&message).as_ref()));
                read.insert(report.uid, known);
            }
        }
        let missing: Vec<u32> = uids.iter().copied().filter(|uid| !read.contains_key(uid)).collect();
        self.known.extend(read);
        connection.check_gone(&missing)
    }
}

/// The day of a moment in seconds since 1970, as IMAP writes it (RFC 3501 §9, date). The days of a server may begin up to
/// half a day earlier or later.
pub(super) fn day(seconds: UnixTime) -> String {
    let (first, last) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    let day = Timestamp::from_second(seconds.clamp(first, last)).unwrap_or_default();
    day.to_zoned(jiff::tz::TimeZone::UTC).strftime("%-d-%b-%Y").to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn days_are_those_of_imap() {
        assert_eq!(super::day(1_795_000_000), "18-Nov-2026");
        assert_eq!(super::day(0), "1-Jan-1970");
        assert_eq!(super::day(i64::MAX), "30-Dec-9999");
    }
}
