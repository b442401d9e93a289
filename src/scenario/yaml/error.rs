//! What is wrong with a file, with the place and the line.

use crate::{
    catalogue::Cause,
    core::{Span, visible::plain},
};
use std::fmt;

/// One thing that is wrong in a YAML file. `Display` shows message, `file:line:column`, the source line with a caret,
/// and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlError {
    /// What is wrong, lower case, without a full stop.
    pub message: String,
    /// Where; line 0 means the file as a whole.
    pub position: Span,
    /// What to do.
    pub help: Option<String>,
    /// The source line, where it may be shown.
    pub excerpt: Option<String>,
    /// What it is about, for who tells it in words of its own.
    pub about: Option<Box<About>>,
}

/// What an error is about that is not about the file alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A cause of the catalogue, which stands before the message.
    Cause(Cause),
    /// The secret of these keys could not be had: `accounts.gmail.imap.password`.
    Secret(String),
}

impl std::error::Error for YamlError {}

impl YamlError {
    /// An error at a place, without excerpt and help.
    pub fn new(message: impl Into<String>, position: Span) -> Self {
        Self { message: message.into(), position, help: None, excerpt: None, about: None }
    }

    /// An error about a file as a whole.
    pub fn file(message: impl Into<String>, file: &str) -> Self {
        Self::new(message, Span::new(file, 0, 0))
    }

    /// Adds what it is about.
    #[must_use]
    pub(crate) fn about(self, about: About) -> Self {
        Self { about: Some(Box::new(about)), ..self }
    }

    /// The message, after its cause where it has one.
    pub fn text(&self) -> String {
        match self.about.as_deref() {
            Some(About::Cause(cause)) => format!("{cause}: {}", self.message),
            _ => self.message.clone(),
        }
    }

    /// Adds what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the source line, taken from the file's text.
    #[must_use]
    pub fn with_source(mut self, source: &str) -> Self {
        let index = usize::try_from(self.position.line).unwrap_or(0);
        self.excerpt = index.checked_sub(1).and_then(|i| source.lines().nth(i)).map(str::to_owned);
        self
    }
}

/// How much of a long line is shown.
const WIDTH: usize = 120;

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", plain(&self.text()))?;
        let number = self.position.line.to_string();
        let gutter = " ".repeat(number.len());
        if self.position.line == 0 {
            write!(f, "\n{gutter}--> {}", plain(&self.position.file))?;
        } else {
            write!(f, "\n{gutter}--> {}", self.position)?;
        }
        if let Some(line) = &self.excerpt
            && self.position.line > 0
        {
            let column = usize::try_from(self.position.column).unwrap_or(0).saturating_sub(1);
            let skipped = (column + 20).saturating_sub(WIDTH);
            let shown: String = plain(line).chars().skip(skipped).take(WIDTH).collect();
            let shown = shown.trim_end();
            let indent = column - skipped;
            let room = shown.chars().count().saturating_sub(indent).max(1);
            let carets = usize::try_from(self.position.len).unwrap_or(1).clamp(1, room);
            write!(f, "\n{gutter} |\n{number} | {shown}\n{gutter} | {}{}", " ".repeat(indent), "^".repeat(carets))?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n{gutter} |\n{gutter} = help: {}", plain(help))?;
        }
        Ok(())
    }
}

/// Every error of one or more files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct YamlErrors(pub Vec<YamlError>);

impl YamlErrors {
    /// The most that are told of one file: a file of another kind is wrong in every line.
    pub(crate) const MOST: usize = 100;

    /// After the last that is told: that there may be more.
    pub(crate) fn enough(errors: &[YamlError]) -> Option<YamlError> {
        if errors.len() != Self::MOST {
            return None;
        }
        let file = &errors.last()?.position.file;
        Some(YamlError::file("there may be more errors", file).with_help("correct these first"))
    }
}

impl std::error::Error for YamlErrors {}

impl fmt::Display for YamlErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if i == 0 { "" } else { "\n\n" })?;
        }
        Ok(())
    }
}

impl From<YamlError> for YamlErrors {
    fn from(error: YamlError) -> Self {
        Self(vec![error])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_line_and_caret() {
        let mut position = Span::new("a.yaml", 12, 7);
        position.len = 4;
        let source = format!("{}      arcc: pass\n", "\n".repeat(11));
        let error =
            YamlError::new("unknown key `arcc`", position).with_help("did you mean `arc`?").with_source(&source);
        assert_eq!(
            error.to_string(),
            "unknown key `arcc`\n  --> a.yaml:12:7\n   |\n12 |       arcc: pass\n   |       ^^^^\n   |\n   = help: did you mean `arc`?"
        );
    }

    #[test]
    fn after_the_last_that_is_told_stands_that_there_may_be_more() {
        let mut errors = vec![YamlError::file("wrong", "a.yaml"); YamlErrors::MOST - 1];
        assert_eq!(YamlErrors::enough(&errors), None);
        errors.push(YamlError::file("wrong", "a.yaml"));
        errors.push(YamlErrors::enough(&errors).unwrap());
        assert_eq!(YamlErrors::enough(&errors), None);
    }

    #[test]
    fn a_file_as_a_whole_has_no_line() {
        assert_eq!(YamlError::file("the file is empty", "a.yaml").to_string(), "the file is empty\n --> a.yaml");
    }

    #[test]
    fn long_lines_are_cut_around_the_place_and_controls_are_shown_as_marks() {
        let source = format!("{}x\u{1b}[31m", " ".repeat(5_000));
        let text = YamlError::new("bad", Span::new("a.yaml", 1, 5_001)).with_source(&source).to_string();
        assert!(text.contains("x\u{241b}[31m"), "{text}");
        assert!(text.len() < 600, "{}", text.len());
    }
}
