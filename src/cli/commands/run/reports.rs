//! `--report FORMAT[=PATH]`: which reports go where.

use crate::{
    core::Redactor,
    report::{
        Reporter,
        console::{self, Console},
        json::{Destination, Json},
        jsonl::Jsonl,
        junit::Junit,
        sink::{self, Sink},
    },
};
use std::{io, path::PathBuf, str::FromStr};

/// One report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportSpec {
    /// Its format.
    pub format: Format,
    /// Its file; standard output when there is none.
    pub path: Option<PathBuf>,
}

/// The formats there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Console,
    /// One document at the end.
    Json,
    /// The event stream.
    Jsonl,
    /// JUnit XML.
    Junit,
}

impl Format {
    const ALL: [(&'static str, Self); 4] =
        [("console", Self::Console), ("json", Self::Json), ("jsonl", Self::Jsonl), ("junit", Self::Junit)];
}

impl FromStr for ReportSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, path) = text.split_once('=').map_or((text, None), |(name, path)| (name, Some(path)));
        let Some((_, format)) = Format::ALL.into_iter().find(|(known, _)| *known == name) else {
            let known: Vec<_> = Format::ALL.iter().map(|(name, _)| *name).collect();
            return Err(format!("unknown report format `{name}`; there are {}", known.join(", ")));
        };
        match path {
            Some("") => Err(format!("`{name}=` names no file")),
            path => Ok(Self { format, path: path.filter(|p| *p != "-").map(PathBuf::from) }),
        }
    }
}

impl ReportSpec {
    fn name(&self) -> String {
        let (name, _) = Format::ALL.into_iter().find(|(_, f)| *f == self.format).unwrap_or(Format::ALL[0]);
        self.path.as_ref().map_or_else(|| name.to_owned(), |path| format!("{name}={}", path.display()))
    }
}

/// A reporter with its name on the command line.
type Named = (String, Box<dyn Reporter>);

/// How the console looks where it goes.
pub(super) struct Looks {
    /// On standard output.
    pub(super) stdout: console::Options,
    /// On standard error.
    pub(super) stderr: console::Options,
    /// In a file.
    pub(super) file: console::Options,
}

/// Sets up every report, and the console if no other was asked for on standard output. The console makes way for a
/// machine's format: it then goes to standard error.
///
/// # Errors
/// When two reports would go to standard output, or a file cannot be made; the text says which.
pub(super) fn reporters(specs: &[ReportSpec], looks: Looks, redactor: &Redactor) -> Result<Vec<Named>, ReportsError> {
    let machine = specs.iter().filter(|s| s.path.is_none() && s.format != Format::Console);
    let machines: Vec<_> = machine.map(ReportSpec::name).collect();
    if machines.len() > 1 {
        return Err(ReportsError::Usage(format!(
            "reports {} would all go to standard output; give all but one a file, as in {}=PATH",
            machines.join(" and "),
            machines[0]
        )));
    }
    let mut out: Vec<Named> = Vec::new();
    let stdout_is_taken = !machines.is_empty();
    let sink = |to: Box<dyn io::Write + Send>| Sink::new(to, redactor.clone());
    let console: Box<dyn Reporter> = if stdout_is_taken {
        Box::new(Console::new(sink(Box::new(io::stderr())), looks.stderr))
    } else {
        Box::new(Console::new(sink(Box::new(io::stdout())), looks.stdout))
    };
    out.push(("console".into(), console));
    for spec in specs {
        let file = |path: &PathBuf| {
            sink::create(path)
                .map(|f| Box::new(f) as Box<dyn io::Write + Send>)
                .map_err(|source| ReportsError::File(format!("cannot write report {}: {source}", spec.name())))
        };
        let document = || spec.path.clone().map_or(Destination::Stdout, Destination::File);
        let reporter: Box<dyn Reporter> = match (spec.format, &spec.path) {
            // It is there already.
            (Format::Console, None) => continue,
            (Format::Console, Some(path)) => Box::new(Console::new(sink(file(path)?), looks.file.clone())),
            (Format::Jsonl, None) => Box::new(Jsonl::new(sink(Box::new(io::stdout())))),
            (Format::Jsonl, Some(path)) => Box::new(Jsonl::new(sink(file(path)?))),
            (Format::Json, _) => Box::new(Json::new(document(), redactor.clone())),
            (Format::Junit, _) => Box::new(Junit::new(document(), redactor.clone())),
        };
        out.push((spec.name(), reporter));
    }
    Ok(out)
}

/// Why the reports cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReportsError {
    /// The person's mistake.
    #[error("{0}")]
    Usage(String),
    /// A file cannot be made.
    #[error("{0}")]
    File(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_with_and_without_a_file() {
        let parse = |text: &str| text.parse::<ReportSpec>();
        assert_eq!(parse("junit=out/j=1.xml").unwrap().path.unwrap(), PathBuf::from("out/j=1.xml"));
        assert_eq!(parse("jsonl").unwrap(), parse("jsonl=-").unwrap());
        assert_eq!(parse("html").unwrap_err(), "unknown report format `html`; there are console, json, jsonl, junit");
        assert!(parse("json=").is_err());
    }
}
