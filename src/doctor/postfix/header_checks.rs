//! Tables of `header_checks(5)`: which header fields do they change or drop?

use crate::{catalogue::Cause, doctor::Report};
use regex::{Regex, RegexBuilder};
use std::fs;

/// Header fields, each as a mail has it, and what becomes of one that was changed after the seal: rspamd and most senders
/// sign the first, of the others some senders sign some.
const FIELDS: [(&str, Cause); 21] = [
    ("Subject: Hello", Cause::B06),
    ("From: a@b.example", Cause::B06),
    ("Reply-To: a@b.example", Cause::B06),
    ("To: a@b.example", Cause::B06),
    ("Cc: a@b.example", Cause::B06),
    ("Date: Tue, 24 Nov 2026 02:39:50 +0000", Cause::B06),
    ("Message-ID: <a@b.example>", Cause::B06),
    ("MIME-Version: 1.0", Cause::B06),
    ("Content-Type: text/plain", Cause::B06),
    ("Content-Transfer-Encoding: 7bit", Cause::B06),
    ("DKIM-Signature: v=1; a=rsa-sha256", Cause::C05),
    ("ARC-Seal: i=1; a=rsa-sha256", Cause::B11),
    ("ARC-Message-Signature: i=1; a=rsa-sha256", Cause::B11),
    ("ARC-Authentication-Results: i=1; mx.b.example", Cause::B11),
    ("In-Reply-To: <a@b.example>", Cause::C05),
    ("References: <a@b.example>", Cause::C05),
    ("Sender: a@b.example", Cause::C05),
    ("List-Unsubscribe: <https://b.example>", Cause::C05),
    ("X-Mailer: M", Cause::C05),
    ("X-Mailer-Info: M", Cause::C05),
    ("User-Agent: M", Cause::C05),
];

/// A table with its rules.
#[derive(Debug)]
pub(super) struct Table {
    path: String,
    pub(super) rules: Vec<Rule>,
}

/// A rule of a table.
#[derive(Debug)]
pub(super) struct Rule {
    line: usize,
    pattern: String,
    /// `None` when this language of patterns is another.
    regex: Option<Regex>,
    action: String,
    /// It drops or changes what it fits.
    pub(super) changes: bool,
}

impl Rule {
    /// Whether it fits a line; one that we cannot read fits a field that it begins with.
    pub(super) fn fits(&self, line: &str) -> bool {
        match &self.regex {
            Some(regex) => regex.is_match(line),
            None => {
                let name = line.split(':').next().unwrap_or(line);
                self.pattern.trim_start_matches('^').to_lowercase().starts_with(&name.to_lowercase())
            }
        }
    }
}

impl Table {
    /// Reads every table of a list: `pcre:/etc/postfix/smtp_header_checks, regexp:…`.
    ///
    /// # Errors
    /// When a table is of another kind or cannot be read.
    pub(super) fn read_all(list: &str) -> Result<Vec<Self>, String> {
        let names = list.split(|c: char| c.is_whitespace() || c == ',').filter(|name| !name.is_empty());
        names
            .map(|name| {
                let path = name.strip_prefix("pcre:").or_else(|| name.strip_prefix("regexp:"));
                let path = path.ok_or_else(|| format!("{name} is no table that was looked into"))?;
                let text = fs::read_to_string(path).map_err(|e| format!("{path} cannot be read: {e}"))?;
                Ok(Self { path: path.to_owned(), rules: rules(&text) })
            })
            .collect()
    }
}

/// The rules of a table in their order; conditions around them are left out, so that a rule may fit more than it does.
fn rules(text: &str) -> Vec<Rule> {
    let mut whole: Vec<(usize, String)> = Vec::new();
    for (n, line) in text.lines().enumerate() {
        match whole.last_mut() {
            _ if line.trim().is_empty() || line.trim_start().starts_with('#') => {}
            Some((_, last)) if line.starts_with([' ', '\t']) => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => whole.push((n + 1, line.trim().to_owned())),
        }
    }
    whole.iter().filter_map(|(line, text)| rule(*line, text)).collect()
}

