//! TXT answers by name, and their text form.

use crate::core::ascii_domain;
use std::{collections::BTreeMap, fmt::Write as _};

/// How DNS failed to answer. Another try later may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DnsFailure {
    /// The server could not find out (RFC 1035 §4.1.1, RCODE 2).
    ServFail,
    /// The server does not want to answer (RCODE 5).
    Refused,
    /// The server answered with another error.
    Error,
    /// No server answered in time.
    Timeout,
    /// No server could be reached.
    Unreachable,
}

/// What a question for TXT records got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TxtAnswer {
    /// At least one record, sorted; the strings of each are joined (RFC 6376 §3.6.2.2).
    Records {
        /// How long the answer may be kept, in seconds.
        ttl: u32,
        /// One text per record.
        texts: Vec<Vec<u8>>,
    },
    /// The name exists, without a TXT record.
    NoData,
    /// The name does not exist.
    NxDomain,
    /// No answer.
    Failed(DnsFailure),
}

impl TxtAnswer {
    /// Answers that are not records, with the words that stand for them in a zone file.
    const REMARKS: [(Self, &'static str); 7] = [
        (Self::NxDomain, "NXDOMAIN"),
        (Self::NoData, "NODATA"),
        (Self::Failed(DnsFailure::ServFail), "SERVFAIL"),
        (Self::Failed(DnsFailure::Refused), "REFUSED"),
        (Self::Failed(DnsFailure::Error), "ERROR"),
        (Self::Failed(DnsFailure::Timeout), "TIMEOUT"),
        (Self::Failed(DnsFailure::Unreachable), "UNREACHABLE"),
    ];

    /// Reads `NXDOMAIN`, `SERVFAIL`, …
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::REMARKS.iter().find(|(_, w)| *w == word).map(|(answer, _)| answer.clone())
    }

    fn sort(&mut self) {
        if let Self::Records { texts, .. } = self {
            texts.sort_unstable();
        }
    }

    /// The word that stands for the answer in a zone file; `None` for records.
    pub fn word(&self) -> Option<&'static str> {
        Self::REMARKS.iter().find(|(answer, _)| answer == self).map(|(_, word)| *word)
    }
}

/// TXT answers in master-file form (RFC 1035 §5): records, and `NXDOMAIN` and `SERVFAIL` remarks as comments that are
/// read back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ZoneFile {
    answers: BTreeMap<String, TxtAnswer>,
    aliases: BTreeMap<String, String>,
}

/// Why a text is no zone file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ZoneError {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong there and what to write instead.
    pub message: String,
}

/// Names are kept in A-labels and lower case, with their final dot.
fn key(name: &str) -> String {
    let mut key = ascii_domain(name.trim_end_matches('.')).to_lowercase();
    key.push('.');
    key
}

impl ZoneFile {
    /// Sets the answer for a name. Records are sorted, so that their order on the wire changes nothing.
    pub fn insert(&mut self, name: &str, mut answer: TxtAnswer) {
        answer.sort();
        self.answers.insert(key(name), answer);
    }

    /// Adds one record to a name; [`ZoneFile::sort`] is for when all of them are there.
    pub(super) fn add_record(&mut self, name: &str, ttl: u32, text: Vec<u8>) {
        match self.answers.entry(key(name)).or_insert(TxtAnswer::NoData) {
            TxtAnswer::Records { ttl: old, texts } => {
                *old = ttl.min(*old);
                texts.push(text);
            }
            other => *other = TxtAnswer::Records { ttl, texts: vec![text] },
        }
    }

    /// Sorts the records of every name.
    pub(super) fn sort(&mut self) {
        self.answers.values_mut().for_each(TxtAnswer::sort);
    }

    /// Makes sure that a name is known; it has no TXT record unless one is added.
    pub(super) fn add_name(&mut self, name: &str) {
        self.answers.entry(key(name)).or_insert(TxtAnswer::NoData);
    }

    /// Makes a name an alias of another (CNAME).
    pub(super) fn add_alias(&mut self, name: &str, target: &str) {
        self.aliases.insert(key(name), key(target));
    }

    /// Takes over every answer of another file; its answers win.
    pub fn merge(&mut self, other: &Self) {
        self.answers.extend(other.answers.iter().map(|(n, a)| (n.clone(), a.clone())));
        self.aliases.extend(other.aliases.iter().map(|(n, t)| (n.clone(), t.clone())));
    }

    /// What a question for this name gets; names that the file does not hold do not exist.
    pub fn txt(&self, name: &str) -> TxtAnswer {
        self.lookup(name).clone()
    }

    /// As [`ZoneFile::txt`].
    pub(in crate::verify) fn lookup(&self, name: &str) -> &TxtAnswer {
        let own = key(name);
        let mut name = &own;
        for _ in 0..=self.aliases.len() {
            match self.aliases.get(name) {
                Some(target) => name = target,
                None => return self.answers.get(name).unwrap_or(&TxtAnswer::NxDomain),
            }
        }
        &TxtAnswer::Failed(DnsFailure::ServFail)
    }

