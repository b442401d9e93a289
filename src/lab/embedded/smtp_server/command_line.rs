//! Reads command lines: smtp-proto knows the grammar, the addresses are taken as they are written.

use super::{Body, Mechanism, Notify, Recipient, Reply, Return, Status};
use smtp_proto::{
    Error, MAIL_BODY_8BITMIME, MAIL_BODY_BINARYMIME, MAIL_RET_FULL, MAIL_RET_HDRS, MAIL_SMTPUTF8, MailFrom,
    RCPT_NOTIFY_DELAY, RCPT_NOTIFY_FAILURE, RCPT_NOTIFY_NEVER, RCPT_NOTIFY_SUCCESS, RcptTo, Request,
};
use std::borrow::Cow;

/// The longest command line, with its CRLF: RFC 5321's 512, AUTH's 12,288 (RFC 4954 §4.9).
pub(super) const LINE_LIMIT: usize = 12_288;

/// A command that makes sense by itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Hello { host: String, extended: bool },
    StartTls,
    Auth { mechanism: Mechanism, initial: Option<String> },
    Mail(Mail),
    Rcpt(Recipient),
    Data,
    Chunk { size: usize, last: bool },
    Reset,
    Noop,
    Verify,
    Help,
    Quit,
}

/// MAIL with its parameters.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mail {
    pub(super) sender: String,
    pub(super) body: Body,
    pub(super) utf8: bool,
    pub(super) ret: Option<Return>,
    pub(super) id: Option<String>,
    pub(super) size: Option<usize>,
}

