//! ENVELOPE (RFC 3501 §7.4.2).

use super::address::{self, Address};
use crate::lab::embedded::{imap_server::output::Output, store::header};

/// Writes the envelope of a header section.
pub(super) fn write(header: &[u8], out: &mut Output) {
    let field = |name: &str| header::field(header, name);
    let addresses = |name: &str| field(name).map(|v| address::read(&v)).filter(|list| !list.is_empty());
    out.text("(");
    out.nstring(field("Date").as_deref());
    out.text(" ");
    out.nstring(field("Subject").as_deref());
    let from = addresses("From");
    // Sender and Reply-To default to From.
    let lists = [
        from.clone(),
        addresses("Sender").or_else(|| from.clone()),
        addresses("Reply-To").or(from),
        addresses("To"),
        addresses("Cc"),
        addresses("Bcc"),
    ];
    for list in lists {
        out.text(" ");
        match list {
            Some(list) => {
                out.text("(");
                list.iter().for_each(|address| write_address(address, out));
                out.text(")");
            }
            None => out.text("NIL"),
        }
    }
    for name in ["In-Reply-To", "Message-ID"] {
        out.text(" ");
        out.nstring(field(name).as_deref());
    }
    out.text(")");
}

fn write_address(address: &Address, out: &mut Output) {
    out.text("(");
    out.nstring(address.name.as_deref());
    // The source route is never kept.
    out.text(" NIL ");
    out.nstring(address.mailbox.as_deref());
    out.text(" ");
    out.nstring(address.host.as_deref());
    out.text(")");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_fields_are_nil_and_sender_is_from() {
        let mut out = Output::default();
        write(b"From: Ann <a@b.example>\r\nSubject: =?utf-8?B?4pyT?=\r\nTo: c@d.example\r\nMessage-ID: <1@b.example>\r\n\r\n", &mut out);
        let from = "((\"Ann\" NIL \"a\" \"b.example\"))";
        assert_eq!(
            out.to_text(),
            format!(
                "(NIL \"=?utf-8?B?4pyT?=\" {from} {from} {from} ((NIL NIL \"c\" \"d.example\")) NIL NIL NIL \"<1@b.example>\")"
            )
        );
    }
}