    /// The answer that the file holds for exactly this name.
    pub fn get(&self, name: &str) -> Option<&TxtAnswer> {
        self.answers.get(&key(name))
    }

    /// Every name with its answer, sorted.
    pub fn answers(&self) -> impl Iterator<Item = (&str, &TxtAnswer)> {
        self.answers.iter().map(|(name, answer)| (name.as_str(), answer))
    }

    /// The file's text, names sorted.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for (name, target) in &self.aliases {
            let _ = writeln!(out, "{} IN CNAME {}", escaped(name), escaped(target));
        }
        for (name, answer) in &self.answers {
            let name = escaped(name);
            if let TxtAnswer::Records { ttl, texts } = answer {
                for text in texts {
                    let _ = writeln!(out, "{name} {ttl} IN TXT{}", quoted(text));
                }
            } else if let Some(word) = answer.word() {
                let _ = writeln!(out, "; {word} {name} TXT");
            }
        }
        out
    }
}

/// A name as one word (RFC 1035 §5.1): what means something there, and what is not ASCII, as `\DDD`.
fn escaped(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'(' | b')' | b'"' | b'\\' | b';' | b'@' | b'$' => drop(write!(out, "\\{byte:03}")),
            b'!'..=b'~' => out.push(char::from(byte)),
            _ => drop(write!(out, "\\{byte:03}")),
        }
    }
    out
}

/// The strings of one record, each of at most 255 octets.
fn quoted(text: &[u8]) -> String {
    let mut out = String::new();
    let strings: Vec<&[u8]> = if text.is_empty() { vec![text] } else { text.chunks(255).collect() };
    for string in strings {
        out.push_str(" \"");
        for &byte in string {
            match byte {
                b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
                b' '..=b'~' => out.push(char::from(byte)),
                _ => drop(write!(out, "\\{byte:03}")),
            }
        }
        out.push('"');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn records(texts: &[&[u8]]) -> TxtAnswer {
        TxtAnswer::Records { ttl: 60, texts: texts.iter().map(|t| t.to_vec()).collect() }
    }

    #[test]
    fn writes_names_sorted_and_negatives_as_remarks() {
        let mut zone = ZoneFile::default();
        zone.insert("s._domainkey.B.example", records(&[b"v=DKIM1; p=\"\\", b"a"]));
        zone.insert("a.example.", TxtAnswer::NxDomain);
        zone.insert("c.example.", TxtAnswer::Failed(DnsFailure::Timeout));
        let text = zone.to_text();
        assert_eq!(
            text,
            "; NXDOMAIN a.example. TXT\n; TIMEOUT c.example. TXT\n\
             s._domainkey.b.example. 60 IN TXT \"a\"\ns._domainkey.b.example. 60 IN TXT \"v=DKIM1; p=\\\"\\\\\"\n"
        );
        assert_eq!(ZoneFile::parse(&text).unwrap(), zone);
    }

    #[test]
    fn long_texts_are_split_and_joined() {
        let mut zone = ZoneFile::default();
        zone.insert("k.example.", records(&[&[b'x'; 700]]));
        let text = zone.to_text();
        assert!(text.lines().all(|l| l.split('"').all(|s| s.len() <= 255)), "{text}");
        assert_eq!(ZoneFile::parse(&text).unwrap().txt("K.EXAMPLE"), records(&[&[b'x'; 700]]));
    }

    #[test]
    fn every_failure_is_read_back_and_merging_prefers_the_other() {
        let mut zone = ZoneFile::default();
        for (n, (answer, _)) in TxtAnswer::REMARKS.iter().enumerate() {
            zone.insert(&format!("n{n}.example"), answer.clone());
        }
        assert_eq!(ZoneFile::parse(&zone.to_text()).unwrap(), zone);
        let mut other = ZoneFile::default();
        other.insert("n0.example", records(&[b"now"]));
        zone.merge(&other);
        assert_eq!(zone.txt("n0.example"), records(&[b"now"]));
        assert_eq!(zone.txt("n1.example"), TxtAnswer::NoData);
        assert_eq!(zone.txt("unknown.example"), TxtAnswer::NxDomain);
    }

    proptest! {
        #[test]
        fn any_text_survives(texts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..600), 1..4)) {
            let mut zone = ZoneFile::default();
            zone.insert("k._domainkey.d.example", TxtAnswer::Records { ttl: 5, texts });
            prop_assert_eq!(ZoneFile::parse(&zone.to_text()).unwrap(), zone);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,40}([ \\t\\n\"();$\\\\@.]|TXT|IN|\\$TTL|\\$ORIGIN|\\PC){0,60}") {
            let _ = ZoneFile::parse(&text);
        }
    }
}
