//! What FETCH, SEARCH, LIST and EXAMINE answer, Gmail's extensions included. Everything is read with the parser of imap-proto;
//! what nobody asked for and what cannot be read is passed over, as RFC 3501 §2.2.2 wants of a client.

use super::{esearch, utf7};
use crate::{
    core::UnixTime,
    evidence::{Arrival, Folder},
};
use imap_proto::{
    AttributeValue, MailboxDatum, MessageSection, NameAttribute, QuotaResourceName, Response, ResponseCode,
    SectionPath, parser,
};
use std::{collections::BTreeMap, time::Instant};

/// What an answer carries.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
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
    /// Messages came to the folder or left it.
    pub(super) is_changed: bool,
    /// A FETCH response could not be read.
    pub(super) has_unread_fetch: bool,
    /// An answer to SEARCH that could not be read.
    pub(super) unread_search: Option<String>,
    /// Any response could not be read.
    has_unread: bool,
    /// FETCH data by message sequence number, as the numbers are now.
    numbered: BTreeMap<u32, Fetched>,
    /// FETCH data of messages whose number means another one now, or none.
    unnumbered: Vec<Fetched>,
}

/// One message of a FETCH.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fetched {
    /// UID.
    pub(super) uid: u32,
    /// RFC822.SIZE, in bytes.
    pub(super) size: u32,
    /// INTERNALDATE, in seconds since 1970.
    pub(super) internal_date: Option<UnixTime>,
    /// `BODY[HEADER]`.
    pub(super) header: Option<Vec<u8>>,
    /// `BODY[]`, or its beginning.
    pub(super) raw: Option<Vec<u8>>,
    /// The size of the whole message, in octets, when `raw` is its beginning.
    pub(super) cut_from: Option<u32>,
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

impl Answer {
    /// Takes an untagged response.
    pub(super) fn read(&mut self, response: &[u8]) {
        let Ok((_, response)) = parser::parse_response(response) else {
            return self.read_other(response);
        };
        match response {
            Response::Fetch(number, attributes) => self.fetch(number, attributes),
            Response::MailboxData(MailboxDatum::Exists(n)) => {
                self.exists = Some(n);
                self.is_changed = true;
            }
            Response::Expunge(number) => {
                self.expunge(number);
                self.is_changed = true;
            }
            Response::Vanished { .. } => self.is_changed = true,
            Response::MailboxData(MailboxDatum::Search(uids)) => self.found.extend(uids),
            Response::MailboxData(MailboxDatum::List { name_attributes, delimiter, name }) => {
                self.folders.push(Listed {
                    name: name.into_owned(),
                    delimiter: delimiter.map(std::borrow::Cow::into_owned),
                    attributes: name_attributes.iter().map(attribute).collect(),
                });
            }
            Response::Data { code: Some(ResponseCode::UidNext(n)), .. } => self.uid_next = Some(n),
            Response::Data { code: Some(ResponseCode::UidValidity(n)), .. } => self.uid_validity = Some(n),
            Response::Quota(quota) => {
                let storage = quota.resources.iter().find(|r| r.name == QuotaResourceName::Storage);
                self.storage = storage.map(|r| (r.usage, r.limit)).or(self.storage);
            }
            Response::Capabilities(capabilities) => {
                self.capabilities.extend(capabilities.iter().map(|c| match c {
                    imap_proto::Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
                    imap_proto::Capability::Auth(m) => format!("AUTH={}", m.to_ascii_uppercase()),
                    imap_proto::Capability::Atom(a) => a.to_ascii_uppercase(),
                }));
            }
            _ => {}
        }
    }

    /// Takes an untagged response that the parser does not know.
    fn read_other(&mut self, response: &[u8]) {
        if let Some(uids) = esearch::uids(response) {
            return self.found.extend(uids);
        }
        self.has_unread = true;
        self.has_unread_fetch |= is_word(response, 2, &["FETCH"]);
        if is_word(response, 1, &["SEARCH", "ESEARCH"]) {
            self.unread_search = Some(String::from_utf8_lossy(response).into_owned());
        }
    }

    /// Whether it may mean that messages came.
    pub(super) fn has_news(&self) -> bool {
        self.is_changed || self.has_unread
    }

