//! The replies of a server, read off its bytes, with their times and a transcript.

use crate::{
    core::visible,
    evidence::{Stage, StageReply, Submission},
    mail::reply::Reply,
};
use std::time::Instant;

/// More than any reply needs (a server that sends more is broken), in bytes.
const LONGEST_REPLY: usize = 100_000;

/// How much is told of a line that has no end, in characters.
const LONGEST_LINE: usize = 1000;

/// The record of one submission.
#[derive(Debug)]
pub(super) struct Recording {
    start: Instant,
    asked: Instant,
    stage: Stage,
    recipient: Option<String>,
    /// What came and is no whole reply yet.
    incoming: Vec<u8>,
    /// How far its lines have been read.
    read_to: usize,
    submission: Submission,
}

/// A whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// What it says.
    pub(super) reply: Reply,
    /// Its lines, without codes.
    pub(super) lines: Vec<String>,
}

impl Recording {
    /// Times count from `start`; the server speaks first.
    pub(super) fn new(start: Instant) -> Self {
        Self {
            start,
            asked: start,
            stage: Stage::Connect,
            recipient: None,
            incoming: Vec::new(),
            read_to: 0,
            submission: Submission::default(),
        }
    }

    /// What is known so far.
    pub(super) fn submission(&self) -> &Submission {
        &self.submission
    }

    /// Everything that is known.
    pub(super) fn into_submission(self) -> Submission {
        self.submission
    }

    /// Takes out replies that refused what was then done in another way. The transcript keeps them.
    pub(super) fn forget(&mut self, is: impl Fn(&StageReply) -> bool) {
        self.submission.replies.retain(|reply| !is(reply));
    }

    /// What the reply that is being waited for answers.
    pub(super) fn stage(&self) -> Stage {
        self.stage
    }

    /// What is being waited for, in words.
    pub(super) fn waiting_for(&self) -> String {
        match (self.stage, &self.recipient) {
            (Stage::Connect, _) => "the greeting".to_owned(),
            (Stage::Message, _) => "the answer to the message".to_owned(),
            (stage, None) => format!("the answer to {}", stage.to_string().to_uppercase()),
            (stage, Some(to)) => format!("the answer to {} for {to}", stage.to_string().to_uppercase()),
        }
    }

    /// The client says something, which the transcript shows so; the next reply is about it.
    pub(super) fn asks(&mut self, stage: Stage, recipient: Option<&str>, shown: &str) {
        self.asked = Instant::now();
        self.stage = stage;
        self.recipient = recipient.map(str::to_owned);
        for line in shown.lines() {
            self.tell(&format!("C: {line}"));
        }
    }

    /// TLS stands.
    pub(super) fn secured(&mut self, version: Option<String>) {
        self.tell(&format!("-- {}", version.as_deref().unwrap_or("TLS")));
        self.submission.tls = version;
    }

    /// Bytes that came.
    pub(super) fn heard(&mut self, bytes: &[u8]) {
        self.incoming.extend_from_slice(bytes);
    }

    /// What came after the last whole reply.
    pub(super) fn surplus(&self) -> &[u8] {
        &self.incoming
    }

    /// The next reply, when all of it is there (RFC 5321 §4.2).
    ///
    /// # Errors
    /// When what came is no reply and cannot become one: why.
    pub(super) fn answer(&mut self) -> Result<Option<Answer>, String> {
        while let Some(end) = memchr::memchr(b'\n', &self.incoming[self.read_to..]) {
            let line = self.incoming[self.read_to..=self.read_to + end].to_vec();
            let last = line_of_reply(&line, &self.incoming[..self.read_to]);
            self.tell(&format!("S: {}", shown(&line)));
            self.read_to += line.len();
            match last {
                Some(true) => return self.take().map(Some),
                Some(false) => {}
                None => return Err(format!("it sent `{}`", crate::core::redact::cut(&shown(&line), 120))),
            }
            if self.read_to > LONGEST_REPLY {
                break;
            }
        }
        if self.incoming.len() > LONGEST_REPLY {
            return Err(format!("its reply is longer than {LONGEST_REPLY} bytes"));
        }
        Ok(None)
    }

    fn take(&mut self) -> Result<Answer, String> {
        let whole: Vec<u8> = self.incoming.drain(..std::mem::take(&mut self.read_to)).collect();
        let text = String::from_utf8_lossy(&whole);
        let lines = text.lines().map(|line| line.get(4..).unwrap_or_default().to_owned()).collect();
        let reply = Reply::parse(&text).ok_or_else(|| format!("it sent `{}`", shown(&whole)))?;
        Ok(Answer { reply, lines })
    }

