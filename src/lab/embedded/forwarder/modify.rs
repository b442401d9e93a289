//! What the company changes in a message, before it seals it and after.

use super::seal::VOLATILE;
use crate::{
    lab::embedded::signing::{Field, Message, Signer, dkim_signature, without},
    target::knobs::{Modification, SealFault},
};
use jiff::Timestamp;

const FOOTER: &[u8] = b"-- \r\nForwarded by corp.example\r\n";
const TAG: &str = "[corp] ";
/// Where Postfix folds lines (smtp_line_length_limit).
const LINE_LIMIT: usize = 998;
/// The longest line of quoted-printable (RFC 2045 §6.7), without its CRLF.
const ENCODED_LINE: usize = 76;

/// The message as it is checked and sealed. `dkim` signs for the company.
pub(super) fn before_the_seal(
    modification: Modification,
    fault: SealFault,
    dkim: &Signer,
    message: Vec<u8>,
    now: Timestamp,
) -> Vec<u8> {
    let message = match modification {
        Modification::Resign => {
            let changed = with_footer(message);
            let signature = dkim_signature(dkim, &Message::new(&changed), now.as_second()).unwrap_or_default();
            [signature.as_bytes(), &changed].concat()
        }
        _ => message,
    };
    match fault {
        SealFault::Volatile => [format!("{VOLATILE}: on the way in\r\n").as_bytes(), &message].concat(),
        _ => message,
    }
}

/// The message as it leaves.
pub(super) fn after_the_seal(modification: Modification, fault: SealFault, message: Vec<u8>) -> Vec<u8> {
    let message = match modification {
        Modification::None | Modification::Resign => message,
        Modification::Body => with_footer(message),
        Modification::Subject => with_tag(&message),
        Modification::Recode => recoded(message),
        Modification::Fold => folded(&message),
        Modification::Drop => without(&message, names_the_program),
        Modification::Results => anonymous(&message),
    };
    match fault {
        SealFault::Volatile => replaced(&message, VOLATILE, format!("{VOLATILE}: on the way out\r\n")),
        _ => message,
    }
}

fn with_footer(mut message: Vec<u8>) -> Vec<u8> {
    if !message.ends_with(b"\r\n") {
        message.extend_from_slice(b"\r\n");
    }
    message.extend_from_slice(FOOTER);
    message
}

fn with_tag(raw: &[u8]) -> Vec<u8> {
    let message = Message::new(raw);
    let Some(subject) = message.named("Subject").next() else {
        return [format!("Subject: {}\r\n", TAG.trim_end()).as_bytes(), raw].concat();
    };
    let value = subject.value().trim_ascii_start();
    replaced(raw, "Subject", [b"Subject: ", TAG.as_bytes(), value].concat())
}

/// The message with another field in place of the topmost of a name.
fn replaced(raw: &[u8], name: &str, field: impl AsRef<[u8]>) -> Vec<u8> {
    let message = Message::new(raw);
    let Some(range) = message.named(name).next().map(Field::range) else { return raw.to_vec() };
    [&raw[..range.start], field.as_ref(), &raw[range.end..]].concat()
}

/// As a pattern of docker-mailserver has it, which takes X-Mailer-Info too.
fn names_the_program(field: &Field<'_>) -> bool {
    let name = field.name().to_ascii_lowercase();
    ["x-mailer", "user-agent"].iter().any(|program| name.starts_with(program))
}

/// The newest ARC-Authentication-Results with every digit of an address masked, as header filters do.
fn anonymous(raw: &[u8]) -> Vec<u8> {
    let message = Message::new(raw);
    let Some(results) = message.named("ARC-Authentication-Results").next() else { return raw.to_vec() };
    let text = String::from_utf8_lossy(results.raw());
    let masked = text.split_inclusive(' ').map(|word| match word.trim_end().parse::<std::net::IpAddr>() {
        Ok(_) => word.replace(|c: char| c.is_ascii_hexdigit(), "x"),
        Err(_) => word.to_owned(),
    });
    let field: String = masked.collect();
    [&raw[..results.range().start], field.as_bytes(), &raw[results.range().end..]].concat()
}

/// As Postfix passes 8-bit text on to a server without 8BITMIME.
fn recoded(raw: Vec<u8>) -> Vec<u8> {
    let message = Message::new(&raw);
    let several = message.named("Content-Type").any(|f| f.text().to_ascii_lowercase().starts_with("multipart/"));
    if message.body.is_ascii() || several {
        return raw;
    }
    let body = quoted_printable(message.body);
    let head = without(&raw[..raw.len() - message.body.len()], |f| f.is("Content-Transfer-Encoding"));
    [b"Content-Transfer-Encoding: quoted-printable\r\n", head.as_slice(), &body].concat()
}

fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() * 3 / 2);
    for line in body.split_inclusive(|b| *b == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let mut column = 0;
        for (at, byte) in text.iter().enumerate() {
            let last = at + 1 == text.len();
            let plain = (b'!'..=b'~').contains(byte) && *byte != b'=' || (matches!(byte, b' ' | b'\t') && !last);
            let encoded = if plain { vec![*byte] } else { format!("={byte:02X}").into_bytes() };
            if column + encoded.len() > ENCODED_LINE - usize::from(!last) {
                out.extend_from_slice(b"=\r\n");
                column = 0;
            }
            column += encoded.len();
            out.extend(encoded);
        }
        out.extend_from_slice(&line[text.len()..]);
    }
    out
}

