//! `--set accounts.company.mx=host:25`: a change to a project file that is typed on the command line.

use super::{
    Source, YamlError, YamlErrors,
    node::{Key, Kind, Node, NodeSpan},
    source::is_empty,
};
use crate::core::Span;

/// What is typed, taken apart.
pub(super) struct Change {
    /// What is typed as a text with a name, which places refer to.
    pub(super) source: Source,
    keys: Vec<Key>,
    value: Node,
}

impl Change {
    /// Reads `KEYS=VALUE`; the value is YAML. Places in it refer to the `number`th source.
    ///
    /// # Errors
    /// When there are no keys, or the value is no YAML.
    pub(super) fn read(text: &str, number: u32) -> Result<Self, YamlErrors> {
        let text = text.trim();
        let (path, value) = text.split_once('=').unwrap_or((text, ""));
        // What has no `=` may be anything.
        let name = path.split([' ', ':']).next().unwrap_or_default();
        let source = Source { set: Some(name.into()), ..Source::new(format!("--set {name}"), text.as_bytes())? };
        let keys = keys(path.trim_end(), number);
        let bad = |place: NodeSpan, message: &str| {
            let error = YamlError::new(message, source.position(place)).with_source(text);
            let error = error.with_help("write it as `--set accounts.company.mx=host:25`");
            YamlErrors::from(error.without_secrets(&source))
        };
        if path.len() == text.len() {
            let column = columns(text) + 1;
            return Err(bad(NodeSpan { file: number, line: 1, column, len: 1 }, "a `=` is missing"));
        }
        if let Some(empty) = keys.iter().find(|key| key.name.trim().is_empty()) {
            return Err(bad(NodeSpan { len: 1, ..empty.at }, "a key is missing"));
        }
        if let Some(version) = keys.first().filter(|key| key.name == "sealcheck") {
            return Err(bad(version.at, "the format version cannot be set"));
        }
        let before = columns(path) + 1 + columns(value) - columns(value.trim_start());
        if is_empty(value) {
            let at = Span::new(source.file.clone(), 1, before + 1);
            let error = YamlError::new("a value is missing", at).with_source(text);
            return Err(error.without_secrets(&source).into());
        }
        let alone = Source::new(source.file.clone(), value.trim_start().as_bytes())?;
        let mut value = alone.parse(number).map_err(|errors| typed(errors, before, &source))?;
        shift(&mut value, before);
        Ok(Self { source, keys, value })
    }

    /// Puts the value where the keys lead to; what is in the way is replaced.
    pub(super) fn put(self, root: &mut Node) {
        put(root, &self.keys, self.value);
    }
}

/// The keys of a path with their places.
fn keys(path: &str, number: u32) -> Vec<Key> {
    let mut column = 1;
    let keys = path.split('.').map(|name| {
        let at = NodeSpan { file: number, line: 1, column, len: columns(name) };
        column += at.len + 1;
        Key { at, name: name.to_owned() }
    });
    keys.collect()
}

fn columns(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

/// The errors of a value, at their places in what is typed.
fn typed(errors: YamlErrors, before: u32, source: &Source) -> YamlErrors {
    let placed = |error: YamlError| {
        let at = &error.position;
        let (line, column) = if at.line <= 1 { (1, at.column.max(1) + before) } else { (at.line, at.column) };
        let position = Span { line, column, ..at.clone() };
        YamlError { position, ..error }.with_source(&source.text).without_secrets(source)
    };
    YamlErrors(errors.0.into_iter().map(placed).collect())
}

/// Moves what stands in the first line of a value behind its keys.
fn shift(node: &mut Node, by: u32) {
    node.at.shift(by);
    match &mut node.kind {
        Kind::List(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Kind::Map(entries) => {
            for (key, value) in entries {
                key.at.shift(by);
                shift(value, by);
            }
        }
        Kind::Null | Kind::Scalar(..) => {}
    }
}

fn put(node: &mut Node, path: &[Key], value: Node) {
    let [first, rest @ ..] = path else {
        *node = value;
        return;
    };
    if !matches!(node.kind, Kind::Map(_)) {
        *node = Node { at: first.at, kind: Kind::Map(Vec::new()) };
    }
    if let Kind::Map(entries) = &mut node.kind {
        match entries.iter_mut().find(|(key, _)| key.name == first.name) {
            Some((_, old)) => put(old, rest, value),
            None => {
                let mut new = Node { at: first.at, kind: Kind::Map(Vec::new()) };
                put(&mut new, rest, value);
                entries.push((first.clone(), new));
            }
        }
    }
}
