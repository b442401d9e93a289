//! What the company changes after it sealed.

use crate::{lab::embedded::signing::Message, scenario::knobs::Modification};

const FOOTER: &[u8] = b"-- \r\nForwarded by corp.example\r\n";
const TAG: &str = "[corp] ";

/// The message with the change.
pub(super) fn apply(modification: Modification, message: Vec<u8>) -> Vec<u8> {
    match modification {
        Modification::None => message,
        Modification::Body => with_footer(message),
        Modification::Subject => with_tag(&message),
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
    let range = subject.range();
    let value = subject.value().trim_ascii_start();
    let changed = [b"Subject: ", TAG.as_bytes(), value].concat();
    [&raw[..range.start], &changed, &raw[range.end..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subject_and_body_change_and_nothing_else() {
        let mail = b"A: 1\r\nsubject: hi\r\n there\r\nB: 2\r\n\r\nbody\r\n".to_vec();
        assert_eq!(apply(Modification::None, mail.clone()), mail);
        let tagged = b"A: 1\r\nSubject: [corp] hi\r\n there\r\nB: 2\r\n\r\nbody\r\n";
        assert_eq!(apply(Modification::Subject, mail.clone()), tagged);
        let footed = apply(Modification::Body, mail.clone());
        assert!(footed.starts_with(&mail) && footed.ends_with(FOOTER));
        assert_eq!(apply(Modification::Subject, b"A: 1\r\n\r\n".to_vec()), b"Subject: [corp]\r\nA: 1\r\n\r\n");
    }
}
