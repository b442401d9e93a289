//! Versions of programs, and conditions on them.

use std::{fmt, str::FromStr};

/// A version: its first three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// The first version in a text: `Rspamadm 3.10.2`, `3.11.0~git`.
    pub fn find(text: &str) -> Option<Self> {
        text.split_whitespace().filter(|w| w.starts_with(|c: char| c.is_ascii_digit())).find_map(|word| {
            let mut numbers = word.split(|c: char| !c.is_ascii_digit()).map_while(|n| n.parse().ok());
            Some(Self(numbers.next()?, numbers.next()?, numbers.next().unwrap_or_default()))
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(major, minor, patch) = self;
        if *patch == 0 { write!(f, "{major}.{minor}") } else { write!(f, "{major}.{minor}.{patch}") }
    }
}

/// Which versions are meant: `<3.6`, or `>=3.10.0 <3.10.2` where both must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions(Vec<(Comparison, Version)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Below,
    UpTo,
    From,
    Above,
    Is,
}

/// How each is written; the longer ones first.
const WRITTEN: [(&str, Comparison); 5] = [
    ("<=", Comparison::UpTo),
    (">=", Comparison::From),
    ("<", Comparison::Below),
    (">", Comparison::Above),
    ("=", Comparison::Is),
];

impl Versions {
    /// Whether this version is meant.
    pub fn hold(&self, version: Version) -> bool {
        self.0.iter().all(|(comparison, other)| match comparison {
            Comparison::Below => version < *other,
            Comparison::UpTo => version <= *other,
            Comparison::From => version >= *other,
            Comparison::Above => version > *other,
            Comparison::Is => version == *other,
        })
    }
}

/// A text that says no versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no versions: write for example `<3.6`, or `>=3.10.0 <3.10.2`")]
pub struct VersionsError;

impl FromStr for Versions {
    type Err = VersionsError;

    fn from_str(text: &str) -> Result<Self, VersionsError> {
        let all: Vec<_> = text.split_whitespace().map(condition).collect::<Option<_>>().ok_or(VersionsError)?;
        if all.is_empty() { Err(VersionsError) } else { Ok(Self(all)) }
    }
}

/// One comparison with a version.
fn condition(word: &str) -> Option<(Comparison, Version)> {
    let (written, comparison) = WRITTEN.iter().find(|(written, _)| word.starts_with(written))?;
    let numbers: Vec<u32> = word[written.len()..].split('.').map(read_number).collect::<Option<_>>()?;
    match numbers[..] {
        [major, minor] => Some((*comparison, Version(major, minor, 0))),
        [major, minor, patch] => Some((*comparison, Version(major, minor, patch))),
        _ => None,
    }
}

fn read_number(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (comparison, version)) in self.0.iter().enumerate() {
            let written = WRITTEN.iter().find(|(_, c)| c == comparison).map_or("", |(written, _)| written);
            write!(f, "{}{written}{version}", if at == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_programs_print() {
        assert_eq!(Version::find("Rspamadm 3.4\n"), Some(Version(3, 4, 0)));
        assert_eq!(Version::find("Rspamd daemon version 3.10.2"), Some(Version(3, 10, 2)));
        assert_eq!(Version::find("3.11.1~git5"), Some(Version(3, 11, 1)));
        assert_eq!(Version::find("rspamadm"), None);
    }

    #[test]
    fn every_comparison_must_hold() {
        for (text, yes, no) in [
            ("<3.6", &["3.4", "3.5.9"][..], &["3.6", "3.10.1", "4.0"][..]),
            ("<=3.6", &["3.6", "3.4"], &["3.6.1"]),
            (">=3.10.0 <3.10.2", &["3.10", "3.10.1"], &["3.9.9", "3.10.2", "4.1"]),
            (">3.6", &["3.6.1"], &["3.6"]),
            ("=3.4", &["3.4", "3.4.0"], &["3.4.1"]),
        ] {
            let versions: Versions = text.parse().unwrap();
            let hold = |version: &&str| versions.hold(Version::find(version).unwrap());
            assert!(yes.iter().all(hold), "{text}");
            assert!(!no.iter().any(hold), "{text}");
            assert_eq!(versions.to_string().parse(), Ok(versions));
        }
    }

    #[test]
    fn other_texts_say_no_versions() {
        for text in ["", " ", "3.6", "<3", "<3.6.", "<3.6.1.2", "<+3.6", "~3.6", "<3.6, >3", "< 3.6", "<3.x", "<é.6"] {
            assert_eq!(text.parse::<Versions>(), Err(VersionsError), "{text}");
        }
    }
}
