//! APPEND (RFC 3501 §6.3.11).

use super::{
    session::{CommandResult, Session, Status},
    tokens::{Token, Tokens},
};
use crate::lab::embedded::store::{Delivered, header};
use jiff::{Timestamp, fmt::strtime, tz::TimeZone};
use std::{collections::BTreeSet, sync::Arc};

impl Session {
    /// Stores a message. Gmail finds the one it has with this Message-ID, and only puts it into the folder too.
    pub(super) fn append(&self, args: &mut Tokens) -> CommandResult {
        let name = self.name_in(&args.text()?);
        let flags: BTreeSet<String> = match args.peek() {
            Some(Token::Open) => args.list()?.into_iter().collect(),
            _ => BTreeSet::new(),
        };
        let mut message = args.next()?;
        let mut date = None;
        if let (Token::String(text), Some(_)) = (&message, args.peek()) {
            date = Some(internal_date(text).ok_or(super::tokens::Unreadable)?);
            message = args.next()?;
        }
        // RFC 6855 §4: `UTF8 (~{n}…)`.
        if message == Token::Atom("UTF8".into()) && args.take(&Token::Open) {
            message = args.next()?;
            args.take(&Token::Close);
        }
        args.end()?;
        let Token::String(raw) = message else { return Err(super::tokens::Unreadable) };
        let account = self.account()?;
        let (kind, validity) = match account.read(|m| m.folder(&name).map(|f| (f.kind.clone(), f.uid_validity))) {
            Some(found) => found,
            None => return Ok(Status::no(format_args!("[TRYCREATE] No folder {name} (Failure)"))),
        };
        let raw: Arc<[u8]> = raw.into();
        let uid = account.change(|mail| {
            let uid = match mail.deliver(
                std::slice::from_ref(&kind),
                Arc::clone(&raw),
                date.unwrap_or_else(Timestamp::now),
            ) {
                Delivered::As(uid) => uid,
                Delivered::Duplicate => {
                    let id = header::field(raw.get(..header::end(&raw))?, "Message-ID")?;
                    mail.put(mail.by_message_id(&id)?, &kind)?
                }
                Delivered::Nowhere => return None,
            };
            if !flags.is_empty() {
                mail.set_flags(&name, uid, &flags);
            }
            Some(uid)
        });
        Ok(match uid {
            Some(uid) => Status::ok(format_args!("[APPENDUID {validity} {uid}] (Success)")),
            None => Status::no(format_args!("[TRYCREATE] No folder {name} (Failure)")),
        })
    }
}

/// `"24-Nov-2026 03:00:00 +0000"` (RFC 3501 §9 date-time).
fn internal_date(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim_start()).ok()?.to_timestamp().ok()
}

/// A moment as INTERNALDATE shows it.
pub(super) fn show_internal_date(moment: Timestamp) -> String {
    moment.to_zoned(TimeZone::UTC).strftime("%d-%b-%Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_written() {
        let moment = internal_date(b" 4-Nov-2026 03:00:00 +0900").unwrap();
        assert_eq!(show_internal_date(moment), "03-Nov-2026 18:00:00 +0000");
        assert_eq!(internal_date(b"yesterday"), None);
    }
}
