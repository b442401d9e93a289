//! An SMTP conversation (RFC 5321).

use super::{
    dialogue::{Dialogue, Reply, line_end},
    stage::Stage,
};
use std::collections::VecDeque;

pub(super) struct Smtp {
    /// What has not been answered yet.
    unanswered: VecDeque<Option<Stage>>,
    in_message: bool,
    messages: usize,
}

impl Smtp {
    pub(super) fn new() -> Self {
        Self { unanswered: VecDeque::from([Some(Stage::Greeting)]), in_message: false, messages: 0 }
    }
}

impl Dialogue for Smtp {
    fn hear(&mut self, line: &[u8]) -> Option<Stage> {
        if self.in_message {
            if line == b".\r\n" {
                self.in_message = false;
                self.messages += 1;
                self.unanswered.push_back(Some(Stage::EndOfMessage));
            }
            return Some(Stage::Message);
        }
        let verb = line.split(|b| b.is_ascii_whitespace()).next().unwrap_or_default().to_ascii_uppercase();
        self.unanswered.push_back(match verb.as_slice() {
            b"EHLO" | b"HELO" => Some(Stage::Ehlo),
            b"AUTH" => Some(Stage::Auth),
            b"MAIL" => Some(Stage::Mail),
            b"RCPT" => Some(Stage::Rcpt),
            b"DATA" => Some(Stage::Data),
            b"QUIT" => Some(Stage::Quit),
            _ => None,
        });
        None
    }

    fn take_reply(&mut self, sent: &mut Vec<u8>) -> Option<Reply> {
        let mut start = 0;
        let end = loop {
            let end = line_end(sent, start)?;
            if sent.get(start + 3) != Some(&b'-') {
                break end;
            }
            start = end;
        };
        let bytes: Vec<u8> = sent.drain(..end).collect();
        let stage = self.unanswered.pop_front().flatten();
        self.in_message = stage == Some(Stage::Data) && bytes.starts_with(b"354");
        Some(Reply { bytes, stage, is_last: true, literal: None })
    }

    fn messages(&self) -> usize {
        self.messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_told_by_what_they_answer() {
        let mut smtp = Smtp::new();
        let mut sent = b"220 mx\r\n".to_vec();
        assert_eq!(smtp.take_reply(&mut sent).unwrap().stage, Some(Stage::Greeting));
        smtp.hear(b"EHLO x\r\n");
        sent = b"250-mx\r\n250 SIZE\r\n".to_vec();
        let mut begun = sent[..12].to_vec();
        assert_eq!(smtp.take_reply(&mut begun), None);
        assert_eq!(smtp.take_reply(&mut sent).unwrap().bytes.len(), 18);
        smtp.hear(b"data\r\n");
        sent = b"354 go on\r\n250 taken\r\n".to_vec();
        assert_eq!(smtp.take_reply(&mut sent).unwrap().stage, Some(Stage::Data));
        assert_eq!([&b"QUIT\r\n"[..], b".\r\n"].map(|line| smtp.hear(line)), [Some(Stage::Message); 2]);
        assert_eq!(smtp.take_reply(&mut sent).unwrap().place_of(Stage::EndOfMessage), Some(0));
        assert_eq!((smtp.messages(), smtp.hear(b"QUIT\r\n")), (1, None));
    }
}
