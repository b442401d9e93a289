//! Reads master files (RFC 1035 §5.1).

use super::zone::{TxtAnswer, ZoneError, ZoneFile};

/// One word or quoted string of an entry.
struct Token {
    text: Vec<u8>,
    quoted: bool,
    /// A part of it was escaped, so that `$` and `@` mean themselves.
    escaped: bool,
    /// A `;` follows without a space: usually a value that should have been quoted.
    cut_by_comment: bool,
}

/// One entry: a line, or several that parentheses join.
struct Entry {
    line: u32,
    /// The line starts with white space: the entry belongs to the name before it.
    continues: bool,
    tokens: Vec<Token>,
}

impl ZoneFile {
    /// Reads what [`ZoneFile::to_text`] writes, and ordinary master files: comments, `$ORIGIN`, `$TTL`, parentheses,
    /// quotes and escapes. TXT and CNAME records count, others only say that their name exists. Without an `$ORIGIN`
    /// a name without its final dot is taken as complete.
    ///
    /// # Errors
    /// With the line that cannot be read.
    pub fn parse(text: &str) -> Result<Self, ZoneError> {
        parse(text, None)
    }

    /// Reads a master file of a domain as [`ZoneFile::parse`] does, but without an `$ORIGIN` a name without its final dot is
    /// below the domain, unless it ends in it: what `rspamadm dkim_keygen` prints names `selector._domainkey` alone.
    ///
    /// # Errors
    /// With the line that cannot be read.
    pub(crate) fn parse_of(text: &str, domain: &str) -> Result<Self, ZoneError> {
        parse(text, Some(domain))
    }
}

fn parse(text: &str, domain: Option<&str>) -> Result<ZoneFile, ZoneError> {
    let mut reader = Reader { zone: ZoneFile::default(), origin: None, domain, ttl: 3600, owner: None };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for remark in text.lines().filter_map(|l| l.strip_prefix(';')) {
        reader.remark(remark);
    }
    for entry in entries(text)? {
        let line = entry.line;
        reader.entry(entry).map_err(|message| ZoneError { line, message })?;
    }
    reader.zone.sort();
    Ok(reader.zone)
}

/// Splits a text into entries, comments removed.
fn entries(text: &str) -> Result<Vec<Entry>, ZoneError> {
    let mut entries = Vec::new();
    let mut open: Option<Entry> = None;
    let mut parentheses: Option<u32> = None;
    for (line, text) in (1u32..).zip(text.lines()) {
        let mut entry =
            open.take().unwrap_or_else(|| Entry { line, continues: text.starts_with([' ', '\t']), tokens: Vec::new() });
        let error = |message: &str| ZoneError { line, message: message.to_owned() };
        let mut rest = text.as_bytes();
        while let Some((&first, tail)) = rest.split_first() {
            match first {
                b' ' | b'\t' | b'\r' => rest = tail,
                b';' => break,
                b'(' if parentheses.is_some() => return Err(error("a `(` inside of parentheses: close the first one")),
                b'(' => (parentheses, rest) = (Some(line), tail),
                b')' if parentheses.is_none() => return Err(error("a `)` without its `(`")),
                b')' => (parentheses, rest) = (None, tail),
                b'"' => {
                    let (text, after) = take(tail, |b| b == b'"').map_err(error)?;
                    rest = after.strip_prefix(b"\"").ok_or_else(|| error("a quote is not closed on its line"))?;
                    entry.tokens.push(Token { text, quoted: true, escaped: false, cut_by_comment: false });
                }
                _ => {
                    let (text, after) = take(rest, |b| b" \t\r;()\"".contains(&b)).map_err(error)?;
                    let escaped = rest[..rest.len() - after.len()].contains(&b'\\');
                    rest = after;
                    let cut_by_comment = rest.starts_with(b";");
                    entry.tokens.push(Token { text, quoted: false, escaped, cut_by_comment });
                }
            }
        }
        if parentheses.is_some() {
            open = Some(entry);
        } else if !entry.tokens.is_empty() {
            entries.push(entry);
        }
    }
    match parentheses {
        Some(line) => Err(ZoneError { line, message: "a `(` is never closed".to_owned() }),
        None => Ok(entries),
    }
}

