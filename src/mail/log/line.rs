//! A line of a log: what stands before its text, whoever collected it (RFC 3164, RFC 5424, journald, Docker, Kubernetes, a search
//! of `grep`), and the text.

/// A line, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'l> {
    /// The program that wrote it, for example `postfix/smtp`, where that is told.
    pub program: Option<&'l str>,
    /// What it wrote.
    pub text: &'l str,
}

/// How many prefixes a line may have, one before the other.
const PREFIXES: usize = 8;

pub(super) const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl<'l> Line<'l> {
    /// Takes a line apart; one in JSON must be [`plain`](super::plain()) before.
    pub fn parse(line: &'l str) -> Self {
        let mut rest = line.trim_start();
        for from in prefixes(line) {
            if let Some(line) = rfc5424(from) {
                return line;
            }
            rest = from;
        }
        tagged(rest)
    }

    /// The name of the program without that of the instance: `smtp` of `postfix-out/smtp`.
    pub fn service(&self) -> Option<&'l str> {
        self.program.map(|program| program.rsplit_once('/').map_or(program, |(_, name)| name))
    }
}

/// A line, and what stands behind each of its prefixes.
pub(super) fn prefixes(line: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(line.trim_start()), |rest| prefix(rest)).take(PREFIXES + 1)
}

/// What stands behind one prefix.
fn prefix(rest: &str) -> Option<&str> {
    let behind = time(rest)
        .or_else(|| bracketed(rest, '<', '>', is_priority))
        .or_else(|| bracketed(rest, '[', ']', is_seconds))
        .or_else(|| collected(rest))
        .or_else(|| searched(rest))?;
    Some(behind.trim_start())
}

/// Behind a time: `Sep 21 10:00:07.123`, `2026 Sep 21 10:00:07`, `2026-09-21T10:00:07+09:00`, `2026-09-21 10:00:06`, TAI64N.
fn time(rest: &str) -> Option<&str> {
    let (word, behind) = rest.split_once(' ')?;
    if word.len() == 25 && word.starts_with('@') && word[1..].bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some(behind);
    }
    if is_date(word) {
        return if word.contains(':') { Some(behind) } else { clock(behind) };
    }
    let (month, behind) = match word.parse::<u16>() {
        Ok(1970..) => behind.split_once(' ')?,
        _ => (word, behind),
    };
    if !MONTHS.contains(&month) {
        return None;
    }
    let (day, behind) = behind.trim_start().split_once(' ')?;
    let behind = behind.trim_start();
    // `Sep 21 2026 10:00:07`
    let year = behind.split_once(' ').filter(|(year, _)| year.parse::<u16>().is_ok_and(|y| y >= 1970));
    if day.parse::<u8>().is_ok() { clock(year.map_or(behind, |(_, rest)| rest)) } else { None }
}

/// `2026-09-21`, alone or with a time behind a `T`.
fn is_date(word: &str) -> bool {
    let digits = |range: std::ops::Range<usize>| word.get(range).is_some_and(|d| d.bytes().all(|b| b.is_ascii_digit()));
    let dash = |at: usize| matches!(word.as_bytes().get(at), Some(b'-' | b'/'));
    digits(0..4)
        && dash(4)
        && digits(5..7)
        && dash(7)
        && digits(8..10)
        && matches!(word.as_bytes().get(10), None | Some(b'T'))
}

/// Behind `10:00:07`, its fraction and a zone.
fn clock(rest: &str) -> Option<&str> {
    let (word, behind) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut parts = word.trim_end_matches(',').split(':');
    let is_clock = parts.by_ref().take(2).all(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_digit()))
        && parts.next().is_some_and(|s| s.starts_with(|c: char| c.is_ascii_digit()));
    if !is_clock {
        return None;
    }
    let zone = behind.split_once(' ').filter(|(zone, _)| {
        zone.len() == 5 && zone.starts_with(['+', '-']) && zone[1..].bytes().all(|b| b.is_ascii_digit())
    });
    Some(zone.map_or(behind, |(_, rest)| rest))
}

