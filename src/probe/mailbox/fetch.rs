//! What FETCH, SEARCH, LIST and EXAMINE answer, Gmail's extensions included.
//!
//! The `imap` crate's own types have no X-GM-MSGID, and its reader of EXAMINE panics over answers that a server may give;
//! here every answer is read with the parser below the crate, and what is not asked for is left out.

use super::utf7;
use crate::evidence::{Arrival, Folder};
use imap_proto::{
    AttributeValue, MailboxDatum, MessageSection, NameAttribute, QuotaResourceName, Response, ResponseCode,
    SectionPath, parser,
};
use std::{collections::BTreeMap, time::Instant};

/// What an answer carries.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// FETCH data by message sequence number; only messages whose UID came.
    pub(super) messages: Vec<Fetched>,
    /// SEARCH results.
    pub(super) found: Vec<u32>,
    /// LIST data.
    pub(super) folders: Vec<Listed>,
    /// The newest EXISTS.
    pub(super) exists: Option<u32>,
    /// UIDNEXT.
    pub(super) uid_next: Option<u32>,
    /// UIDVALIDITY.
    pub(super) uid_validity: Option<u32>,
    /// CAPABILITY, upper case.
    pub(super) capabilities: Vec<String>,
    /// STORAGE of the newest QUOTA (RFC 9208 §5.1): what is used and what may be, in KiB.
    pub(super) storage: Option<(u64, u64)>,
}

/// One message of a FETCH.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fetched {
    /// UID.
    pub(super) uid: u32,
    /// RFC822.SIZE, in bytes.
    pub(super) size: u32,
    /// INTERNALDATE, in seconds since 1970.
    pub(super) internal_date: Option<i64>,
    /// `BODY[HEADER]`.
    pub(super) header: Option<Vec<u8>>,
    /// `BODY[]`.
    pub(super) raw: Option<Vec<u8>>,
    /// X-GM-MSGID.
    pub(super) gm_msgid: Option<u64>,
    /// X-GM-LABELS; `None` when they did not come.
    pub(super) labels: Option<Vec<String>>,
}

/// One folder of a LIST.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// The name as the server writes it, in modified UTF-7.
    pub(super) name: String,
    /// What separates the levels of names.
    pub(super) delimiter: Option<String>,
    /// Attributes, lower case, with their backslash.
    pub(super) attributes: Vec<String>,
}

/// Reads the untagged lines of an answer; `None` when they are no IMAP.
pub(super) fn read(mut data: &[u8]) -> Option<Answer> {
    let mut answer = Answer::default();
    let mut messages: BTreeMap<u32, Fetched> = BTreeMap::new();
    while !data.is_empty() {
        let (rest, response) = parser::parse_response(data).ok()?;
        data = rest;
        match response {
            Response::Fetch(number, attributes) => {
                let message = messages.entry(number).or_default();
                attributes.into_iter().for_each(|a| message.take(a));
            }
            Response::MailboxData(MailboxDatum::Exists(n)) => answer.exists = Some(n),
            Response::MailboxData(MailboxDatum::Search(uids)) => answer.found.extend(uids),
            Response::MailboxData(MailboxDatum::List { name_attributes, delimiter, name }) => {
                answer.folders.push(Listed {
                    name: name.into_owned(),
                    delimiter: delimiter.map(std::borrow::Cow::into_owned),
                    attributes: name_attributes.iter().map(attribute).collect(),
                });
            }
            Response::Data { code: Some(code), .. } => answer.take(code),
            Response::Quota(quota) => {
                let storage = quota.resources.iter().find(|r| r.name == QuotaResourceName::Storage);
                answer.storage = storage.map(|r| (r.usage, r.limit)).or(answer.storage);
            }
            Response::Capabilities(capabilities) => {
                answer.capabilities.extend(capabilities.iter().map(|c| match c {
                    imap_proto::Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
                    imap_proto::Capability::Auth(m) => format!("AUTH={}", m.to_ascii_uppercase()),
                    imap_proto::Capability::Atom(a) => a.to_ascii_uppercase(),
                }));
            }
            _ => {}
        }
    }
    answer.messages = messages.into_values().filter(|m| m.uid != 0).collect();
    answer.messages.sort_by_key(|m| m.uid);
    Some(answer)
}

impl Answer {
    fn take(&mut self, code: ResponseCode<'_>) {
        match code {
            ResponseCode::UidNext(n) => self.uid_next = Some(n),
            ResponseCode::UidValidity(n) => self.uid_validity = Some(n),
            _ => {}
        }
    }
}

impl Fetched {
    /// The message as one that was found in this folder; `None` when only its header was asked for.
    pub(super) fn into_arrival(
        self,
        account: &str,
        folder: Folder,
        folder_name: &str,
        seen: Instant,
    ) -> Option<Arrival> {
        Some(Arrival {
            account: account.to_owned(),
            folder,
            folder_name: folder_name.to_owned(),
            uid: self.uid,
            gm_msgid: self.gm_msgid,
            labels: self.labels,
            internal_date: self.internal_date,
            raw: self.raw?,
            seen,
        })
    }