/// `/pattern/flags action`. One that is negated fits nearly everything and is not looked at.
fn rule(line: usize, text: &str) -> Option<Rule> {
    let delimiter = text.chars().next().filter(|c| !c.is_alphanumeric() && *c != '!')?;
    let rest = &text[delimiter.len_utf8()..];
    let mut escaped = false;
    let end = rest.char_indices().find(|(_, c)| {
        let ends = *c == delimiter && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    })?;
    let (pattern, rest) = (&rest[..end.0], &rest[end.0 + delimiter.len_utf8()..]);
    let (flags, action) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let action = action.trim();
    let word = action.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    let pattern = pattern.replace(&format!("\\{delimiter}"), &delimiter.to_string());
    // In these tables the flag `i` makes case count.
    let regex = RegexBuilder::new(&pattern).case_insensitive(!flags.contains('i')).size_limit(1 << 20).build().ok();
    let changes = matches!(word.as_str(), "IGNORE" | "REPLACE" | "STRIP");
    Some(Rule { line, pattern, regex, action: action.to_owned(), changes })
}

/// Says which signed header fields these tables change.
pub(super) fn judge(tables: &[Table], check: &str, report: &mut Report) {
    let mut sound = true;
    for table in tables {
        for rule in table.rules.iter().filter(|r| r.changes) {
            let hit: Vec<_> = FIELDS.iter().filter(|(line, _)| rule.fits(line)).collect();
            let Some((_, cause)) = hit.first() else { continue };
            sound = false;
            let names: Vec<_> = hit.iter().filter_map(|(line, _)| line.split(':').next()).collect();
            let text =
                format!("{}:{} changes {} after the seal ({})", table.path, rule.line, names.join(", "), rule.action);
            let next = "take the rule out, or let it count for your own users' submission only";
            report.fail(check, *cause, text, next);
        }
    }
    if sound {
        report.ok(check, "no header field that is signed is changed after the seal");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    fn judged(text: &str) -> Vec<(Option<String>, String)> {
        let mut report = Report::default();
        judge(&[Table { path: "t".into(), rules: rules(text) }], "postfix.smtp_header_checks", &mut report);
        report
            .checks
            .into_iter()
            .filter(|c| c.status == Status::Fail)
            .map(|c| (c.code.map(|cause| cause.to_string()), c.text))
            .collect()
    }

    fn codes(text: &str) -> String {
        judged(text).into_iter().filter_map(|(code, _)| code).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn rules_that_touch_what_is_signed_are_found() {
        for (text, wanted) in [
            ("/^Subject: (.*)/ REPLACE Subject: [EXT] $1", "B06"),
            ("/^subject:/\n  IGNORE", "B06"),
            ("/^Subject:/i IGNORE", "B06"),
            ("/^subject:/i IGNORE", ""),
            ("/^\\s*X-Mailer/ IGNORE\n/^\\s*User-Agent/ IGNORE", "C05 C05"),
            ("/^ARC-/ IGNORE", "B11"),
            ("!^DKIM-Signature:! IGNORE", ""),
            ("/^Received:/ IGNORE\n/^X-Originating-IP:/ IGNORE", ""),
            ("/^Subject:/ PREPEND X-Seen: yes\n/^Subject:/ WARN", ""),
            ("# /^Subject:/ IGNORE\n\nif /^Subject:/\n/./ IGNORE\nendif", "B06"),
            ("/^Subject(?=:)/ IGNORE", "B06"),
            ("|^Message-ID: <(.*)>| REPLACE Message-ID: <x>", "B06"),
            ("no rule", ""),
            ("/unended", ""),
        ] {
            assert_eq!(codes(text), wanted, "{text}");
        }
        let (_, text) = judged("# one\n/^X-Mailer/ IGNORE").remove(0);
        assert_eq!(text, "t:2 changes X-Mailer, X-Mailer-Info after the seal (IGNORE)");
    }

    #[test]
    fn tables_that_cannot_be_read_say_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("checks");
        fs::write(&path, "/^Subject:/ IGNORE\n").unwrap();
        let both = format!("pcre:{0}, regexp:{0}", path.display());
        assert_eq!(Table::read_all(&both).unwrap().len(), 2);
        assert!(Table::read_all("hash:/x").unwrap_err().contains("no table"));
        assert!(Table::read_all("pcre:/no/such/table").unwrap_err().contains("cannot be read"));
    }
}
