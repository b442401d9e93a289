//! What is wrong with files: it is noted and reading goes on, so that one look shows all of it.

use super::{
    Source, YamlError, YamlErrors,
    de::{self, ErrorKind},
    node::NodeSpan,
};
use crate::{
    core::{Span, Spanned, reading::OneOrMany},
    scenario::vars::is_name,
    target::TargetKind,
};
use std::{ffi::OsStr, sync::Arc};

/// The files that are being read, and what was found wrong in them.
pub(crate) struct Errors<'a> {
    sources: &'a [Source],
    found: Vec<YamlError>,
    /// Lines that could not be read: what else is odd there follows from it.
    unread: Vec<(Arc<str>, u32)>,
}

/// The text of a file by its name. Of changes on the command line that are called alike the last one counts.
pub(crate) fn source_of<'a>(sources: &'a [Source], file: &str) -> Option<&'a Source> {
    sources.iter().rfind(|source| *source.file == *file)
}

impl<'a> Errors<'a> {
    pub(crate) fn new(sources: &'a [Source]) -> Self {
        Self { sources, found: Vec::new(), unread: Vec::new() }
    }

    /// The files that are being read.
    pub(crate) fn sources(&self) -> &'a [Source] {
        self.sources
    }

    /// Where a place of the tree is.
    pub(crate) fn span(&self, place: NodeSpan) -> Span {
        let source = usize::try_from(place.file).ok().and_then(|number| self.sources.get(number));
        source.map(|source| source.position(place)).unwrap_or_default()
    }

    /// How much is wrong so far.
    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    /// Notes what kept a file from being read, and what is wrong with values that were.
    pub(crate) fn note_all(&mut self, errors: Vec<de::Error>) {
        let (checked, errors): (Vec<_>, Vec<_>) =
            errors.into_iter().partition(|error| error.kind == ErrorKind::Checked);
        let mut unread = Vec::new();
        for error in errors {
            if error.kind == ErrorKind::Unread {
                let at = self.span(error.at.unwrap_or_default());
                unread.push((at.file, at.line));
            }
            self.note(error);
        }
        self.unread = unread;
        checked.into_iter().for_each(|error| self.note(error));
    }

    fn note(&mut self, de::Error { message, help, at, .. }: de::Error) {
        self.add(self.span(at.unwrap_or_default()), message, help);
    }

    /// Notes what is wrong at a place, and what to do.
    pub(crate) fn error_at(&mut self, at: &Span, message: impl Into<String>, help: impl Into<String>) {
        self.add(at.clone(), message.into(), Some(help.into()));
    }

    fn add(&mut self, at: Span, message: String, help: Option<String>) {
        let is_unread = self.unread.iter().any(|(file, line)| *file == at.file && *line == at.line);
        if is_unread || self.found.len() > YamlErrors::MOST {
            return;
        }
        let source = source_of(self.sources, &at.file);
        let mut error = YamlError { help, ..YamlError::new(message, at) };
        if let Some(source) = source {
            error = error.with_source(&source.text);
        }
        self.found.push(error);
        self.found.extend(YamlErrors::enough(&self.found));
    }

    /// Everything that was found wrong, in the order of the lines.
    ///
    /// # Errors
    /// When there is anything.
    pub(crate) fn finish(self) -> Result<(), YamlErrors> {
        let mut errors = self.found;
        errors.sort_by(|a, b| {
            let (a, b) = (&a.position, &b.position);
            (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column))
        });
        errors.dedup();
        if errors.is_empty() { Ok(()) } else { Err(YamlErrors(errors)) }
    }

    /// A text or path that must not be empty.
    pub(crate) fn not_empty(&mut self, what: &str, text: &Spanned<impl AsRef<OsStr>>) {
        if text.value.as_ref().to_string_lossy().trim().is_empty() {
            self.error_at(&text.at, format!("{what} is empty"), "write it or leave the key out");
        }
    }

    /// A list of targets without repetition.
    pub(crate) fn distinct(&mut self, targets: &OneOrMany<Spanned<TargetKind>>) -> Vec<TargetKind> {
        let mut kinds = Vec::new();
        for target in &targets.0 {
            if kinds.contains(&target.value) {
                self.error_at(&target.at, format!("target `{}` is written twice", target.value), "keep one of them");
            } else {
                kinds.push(target.value);
            }
        }
        kinds
    }

    /// Whether a header field can have this name; notes where it cannot.
    pub(crate) fn field_name(&mut self, name: &Spanned<String>) -> bool {
        let is_one = !name.value.is_empty() && name.value.bytes().all(|b| (33..=126).contains(&b) && b != b':');
        if !is_one {
            let message = format!("`{}` is no header field name", name.value);
            self.error_at(&name.at, message, "RFC 5322 §2.2: printable ASCII without a colon");
        }
        is_one
    }

    /// Whether a word can name a variable; notes where it cannot.
    pub(crate) fn variable_name(&mut self, name: &Spanned<String>) -> bool {
        if name.value == "token" {
            self.error_at(&name.at, "`token` is the attempt's own variable", "choose another name");
            return false;
        }
        if !is_name(&name.value) {
            let help = "a letter or `_`, then letters, digits, `_` and `-`";
            self.error_at(&name.at, format!("`{}` is no name of a variable", name.value), help);
            return false;
        }
        true
    }
}