/// Takes bytes up to one that ends the token, escapes (`\"`, `\034`) resolved.
fn take(mut rest: &[u8], ends: impl Fn(u8) -> bool) -> Result<(Vec<u8>, &[u8]), &'static str> {
    let mut text = Vec::new();
    while let Some((&first, tail)) = rest.split_first() {
        if ends(first) {
            break;
        }
        rest = tail;
        if first != b'\\' {
            text.push(first);
            continue;
        }
        match tail {
            [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', after @ ..] => {
                let number = [a, b, c].iter().fold(0u16, |n, d| n * 10 + u16::from(**d - b'0'));
                text.push(u8::try_from(number).map_err(|_| "an escape like \\034 goes up to \\255")?);
                rest = after;
            }
            [b'0'..=b'9', ..] => return Err("an escape with digits has three of them, like \\034"),
            [other, after @ ..] => {
                text.push(*other);
                rest = after;
            }
            [] => return Err("the line ends after a `\\`"),
        }
    }
    Ok((text, rest))
}

/// Seconds, also with units: `3600`, `1h30m`.
fn seconds(token: &[u8]) -> Option<u32> {
    let (mut total, mut number) = (0u32, None::<u32>);
    for &byte in token {
        match byte.to_ascii_lowercase() {
            digit @ b'0'..=b'9' => {
                number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(u32::from(digit - b'0'))?);
            }
            unit => {
                let factor = match unit {
                    b's' => 1,
                    b'm' => 60,
                    b'h' => 3600,
                    b'd' => 86_400,
                    b'w' => 604_800,
                    _ => return None,
                };
                total = total.checked_add(number.take()?.checked_mul(factor)?)?;
            }
        }
    }
    match (number, token.first()) {
        (Some(rest), _) => total.checked_add(rest),
        (None, Some(first)) if first.is_ascii_digit() => Some(total),
        (None, _) => None,
    }
}

struct Reader<'d> {
    zone: ZoneFile,
    origin: Option<String>,
    /// What stands for the origin where none is written.
    domain: Option<&'d str>,
    ttl: u32,
    owner: Option<String>,
}

