//! Mailboxes in one file (RFC 4155).

/// The messages of a file: those of a mailbox, or the one that it is.
pub(super) fn messages(bytes: &[u8]) -> Vec<Vec<u8>> {
    if !bytes.starts_with(b"From ") {
        return vec![bytes.to_vec()];
    }
    let mut messages: Vec<Vec<u8>> = Vec::new();
    let mut after_blank = true;
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        if after_blank && line.starts_with(b"From ") {
            trim_blank(messages.last_mut());
            messages.push(Vec::new());
            after_blank = false;
            continue;
        }
        after_blank = matches!(line, b"\n" | b"\r\n");
        if let Some(message) = messages.last_mut() {
            // Lines of the body that look like separators were quoted once more than they are.
            let quoted = line.iter().position(|b| *b != b'>').is_some_and(|n| n > 0 && line[n..].starts_with(b"From "));
            message.extend_from_slice(if quoted { &line[1..] } else { line });
        }
    }
    trim_blank(messages.last_mut());
    messages
}

/// The empty line before a separator belongs to the mailbox.
fn trim_blank(message: Option<&mut Vec<u8>>) {
    let Some(message) = message else { return };
    for end in [&b"\r\n\r\n"[..], b"\n\n"] {
        if message.ends_with(end) {
            message.truncate(message.len() - end.len() / 2);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_taken_apart() {
        let mbox =
            b"From a@b.example Tue\nA: 1\n\n>From here\nFrom there\n\nFrom c@d.example Wed\nA: 2\n\n>>From x\n\n";
        let messages = messages(mbox);
        assert_eq!(messages, [&b"A: 1\n\nFrom here\nFrom there\n"[..], b"A: 2\n\n>From x\n"]);
    }

    #[test]
    fn a_message_is_itself() {
        assert_eq!(messages(b"A: 1\n\nFrom x\n"), [b"A: 1\n\nFrom x\n"]);
        assert_eq!(messages(b""), [b""]);
    }
}
