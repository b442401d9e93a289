//! What is too long to be in memory at once, masked and searched in parts.

use super::Redactor;
use std::{
    io::{self, Read, Write},
    ops::Range,
};

/// So many bytes are looked at in one piece.
const PIECE: usize = 1 << 20;
/// No secret is longer, with all line breaks that divide it.
const LONGEST: usize = 64 << 10;

/// Writes on, masked, what it is given. What it holds back is written by [`Masked::finish`].
pub struct Masked<W> {
    out: W,
    redactor: Redactor,
    held: Vec<u8>,
}

impl<W: Write> Masked<W> {
    /// Writes to `out` what `redactor` lets through.
    pub fn new(out: W, redactor: Redactor) -> Self {
        Self { out, redactor, held: Vec::new() }
    }

    /// Writes the rest.
    ///
    /// # Errors
    /// Those of the writer behind it.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.write_all(&self.redactor.bytes(&self.held))?;
        self.out.flush()
    }
}

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= PIECE + LONGEST {
            let (masked, end) = self.redactor.beginning(&self.held);
            self.out.write_all(&masked)?;
            self.held.drain(..end);
        }
        Ok(bytes.len())
    }

    /// What may be the beginning of a secret stays.
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Redactor {
    /// The lines, masked, of which it does not matter what follows, and where they end.
    fn beginning(&self, bytes: &[u8]) -> (Vec<u8>, usize) {
        let settled = bytes.get(..bytes.len().saturating_sub(LONGEST)).unwrap_or_default();
        let mut end = memchr::memrchr(b'\n', settled).map_or(0, |at| at + 1);
        let mut found: Vec<Range<usize>> = self.find(bytes);
        while let Some(last) = found.pop_if(|last| last.end > end) {
            end = end.min(last.start);
        }
        (self.mask(bytes.get(..end).unwrap_or_default(), &found), end)
    }

    /// Whether any spelling of any secret stands in what this reads.
    ///
    /// # Errors
    /// Those of the reader.
    pub fn leaks_in(&self, mut from: impl Read) -> io::Result<bool> {
        let mut held = Vec::new();
        loop {
            let read = from.by_ref().take(PIECE as u64).read_to_end(&mut held)?;
            if self.leaks(&held) {
                return Ok(true);
            }
            if read < PIECE {
                return Ok(false);
            }
            held.drain(..held.len().saturating_sub(LONGEST));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{Secret, redact::MASK};

    fn redactor() -> Redactor {
        let redactor = Redactor::new();
        redactor.learn("me", &Secret::new("hunter2secret"));
        redactor
    }

    /// What comes out of a long text in writes of this size.
    fn masked(text: &str, size: usize) -> String {
        let mut out = Vec::new();
        let mut masked = Masked::new(&mut out, redactor());
        text.as_bytes().chunks(size).for_each(|part| masked.write_all(part).unwrap());
        masked.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn parts_are_masked_as_the_whole_is() {
        let lines: String = (0..40_000)
            .map(|n| match n % 7 {
                0 => format!("line {n} has hunter2secret in it\n"),
                1 => "one that hunter2\r\nsecret is divided by\n".to_owned(),
                2 => "cut after hunter2s…\n".to_owned(),
                3 => "cut before …ter2secret\n".to_owned(),
                _ => format!("line {n} has none of it: é\n"),
            })
            .collect();
        assert!(lines.len() > PIECE + LONGEST);
        for (text, size) in [(lines.replace('\n', " "), 999), ("x".repeat(PIECE) + &lines, PIECE)] {
            assert!(masked(&text, size) == redactor().text(&text), "in writes of {size}");
        }
        assert_eq!((masked("", 1), masked("hunter2secret", 1)), (String::new(), MASK.to_owned()));
    }

    #[test]
    fn what_is_read_in_parts_leaks_where_the_whole_does() {
        for before in [0, 1, PIECE - 5, PIECE, PIECE + LONGEST, 2 * PIECE + 7] {
            let text = "x".repeat(before) + "hunter2\r\nsecret";
            assert!(redactor().leaks_in(text.as_bytes()).unwrap(), "{before}");
            assert!(!redactor().leaks_in(&text.as_bytes()[..before + 8]).unwrap(), "{before}");
        }
        assert!(!Redactor::off().leaks_in(&b"hunter2secret"[..]).unwrap());
    }
}
