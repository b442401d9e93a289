//! A YAML text as a tree that knows where everything stands.

/// One value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) at: NodeSpan,
    pub(crate) kind: Kind,
}

/// Where: the file's number in a `Source` list, line and column from 1, and how many characters of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct NodeSpan {
    pub(crate) file: u32,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) len: u32,
}

impl NodeSpan {
    /// Moves what stands in the first line.
    pub(crate) fn shift(&mut self, by: u32) {
        if self.line == 1 {
            self.column += by;
        }
    }
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Null,
    /// A scalar: its text as written, and whether it was plain text that reads as a number or a truth value.
    Scalar(String, ScalarKind),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// What a plain scalar reads as.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum ScalarKind {
    Text,
    Bool(bool),
    Integer(i128),
    Float(f64),
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) at: NodeSpan,
    pub(crate) name: String,
}

impl Node {
    /// The value of a key.
    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        self.entries().iter().find(|(k, _)| k.name == name).map(|(_, v)| v)
    }

    /// The entries of a mapping; none for anything else.
    pub(crate) fn entries(&self) -> &[(Key, Node)] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// What it is, in words.
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Null => "nothing".to_owned(),
            Kind::Scalar(_, ScalarKind::Text) => "a text".to_owned(),
            Kind::Scalar(text, ScalarKind::Bool(_)) => format!("`{text}`"),
            Kind::Scalar(text, _) => format!("the number {text}"),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a map".to_owned(),
        }
    }
}
