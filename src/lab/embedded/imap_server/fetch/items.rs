//! The items of FETCH.

use super::section::Section;
use crate::lab::embedded::imap_server::tokens::{Token, Tokens, Unreadable};

/// Something to tell of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Uid,
    Flags,
    InternalDate,
    Size,
    Envelope,
    Body,
    BodyStructure,
    Section { section: Section, partial: Option<(usize, usize)>, peek: bool },
    Rfc822 { name: &'static str, section: Section },
    GmMsgid,
    GmThrid,
    GmLabels,
}

impl Item {
    pub(super) fn marks_seen(&self) -> bool {
        match self {
            Self::Section { peek, .. } => !peek,
            Self::Rfc822 { name, .. } => *name != "RFC822.HEADER",
            _ => false,
        }
    }
}

/// One item, a macro, or several items in parentheses.
pub(super) fn read(args: &mut Tokens, gmail: bool) -> Result<Vec<Item>, Unreadable> {
    if args.take(&Token::Open) {
        let mut items = Vec::new();
        while !args.take(&Token::Close) {
            items.push(item(&args.text()?, gmail)?);
        }
        args.end()?;
        return if items.is_empty() { Err(Unreadable) } else { Ok(items) };
    }
    let text = args.text()?;
    args.end()?;
    let names: &[&str] = match text.to_ascii_uppercase().as_str() {
        "FAST" => &["FLAGS", "INTERNALDATE", "RFC822.SIZE"],
        "ALL" => &["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"],
        "FULL" => &["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"],
        _ => &[&text],
    };
    names.iter().map(|name| item(name, gmail)).collect()
}

fn item(text: &str, gmail: bool) -> Result<Item, Unreadable> {
    Ok(match text.to_ascii_uppercase().as_str() {
        "UID" => Item::Uid,
        "FLAGS" => Item::Flags,
        "INTERNALDATE" => Item::InternalDate,
        "RFC822.SIZE" => Item::Size,
        "ENVELOPE" => Item::Envelope,
        "BODY" => Item::Body,
        "BODYSTRUCTURE" => Item::BodyStructure,
        "RFC822" => Item::Rfc822 { name: "RFC822", section: Section::read("")? },
        "RFC822.HEADER" => Item::Rfc822 { name: "RFC822.HEADER", section: Section::read("HEADER")? },
        "RFC822.TEXT" => Item::Rfc822 { name: "RFC822.TEXT", section: Section::read("TEXT")? },
        "X-GM-MSGID" if gmail => Item::GmMsgid,
        "X-GM-THRID" if gmail => Item::GmThrid,
        "X-GM-LABELS" if gmail => Item::GmLabels,
        _ => return body(text),
    })
}

/// `BODY[section]<first.count>` and `BODY.PEEK[…]`.
fn body(text: &str) -> Result<Item, Unreadable> {
    let (name, rest) = text.split_once('[').ok_or(Unreadable)?;
    let (section, partial) = rest.rsplit_once(']').ok_or(Unreadable)?;
    let partial = match partial {
        "" => None,
        partial => {
            let range = partial.strip_prefix('<').and_then(|p| p.strip_suffix('>')).ok_or(Unreadable)?;
            let (from, count) = range.split_once('.').ok_or(Unreadable)?;
            let (from, count) = (from.parse().map_err(|_| Unreadable)?, count.parse().map_err(|_| Unreadable)?);
            Some((from, count)).filter(|(_, count)| *count > 0)
        }
    };
    let peek = name.eq_ignore_ascii_case("BODY.PEEK");
    if peek || name.eq_ignore_ascii_case("BODY") {
        Ok(Item::Section { section: Section::read(section)?, partial, peek })
    } else {
        Err(Unreadable)
    }
}