    /// Keeps a reply as the one to what was asked last.
    pub(super) fn keep(&mut self, reply: &Reply) {
        let now = Instant::now();
        self.submission.replies.push(StageReply {
            stage: self.stage,
            recipient: self.recipient.clone(),
            reply: reply.clone(),
            at: now - self.start,
            took: now - self.asked,
        });
    }

    /// The dialogue ends before its time: what came and is no whole reply, and why. Where nothing was said, nothing is told.
    pub(super) fn breaks(&mut self, why: &str) {
        let rest = self.incoming.split_off(self.read_to);
        for line in String::from_utf8_lossy(&rest).lines() {
            self.tell(&format!("S: {}", crate::core::redact::cut(&shown(line.as_bytes()), LONGEST_LINE)));
        }
        if !self.submission.transcript.is_empty() {
            self.tell(&format!("-- {why}"));
        }
    }

    fn tell(&mut self, line: &str) {
        self.submission.transcript.push_str(line);
        self.submission.transcript.push('\n');
    }
}

/// Whether a line ends the reply that began with these lines; `None` when it belongs to no reply. Every line has the same
/// code.
fn line_of_reply(line: &[u8], before: &[u8]) -> Option<bool> {
    let code = line.get(..3)?;
    let is_code = matches!(code[0], b'2'..=b'5') && code.iter().all(u8::is_ascii_digit);
    if !is_code || !(before.is_empty() || before.starts_with(code)) {
        return None;
    }
    match line.get(3)? {
        b'-' => Some(false),
        b' ' | b'\r' | b'\n' => Some(true),
        _ => None,
    }
}

/// A line as the transcript tells it, without its end.
fn shown(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    visible::lines(line.trim_end_matches(['\r', '\n'])).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages(record: &Recording) -> Vec<(Stage, u16)> {
        record.submission().replies.iter().map(|r| (r.stage, r.reply.code)).collect()
    }

    #[test]
    fn replies_come_whole_however_they_are_cut() {
        let mut record = Recording::new(Instant::now());
        let mut greeted = None;
        for byte in b"220-mx.example\r\n220 hello\r\n" {
            assert_eq!(greeted, None);
            record.heard(&[*byte]);
            greeted = record.answer().unwrap();
        }
        let greeted = greeted.unwrap();
        assert_eq!(greeted.lines, ["mx.example", "hello"]);
        record.keep(&greeted.reply);
        record.asks(Stage::Rcpt, Some("a@b.example"), "RCPT TO:<a@b.example>\r\n");
        record.heard(b"550 5.1.1 no\r\n250 more");
        let refused = record.answer().unwrap().unwrap();
        record.keep(&refused.reply);
        assert_eq!(record.answer(), Ok(None));
        assert_eq!(record.surplus(), b"250 more");
        assert_eq!(stages(&record), [(Stage::Connect, 220), (Stage::Rcpt, 550)]);
        assert_eq!(record.submission().replies[1].recipient.as_deref(), Some("a@b.example"));
        assert_eq!(
            record.submission().transcript,
            "S: 220-mx.example\nS: 220 hello\nC: RCPT TO:<a@b.example>\nS: 550 5.1.1 no\n"
        );
    }

    #[test]
    fn a_server_cannot_write_other_lines_into_the_transcript() {
        let mut record = Recording::new(Instant::now());
        record.asks(Stage::Rcpt, None, "RCPT TO:<a@b.example>");
        record.heard(b"550 5.7.1 no\rS: 250 ok \x1b[2K\xc2\x9b1A\ttab \xc3\xa9\r\n250 half\r");
        record.answer().unwrap().unwrap();
        record.breaks("the end");
        assert_eq!(
            record.submission().transcript,
            "C: RCPT TO:<a@b.example>\nS: 550 5.7.1 no\\u000dS: 250 ok \\u001b[2K\\u009b1A\ttab é\nS: 250 half\n-- the end\n"
        );
    }

    #[test]
    fn endless_and_odd_replies_are_no_replies() {
        for odd in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"\xff\xfe\r\n",
            b"\x00\x00\x00250 ok\r\n",
            b"\r\n",
            b"25\r\n",
            b"999 ok\r\n",
            b"150 ok\r\n",
            b"250x\r\n",
            b"250-a\r\n550 b\r\n",
        ] {
            let mut record = Recording::new(Instant::now());
            record.heard(odd);
            assert!(record.answer().is_err(), "{odd:?}");
        }
        for chunk in [&[b'2'; 10_000][..], &b"250-line\r\n".repeat(1000)] {
            let mut record = Recording::new(Instant::now());
            let mut fed = 0;
            let error = loop {
                record.heard(chunk);
                match record.answer() {
                    Ok(answer) => assert_eq!(answer, None),
                    Err(error) => break error,
                }
                fed += chunk.len();
            };
            assert!(error.contains("longer than") && fed <= LONGEST_REPLY, "{fed} {error}");
        }
    }
}
