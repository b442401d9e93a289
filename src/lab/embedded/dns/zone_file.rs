//! Records as people have them: zone files (RFC 1035 §5), and what `rspamadm dkim_keygen` prints.

use hickory_server::proto::{
    ProtoError,
    rr::{Name, RData, RecordType},
    serialize::txt::{ParseError, Parser},
};
use std::str::FromStr;

/// The records of one type at one name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// The name in lower case without a final dot.
    pub name: String,
    /// The type.
    pub rtype: RecordType,
    /// The records.
    pub data: Vec<RData>,
}

/// A text is no zone file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ZoneFileError {
    /// The domain is no domain name.
    #[error("{0} is no domain name: {1}")]
    Domain(String, ProtoError),
    /// The text.
    #[error("the zone file cannot be read: {0}")]
    Text(#[from] ParseError),
}

impl Entry {
    /// One text at a name.
    pub(crate) fn txt(name: &str, text: &str) -> Self {
        Self { name: super::records::normal(name), rtype: RecordType::TXT, data: vec![super::records::txt(text)] }
    }

    /// The strings of the first TXT record joined, as verifiers read it (RFC 6376 §3.6.2.2).
    pub(crate) fn text(&self) -> Option<String> {
        self.data.iter().find_map(|data| match data {
            RData::TXT(txt) => Some(txt.txt_data.iter().map(|s| String::from_utf8_lossy(s)).collect()),
            _ => None,
        })
    }
}

/// The records of a zone file; names without a final dot are below `domain`. Times to live may be left out.
///
/// # Errors
/// When the text is no zone file.
pub(crate) fn read(text: &str, domain: &str) -> Result<Vec<Entry>, ZoneFileError> {
    let origin = Name::from_str(&format!("{}.", domain.trim_end_matches('.')))
        .map_err(|error| ZoneFileError::Domain(domain.to_owned(), error))?;
    let (_, sets) = Parser::new(format!("$TTL 300\n{}", one_line_each(text)), None, Some(origin)).parse()?;
    let entries = sets.into_values().map(|set| Entry {
        name: super::records::normal(&set.name().to_ascii()),
        rtype: set.record_type(),
        data: set.records_without_rrsigs().map(|record| record.data.clone()).collect(),
    });
    Ok(entries.collect())
}

/// The text with every record on one line and without comments: the parser knows no quoted string between parentheses.
fn one_line_each(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut quoted, mut depth) = (false, 0_u32);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                out.push(c);
                out.extend(chars.next());
            }
            '"' => {
                quoted = !quoted;
                out.push(c);
            }
            _ if quoted => out.push(c),
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ';' => {
                // The line break that ends the comment counts.
                let rest = chars.as_str();
                chars = rest[rest.find('\n').unwrap_or(rest.len())..].chars();
            }
            '\n' if depth > 0 => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keygen_prints_is_read() {
        let printed = "arc2023._domainkey IN TXT ( \"v=DKIM1; k=rsa; \"\n\t\"p=MIIBIjANBg\"\n\t\"IDAQAB\"\n) ; \n";
        let entries = read(printed, "company.example").unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].name, "arc2023._domainkey.company.example");
        assert_eq!(entries[0].text().unwrap(), "v=DKIM1; k=rsa; p=MIIBIjANBgIDAQAB");
    }

    #[test]
    fn whole_names_and_other_types_are_read_and_nonsense_is_not() {
        let zone = "; ours\nmx.company.example. 60 IN A 192.0.2.1\n@ IN MX 10 mx\n@ IN TXT \"v=spf1 -all\"\n";
        let entries = read(zone, "company.example").unwrap();
        let found: Vec<_> = entries.iter().map(|e| (e.name.as_str(), e.rtype)).collect();
        assert_eq!(
            found,
            [
                ("company.example", RecordType::MX),
                ("company.example", RecordType::TXT),
                ("mx.company.example", RecordType::A)
            ]
        );
        for nonsense in ["v=DKIM1; k=rsa; p=MIIB", "a IN TXT \"", "a IN NOTHING x", "a\u{0} IN A 1.2.3"] {
            assert!(read(nonsense, "company.example").is_err(), "{nonsense}");
        }
        assert!(matches!(read("", "a..b"), Err(ZoneFileError::Domain(..))));
    }
}