/// Behind a word in brackets.
fn bracketed(rest: &str, open: char, close: char, fits: fn(&str) -> bool) -> Option<&str> {
    let (word, behind) = rest.strip_prefix(open)?.split_once(close)?;
    fits(word).then_some(behind)
}

/// `<22>`, or `<mail.info>` as BSD writes it.
fn is_priority(word: &str) -> bool {
    word.len() <= 16
        && (word.bytes().all(|b| b.is_ascii_digit())
            || word.split_once('.').is_some_and(|(f, s)| (f.to_owned() + s).bytes().all(|b| b.is_ascii_alphanumeric())))
        && !word.is_empty()
}

/// Seconds since the machine was started, `[  123.456789]`, or the severity that rspamd writes.
fn is_seconds(word: &str) -> bool {
    ["ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"].contains(&word)
        || (word.contains('.') && word.trim_start().bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

/// Behind what Kubernetes and Docker Compose write before a line.
fn collected(rest: &str) -> Option<&str> {
    for stream in ["stdout", "stderr"] {
        if let Some(behind) =
            rest.strip_prefix(stream).and_then(|r| r.strip_prefix(" F ").or_else(|| r.strip_prefix(" P ")))
        {
            return Some(behind);
        }
    }
    let (name, behind) = rest.split_once("| ")?;
    let name = name.trim_end();
    (!name.is_empty() && name.len() < 64 && name.bytes().all(is_name)).then_some(behind)
}

/// Behind the file and the number that `grep` writes before a line.
fn searched(rest: &str) -> Option<&str> {
    let (place, behind) = rest.split_once(':')?;
    let is_place = !place.is_empty() && place.bytes().all(|b| is_name(b) || b == b'/');
    let starts = || time(behind).is_some() || behind.starts_with(['{', '<', '@']) || searched_twice(behind);
    (is_place && starts()).then_some(behind)
}

fn searched_twice(rest: &str) -> bool {
    rest.split_once(':').is_some_and(|(n, behind)| n.parse::<u64>().is_ok() && time(behind).is_some())
}

fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"._-".contains(&b)
}

/// A host and a program before the text: `mx postfix/smtp[107]: `. Solaris writes `[ID 197553 mail.info] ` between.
fn tagged(rest: &str) -> Line<'_> {
    let first = rest.split_once(' ').unwrap_or((rest, ""));
    let second = first.1.split_once(' ').unwrap_or((first.1, ""));
    let found = [first, second].into_iter().find_map(|(word, behind)| Some((tag(word)?, behind)));
    let Some((program, text)) = found else { return Line { program: None, text: rest } };
    let text = text.trim_start();
    Line {
        program: Some(program),
        text: bracketed(text, '[', ']', |id| id.starts_with("ID ")).map_or(text, str::trim_start),
    }
}

/// The program of `postfix/smtp[107]:` or `rspamd:`. A queue id is none.
fn tag(word: &str) -> Option<&str> {
    let word = word.strip_suffix(':')?;
    let (name, has_process) = match word.strip_suffix(']').and_then(|w| w.split_once('[')) {
        Some((name, process)) => (name, process.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')),
        None => (word, false),
    };
    let is_program = !name.is_empty() && name.bytes().all(|b| is_name(b) || b == b'/');
    let lower = name.bytes().any(|b| b.is_ascii_lowercase()) && !super::queue_id_forms::is_queue_id(name);
    (is_program && (has_process || (lower && name.len() <= 48 && word.len() == name.len()))).then_some(name)
}

/// `<22>1 2026-09-21T10:00:07Z mx postfix/smtp 107 - - 8F4AA1F0C2: …`
fn rfc5424(rest: &str) -> Option<Line<'_>> {
    let rest = bracketed(rest, '<', '>', |p| p.len() <= 3 && p.bytes().all(|b| b.is_ascii_digit()))?;
    let mut fields = rest.strip_prefix("1 ")?.splitn(6, ' ');
    let (_, _, program) = (fields.next()?, fields.next()?, fields.next()?);
    let (_, _, mut rest) = (fields.next()?, fields.next()?, fields.next()?);
    match rest.strip_prefix('-') {
        Some(none) => rest = none,
        None => {
            while rest.starts_with('[') {
                rest = &rest[element_end(rest)?..];
            }
        }
    }
    let text = rest.trim_start().trim_start_matches('\u{feff}');
    Some(Line { program: (program != "-").then_some(program), text })
}