    fn take(&mut self, attribute: AttributeValue<'_>) {
        match attribute {
            AttributeValue::Uid(uid) => self.uid = uid,
            AttributeValue::Rfc822Size(size) => self.size = size,
            AttributeValue::InternalDate(date) => self.internal_date = seconds(&date),
            AttributeValue::GmailMsgId(id) => self.gm_msgid = Some(id),
            AttributeValue::GmailLabels(labels) => {
                self.labels = Some(labels.iter().map(|l| utf7::readable(&unescaped(l))).collect());
            }
            AttributeValue::BodySection { section: None, index: None, data } => {
                self.raw = data.map(std::borrow::Cow::into_owned);
            }
            AttributeValue::BodySection { section: Some(SectionPath::Full(MessageSection::Header)), data, .. } => {
                self.header = data.map(std::borrow::Cow::into_owned);
            }
            _ => {}
        }
    }
}

/// The moment of a date-time (RFC 3501 §9), whose day may begin with a space.
fn seconds(date: &str) -> Option<i64> {
    let zoned = jiff::fmt::strtime::parse("%d-%b-%Y %H:%M:%S %z", date.trim()).ok()?;
    Some(zoned.to_timestamp().ok()?.as_second())
}

/// A label without the backslashes that quote others (RFC 3501 §9, quoted-specials).
fn unescaped(label: &str) -> String {
    label.replace("\\\\", "\\").replace("\\\"", "\"")
}

fn attribute(attribute: &NameAttribute<'_>) -> String {
    match attribute {
        NameAttribute::NoSelect => "\\noselect".to_owned(),
        NameAttribute::All => "\\all".to_owned(),
        NameAttribute::Junk => "\\junk".to_owned(),
        NameAttribute::Trash => "\\trash".to_owned(),
        NameAttribute::Extension(name) => name.to_ascii_lowercase(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_gmail_s_fetch() {
        let data = b"* 3 EXISTS\r\n* 2 FETCH (X-GM-MSGID 1278455344230334865 X-GM-LABELS (\\Inbox \"\\\\Sent\" Important \"Muy \
            Importante\" \"a\\\"b\" \"&MG4wgg-\") UID 7 RFC822.SIZE 12 INTERNALDATE \" 7-Nov-2026 09:30:05 +0900\" BODY[] {5}\r\na\r\n)c)\r\n* 1 FETCH (FLAGS (\\Seen))\r\n\
            * 3 FETCH (UID 6 BODY[HEADER] {6}\r\nA: 1\r\n)\r\n";
        let answer = read(data).unwrap();
        assert_eq!(answer.exists, Some(3));
        assert_eq!(answer.messages.iter().map(|m| m.uid).collect::<Vec<_>>(), [6, 7]);
        let gmail = &answer.messages[1];
        assert_eq!(gmail.gm_msgid, Some(1_278_455_344_230_334_865));
        let labels = ["\\Inbox", "\\Sent", "Important", "Muy Importante", "a\"b", "のも"];
        assert_eq!(gmail.labels.as_deref(), Some(&labels.map(str::to_owned)[..]));
        assert_eq!(gmail.raw.as_deref(), Some(&b"a\r\n)c"[..]));
        assert_eq!(gmail.size, 12);
        assert_eq!(gmail.internal_date, Some(1_794_011_405));
        assert_eq!(answer.messages[0].header.as_deref(), Some(&b"A: 1\r\n"[..]));
    }

    #[test]
    fn one_message_in_two_pieces_is_one() {
        let answer = read(b"* 2 FETCH (UID 7)\r\n* 2 FETCH (BODY[] \"abc\")\r\n").unwrap();
        assert_eq!(answer.messages.len(), 1);
        assert_eq!(answer.messages[0].raw.as_deref(), Some(&b"abc"[..]));
    }

    #[test]
    fn reads_what_else_is_asked_for() {
        let data = "* FLAGS (\\Seen)\r\n* 17 EXISTS\r\n* OK [UIDVALIDITY 9] ok\r\n* OK [UIDNEXT 4392] ok\r\n* NO odd\r\n\
            * SEARCH 3 9\r\n* SEARCH\r\n* LIST (\\HasNoChildren \\Junk) \"/\" \"[Gmail]/&j,dg0TDhMPww6w-\"\r\n\
            * CAPABILITY IMAP4rev1 idle AUTH=XOAUTH2 X-GM-EXT-1\r\n";
        let answer = read(data.as_bytes()).unwrap();
        assert_eq!((answer.uid_validity, answer.uid_next, answer.exists), (Some(9), Some(4392), Some(17)));
        assert_eq!(answer.found, [3, 9]);
        assert_eq!(answer.folders[0].name, "[Gmail]/&j,dg0TDhMPww6w-");
        assert_eq!(answer.folders[0].attributes, ["\\hasnochildren", "\\junk"]);
        assert_eq!(answer.capabilities, ["IMAP4REV1", "IDLE", "AUTH=XOAUTH2", "X-GM-EXT-1"].map(str::to_owned));
        assert_eq!(read(b"* XYZZY\r\n"), None);
    }
}
