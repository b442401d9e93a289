//! Text from elsewhere as it may be shown: no character of it steers the terminal, the editor or the program that reads it.

use std::{borrow::Cow, fmt::Write};

/// Whether a character steers what shows it: C0 and C1 controls, DEL, separators of lines and paragraphs, bidi controls
/// (UAX #9), and the two noncharacters that XML forbids.
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// A text on one line: line breaks and tabs become spaces, other characters that [steer](steers) become `␛` and the like or
/// U+FFFD, one for one.
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            '\u{7f}' => '\u{2421}',
            c if u32::from(c) < 0x20 => char::from_u32(0x2400 + u32::from(c)).unwrap_or(' '),
            c if steers(c) => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// A text of many lines: line feeds and tabs stay, CRLF becomes a line feed, other characters that [steer](steers) are written
/// as JSON escapes them (`\u001b`), so that a JSON text says the same as before.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |_| None)
}

/// [`lines`] of a text with colours: those that set or end one (SGR, `ESC [ 1 m`) stay, too.
pub fn coloured(text: &str) -> Cow<'_, str> {
    escaped(text, |rest| {
        let parameters = rest.strip_prefix("\u{1b}[")?;
        let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
        parameters[end..].starts_with('m').then_some("\u{1b}[".len() + end + 1)
    })
}

/// Whether it steers more than the end of a line and a tab do.
fn steers_line(c: char) -> bool {
    steers(c) && !matches!(c, '\n' | '\t')
}

/// The text with what steers escaped, but for what `kept` takes off the front of a rest: so many bytes.
fn escaped(text: &str, kept: impl Fn(&str) -> Option<usize>) -> Cow<'_, str> {
    // Nearly every text is of such characters alone, and a JSON text is long.
    let is_harmless = text.bytes().fold(true, |so_far, b| so_far & matches!(b, b' '..=b'~' | b'\n' | b'\t'));
    if is_harmless || !text.contains(steers_line) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(at) = rest.find(steers_line) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let taken = kept(from).unwrap_or(0);
        if taken > 0 {
            out.push_str(&from[..taken]);
            rest = &from[taken..];
            continue;
        }
        let mut chars = from.chars();
        match chars.next() {
            None => {}
            Some('\r') if chars.as_str().starts_with('\n') => {}
            // A `String` can always be written to.
            Some(c) => drop(write!(out, "\\u{:04x}", u32::from(c))),
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_has_no_escape_sequence() {
        assert_eq!(
            plain("a\x1b[31m\r\nb\u{9b}\u{202e}\u{200f}\u{7f}"),
            "a\u{241b}[31m  b\u{fffd}\u{fffd}\u{fffd}\u{2421}"
        );
    }

    #[test]
    fn lines_stay_lines_and_the_rest_is_escaped() {
        assert!(matches!(lines("a\n\tbé"), Cow::Borrowed(_)));
        assert_eq!(lines("a\r\nb\rc\x1b[1m\u{9b}\u{2066}"), "a\nb\\u000dc\\u001b[1m\\u009b\\u2066");
    }

    #[test]
    fn only_colours_stay_in_a_coloured_text() {
        let own = "\x1b[1mbold\x1b[0m \x1b[38;5;1mred\x1b[m";
        assert_eq!(coloured(own), own);
        assert_eq!(
            coloured("\x1b[1mx\x1b[2J\x1b]0;t\x07\x1b[31\x1b"),
            "\x1b[1mx\\u001b[2J\\u001b]0;t\\u0007\\u001b[31\\u001b"
        );
    }

    proptest! {
        #[test]
        fn json_says_the_same(text in "\\PC{0,20}[\u{7f}-\u{a0}\u{200e}\u{2028}-\u{202e}\u{2066}\n\t\\\\\"]{0,10}\\PC{0,20}") {
            let json = serde_json::to_string(&text).unwrap();
            let shown = lines(&json);
            prop_assert!(!shown.contains(|c| steers(c) && c != '\n' && c != '\t'));
            prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        }
    }
}
