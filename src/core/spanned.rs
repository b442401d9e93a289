//! Where in a file something stands.

use super::visible::plain;
use std::{fmt, sync::Arc};

/// A place in a source file. Line and column are 1-based and count characters; 0 means "not known".
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// The file's path as the person named it, relative where they wrote it so.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// How many characters of the line are meant; 0 where that is not known.
    pub len: u32,
}

impl Span {
    /// The place `line:column` of `file`, of unknown length.
    pub fn new(file: impl Into<Arc<str>>, line: u32, column: u32) -> Self {
        Self { file: file.into(), line, column, len: 0 }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", plain(&self.file), self.line, self.column)
    }
}

/// A value together with the place where it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub at: Span,
}

impl<T> Spanned<T> {
    /// Joins a value with its place.
    pub fn new(value: T, at: Span) -> Self {
        Self { value, at }
    }

    /// Another value at the same place.
    pub fn map<U>(self, other: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: other(self.value), at: self.at }
    }
}
