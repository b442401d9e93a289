//! Where a check stands in its scenario.

use std::{fmt, str::FromStr};

/// A part of an expectation: `expect[2].delivered.auth.arc`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CheckPath {
    /// Which expectation of the scenario, from 0.
    pub expectation: usize,
    /// What of it.
    pub part: CheckPart,
}

/// What of an expectation is checked. The texts name what is deeper inside, and are empty where the whole is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CheckPart {
    /// `smtp.code`: what the first server answered.
    Smtp(String),
    /// `delivered`: whether there is a copy.
    Delivered,
    /// `delivered.within`: whether it came in time.
    Within,
    /// `delivered.auth.spf`: what the receiver found.
    Auth(String),
    /// `delivered.arc.verify`: the chain.
    Arc(String),
    /// `delivered.body`: whether the body changed.
    Body,
    /// `delivered.headers.Subject`: a header field.
    Header(String),
    /// `delivered.labels`: Gmail's labels.
    Labels,
    /// `delivered.category`: Gmail's tab.
    Category,
    /// `bounced`: whether there is a notification; `bounced.status`: what it says.
    Bounced(String),
    /// `bounced.within`: whether it came in time.
    BouncedWithin,
    /// `absent`: that nothing came.
    Absent,
    /// `count`: how many copies came.
    Count,
    /// `log`: a line of a log.
    Log,
}

impl CheckPart {
    /// Whether it is only about when something came.
    pub fn is_within(&self) -> bool {
        matches!(self, Self::Within | Self::BouncedWithin)
    }

    /// The words before the text, and the text.
    fn split(&self) -> (&'static str, &str) {
        match self {
            Self::Smtp(rest) => ("smtp", rest),
            Self::Delivered => ("delivered", ""),
            Self::Within => ("delivered.within", ""),
            Self::Auth(rest) => ("delivered.auth", rest),
            Self::Arc(rest) => ("delivered.arc", rest),
            Self::Body => ("delivered.body", ""),
            Self::Header(rest) => ("delivered.headers", rest),
            Self::Labels => ("delivered.labels", ""),
            Self::Category => ("delivered.category", ""),
            Self::Bounced(rest) => ("bounced", rest),
            Self::BouncedWithin => ("bounced.within", ""),
            Self::Absent => ("absent", ""),
            Self::Count => ("count", ""),
            Self::Log => ("log", ""),
        }
    }
}

impl fmt::Display for CheckPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (words, rest) = self.part.split();
        let dot = if rest.is_empty() { "" } else { "." };
        write!(f, "expect[{}].{words}{dot}{rest}", self.expectation)
    }
}

impl FromStr for CheckPath {
    type Err = UnknownPath;

    fn from_str(text: &str) -> Result<Self, UnknownPath> {
        let (index, part) = text.strip_prefix("expect[").and_then(|rest| rest.split_once("].")).ok_or(UnknownPath)?;
        let expectation = index.parse().map_err(|_| UnknownPath)?;
        Ok(Self { expectation, part: part.parse()? })
    }
}

impl FromStr for CheckPart {
    type Err = UnknownPath;

    fn from_str(text: &str) -> Result<Self, UnknownPath> {
        let (kind, rest) = text.split_once('.').unwrap_or((text, ""));
        let (of_mail, deeper) = rest.split_once('.').unwrap_or((rest, ""));
        Ok(match (kind, of_mail) {
            ("smtp", _) => Self::Smtp(rest.to_owned()),
            ("delivered", "") => Self::Delivered,
            ("delivered", "within") => Self::Within,
            ("delivered", "auth") => Self::Auth(deeper.to_owned()),
            ("delivered", "arc") => Self::Arc(deeper.to_owned()),
            ("delivered", "body") => Self::Body,
            ("delivered", "headers") => Self::Header(deeper.to_owned()),
            ("delivered", "labels") => Self::Labels,
            ("delivered", "category") => Self::Category,
            ("bounced", "within") => Self::BouncedWithin,
            ("bounced", _) => Self::Bounced(rest.to_owned()),
            ("absent", _) => Self::Absent,
            ("count", _) => Self::Count,
            ("log", _) => Self::Log,
            _ => return Err(UnknownPath),
        })
    }
}

/// It names no part of an expectation that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such part of an expectation")]
pub struct UnknownPath;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Recorded;

    #[test]
    fn every_path_is_read_as_it_is_written() {
        for (text, part) in [
            ("smtp.code", CheckPart::Smtp("code".into())),
            ("delivered", CheckPart::Delivered),
            ("delivered.within", CheckPart::Within),
            ("delivered.auth", CheckPart::Auth(String::new())),
            ("delivered.auth.arc", CheckPart::Auth("arc".into())),
            ("delivered.arc.seals[1]", CheckPart::Arc("seals[1]".into())),
            ("delivered.body", CheckPart::Body),
            // A field may have any name.
            ("delivered.headers.X.within", CheckPart::Header("X.within".into())),
            ("delivered.headers.X.delivered", CheckPart::Header("X.delivered".into())),
            ("delivered.labels", CheckPart::Labels),
            ("delivered.category", CheckPart::Category),
            ("bounced", CheckPart::Bounced(String::new())),
            ("bounced.status", CheckPart::Bounced("status".into())),
            ("bounced.within", CheckPart::BouncedWithin),
            ("absent", CheckPart::Absent),
            ("count", CheckPart::Count),
            ("log", CheckPart::Log),
        ] {
            let text = format!("expect[7].{text}");
            let path = CheckPath { expectation: 7, part };
            assert_eq!((path.to_string(), Recorded::read(&text)), (text, Recorded::Known(path)));
        }
    }

    #[test]
    fn a_path_of_another_version_is_kept() {
        for text in ["", "expect[0]", "expect[0].opened", "expect[x].log", "expect[0].log.deeper", "expect[07].log"] {
            assert_eq!(Recorded::<CheckPath>::read(text), Recorded::Other(text.to_owned()), "{text}");
        }
    }
}
