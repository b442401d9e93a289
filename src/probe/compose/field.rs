//! One header field, encoded and folded (RFC 5322 §2.2, RFC 2047).

use crate::core::ascii_address;
use lettre::message::{
    Mailbox, Mailboxes,
    header::{ContentDisposition, HeaderName, HeaderValue, Headers, To},
};

/// The fields whose value is a list of addresses: only display names in them may be encoded (RFC 2047 §5).
const ADDRESS_FIELDS: [&str; 8] = ["From", "To", "Cc", "Bcc", "Reply-To", "Sender", "Resent-From", "Resent-To"];

/// The field as it stands in a message: `Name: value` and CRLF. Values that are not ASCII become encoded words.
///
/// # Errors
/// When the name is none, or the value holds a line break or another control character.
pub(super) fn write(name: &str, value: &str) -> Result<String, String> {
    check_name(name)?;
    if let Some(c) = value.chars().find(|c| c.is_control() && *c != '\t') {
        return Err(format!(
            "the value of header field `{name}` holds {}; write it on one line, without control characters",
            c.escape_default()
        ));
    }
    if value.is_ascii() {
        return Ok(fold(name, value));
    }
    if ADDRESS_FIELDS.iter().any(|f| f.eq_ignore_ascii_case(name))
        && let Ok(list) = value.parse::<Mailboxes>()
    {
        let list = list.into_iter().map(|mailbox| {
            let email = ascii_address(mailbox.email.as_ref()).parse().unwrap_or(mailbox.email);
            Mailbox { email, ..mailbox }
        });
        let mut headers = Headers::new();
        headers.set(To::from(list.collect::<Mailboxes>()));
        return Ok(headers.to_string().replacen("To:", &format!("{name}:"), 1));
    }
    let header_name = HeaderName::new_from_ascii(name.to_owned()).map_err(|_| illegal(name))?;
    let mut headers = Headers::new();
    headers.insert_raw(HeaderValue::new(header_name, value.to_owned()));
    Ok(headers.to_string())
}

/// `Content-Disposition: attachment` with a file name (RFC 2183, RFC 2231).
///
/// # Errors
/// When the name holds a control character.
pub(super) fn attachment(file_name: &str) -> Result<String, String> {
    if let Some(c) = file_name.chars().find(|c| c.is_control()) {
        return Err(format!("the attachment name `{}` holds {}", file_name.escape_debug(), c.escape_default()));
    }
    let mut headers = Headers::new();
    headers.set(ContentDisposition::attachment(file_name));
    Ok(headers.to_string())
}

/// Whether a text can name a header field (RFC 5322 §3.6.8).
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let legal = !name.is_empty() && name.len() <= 76 && name.bytes().all(|b| (33..=126).contains(&b) && b != b':');
    if legal { Ok(()) } else { Err(illegal(name)) }
}

fn illegal(name: &str) -> String {
    format!(
        "`{}` cannot name a header field; write 1 to 76 printable ASCII characters without space or colon",
        name.escape_debug()
    )
}

/// Folds an ASCII value in front of white space so that lines stay below 78 characters where they can.
fn fold(name: &str, value: &str) -> String {
    let mut out = format!("{name}: ");
    let mut column = out.len();
    let mut rest = value;
    while !rest.is_empty() {
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let word = rest[blank..].find([' ', '\t']).map_or(rest.len(), |n| blank + n);
        let (piece, tail) = rest.split_at(word);
        let has_ink = word > blank;
        if column + piece.len() > 78 && column > name.len() + 2 && blank > 0 && has_ink {
            out.push_str("\r\n");
            column = 0;
        }
        out.push_str(piece);
        column += piece.len();
        rest = tail;
    }
    out.push_str("\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unfold(field: &str) -> String {
        field.strip_suffix("\r\n").unwrap().replace("\r\n", "")
    }

    #[test]
    fn ascii_values_stay_as_they_are() {
        assert_eq!(write("X-A", "one  two\tthree").unwrap(), "X-A: one  two\tthree\r\n");
        let long = "word ".repeat(60);
        let field = write("Subject", long.trim_end()).unwrap();
        assert!(field.lines().all(|l| l.len() <= 78), "{field}");
        assert!(field.lines().skip(1).all(|l| l.starts_with(' ')));
        assert_eq!(unfold(&field), format!("Subject: {}", long.trim_end()));
        let unbroken = "x".repeat(2000);
        assert_eq!(write("X-A", &unbroken).unwrap(), format!("X-A: {unbroken}\r\n"));
    }

    #[test]
    fn other_values_become_encoded_words() {
        let field = write("Subject", "Grüße aus Köln").unwrap();
        assert!(field.is_ascii() && field.contains("=?utf-8?"), "{field}");
        let japanese = write("X-J", &"迷惑メール".repeat(40)).unwrap();
        assert!(japanese.is_ascii() && japanese.lines().all(|l| l.len() <= 78), "{japanese}");
    }

    #[test]
    fn only_display_names_in_address_fields_are_encoded() {
        let field = write("From", "Jörg Tester <probe@ext.example>").unwrap();
        assert!(field.starts_with("From: =?utf-8?"), "{field}");
        assert!(unfold(&field).ends_with("<probe@ext.example>"), "{field}");
        let list = write("Reply-To", "Jörg <probe@例え.jp>, b@bücher.example").unwrap();
        assert!(list.is_ascii() && list.contains("<probe@xn--r8jz45g.jp>"), "{list}");
        assert!(list.contains("b@xn--bcher-kva.example"), "{list}");
    }

    #[test]
    fn injection_and_illegal_names_are_refused() {
        for value in ["a\r\nBcc: x@y.example", "a\nb", "a\0b", "a\u{7f}"] {
            assert!(write("X-A", value).unwrap_err().contains("X-A"), "{value:?}");
        }
        for name in ["", "X A", "X:", "X\r\nY", "Ä", &"x".repeat(77)] {
            assert!(write(name, "v").is_err(), "{name:?}");
        }
        assert!(attachment("a\r\nb").is_err());
        assert!(attachment("große Datei.pdf").unwrap().is_ascii());
    }
}
