//! What was found: a line per check.

use crate::catalogue::Cause;
use serde::Serialize;
use std::fmt;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Ok,
    /// It was left out, and the text says why.
    Skip,
    /// It works, and can go wrong.
    Warn,
    /// It could not be looked at.
    Unknown,
    /// Mail will not be sealed, will not verify or will not arrive.
    Fail,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Finding {
    /// What was checked: `rspamd.sign_inbound`.
    pub check: String,
    /// How it came out.
    pub status: Status,
    /// The catalogue's code of what it would lead to.
    pub code: Option<Cause>,
    /// What was seen.
    pub text: String,
    /// What to do; nothing where all is well.
    pub next: Option<String>,
}

/// Every check, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Report {
    /// The version of this format: 1.
    pub version: u32,
    /// The checks.
    pub checks: Vec<Finding>,
}

impl Default for Report {
    fn default() -> Self {
        Self { version: 1, checks: Vec::new() }
    }
}

impl Report {
    /// The heaviest status; all is well where nothing was checked.
    pub fn worst(&self) -> Status {
        self.checks.iter().map(|c| c.status).max().unwrap_or(Status::Ok)
    }

    /// The first check of this name.
    pub fn check(&self, name: &str) -> Option<&Finding> {
        self.checks.iter().find(|c| c.check == name)
    }

    pub(super) fn ok(&mut self, check: &str, text: impl Into<String>) {
        self.add(check, Status::Ok, None, text, "");
    }

    /// It was left out, for a reason.
    pub(super) fn skip(&mut self, check: &str, why: impl Into<String>) {
        self.add(check, Status::Skip, None, why, "");
    }

    /// It works, and can lead to `code`.
    pub(super) fn warn(
        &mut self,
        check: &str,
        code: impl Into<Option<Cause>>,
        text: impl Into<String>,
        next: impl Into<String>,
    ) {
        self.add(check, Status::Warn, code, text, next);
    }

    pub(super) fn unknown(&mut self, check: &str, text: impl Into<String>, next: impl Into<String>) {
        self.add(check, Status::Unknown, None, text, next);
    }

    /// It leads to `code`.
    pub(super) fn fail(
        &mut self,
        check: &str,
        code: impl Into<Option<Cause>>,
        text: impl Into<String>,
        next: impl Into<String>,
    ) {
        self.add(check, Status::Fail, code, text, next);
    }

    /// Adds a check; what to do may be empty.
    pub fn add(
        &mut self,
        check: &str,
        status: Status,
        code: impl Into<Option<Cause>>,
        text: impl Into<String>,
        next: impl Into<String>,
    ) {
        let next = Some(next.into()).filter(|next| !next.is_empty());
        self.checks.push(Finding { check: check.to_owned(), status, code: code.into(), text: text.into(), next });
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Skip => "skip",
            Self::Warn => "warn",
            Self::Unknown => "????",
            Self::Fail => "FAIL",
        })
    }
}

/// One line.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, status, code, text, next } = self;
        write!(f, "{status:<5}{:<4} {check}: {text}", code.map(Cause::as_str).unwrap_or_default())?;
        next.as_ref().map_or(Ok(()), |next| write!(f, "; {next}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_counts_and_every_check_is_a_line() {
        let mut report = Report::default();
        assert_eq!(report.worst(), Status::Ok);
        report.ok("a", "good");
        report.unknown("b", "no program", "install it");
        report.warn("c", Cause::B07, "old", "new");
        assert_eq!(report.worst(), Status::Unknown);
        report.fail("d", Cause::A05, "no", "yes");
        assert_eq!(report.worst(), Status::Fail);
        let lines: Vec<_> = report.checks.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "ok        a: good",
                "????      b: no program; install it",
                "warn B07  c: old; new",
                "FAIL A05  d: no; yes"
            ]
        );
    }
}