impl Reader<'_> {
    /// A comment like ` NXDOMAIN name. TXT` is an answer; any other is a comment.
    fn remark(&mut self, comment: &str) {
        let mut words = comment.split_ascii_whitespace();
        if let (Some(word), Some(name), Some("TXT"), None) = (words.next(), words.next(), words.next(), words.next())
            && let Some(answer) = TxtAnswer::from_word(word)
            && let Ok((name, [])) = take(name.as_bytes(), |_| false)
            && let Ok(name) = std::str::from_utf8(&name)
            && name.ends_with('.')
        {
            self.zone.insert(name, answer);
        }
    }

    fn entry(&mut self, entry: Entry) -> Result<(), String> {
        let mut tokens = entry.tokens.into_iter().peekable();
        let mut owner = self.owner.clone();
        if !entry.continues {
            let Some(first) = tokens.next() else { return Ok(()) };
            match first.text.to_ascii_uppercase().as_slice() {
                _ if first.quoted || first.escaped => owner = Some(self.name(&first)?),
                b"$ORIGIN" => {
                    let name = tokens.next().ok_or("`$ORIGIN` needs a name")?;
                    self.origin = Some(self.name(&name)?);
                    return Ok(());
                }
                b"$TTL" => {
                    self.ttl =
                        tokens.next().and_then(|t| seconds(&t.text)).ok_or("`$TTL` needs a number of seconds")?;
                    return Ok(());
                }
                [b'$', ..] => {
                    let directive = String::from_utf8_lossy(&first.text).into_owned();
                    return Err(format!("`{directive}` cannot be used here: write the records into this file"));
                }
                _ => owner = Some(self.name(&first)?),
            }
        }
        let owner = owner.ok_or("the line starts with white space, and no name comes before it")?;
        self.owner = Some(owner.clone());
        let mut ttl = self.ttl;
        let kind = loop {
            let token = tokens.next().ok_or("a record is `name TTL IN TXT \"text\"`; its type is missing")?;
            let word = token.text.to_ascii_uppercase();
            match word.as_slice() {
                b"IN" => {}
                b"CH" | b"HS" | b"CS" => return Err("only records of class IN can be used".to_owned()),
                [b'0'..=b'9', ..] => ttl = seconds(&word).ok_or("a TTL is a number of seconds")?,
                _ => break word,
            }
        };
        match kind.as_slice() {
            b"TXT" => {
                let strings: Vec<Token> = tokens.collect();
                if strings.is_empty() {
                    return Err("a TXT record needs a text in quotes".to_owned());
                }
                if strings.iter().any(|t| !t.quoted && t.cut_by_comment) {
                    return Err("a `;` outside of quotes starts a comment: put the text in quotes".to_owned());
                }
                self.zone.add_record(&owner, ttl, strings.into_iter().flat_map(|t| t.text).collect());
            }
            b"CNAME" => {
                let target = tokens.next().ok_or("a CNAME record needs a name")?;
                let target = self.name(&target)?;
                self.zone.add_alias(&owner, &target);
            }
            [b'A'..=b'Z', ..] => self.zone.add_name(&owner),
            other => return Err(format!("`{}` is no record type", String::from_utf8_lossy(other))),
        }
        Ok(())
    }

    /// Completes a name with the origin.
    fn name(&self, token: &Token) -> Result<String, String> {
        let name = std::str::from_utf8(&token.text).map_err(|_| "a name holds octets that are no UTF-8".to_owned())?;
        let stands_for_origin = name == "@" && !token.quoted && !token.escaped;
        Ok(match (self.origin.as_deref(), self.domain) {
            (Some(origin), _) | (None, Some(origin)) if stands_for_origin => origin.to_owned(),
            (None, None) if stands_for_origin => {
                return Err("`@` stands for the origin, and there is no `$ORIGIN`".to_owned());
            }
            (Some(origin), _) if !name.ends_with('.') => format!("{name}.{}", origin.trim_start_matches('.')),
            (None, Some(domain)) if !name.ends_with('.') && !is_within(name, domain) => format!("{name}.{domain}"),
            _ => name.to_owned(),
        })
    }
}

