//! SMTP replies (RFC 5321 §4.2) with enhanced status codes (RFC 3463).

use serde::{Deserialize, Serialize};
use std::fmt;

/// A reply. A 5xx reply is a value like any other, never an error of the tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// The enhanced status code of the first line, for example `5.7.26`.
    pub enhanced_status: Option<String>,
    /// The text, lines un-wrapped and joined by one space, codes removed.
    pub text: String,
}

impl Reply {
    /// Reads reply lines as they come off the wire or out of a DSN's `Diagnostic-Code: smtp; …`:
    /// `550-5.7.26 This mail …\r\n550 5.7.26 …`, also when the lines were joined by spaces. `None` when there is no code.
    pub fn parse(text: &str) -> Option<Self> {
        let text = without_type(text);
        let code = text.get(..3).filter(|c| is_code(c))?;
        let lines = lines(text, code)?;
        let mut reply = Self { code: code.parse().ok()?, enhanced_status: None, text: String::new() };
        let mut words = Vec::new();
        for line in &lines {
            match line.split_first() {
                Some((first, rest)) if let Some(status) = enhanced_status(first) => {
                    reply.enhanced_status.get_or_insert_with(|| status.to_owned());
                    words.extend_from_slice(rest);
                }
                _ => words.extend_from_slice(line),
            }
        }
        reply.text = words.join(" ");
        Some(reply)
    }

    /// The first 4yz or 5yz reply in a text for people, up to the end of its paragraph: at the start of a line, behind a colon, or
    /// as Exchange and IronPort write one (`smtp;550 …>`, `#550 …`, `error 550-'…'`).
    pub fn find(text: &str) -> Option<Self> {
        let mut can_start = true;
        let mut at = 0;
        for word in text.split_inclusive(char::is_whitespace) {
            let bare = word.trim_end();
            let inner = bare.rfind([';', '#', '<']).map_or(0, |mark| mark + 1);
            let from = inner + usize::from(bare[inner..].starts_with(':'));
            if (from > 0 || can_start) && bare[from..].starts_with(['4', '5']) {
                let rest = &text[at + from..];
                let paragraph = rest.split("\n\n").next().unwrap_or(rest);
                let own = if inner > 0 { paragraph.split('>').next().unwrap_or(paragraph) } else { paragraph };
                // Yahoo writes `554: …`, Zoho `:550, …`.
                let marked = own.get(3..).and_then(|rest| rest.strip_prefix([':', ',']));
                let reply =
                    marked.map_or_else(|| Self::parse(own), |rest| Self::parse(&format!("{} {rest}", &own[..3])));
                if reply.is_some() {
                    return reply;
                }
            }
            if !bare.is_empty() {
                can_start = bare.ends_with(':') || bare == "error";
            }
            can_start |= word.ends_with('\n');
            at += word.len();
        }
        None
    }

    /// 2yz and 3yz.
    pub fn is_positive(&self) -> bool {
        (200..400).contains(&self.code)
    }

    /// 4yz: try again later.
    pub fn is_transient(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// 5yz: final.
    pub fn is_permanent(&self) -> bool {
        (500..600).contains(&self.code)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(status) = &self.enhanced_status {
            write!(f, " {status}")?;
        }
        if self.text.is_empty() { Ok(()) } else { write!(f, " {}", self.text) }
    }
}

/// The text without the type of a `Diagnostic-Code` (`smtp;`).
fn without_type(text: &str) -> &str {
    let text = text.trim_ascii();
    match text.split_once(';') {
        Some((kind, rest)) if kind.trim_ascii_end().bytes().all(|b| b.is_ascii_alphabetic() || b == b'-') => {
            rest.trim_ascii()
        }
        _ => text,
    }
}

/// Three digits, the first one 2 to 5.
fn is_code(text: &str) -> bool {
    text.len() == 3 && text.starts_with(['2', '3', '4', '5']) && text.bytes().all(|b| b.is_ascii_digit())
}

/// `5.7.26`, also written `#5.7.26` and `5.7.26:`.
fn enhanced_status(word: &str) -> Option<&str> {
    let status = word.strip_prefix('#').unwrap_or(word);
    let status = status.strip_suffix(':').unwrap_or(status);
    let mut parts = status.split('.');
    let class = parts.next().is_some_and(|c| matches!(c, "2" | "4" | "5"));
    let mut numbers = 0;
    let all = parts.all(|p| {
        numbers += 1;
        (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit())
    });
    (class && all && numbers == 2).then_some(status)
}

/// The words of each line of a reply, codes removed. When every line of the text starts with the code, the lines are as
/// they came off the wire. Otherwise they were wrapped anew, as in a DSN: then the last line starts at the last `550`
/// before an enhanced status, or else at the last `550`. Each `550-…` starts a line in both.
fn lines<'a>(text: &'a str, code: &str) -> Option<Vec<Vec<&'a str>>> {
    let continues = |word: &str| word.strip_prefix(code).is_some_and(|rest| rest.starts_with('-'));
    let physical: Vec<Vec<&str>> =
        text.lines().map(|l| l.split_ascii_whitespace().collect::<Vec<_>>()).filter(|l| !l.is_empty()).collect();
    let (first, last) = (physical.first()?, physical.last()?);
    if !continues(first[0]) {
        return (first[0] == code).then(|| vec![physical.concat().split_off(1)]);
    }
    let is_wire = last[0] == code && physical.iter().all(|l| l[0] == code || continues(l[0]));
    let words = physical.concat();
    let last = if is_wire { words.len() - last.len() } else { last_line(&words, code).unwrap_or(words.len()) };
    let mut lines: Vec<Vec<&str>> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if continues(word) {
            let rest = &word[code.len() + 1..];
            lines.push(if rest.is_empty() { Vec::new() } else { vec![rest] });
        } else if at == last {
            lines.push(Vec::new());
        } else if let Some(line) = lines.last_mut() {
            line.push(word);
        }
    }
    Some(lines)
}