    /// The messages whose UID came, one for each UID, in their order.
    pub(super) fn messages(self) -> Vec<Fetched> {
        let mut by_uid: BTreeMap<u32, Fetched> = BTreeMap::new();
        for message in self.unnumbered.into_iter().chain(self.numbered.into_values()).filter(|m| m.uid != 0) {
            by_uid.entry(message.uid).or_default().merge(message);
        }
        by_uid.into_values().collect()
    }

    fn fetch(&mut self, number: u32, attributes: Vec<AttributeValue<'_>>) {
        let mut piece = Fetched::default();
        attributes.into_iter().for_each(|a| piece.take(a));
        let known = self.numbered.entry(number).or_default();
        if piece.uid != 0 && known.uid != 0 && piece.uid != known.uid {
            self.unnumbered.push(std::mem::take(known));
        }
        known.merge(piece);
    }

    /// A message is gone: those after it have other numbers from now on (RFC 3501 §7.4.1).
    fn expunge(&mut self, number: u32) {
        self.unnumbered.extend(self.numbered.remove(&number));
        let after = self.numbered.split_off(&number);
        self.numbered.extend(after.into_iter().map(|(n, message)| (n.saturating_sub(1), message)));
    }
}

/// Whether a word of a response is one of these, whatever follows.
fn is_word(response: &[u8], at: usize, words: &[&str]) -> bool {
    let word = response.trim_ascii_end().split(|b| *b == b' ').nth(at).unwrap_or_default();
    words.iter().any(|one| word.eq_ignore_ascii_case(one.as_bytes()))
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
            folder_name: folder_name.to_owned(),
            gm_msgid: self.gm_msgid,
            labels: self.labels,
            internal_date: self.internal_date,
            cut_from: self.cut_from,
            seen,
            ..Arrival::new(account, folder, self.uid, self.raw?)
        })
    }

    /// Takes what another piece of the same message has.
    fn merge(&mut self, other: Self) {
        let Self { uid, size, internal_date, header, raw, cut_from, gm_msgid, labels } = other;
        self.uid = if uid == 0 { self.uid } else { uid };
        self.size = if size == 0 { self.size } else { size };
        self.internal_date = internal_date.or(self.internal_date);
        self.header = header.or_else(|| self.header.take());
        self.raw = raw.or_else(|| self.raw.take());
        self.cut_from = cut_from.or(self.cut_from);
        self.gm_msgid = gm_msgid.or(self.gm_msgid);
        self.labels = labels.or_else(|| self.labels.take());
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
            AttributeValue::BodySection { section: None, index: None | Some(0), data } => {
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
fn seconds(date: &str) -> Option<UnixTime> {
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

    fn read(responses: &[&[u8]]) -> Answer {
        let mut answer = Answer::default();
        responses.iter().for_each(|response| answer.read(response));
        answer
    }

    #[test]
    fn reads_gmail_s_fetch() {
        let gmail = b"* 2 FETCH (X-GM-MSGID 1278455344230334865 X-GM-LABELS (\\Inbox \"\\\\Sent\" Important \"Muy \
            Importante\" \"a\\\"b\" \"&MG4wgg-\") UID 7 RFC822.SIZE 12 INTERNALDATE \" 7-Nov-2026 09:30:05 +0900\" BODY[] {5}\r\na\r\n)c)\r\n";
        let header = b"* 3 FETCH (UID 6 BODY[HEADER] {6}\r\nA: 1\r\n)\r\n";
        let answer = read(&[b"* 3 EXISTS\r\n", gmail, b"* 1 FETCH (FLAGS (\\Seen))\r\n", header]);
        assert_eq!((answer.exists, answer.is_changed), (Some(3), true));
        let messages = answer.messages();
        assert_eq!(messages.iter().map(|m| m.uid).collect::<Vec<_>>(), [6, 7]);
        let gmail = &messages[1];
        assert_eq!(gmail.gm_msgid, Some(1_278_455_344_230_334_865));
        let labels = ["\\Inbox", "\\Sent", "Important", "Muy Importante", "a\"b", "のも"];
        assert_eq!(gmail.labels.as_deref(), Some(&labels.map(str::to_owned)[..]));
        assert_eq!(gmail.raw.as_deref(), Some(&b"a\r\n)c"[..]));
        assert_eq!(gmail.size, 12);
        assert_eq!(gmail.internal_date, Some(1_794_011_405));
        assert_eq!(messages[0].header.as_deref(), Some(&b"A: 1\r\n"[..]));
    }

    #[test]
    fn one_message_in_two_pieces_is_one() {
        let messages = read(&[b"* 2 FETCH (UID 7)\r\n", b"* 2 FETCH (BODY[] \"abc\")\r\n"]).messages();
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].raw.as_deref(), Some(&b"abc"[..]));
        let messages =
            read(&[b"* 2 FETCH (BODY[]<0> \"abc\" UID 7)\r\n", b"* 9 FETCH (UID 7 FLAGS ())\r\n"]).messages();
        assert_eq!((messages.len(), messages[0].raw.as_deref()), (1, Some(&b"abc"[..])));
    }

    #[test]
    fn numbers_change_in_the_middle_of_an_answer() {
        let answer = read(&[
            b"* 4 FETCH (UID 9 BODY[] \"nine\")\r\n",
            b"* 2 EXPUNGE\r\n",
            b"* 4 FETCH (UID 11 BODY[] \"eleven\")\r\n",
            b"* 3 FETCH (RFC822.SIZE 4)\r\n",
            b"* 4 EXPUNGE\r\n",
            b"* 4 FETCH (UID 12 BODY[] \"twelve\")\r\n",
        ]);
        assert!(answer.is_changed);
        let messages = answer.messages();
        let told: Vec<_> = messages.iter().map(|m| (m.uid, m.raw.as_deref().unwrap(), m.size)).collect();
        assert_eq!(told, [(9, &b"nine"[..], 4), (11, b"eleven", 0), (12, b"twelve", 0)]);
    }

    #[test]
    fn what_cannot_be_read_is_passed_over_and_remembered() {
        let odd: [&[u8]; 5] = [
            b"* LIST (\\HasNoChildren) \"/\" \"Entw\xfcrfe\"\r\n",
            b"* ESEARCH (TAG \"a5\") UID COUNT 5\r\n",
            b"* X-FOO {3}\r\nabc\r\n",
            b"* OK [X-CODE (((] \xe9t\xe9\r\n",
            b"*\r\n",
        ];
        for odd in odd {
            let answer = read(&[odd, b"* SEARCH 3\r\n"]);
            assert_eq!((answer.found.as_slice(), answer.has_unread_fetch), (&[3][..], false), "{odd:?}");
        }
        let answer = read(&[b"* 4 FETCH (X-NEW (a b) UID 4)\r\n"]);
        assert!(answer.has_unread_fetch && answer.has_news() && !answer.is_changed);
        assert!(!read(&[b"* 4 FETCH (FLAGS (\\Seen) UID 4)\r\n", b"* 0 RECENT\r\n"]).has_news());
    }

    #[test]
    fn reads_what_else_is_asked_for() {
        let answer = read(&[
            b"* FLAGS (\\Seen)\r\n",
            b"* 17 EXISTS\r\n",
            b"* OK [UIDVALIDITY 9] ok\r\n",
            b"* OK [UIDNEXT 4392] ok\r\n",
            b"* NO odd\r\n",
            b"* SEARCH 3 9\r\n",
            b"* SEARCH\r\n",
            b"* LIST (\\HasNoChildren \\Junk) \"/\" \"[Gmail]/&j,dg0TDhMPww6w-\"\r\n",
            b"* CAPABILITY IMAP4rev1 idle AUTH=XOAUTH2 X-GM-EXT-1\r\n",
        ]);
        assert_eq!((answer.uid_validity, answer.uid_next, answer.exists), (Some(9), Some(4392), Some(17)));
        assert_eq!(answer.found, [3, 9]);
        assert_eq!(answer.folders[0].name, "[Gmail]/&j,dg0TDhMPww6w-");
        assert_eq!(answer.folders[0].attributes, ["\\hasnochildren", "\\junk"]);
        assert_eq!(answer.capabilities, ["IMAP4REV1", "IDLE", "AUTH=XOAUTH2", "X-GM-EXT-1"].map(str::to_owned));
    }
}