/// Whether a name is a domain or below it.
fn is_within(name: &str, domain: &str) -> bool {
    let (name, domain) = (name.to_ascii_lowercase(), domain.trim_end_matches('.').to_ascii_lowercase());
    name.strip_suffix(&domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ZoneFile, ZoneError> {
        super::parse(text, None)
    }

    fn text(zone: &ZoneFile, name: &str) -> String {
        match zone.txt(name) {
            TxtAnswer::Records { ttl, texts } => {
                let texts: Vec<_> = texts.iter().map(|t| String::from_utf8_lossy(t).into_owned()).collect();
                format!("{ttl} {}", texts.join(" | "))
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn reads_files_written_by_hand() {
        let zone = parse(
            "$TTL 1h30m ; default\n$ORIGIN example.\n@ IN SOA ns.example. admin.example. (\n  1 ; serial\n  2h 3h 4w 5 )\n\
             \tNS ns\n20231011._domainkey 300 IN TXT ( \"v=DKIM1; k=rsa; \" ; first\n  \"p=AB\\\"C\\065\" )\n\
             two IN 60 TXT one\ntwo TXT \"two\"\nsel._domainkey CNAME key.provider.test.\n\
             key.provider.test. TXT \"p=X\"\n; NXDOMAIN gone.example. TXT\n; a remark. TXT\n",
        )
        .unwrap();
        assert_eq!(text(&zone, "20231011._domainkey.example"), "300 v=DKIM1; k=rsa; p=AB\"CA");
        assert_eq!(text(&zone, "two.example"), "60 one | two");
        assert_eq!(text(&zone, "sel._domainkey.example."), "5400 p=X");
        assert_eq!(text(&zone, "example"), "NoData");
        assert_eq!(text(&zone, "gone.example"), "NxDomain");
        assert_eq!(parse(&zone.to_text()).unwrap(), zone);
    }

    #[test]
    fn without_an_origin_names_are_complete() {
        let zone = parse("a.example TXT \"x\"\r\n\r\n").unwrap();
        assert_eq!(text(&zone, "a.example."), "3600 x");
    }

    #[test]
    fn aliases_in_a_circle_are_a_failure() {
        let zone = parse("a. CNAME b.\nb. CNAME a.\n").unwrap();
        assert_eq!(text(&zone, "a"), "Failed(ServFail)");
    }

    #[test]
    fn errors_name_the_line_and_what_to_write() {
        for (text, expected) in [
            ("a. TXT \"x\"\nb. TXT \"x", "line 2: a quote is not closed on its line"),
            ("a. TXT v=DKIM1; p=x", "line 1: a `;` outside of quotes starts a comment: put the text in quotes"),
            ("\n a TXT x", "line 2: the line starts with white space, and no name comes before it"),
            ("a. 60 IN", "line 1: a record is `name TTL IN TXT \"text\"`; its type is missing"),
            ("a. TXT", "line 1: a TXT record needs a text in quotes"),
            ("a. TXT (\n\"x\"\n", "line 1: a `(` is never closed"),
            ("a. TXT \"x\" )", "line 1: a `)` without its `(`"),
            ("a. TXT ( ( \"x\" ) )", "line 1: a `(` inside of parentheses: close the first one"),
            ("a. CH TXT \"x\"", "line 1: only records of class IN can be used"),
            ("a. TXT \"\\999\"", "line 1: an escape like \\034 goes up to \\255"),
            ("a. TXT \"\\1\"", "line 1: an escape with digits has three of them, like \\034"),
            ("a. TXT x\\", "line 1: the line ends after a `\\`"),
            ("$INCLUDE other.zone", "line 1: `$INCLUDE` cannot be used here: write the records into this file"),
            ("$TTL soon", "line 1: `$TTL` needs a number of seconds"),
            ("@ TXT x", "line 1: `@` stands for the origin, and there is no `$ORIGIN`"),
            ("a. 5x TXT x", "line 1: a TTL is a number of seconds"),
            ("a. CNAME", "line 1: a CNAME record needs a name"),
            ("a. =x", "line 1: `=X` is no record type"),
        ] {
            assert_eq!(parse(text).map(|z| z.to_text()).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn names_are_below_the_domain_where_no_origin_is_written() {
        let zone = super::parse(
            "s1._domainkey IN TXT ( \"v=DKIM1; k=rsa; \"\n\t\"p=AB\" ) ;\n@ TXT \"at\"\nk._domainkey.Corp.example TXT \"whole\"\n\
             other.example. TXT \"other\"\nnotcorp.example TXT \"below\"\n$ORIGIN sub.example.\nx TXT \"origin\"\n",
            Some("corp.example"),
        )
        .unwrap();
        for (name, expected) in [
            ("s1._domainkey.corp.example", "v=DKIM1; k=rsa; p=AB"),
            ("corp.example", "at"),
            ("k._domainkey.corp.example", "whole"),
            ("other.example", "other"),
            ("notcorp.example.corp.example", "below"),
            ("x.sub.example", "origin"),
        ] {
            assert!(text(&zone, name).ends_with(&format!(" {expected}")), "{name}: {}", text(&zone, name));
        }
    }
}
