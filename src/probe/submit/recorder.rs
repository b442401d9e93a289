//! What goes over the wire, as replies with their times and as a transcript. It watches bytes, so that no reply is lost
//! to whoever speaks the protocol above it.

use crate::{
    evidence::{Stage, StageReply, Submission},
    mail::reply::Reply,
};
use std::time::Instant;

/// More than any reply needs (a server that sends more is broken), in bytes.
const LONGEST_REPLY: usize = 100_000;

/// The record of one submission.
#[derive(Debug)]
pub(super) struct Record {
    start: Instant,
    asked: Instant,
    stage: Stage,
    recipient: Option<String>,
    line: Vec<u8>,
    incoming: Vec<u8>,
    /// How far the lines of `incoming` have been read.
    read_to: usize,
    message: Option<Content>,
    logging_in: bool,
    waiting: bool,
    /// The message is written to its last dot.
    message_is_out: bool,
    submission: Submission,
}

/// The message on its way.
#[derive(Debug, Default)]
struct Content {
    bytes: usize,
    told: bool,
    /// The last five bytes.
    end: Vec<u8>,
}

impl Record {
    /// Time starts now.
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            start: now,
            asked: now,
            stage: Stage::Connect,
            recipient: None,
            line: Vec::new(),
            incoming: Vec::new(),
            read_to: 0,
            message: None,
            logging_in: false,
            waiting: true,
            message_is_out: false,
            submission: Submission::default(),
        }
    }

    /// What is known so far.
    pub(super) fn submission(&self) -> &Submission {
        &self.submission
    }

    /// Takes the replies to AUTH out; how many there were.
    pub(super) fn forget_login(&mut self) -> usize {
        let replies = &mut self.submission.replies;
        let before = replies.len();
        replies.retain(|reply| reply.stage != Stage::Auth);
        before - replies.len()
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

    /// Whether the message is written to its last dot.
    pub(super) fn message_is_out(&self) -> bool {
        self.message_is_out
    }

    /// Whether bytes came after the last whole reply that nobody asked for.
    pub(super) fn has_surplus(&self) -> bool {
        !self.incoming.is_empty()
    }

    /// The lines of the newest EHLO reply, codes removed.
    pub(super) fn hello_lines(&self) -> impl Iterator<Item = &str> {
        let transcript = &self.submission.transcript;
        let start = transcript.rfind("C: EHLO").unwrap_or(transcript.len());
        transcript[start..].lines().filter_map(|l| l.strip_prefix("S: ")?.get(4..))
    }

    /// Bytes that were written.
    pub(super) fn wrote(&mut self, bytes: &[u8]) {
        self.asked = Instant::now();
        if let Some(message) = &mut self.message {
            message.bytes += bytes.len();
            message.end.extend_from_slice(&bytes[bytes.len().saturating_sub(5)..]);
            message.end.drain(..message.end.len().saturating_sub(5));
            self.message_is_out = message.end == b"\r\n.\r\n";
            return;
        }
        self.line.extend_from_slice(bytes);
        while let Some(end) = memchr::memmem::find(&self.line, b"\r\n") {
            let line: Vec<u8> = self.line.drain(..end + 2).take(end).collect();
            self.command(&String::from_utf8_lossy(&line));
        }
    }

    fn command(&mut self, line: &str) {
        if self.logging_in {
            self.tell("C: [REDACTED]");
            return;
        }
        let mut words = line.splitn(3, ' ');
        if self.waiting && line == "QUIT" {
            // lettre gives up on a reply that it cannot read; what was waited for stays in mind.
            self.tell("C: QUIT");
            return;
        }
        self.waiting = true;
        self.recipient = None;
        self.stage = match words.next().unwrap_or_default() {
            "EHLO" => Stage::Ehlo,
            "STARTTLS" => Stage::Starttls,
            "AUTH" => Stage::Auth,
            "MAIL" => Stage::Mail,
            "RCPT" => Stage::Rcpt,
            "DATA" => Stage::Data,
            _ => Stage::Quit,
        };
        if self.stage == Stage::Auth {
            self.logging_in = true;
            let mechanism = words.next().unwrap_or_default();
            let blob = if words.next().is_some() { " [REDACTED]" } else { "" };
            self.tell(&format!("C: AUTH {mechanism}{blob}"));
            return;
        }
        if self.stage == Stage::Rcpt {
            self.recipient = line.split_once('<').and_then(|(_, r)| r.rsplit_once('>')).map(|(r, _)| r.to_owned());
        }
        self.tell(&format!("C: {line}"));
    }

    /// Bytes that came.
    ///
    /// # Errors
    /// When a reply is longer than any reply can be.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.tell_message();
        self.incoming.extend_from_slice(bytes);
        while let Some(end) = memchr::memchr(b'\n', &self.incoming[self.read_to..]) {
            let line = self.incoming[self.read_to..=self.read_to + end].to_vec();
            self.read_to += line.len();
            self.tell(&format!("S: {}", String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n'])));
            if line.get(3) != Some(&b'-') {
                self.replied();
            }
        }
        if self.incoming.len() > LONGEST_REPLY {
            return Err(format!("the reply is longer than {LONGEST_REPLY} bytes"));
        }
        Ok(())
    }

    fn replied(&mut self) {
        let whole: Vec<u8> = self.incoming.drain(..self.read_to).collect();
        self.read_to = 0;
        let digits = whole.len() > 3 && whole[..3].iter().all(u8::is_ascii_digit);
        let Some(reply) = Reply::parse(&String::from_utf8_lossy(&whole)).filter(|_| digits) else { return };
        let now = Instant::now();
        self.logging_in = self.logging_in && reply.code == 334;
        self.waiting = false;
        let goes_on = self.stage == Stage::Data && reply.code == 354;
        self.submission.replies.push(StageReply {
            stage: self.stage,
            recipient: self.recipient.clone(),
            reply,
            at: now - self.start,
            took: now - self.asked,
        });
        if goes_on {
            self.stage = Stage::Message;
            self.message = Some(Content::default());
            self.waiting = true;
        }
    }

    fn tell_message(&mut self) {
        if let Some(message) = self.message.as_mut().filter(|m| !m.told && m.bytes > 0) {
            message.told = true;
            // What was written ends in `.` and CRLF.
            let lines = format!("C: [{} bytes of message]\nC: .", message.bytes.saturating_sub(3));
            self.tell(&lines);
        }
    }

    /// The whole message is written and answered.
    pub(super) fn message_ended(&mut self) {
        self.tell_message();
        self.message = None;
    }

    /// TLS stands.
    pub(super) fn secured(&mut self, version: Option<String>) {
        self.tell(&format!("-- {}", version.as_deref().unwrap_or("TLS")));
        self.submission.tls = version;
    }

    fn tell(&mut self, line: &str) {
        self.submission.transcript.push_str(line);
        self.submission.transcript.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages(record: &Record) -> Vec<(Stage, u16)> {
        record.submission().replies.iter().map(|r| (r.stage, r.reply.code)).collect()
    }

    #[test]
    fn replies_come_whole_however_they_are_cut() {
        let mut record = Record::new();
        for byte in b"220-mx.example\r\n220 hello\r\n" {
            record.read(&[*byte]).unwrap();
        }
        record.wrote(b"EHLO probe.example\r\n");
        record.read(b"250-mx.example\r\n250-SIZE 100\r\n250 DSN\r\n").unwrap();
        record.wrote(b"RCPT TO:<a@b.example> NOTIFY=FAILURE\r\n");
        record.read(b"550 5.1.1 no\r\n").unwrap();
        assert_eq!(stages(&record), [(Stage::Connect, 220), (Stage::Ehlo, 250), (Stage::Rcpt, 550)]);
        assert_eq!(record.submission().replies[2].recipient.as_deref(), Some("a@b.example"));
        assert!(!record.has_surplus());
        record.read(b"250 un").unwrap();
        assert!(record.has_surplus());
    }

    #[test]
    fn logins_and_messages_do_not_show() {
        let mut record = Record::new();
        record.wrote(b"AUTH PLAIN AHNlY3JldA==\r\n");
        record.read(b"334 \r\n").unwrap();
        record.wrote(b"c2VjcmV0\r\n");
        record.read(b"235 ok\r\n").unwrap();
        record.wrote(b"DATA\r\n");
        record.read(b"354 go\r\n").unwrap();
        record.wrote(b"A: 1\r\n\r\nMAIL FROM:<x>");
        record.wrote(b"\r\n.\r\n");
        record.read(b"250 ok\r\n").unwrap();
        record.message_ended();
        record.wrote(b"QUIT\r\n");
        let want = "C: AUTH PLAIN [REDACTED]\nS: 334 \nC: [REDACTED]\nS: 235 ok\nC: DATA\nS: 354 go\n\
            C: [23 bytes of message]\nC: .\nS: 250 ok\nC: QUIT\n";
        assert_eq!(record.submission().transcript, want);
        assert_eq!(stages(&record)[2..], [(Stage::Data, 354), (Stage::Message, 250)]);
    }

    #[test]
    fn endless_and_odd_replies_are_no_replies() {
        let mut record = Record::new();
        record.read(b"HTTP/1.1 400 Bad Request\r\n\r\n\xff\xfe\r\n").unwrap();
        assert!(record.submission().replies.is_empty());
        let chunk = [b'2'; 10_000];
        let mut fed = 0;
        while record.read(&chunk).is_ok() {
            fed += 1;
        }
        assert_eq!(fed, 10);
    }
}
