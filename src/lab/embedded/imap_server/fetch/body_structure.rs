//! BODY and BODYSTRUCTURE (RFC 3501 §7.4.2).

use super::{
    envelope,
    mime::{Part, Value},
};
use crate::lab::embedded::imap_server::output::Output;

/// Writes the structure, with the extension data if `extended`.
pub(super) fn write(raw: &[u8], part: &Part, extended: bool, out: &mut Output) {
    let (kind, subtype) = part.kind.value.split_once('/').unwrap_or((&part.kind.value, ""));
    out.text("(");
    if part.parts.is_empty() {
        single(raw, part, kind, subtype, extended, out);
    } else {
        part.parts.iter().for_each(|p| write(raw, p, extended, out));
        out.text(" ");
        upper(subtype, out);
        if extended {
            out.text(" ");
            parameters(&part.kind, out);
            tail(raw, part, out);
        }
    }
    out.text(")");
}

fn single(raw: &[u8], part: &Part, kind: &str, subtype: &str, extended: bool, out: &mut Output) {
    // A multipart without parts is shown as what it is: octets.
    let (kind, subtype) = if kind == "multipart" { ("application", "octet-stream") } else { (kind, subtype) };
    upper(kind, out);
    out.text(" ");
    upper(subtype, out);
    out.text(" ");
    if kind == "text" && part.kind.parameters.is_empty() {
        out.text("(\"CHARSET\" \"US-ASCII\")");
    } else {
        parameters(&part.kind, out);
    }
    for name in ["Content-ID", "Content-Description"] {
        out.text(" ");
        out.nstring(part.field(raw, name).as_deref());
    }
    out.text(" ");
    upper(&part.field(raw, "Content-Transfer-Encoding").unwrap_or_else(|| "7BIT".into()), out);
    out.text(format_args!(" {}", part.body.len()));
    if let Some(message) = &part.message {
        out.text(" ");
        envelope::write(raw.get(message.header.clone()).unwrap_or_default(), out);
        out.text(" ");
        write(raw, message, extended, out);
    }
    if kind == "text" || part.message.is_some() {
        let lines = memchr::memchr_iter(b'\n', raw.get(part.body.clone()).unwrap_or_default()).count();
        out.text(format_args!(" {lines}"));
    }
    if extended {
        out.text(" ");
        out.nstring(part.field(raw, "Content-MD5").as_deref());
        tail(raw, part, out);
    }
}

/// Disposition, language, location.
fn tail(raw: &[u8], part: &Part, out: &mut Output) {
    out.text(" ");
    match part.field(raw, "Content-Disposition").map(|v| Value::read(&v)) {
        Some(disposition) => {
            out.text("(");
            upper(&disposition.value, out);
            out.text(" ");
            parameters(&disposition, out);
            out.text(")");
        }
        None => out.text("NIL"),
    }
    for name in ["Content-Language", "Content-Location"] {
        out.text(" ");
        out.nstring(part.field(raw, name).as_deref());
    }
}

fn parameters(value: &Value, out: &mut Output) {
    if value.parameters.is_empty() {
        return out.text("NIL");
    }
    for (at, (name, value)) in value.parameters.iter().enumerate() {
        out.text(if at == 0 { "(" } else { " " });
        upper(name, out);
        out.text(" ");
        out.string(value.as_bytes());
    }
    out.text(")");
}

fn upper(text: &str, out: &mut Output) {
    out.string(text.to_ascii_uppercase().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn structure(raw: &[u8], extended: bool) -> String {
        let mut out = Output::default();
        write(raw, &Part::read(raw), extended, &mut out);
        out.to_text()
    }

    #[test]
    fn a_plain_message_is_text() {
        assert_eq!(
            structure(b"Subject: x\r\n\r\na\r\nb\r\n", false),
            "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 6 2)"
        );
    }

    #[test]
    fn multiparts_show_their_parts() {
        let raw = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n\
            Content-Transfer-Encoding: 8bit\r\n\r\nhi\r\n--x\r\nContent-Type: application/pdf; name=\"a b.pdf\"\r\n\
            Content-Disposition: attachment; filename=\"a b.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nAA==\r\n--x--\r\n";
        assert_eq!(
            structure(raw, true),
            "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"utf-8\") NIL NIL \"8BIT\" 2 0 NIL NIL NIL NIL)\
             (\"APPLICATION\" \"PDF\" (\"NAME\" \"a b.pdf\") NIL NIL \"BASE64\" 4 NIL (\"ATTACHMENT\" (\"FILENAME\" \"a b.pdf\")) \
             NIL NIL) \"MIXED\" (\"BOUNDARY\" \"x\") NIL NIL NIL)"
        );
    }

    #[test]
    fn a_message_in_a_message_shows_its_envelope() {
        let raw = b"Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n";
        assert_eq!(
            structure(raw, false),
            "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 18 (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) \
             (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 3 1) 3)"
        );
    }
}
