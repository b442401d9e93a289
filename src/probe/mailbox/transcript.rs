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
    lines: VecDeque<(Instant, String)>,
    bytes: usize,
    dropped: usize,
}

impl Transcript {
    /// Empty; time starts now.
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), lines: Mutex::default() }
    }

    fn add(&self, connection: &str, text: &str) {
        let now = Instant::now();
        let seconds = now.saturating_duration_since(self.start).as_secs_f64();
        let line = format!("{seconds:8.3} {connection} {text}\n");
        let mut kept = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += line.len();
        kept.lines.push_back((now, line));
        while kept.bytes > KEPT
            && let Some((_, oldest)) = kept.lines.pop_front()
        {
            kept.bytes -= oldest.len();
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
        text.extend(kept.lines.iter().map(|(_, line)| line.as_str()));
        text
    }

    /// The lines since then by which the server ended a session; we never log out.
    pub(super) fn goodbyes(&self, since: Instant) -> Vec<String> {
        let kept = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = kept.lines.iter().filter(|(at, _)| *at >= since).map(|(_, line)| line.trim_end());
        recent.filter(|line| line.contains(" S: * BYE")).map(str::to_owned).collect()
    }
}

/// One connection's bytes becoming lines.
#[derive(Debug)]
pub(super) struct Log {
    connection: String,
    transcript: Arc<Transcript>,
    sent: Vec<u8>,
    received: Vec<u8>,
    literal: usize,
    logging_in: bool,
    last: String,
}

impl Log {
    /// A log of one connection, under a name.
    pub(super) fn new(connection: &str, transcript: Arc<Transcript>) -> Self {
        Self {
            connection: connection.to_owned(),
            transcript,
            sent: Vec::new(),
            received: Vec::new(),
            literal: 0,
            logging_in: false,
            last: String::new(),
        }
    }

    /// The last line that came, for error texts.
    pub(super) fn last_line(&self) -> &str {
        &self.last
    }

    /// Bytes that were sent; the lines that they complete are returned.
    pub(super) fn sent(&mut self, bytes: &[u8]) -> Vec<String> {
        self.sent.extend_from_slice(bytes);
        let mut lines = Vec::new();
        while let Some(end) = memchr::memchr(b'\n', &self.sent) {
            let line: Vec<u8> = self.sent.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let shown = format!("C: {}", self.masked(&line));
            self.transcript.add(&self.connection, &shown);
            lines.push(line);
        }
        lines
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

    /// Bytes that came.
    pub(super) fn received(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.literal > 0 {
                let skip = self.literal.min(bytes.len());
                self.literal -= skip;
                bytes = &bytes[skip..];
                continue;
            }
            let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |n| n + 1);
            let (line, rest) = bytes.split_at(end);
            bytes = rest;
            if self.received.len() <= 4 * LONGEST_LINE {
                self.received.extend_from_slice(line);
            }
            if line.ends_with(b"\n") {
                self.line(line);
            }
        }
    }

    fn line(&mut self, end: &[u8]) {
        let whole = std::mem::take(&mut self.received);
        let text = String::from_utf8_lossy(&whole);
        let text = redact::cut(text.trim_end(), LONGEST_LINE).into_owned();
        if !text.starts_with(['*', '+']) {
            self.logging_in = false;
        }
        self.literal = literal(end).or_else(|| literal(&whole)).unwrap_or(0);
        let note = if self.literal > 0 { " (content)" } else { "" };
        self.transcript.add(&self.connection, &format!("S: {text}{note}"));
        self.last = text;
    }
}

/// The size of the literal that a line announces: `{123}` at its end.
fn literal(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"\r\n")?.strip_suffix(b"}")?;
    let open = memchr::memrchr(b'{', line)?;
    std::str::from_utf8(&line[open + 1..]).ok()?.parse().ok()
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
        assert_eq!(log.sent(b"a1 LOGIN \"u\" \"hunter2\"\r\n"), ["a1 LOGIN \"u\" \"hunter2\""]);
        log.received(b"a1 NO no\r\n");
        log.sent(b"a2 authenticate XOAUTH2 c2VjcmV0\r\n");
        log.received(b"+ eyJ9\r\n");
        log.sent(b"c2VjcmV0\r\n");
        log.received(b"a2 OK in\r\n");
        log.sent(b"a3 NOOP\r\n");
        log.received(b"* 1 FETCH (BODY[] {12}\r\nsecret\r\nbody");
        log.received(b" UID 7)\r\na3 OK done\r\n");
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
        for _ in 0..100 {
            log.received(&[b'x'; 10_000]);
        }
        log.received(b"\r\n");
        assert!(transcript.text().len() < 1100);
        for _ in 0..20_000 {
            log.received(b"* OK 0123456789012345678901234567890123456789012345678901234567890123456789\r\n");
        }
        let text = transcript.text();
        assert!(text.len() < KEPT + 100 && text.starts_with('('), "{}", text.len());
    }
}
