//! The lexical level that Authentication-Results, Received and Received-SPF share (RFC 5322 §3.2): white space, nested
//! comments, quoted strings. No recursion; the time is linear in the length of the text.
//!
//! Servers copy what strangers write (a HELO name, the local part of a reverse-path) into comments and values, seldom
//! with the escapes that the grammar asks for. A quoted string is therefore opaque in comments too, and it ends only
//! at a quote that ends a word, so that `(domain of "x) ; dmarc=pass (y"@evil.example)` is one comment.

use std::borrow::Cow;

/// How often a scan may run to the end of the text in vain before the rest of the text counts as one comment.
const MISSES_ALLOWED: u8 = 4;

/// A place in a text.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    misses: u8,
    /// From here on no quote can close another one.
    unclosed_from: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, misses: 0, unclosed_from: text.len() }
    }

    /// Where it stands, in bytes.
    pub(super) fn place(&self) -> usize {
        self.at
    }

    /// The next byte.
    pub(super) fn peek(&self) -> Option<u8> {
        self.byte(self.at)
    }

    /// Steps over `byte` when it is next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Steps over white space and comments; the comments go to `comments`.
    pub(super) fn cfws(&mut self, comments: &mut Vec<String>) {
        while let Some(byte) = self.peek() {
            match byte {
                b'(' => comments.push(collapse(self.comment())),
                _ if byte.is_ascii_whitespace() => self.at += 1,
                _ => break,
            }
        }
    }

    /// The text up to white space, a comment, a semicolon or one of `stops`, quoted strings kept whole and with their
    /// quotes. Empty when one of these is next.
    pub(super) fn word(&mut self, stops: &[u8]) -> &'a str {
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => self.at = self.quoted_end(self.at).unwrap_or(self.at + 1),
                b';' | b'(' => break,
                _ if byte.is_ascii_whitespace() || stops.contains(&byte) => break,
                _ => self.at += 1,
            }
        }
        &self.text[start..self.at]
    }

    /// As [`Cursor::word`], without the quotes when the whole word is one quoted string. A quote that opens the word
    /// and is never closed takes the rest of the text.
    pub(super) fn value(&mut self) -> String {
        if self.peek() == Some(b'"') && self.quoted_end(self.at).is_none() {
            let rest = &self.text[self.at + 1..];
            self.at = self.text.len();
            return unescape(rest);
        }
        unquote(self.word(&[]))
    }

    /// The inside of the comment that starts here.
    fn comment(&mut self) -> &'a str {
        let start = self.at + 1;
        let end = self.comment_end();
        self.at = (end + 1).min(self.text.len());
        &self.text[start..end]
    }

    /// Where the comment that starts here ends: at the parenthesis that closes it with quoted strings opaque, else
    /// with quotes as plain characters, else at the end of the text.
    fn comment_end(&mut self) -> usize {
        for opaque in [true, false] {
            if self.misses < MISSES_ALLOWED {
                if let Some(end) = self.closing_parenthesis(opaque) {
                    return end;
                }
                self.misses += 1;
            }
        }
        self.text.len()
    }

    fn closing_parenthesis(&mut self, opaque: bool) -> Option<usize> {
        let (mut at, mut depth) = (self.at, 0usize);
        while let Some(byte) = self.byte(at) {
            match byte {
                b'\\' => at += 1,
                b'(' => depth += 1,
                b')' if depth == 1 => return Some(at),
                b')' => depth -= 1,
                b'"' if opaque => at = self.quoted_end(at).map_or(at, |end| end - 1),
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// The place after the quoted string that opens at `open`; `None` when the quote there opens none.
    fn quoted_end(&mut self, open: usize) -> Option<usize> {
        let before = open.checked_sub(1).and_then(|at| self.byte(at));
        let opens = before.is_none_or(|b| b.is_ascii_whitespace() || b"()=<,:;[".contains(&b));
        if !opens || open >= self.unclosed_from {
            return None;
        }
        let mut at = open + 1;
        while let Some(byte) = self.byte(at) {
            match byte {
                b'\\' => at += 1,
                b'"' => {
                    let after = self.byte(at + 1);
                    if after.is_none_or(|b| b.is_ascii_whitespace() || b"@().,:;>]".contains(&b)) {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        self.unclosed_from = open;
        None
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }
}

/// The text of a field, with what is no UTF-8 replaced. What is UTF-8 is known sooner so than by `from_utf8_lossy`.
pub(super) fn text(raw: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(raw).map_or_else(|_| String::from_utf8_lossy(raw), Cow::Borrowed)
}

/// Runs of white space become one space; the ends are trimmed.
pub(super) fn collapse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_ascii_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// The content of a text that is one quoted string; any other text as it is.
fn unquote(text: &str) -> String {
    let inner = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    match inner {
        Some(inner) if !has_bare_quote(inner) => unescape(inner),
        _ => text.to_owned(),
    }
}

fn has_bare_quote(text: &str) -> bool {
    let mut escaped = false;
    text.bytes().any(|b| {
        let bare = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        bare
    })
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().filter(|c| !matches!(c, '\r' | '\n'));
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comments(text: &str) -> (Vec<String>, &str) {
        let (mut cursor, mut out) = (Cursor::new(text), Vec::new());
        cursor.cfws(&mut out);
        (out, &text[cursor.at..])
    }

    fn value(text: &str) -> (String, &str) {
        let mut cursor = Cursor::new(text);
        let value = cursor.value();
        (value, &text[cursor.at..])
    }

    #[test]
    fn comments_nest_and_escape() {
        assert_eq!(comments("(a (b (c)) d) x"), (vec!["a (b (c)) d".into()], "x"));
        assert_eq!(comments(r"(a \) b)x"), (vec![r"a \) b".into()], "x"));
        assert_eq!(comments("(a\r\n\t b)\t(c) x"), (vec!["a b".into(), "c".into()], "x"));
        assert_eq!(comments("(never closed; dkim=pass"), (vec!["never closed; dkim=pass".into()], ""));
        assert_eq!(comments("()"), (vec![String::new()], ""));
    }

    #[test]
    fn a_quoted_local_part_in_a_comment_hides_parentheses() {
        let hidden = r#"(domain of "x) ; dmarc=pass (y"@evil.example) z"#;
        assert_eq!(comments(hidden), (vec![r#"domain of "x) ; dmarc=pass (y"@evil.example"#.into()], "z"));
        let quoted_twice = r#"(domain of ""x) ; dmarc=pass (y"@evil.example" is) z"#;
        assert_eq!(comments(quoted_twice), (vec![r#"domain of ""x) ; dmarc=pass (y"@evil.example" is"#.into()], "z"));
        let escaped = r#"(domain of "x\" ) ; dmarc=pass (y"@evil.example) z"#;
        assert_eq!(comments(escaped).1, "z");
        let unbalanced = r#"(domain of "x("@evil.example) z"#;
        assert_eq!(comments(unbalanced).1, "z");
    }

    #[test]
    fn a_stray_quote_in_a_comment_is_a_character() {
        assert_eq!(comments(r#"(5" disk) a="b""#), (vec![r#"5" disk"#.into()], r#"a="b""#));
        assert_eq!(comments(r#"(a " b) x"#), (vec![r#"a " b"#.into()], "x"));
    }

    #[test]
    fn values_lose_their_quotes() {
        assert_eq!(value(r#""ab/cD+12"; x"#), ("ab/cD+12".into(), "; x"));
        assert_eq!(value(r#""a \"b\" c" d"#), (r#"a "b" c"#.into(), " d"));
        assert_eq!(value(r#""x; dmarc=pass"@evil.example; y"#), (r#""x; dmarc=pass"@evil.example"#.into(), "; y"));
        assert_eq!(value(r#"<"x; dmarc=pass"@evil.example> y"#), (r#"<"x; dmarc=pass"@evil.example>"#.into(), " y"));
        assert_eq!(value(r#""open; dmarc=pass"#), ("open; dmarc=pass".into(), ""));
        assert_eq!(value("SRS0=a=b@c(d)"), ("SRS0=a=b@c".into(), "(d)"));
        assert_eq!(value(r#""""#), (String::new(), ""));
    }
}