/// Reads a line that ends with a line feed.
///
/// # Errors
/// The reply to give.
pub(super) fn read(line: &[u8]) -> Result<Command, Reply> {
    let end = line.len() - line.iter().rev().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    let text =
        std::str::from_utf8(&line[..end]).map_err(|_| Reply::new(500, Status(5, 5, 2), "Error: bad UTF-8 syntax"))?;
    if text.contains(['\0', '\r']) {
        return Err(Reply::new(500, Status(5, 5, 2), "Error: bad character in command"));
    }
    let (verb, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    if verb.eq_ignore_ascii_case("AUTH") {
        return auth(rest.trim());
    }
    let clean = format!("{}\r\n", text.trim());
    let request = Request::parse(&mut clean.as_bytes().iter()).map_err(|error| syntax(&error))?;
    Ok(match request {
        Request::Ehlo { host } => Command::Hello { host: host.into_owned(), extended: true },
        Request::Helo { host } => Command::Hello { host: host.into_owned(), extended: false },
        Request::StartTls if rest.is_empty() => Command::StartTls,
        Request::Mail { from } => Command::Mail(mail(text, &from)?),
        Request::Rcpt { to } => Command::Rcpt(recipient(text, to)?),
        Request::Data if rest.is_empty() => Command::Data,
        Request::Bdat { chunk_size, is_last } => Command::Chunk { size: chunk_size, last: is_last },
        Request::Rset => Command::Reset,
        Request::Noop { .. } => Command::Noop,
        Request::Vrfy { .. } => Command::Verify,
        Request::Help { .. } => Command::Help,
        Request::Quit => Command::Quit,
        Request::StartTls | Request::Data => {
            return Err(Reply::new(501, Status(5, 5, 4), format!("Syntax: {}", verb.to_ascii_uppercase())));
        }
        other => {
            return Err(Reply::new(502, Status(5, 5, 1), format!("Error: {} not implemented", other.name())));
        }
    })
}

fn auth(rest: &str) -> Result<Command, Reply> {
    let (name, initial) = rest.split_once(' ').unwrap_or((rest, ""));
    let mechanism = [Mechanism::Plain, Mechanism::Login, Mechanism::Xoauth2]
        .into_iter()
        .find(|m| m.as_str().eq_ignore_ascii_case(name));
    let initial = Some(initial.trim().to_owned()).filter(|i| !i.is_empty());
    match mechanism {
        Some(mechanism) => Ok(Command::Auth { mechanism, initial }),
        None if name.is_empty() => Err(Reply::new(501, Status(5, 5, 4), "Syntax: AUTH mechanism")),
        None => Err(Reply::new(504, Status(5, 5, 4), "Unrecognized authentication type")),
    }
}

fn syntax(error: &Error) -> Reply {
    match error {
        Error::UnknownCommand => Reply::new(500, Status(5, 5, 2), "Error: command not recognized"),
        Error::InvalidSenderAddress => Reply::new(501, Status(5, 1, 7), "Bad sender address syntax"),
        Error::InvalidRecipientAddress => Reply::new(501, Status(5, 1, 3), "Bad recipient address syntax"),
        Error::SyntaxError { syntax } => Reply::new(501, Status(5, 5, 4), format!("Syntax: {syntax}")),
        Error::InvalidParameter { param } => Reply::new(501, Status(5, 5, 4), format!("Error: bad parameter {param}")),
        Error::UnsupportedParameter { .. } => Reply::new(555, Status(5, 5, 4), "Unsupported option"),
        Error::NeedsMoreData { .. } | Error::ResponseTooLong | Error::InvalidResponse { .. } => {
            Reply::new(501, Status(5, 5, 4), "Error: bad syntax")
        }
    }
}

fn mail(line: &str, from: &MailFrom<Cow<'_, str>>) -> Result<Mail, Reply> {
    if from.flags & MAIL_BODY_BINARYMIME != 0 {
        return Err(Reply::new(555, Status(5, 5, 4), "Unsupported option"));
    }
    let utf8 = from.flags & MAIL_SMTPUTF8 != 0;
    let sender = path(line).ok_or_else(|| syntax(&Error::InvalidSenderAddress))?;
    if !utf8 && !sender.is_ascii() {
        return Err(Reply::new(553, Status(5, 6, 7), "Address requires SMTPUTF8"));
    }
    let flag = |flag| from.flags & flag != 0;
    Ok(Mail {
        sender: sender.to_owned(),
        body: if flag(MAIL_BODY_8BITMIME) { Body::EightBit } else { Body::SevenBit },
        utf8,
        ret: match (flag(MAIL_RET_FULL), flag(MAIL_RET_HDRS)) {
            (true, _) => Some(Return::Full),
            (_, true) => Some(Return::Headers),
            _ => None,
        },
        id: from.env_id.as_ref().map(ToString::to_string),
        size: (from.size > 0).then_some(from.size),
    })
}

fn recipient(line: &str, to: RcptTo<Cow<'_, str>>) -> Result<Recipient, Reply> {
    let address = path(line).filter(|a| !a.is_empty()).ok_or_else(|| syntax(&Error::InvalidRecipientAddress))?;
    let flag = |flag| to.flags & flag != 0;
    let notify = match (flag(RCPT_NOTIFY_NEVER), flag(RCPT_NOTIFY_FAILURE)) {
        (true, _) => Notify::Never,
        (_, true) => Notify::Failure,
        _ if flag(RCPT_NOTIFY_SUCCESS | RCPT_NOTIFY_DELAY) => Notify::NotFailure,
        _ => Notify::Default,
    };
    Ok(Recipient { address: address.to_owned(), original: to.orcpt.map(|o| format!("rfc822;{o}")), notify })
}

/// The text between the angle brackets, without a source route (RFC 5321 appendix C), quotes kept.
fn path(line: &str) -> Option<&str> {
    let inside = &line[line.find('<')? + 1..];
    let (mut quoted, mut escaped) = (false, false);
    let end = inside.char_indices().find(|(_, c)| {
        let here = std::mem::take(&mut escaped);
        match c {
            _ if here => false,
            '\\' => {
                escaped = quoted;
                false
            }
            '"' => {
                quoted = !quoted;
                false
            }
            c => *c == '>' && !quoted,
        }
    });
    let path = inside[..end?.0].trim();
    if path.starts_with('@') { path.split_once(':').map(|(_, address)| address) } else { Some(path) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(line: &str) -> Result<String, u16> {
        match read(line.as_bytes()) {
            Ok(Command::Mail(mail)) => Ok(mail.sender),
            Ok(other) => panic!("{other:?}"),
            Err(reply) => Err(reply.code),
        }
    }

    #[test]
    fn addresses_are_kept_as_they_are_written() {
        assert_eq!(sender("MAIL FROM:<Me@Ext.Example>\r\n"), Ok("Me@Ext.Example".into()));
        assert_eq!(sender("mail from:<>\n"), Ok(String::new()));
        assert_eq!(sender("MAIL FROM: <a@b.example> SIZE=12\r\n"), Ok("a@b.example".into()));
        let quoted = "\"a>b; dmarc=pass \\\"\"@ext.example";
        assert_eq!(sender(&format!("MAIL FROM:<{quoted}>\r\n")), Ok(quoted.into()));
        assert_eq!(sender("MAIL FROM:<@relay.example:a@b.example>\r\n"), Ok("a@b.example".into()));
    }

    #[test]
    fn wrong_lines_get_their_codes() {
        for (line, code) in [
            ("MAIL FROM:<nobody>\r\n", 501),
            ("MAIL FROM:a@b.example\r\n", 501),
            ("MAIL FROM:<a@b.example> FOO=1\r\n", 555),
            ("MAIL FROM:<a@b.example> BODY=BINARYMIME\r\n", 555),
            ("MAIL FROM:<\u{e9}@b.example>\r\n", 553),
            ("RCPT TO:<>\r\n", 501),
            ("AUTH\r\n", 501),
            ("AUTH CRAM-MD5\r\n", 504),
            ("EHLO\r\n", 501),
            ("DATA now\r\n", 501),
            ("BDAT x\r\n", 501),
            ("TURN\r\n", 500),
            ("ETRN x\r\n", 502),
            ("\r\n", 500),
            ("NO\0OP\r\n", 500),
        ] {
            assert_eq!(read(line.as_bytes()).unwrap_err().code, code, "{line:?}");
        }
        assert_eq!(read(b"\xff\xfe\r\n").unwrap_err().code, 500);
    }

    #[test]
    fn parameters_are_read() {
        let line = b"MAIL FROM:<a@b.example> SIZE=77 BODY=8BITMIME RET=HDRS ENVID=q+2B1 SMTPUTF8\r\n";
        let Ok(Command::Mail(mail)) = read(line) else { panic!() };
        assert_eq!((mail.body, mail.utf8, mail.ret), (Body::EightBit, true, Some(Return::Headers)));
        assert_eq!((mail.id.as_deref(), mail.size), (Some("q+1"), Some(77)));
        let line = b"RCPT TO:<x@b.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;o@c.example\r\n";
        let Ok(Command::Rcpt(to)) = read(line) else { panic!() };
        assert_eq!((to.notify, to.original.as_deref()), (Notify::Failure, Some("rfc822;o@c.example")));
        let Ok(Command::Rcpt(to)) = read(b"RCPT TO:<Postmaster>\r\n") else { panic!() };
        assert_eq!(to.address, "Postmaster");
    }
}
