//! The protocol lines of an account's connections; logins are masked by their structure, contents shown as byte counts.

use crate::core::redact;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

/// How much is kept, in bytes; the oldest lines go first.
const KEPT: usize = 1 << 20;

/// How much of a line is kept, in bytes.
const LONGEST_LINE: usize = 1000;

/// The lines of every connection of one account, in order of time.
#[derive(Debug)]
pub(super) struct Transcript {
    start: Instant,
    lines: Mutex<Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    lines: VecDeque<Line>,
    bytes: usize,
    dropped: usize,
}

#[derive(Debug)]
struct Line {
    at: Instant,
    text: String,
    /// The server ends the session.
    is_bye: bool,
}

impl Transcript {
    /// Empty; time starts now.
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), lines: Mutex::default() }
    }

    fn add(&self, connection: &str, text: &str, is_bye: bool) {
        let at = Instant::now();
        let seconds = at.saturating_duration_since(self.start).as_secs_f64();
        let text = format!("{seconds:8.3} {connection} {text}\n");
        let mut kept = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += text.len();
        kept.lines.push_back(Line { at, text, is_bye });
        while kept.bytes > KEPT
            && let Some(oldest) = kept.lines.pop_front()
        {
            kept.bytes -= oldest.text.len();
            kept.dropped += 1;
        }
    }

    /// Everything that is kept.
    pub(super) fn text(&self) -> String {
        let kept = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = match kept.dropped {
            0 => String::new(),
            n => format!("({n} earlier lines were dropped)\n"),
        };
        text.extend(kept.lines.iter().map(|line| line.text.as_str()));
        text
    }

    /// The lines since then by which the server ended a session; we never log out.
    pub(super) fn bye_lines(&self, since: Instant) -> Vec<String> {
        let kept = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let bye = kept.lines.iter().filter(|line| line.is_bye && line.at >= since);
        bye.map(|line| line.text.trim_end().to_owned()).collect()
    }
}

/// The lines of one connection.
#[derive(Debug)]
pub(super) struct Log {
    connection: String,
    transcript: Arc<Transcript>,
    logging_in: bool,
    last: String,
}

impl Log {
    /// A log of one connection, under a name.
    pub(super) fn new(connection: &str, transcript: Arc<Transcript>) -> Self {
        Self { connection: connection.to_owned(), transcript, logging_in: false, last: String::new() }
    }

    /// The last line that came, for error texts.
    pub(super) fn last_line(&self) -> &str {
        &self.last
    }

    /// A line that was sent, without its end.
    pub(super) fn sent(&mut self, line: &str) {
        let shown = format!("C: {}", self.masked(line));
        self.transcript.add(&self.connection, &shown, false);
    }

    fn masked(&mut self, line: &str) -> String {
        if self.logging_in {
            return "[REDACTED]".to_owned();
        }
        let mut words = line.splitn(4, ' ');
        let (tag, verb) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match verb.to_ascii_uppercase().as_str() {
            "LOGIN" => {
                self.logging_in = true;
                format!("{tag} LOGIN [REDACTED]")
            }
            "AUTHENTICATE" => {
                self.logging_in = true;
                format!("{tag} AUTHENTICATE {}", words.next().unwrap_or_default())
            }
            _ => redact::cut(line, LONGEST_LINE).into_owned(),
        }
    }

    /// A line that came, and the octets of the literal that follows it.
    pub(super) fn received(&mut self, line: &[u8], literal: Option<usize>) {
        let text = String::from_utf8_lossy(&line[..line.len().min(4 * LONGEST_LINE)]);
        let text = redact::cut(text.trim_end(), LONGEST_LINE).into_owned();
        if !text.starts_with(['*', '+']) {
            self.logging_in = false;
        }
        let note = if literal.is_some_and(|octets| octets > 0) { " (content)" } else { "" };
        self.transcript.add(&self.connection, &format!("S: {text}{note}"), text.starts_with("* BYE"));
        self.last = text;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(transcript: &Transcript) -> Vec<String> {
        transcript.text().lines().map(|l| l[9..].to_owned()).collect()
    }

    #[test]
    fn logins_are_masked_and_contents_counted() {
        let transcript = Arc::new(Transcript::new());
        let mut log = Log::new("inbox", Arc::clone(&transcript));
        log.sent("a1 LOGIN \"u\" \"hunter2\"");
        log.received(b"a1 NO no\r\n", None);
        log.sent("a2 authenticate XOAUTH2 c2VjcmV0");
        log.received(b"+ eyJ9\r\n", None);
        log.sent("c2VjcmV0");
        log.received(b"a2 OK in\r\n", None);
        log.sent("a3 NOOP");
        log.received(b"* 1 FETCH (BODY[] {12}\r\n", Some(12));
        log.received(b" UID 7)\r\n", None);
        log.received(b"a3 OK done\r\n", None);
        let want = [
            "inbox C: a1 LOGIN [REDACTED]",
            "inbox S: a1 NO no",
            "inbox C: a2 AUTHENTICATE XOAUTH2",
            "inbox S: + eyJ9",
            "inbox C: [REDACTED]",
            "inbox S: a2 OK in",
            "inbox C: a3 NOOP",
            "inbox S: * 1 FETCH (BODY[] {12} (content)",
            "inbox S:  UID 7)",
            "inbox S: a3 OK done",
        ];
        assert_eq!(lines(&transcript), want);
    }

    #[test]
    fn long_lines_and_long_runs_are_cut() {
        let transcript = Arc::new(Transcript::new());
        let mut log = Log::new("inbox", Arc::clone(&transcript));
        log.received(&[b'x'; 1_000_000], None);
        assert!(transcript.text().len() < 1100);
        for _ in 0..20_000 {
            log.received(b"* OK 0123456789012345678901234567890123456789012345678901234567890123456789\r\n", None);
        }
        let text = transcript.text();
        assert!(text.len() < KEPT + 100 && text.starts_with('('), "{}", text.len());
    }
}