/// Where the last line of a reply that was wrapped anew starts.
fn last_line(words: &[&str], code: &str) -> Option<usize> {
    let bare: Vec<usize> = (1..words.len()).rev().filter(|&at| words[at] == code).collect();
    let with_status = bare.iter().find(|at| words.get(*at + 1).is_some_and(|w| enhanced_status(w).is_some()));
    with_status.or(bare.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<(u16, Option<String>, String)> {
        Reply::parse(text).map(|r| (r.code, r.enhanced_status, r.text))
    }

    fn reply(code: u16, status: &str, text: &str) -> Option<(u16, Option<String>, String)> {
        Some((code, (!status.is_empty()).then(|| status.to_owned()), text.to_owned()))
    }

    #[test]
    fn lines_off_the_wire() {
        assert_eq!(shown("250 2.1.0 OK x1 - gsmtp\r\n"), reply(250, "2.1.0", "OK x1 - gsmtp"));
        assert_eq!(
            shown("250-mx at your service\r\n250-SIZE 35882577\r\n250 SMTPUTF8\r\n"),
            reply(250, "", "mx at your service SIZE 35882577 SMTPUTF8")
        );
        assert_eq!(
            shown("421-4.7.28 Too much.\n421-4.7.28\n421 4.7.28 See 421 pages"),
            reply(421, "4.7.28", "Too much. See 421 pages")
        );
        assert_eq!(shown("354"), reply(354, "", ""));
        assert_eq!(shown("550-one\r\n550 two 550 three\r\n"), reply(550, "", "one two 550 three"));
    }

    #[test]
    fn lines_joined_and_wrapped_anew() {
        let text = "smtp; 550-5.7.26 This mail has been blocked because the sender\n    is unauthenticated. 550-5.7.26 550-5.7.26  Results:\n\
                    550-5.7.26  DKIM = did not pass 550 5.7.26 For instructions, 550 of them - gsmtp";
        assert_eq!(
            shown(text),
            reply(
                550,
                "5.7.26",
                "This mail has been blocked because the sender is unauthenticated. Results: DKIM = did not pass For instructions, 550 of them - gsmtp"
            )
        );
        assert_eq!(
            shown("550-first 550-second 550 messages 550 last"),
            reply(550, "", "first second 550 messages last")
        );
        assert_eq!(shown("550-5.7.1 [192.0.2.1] cut here 550-"), reply(550, "5.7.1", "[192.0.2.1] cut here"));
        assert_eq!(shown("smtp;554 5.4.14\tHop count"), reply(554, "5.4.14", "Hop count"));
        assert_eq!(shown("550 5.1.1 no 550-5.1.1 marks"), reply(550, "5.1.1", "no 550-5.1.1 marks"));
    }

    #[test]
    fn a_reply_is_found_where_servers_write_it() {
        let found = |text: &str| Reply::find(text).map(|r| r.to_string());
        for (text, wanted) in [
            ("Remote host said: 550-5.7.1 no\n550 5.7.1 never\n\nmore", Some("550 5.7.1 no never")),
            ("it failed.\n550 5.1.1 gone", Some("550 5.1.1 gone")),
            ("<mx.receiver.example #5.7.1 smtp;550-5.7.1 no, never>", Some("550 5.7.1 no, never")),
            (
                "mx.company.example #550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##",
                Some("550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##"),
            ),
            ("5.1.0 - Unknown address error 550-'5.1.1 no such mailbox'", Some("550 '5.1.1 no such mailbox'")),
            ("<a@b.example>:\n554: delivery error: no account", Some("554 delivery error: no account")),
            ("a@b.example Invalid Address, ERROR_CODE :550, no such mailbox", Some("550 no such mailbox")),
            ("it was tried 550 times", None),
            ("", None),
        ] {
            assert_eq!(found(text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn odd_statuses_and_none() {
        assert_eq!(shown("550 #5.1.0 rejected"), reply(550, "5.1.0", "rejected"));
        assert_eq!(shown("550 5.1.1: gone"), reply(550, "5.1.1", "gone"));
        assert_eq!(shown("550 192.0.2.1 refused"), reply(550, "", "192.0.2.1 refused"));
        assert_eq!(shown("550 5.7 x"), reply(550, "", "5.7 x"));
        for none in
            ["", "smtp;", "5501 x", "hello", "099 x", "699 x", "55", "550: x", "smtp; The server is gone", "\u{fc}50 x"]
        {
            assert_eq!(shown(none), None, "{none}");
        }
    }

    #[test]
    fn a_reply_is_shown_and_sorted() {
        let reply = Reply::parse("550-5.7.26 a\n550 5.7.26 b").unwrap();
        assert_eq!(reply.to_string(), "550 5.7.26 a b");
        assert!(reply.is_permanent() && !reply.is_transient() && !reply.is_positive());
        assert!(Reply::parse("451 4.7.1 x").unwrap().is_transient() && Reply::parse("354").unwrap().is_positive());
        assert_eq!(Reply::parse("354").unwrap().to_string(), "354");
    }
}