/// Where an element of structured data ends: `]` ends it outside of quotes.
fn element_end(element: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    element
        .bytes()
        .position(|b| {
            let ends = b == b']' && !quoted;
            quoted ^= b == b'"' && !escaped;
            escaped = b == b'\\' && !escaped;
            ends
        })
        .map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_is_taken_off() {
        let text = "8F4AA1F0C2: client=mx.sender.example[203.0.113.5]";
        for prefix in [
            "Sep  1 10:00:07 mx postfix/smtpd[105]: ",
            "Sep 21 10:00:07.123456 mx postfix/smtpd[105]: ",
            "Sep 21 2026 10:00:07 mx postfix/smtpd[105]: ",
            "2026-09-21T10:00:07.123456+09:00 mx postfix/smtpd[105]: ",
            "2026-09-21 10:00:07 +0900 mx postfix/smtpd[105]: ",
            "[  123.456789] mx postfix/smtpd[105]: ",
            "<22>Sep 21 10:00:07 mx postfix/smtpd[105]: ",
            "<22>1 2026-09-21T10:00:07.1Z mx postfix/smtpd 105 - - ",
            "<22>1 2026-09-21T10:00:07.1Z mx postfix/smtpd 105 - [a x=\"]\\\"\"][b] \u{feff}",
            "Sep 21 10:00:07 <mail.info> mx postfix/smtpd[105]: ",
            "Sep 21 10:00:07 mx postfix/smtpd[105]: [ID 197553 mail.info] ",
            "@4000000068cfb1a70b1e2c34 Sep 21 10:00:07 mx postfix/smtpd[105]: ",
            "2026-09-21T10:00:07.123456789Z Sep 21 10:00:07 mx postfix/smtpd[105]: ",
            "2026-09-21T10:00:07.1Z stdout F Sep 21 10:00:07 mx postfix/smtpd[105]: ",
            "postfix-1   | Sep 21 10:00:07 8c1f postfix/smtpd[105]: ",
            "4711:Sep 21 10:00:07 mx postfix/smtpd[105]: ",
            "mail.log.1:4711:2026-09-21T10:00:07+09:00 mx postfix/smtpd[105]: ",
            "Sep 21 10:00:07 mx postfix/smtpd: ",
            "postfix/smtpd[105]: ",
        ] {
            let line = format!("{prefix}{text}");
            assert_eq!(Line::parse(&line), Line { program: Some("postfix/smtpd"), text }, "{line}");
        }
        assert_eq!(Line::parse(text), Line { program: None, text });
        assert_eq!(Line::parse("postfix-out/smtp[1]: x").service(), Some("smtp"));
    }

    #[test]
    fn lines_without_a_program_keep_their_text() {
        for (line, text) in [
            ("2026-09-21 10:00:06 [INFO] #43(normal) <9e5813>; arc; x: y", "#43(normal) <9e5813>; arc; x: y"),
            ("2026-09-21 10:00:05 1AbCdE-000001-2X <= a@b.example", "1AbCdE-000001-2X <= a@b.example"),
            ("4Rk3Yx2Jzsz9qS1: removed", "4Rk3Yx2Jzsz9qS1: removed"),
            ("<9e5813>; arc; x: y", "<9e5813>; arc; x: y"),
            ("", ""),
            ("Sep", "Sep"),
            ("<22>", ""),
        ] {
            assert_eq!(Line::parse(line), Line { program: None, text }, "{line}");
        }
    }
}