/// As Postfix delivers lines that are too long: the rest of a line starts with a space.
fn folded(raw: &[u8]) -> Vec<u8> {
    let body = Message::new(raw).body;
    let mut out = raw[..raw.len() - body.len()].to_vec();
    for line in body.split_inclusive(|b| *b == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let mut rest = text.strip_suffix(b"\r").unwrap_or(text);
        let mut room = LINE_LIMIT;
        while rest.len() > room {
            let (first, tail) = rest.split_at(room);
            out.extend_from_slice(first);
            out.extend_from_slice(b"\r\n ");
            (rest, room) = (tail, LINE_LIMIT - 1);
        }
        out.extend_from_slice(rest);
        out.extend_from_slice(&line[text.strip_suffix(b"\r").unwrap_or(text).len()..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(modification: Modification, message: &[u8]) -> Vec<u8> {
        after_the_seal(modification, SealFault::None, message.to_vec())
    }

    #[test]
    fn subject_and_body_change_and_nothing_else() {
        let mail = b"A: 1\r\nsubject: hi\r\n there\r\nB: 2\r\n\r\nbody\r\n";
        assert_eq!(apply(Modification::None, mail), mail);
        let tagged = b"A: 1\r\nSubject: [corp] hi\r\n there\r\nB: 2\r\n\r\nbody\r\n";
        assert_eq!(apply(Modification::Subject, mail), tagged);
        let footed = apply(Modification::Body, mail);
        assert!(footed.starts_with(mail) && footed.ends_with(FOOTER));
        assert_eq!(apply(Modification::Subject, b"A: 1\r\n\r\n"), b"Subject: [corp]\r\nA: 1\r\n\r\n");
    }

    #[test]
    fn eight_bit_text_becomes_quoted_printable_and_reads_back() {
        let body = "Gr\u{fc}\u{df}e = ok \r\n\r\n".to_owned() + &"\u{e9}".repeat(70) + "\r\n";
        let mail = format!("A: 1\r\nContent-Transfer-Encoding: 8bit\r\nB: 2\r\n\r\n{body}");
        let recoded = apply(Modification::Recode, mail.as_bytes());
        let start =
            b"Content-Transfer-Encoding: quoted-printable\r\nA: 1\r\nB: 2\r\n\r\nGr=C3=BC=C3=9Fe =3D ok=20\r\n\r\n";
        assert!(recoded.starts_with(start), "{}", String::from_utf8_lossy(&recoded));
        assert!(recoded.split(|b| *b == b'\n').all(|line| line.len() <= ENCODED_LINE + 1));
        let joined = String::from_utf8(recoded).unwrap().replace("=\r\n", "");
        assert!(joined.ends_with(&format!("\r\n{}\r\n", "=C3=A9".repeat(70))), "{joined}");
        let ascii = b"A: 1\r\n\r\nplain = 1\r\n";
        assert_eq!(apply(Modification::Recode, ascii), ascii);
        let several = "Content-Type: multipart/mixed; boundary=x\r\n\r\n\u{e9}\r\n".as_bytes();
        assert_eq!(apply(Modification::Recode, several), several);
    }

    #[test]
    fn long_lines_are_folded_and_short_ones_are_not() {
        let long = "x".repeat(LINE_LIMIT);
        let mail = |body: &str| format!("A: 1\r\n\r\na\r\n{body}\r\nz").into_bytes();
        assert_eq!(apply(Modification::Fold, &mail(&long)), mail(&long));
        let twice = format!("{long}\r\n {}\r\n yy", &long[1..]);
        assert_eq!(apply(Modification::Fold, &mail(&format!("{long}{}yy", &long[1..]))), mail(&twice));
    }

    #[test]
    fn header_filters_drop_and_mask() {
        let mail = b"X-Mailer-Info: a\r\nSubject: x\r\nUser-Agent: b\r\n\r\nUser-Agent: c\r\n";
        assert_eq!(apply(Modification::Drop, mail), b"Subject: x\r\n\r\nUser-Agent: c\r\n");
        let mail = b"ARC-Authentication-Results: i=1; mx; spf=pass (mx: 192.0.2.10 may 2001:db8::1 too)\r\n\r\n";
        let want = b"ARC-Authentication-Results: i=1; mx; spf=pass (mx: xxx.x.x.xx may xxxx:xxx::x too)\r\n\r\n";
        assert_eq!(apply(Modification::Results, mail), want);
    }

    #[test]
    fn a_volatile_field_is_written_before_the_seal_and_replaced_after_it() {
        let keys = crate::lab::embedded::keys::Keys::load().unwrap();
        let signer = Signer::new("corp.example", "s2026", &keys.company_dkim);
        let mail = b"A: 1\r\n\r\nx\r\n".to_vec();
        let now = Timestamp::UNIX_EPOCH;
        let sealed = before_the_seal(Modification::None, SealFault::Volatile, &signer, mail.clone(), now);
        let left = after_the_seal(Modification::None, SealFault::Volatile, sealed.clone());
        assert!(sealed.starts_with(b"X-Virus-Scanned: on the way in") && sealed.ends_with(&mail));
        assert!(left.starts_with(b"X-Virus-Scanned: on the way out") && left.ends_with(&mail));
        let signed = before_the_seal(Modification::Resign, SealFault::None, &signer, mail, now);
        assert!(signed.starts_with(b"DKIM-Signature: v=1;") && signed.ends_with(FOOTER));
    }
}
