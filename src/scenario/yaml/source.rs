//! A file's text, and how it becomes a tree.

use super::{
    YamlError, YamlErrors,
    node::{Key, Kind, Node, NodeSpan, ScalarKind},
};
use crate::core::Span;
use serde::{Deserialize, de};
use serde_yaml::{DuplicateKeyPolicy, Error, Spanned};
use std::{
    collections::HashMap,
    fmt,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 1_000_000;

/// A file's name and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path as the person named it.
    pub file: Arc<str>,
    /// The text, without a byte order mark.
    pub text: Arc<str>,
    /// The folder that paths in it are relative to, where that is not the project's.
    pub folder: Option<PathBuf>,
    /// The keys, where it is no file but what `--set` says.
    pub set: Option<Arc<str>>,
}

/// Whether there is nothing but comments in a text.
pub(super) fn is_empty(text: &str) -> bool {
    text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
}

impl Source {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is too large or no UTF-8 text.
    pub fn read(path: &Path) -> Result<Self, YamlError> {
        let name = path.to_string_lossy();
        let mut bytes = Vec::new();
        // One byte more than the limit, which is enough to see that it is too large.
        File::open(path)
            .and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
            .map_err(|error| YamlError::file(format!("the file cannot be read: {error}"), &name))?;
        Self::new(name.as_ref(), &bytes)
    }

    /// Takes a file's bytes.
    ///
    /// # Errors
    /// When the file is too large or no UTF-8 text.
    pub fn new(file: impl Into<Arc<str>>, bytes: &[u8]) -> Result<Self, YamlError> {
        let file = file.into();
        if bytes.len() > MAX_BYTES {
            let message = format!("the file is too large; the limit is {MAX_BYTES} bytes");
            return Err(
                YamlError::file(message, &file).with_help("large bodies belong into files that `attach` or `eml` name")
            );
        }
        let text = std::str::from_utf8(bytes).map_err(|e| {
            let line = bytes[..e.valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
            let position = Span::new(Arc::clone(&file), u32::try_from(line).unwrap_or(0), 1);
            YamlError::new("the file is no UTF-8 text", position).with_help("save it as UTF-8")
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if let Some(at) = text.find('\0') {
            let line = text[..at].matches('\n').count() + 1;
            let position = Span::new(Arc::clone(&file), u32::try_from(line).unwrap_or(0), 1);
            return Err(YamlError::new("the file holds a NUL byte; it is no text", position));
        }
        Ok(Self { file, text: text.into(), folder: None, set: None })
    }

    /// The whole text as a tree.
    ///
    /// # Errors
    /// Syntax errors, duplicate keys, several documents, and files without content.
    pub(crate) fn parse(&self, number: u32) -> Result<Node, YamlErrors> {
        let options = serde_yaml::options! {
            budget: serde_yaml::budget! { max_depth: 32, max_nodes: 100_000, max_events: 250_000, max_aliases: 1_000 },
            duplicate_keys: DuplicateKeyPolicy::PassThrough,
            alias_limits: serde_yaml::alias_limits! { max_total_replayed_events: 50_000, max_replay_stack_depth: 16 },
            strict_booleans: true,
            with_snippet: false,
        };
        if is_empty(&self.text) {
            let help = "start with `sealcheck: 1`";
            return Err(YamlError::file("the file is empty", &self.file).with_help(help).into());
        }
        let raw: Spanned<Raw> =
            serde_yaml::from_str_with_options(&self.text, options).map_err(|e| self.syntax_error(&e))?;
        let mut tree = Tree { source: self, number, errors: Vec::new() };
        let node = tree.node(raw);
        if tree.errors.is_empty() { Ok(node) } else { Err(YamlErrors(tree.errors)) }
    }

    fn syntax_error(&self, error: &Error) -> YamlError {
        let (line, column) = error.location().map_or((0, 0), |l| (to_u32(l.line()), to_u32(l.column())));
        let tab = self.text.lines().position(|l| l.trim_start_matches(' ').starts_with('\t'));
        let mut cause = error.without_snippet();
        while let Error::AliasError { error, .. } = cause {
            cause = error.without_snippet();
        }
        let (message, help) = match cause {
            Error::MultipleDocuments { .. } => (
                "the file holds several documents".to_owned(),
                Some("write one document per file, without `---` between"),
            ),
            Error::Budget { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasExpansionLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. } => (
                "the file is nested too deeply or grows too large through its aliases".to_owned(),
                Some("use fewer aliases"),
            ),
            other => {
                let text = other.to_string();
                let text = text.split(" at line ").next().unwrap_or_default().to_owned();
                let near_tab = tab.is_some_and(|t| to_u32(t as u64 + 1).abs_diff(line) <= 1);
                (format!("bad YAML: {text}"), near_tab.then_some("indent with spaces, YAML allows no tabs there"))
            }
        };
        let mut out = YamlError::new(message, Span::new(Arc::clone(&self.file), line, column)).with_source(&self.text);
        out.help = help.map(str::to_owned);
        out
    }

    /// A place of this file as a position.
    pub(crate) fn position(&self, place: NodeSpan) -> Span {
        Span { file: Arc::clone(&self.file), line: place.line, column: place.column, len: place.len }
    }
}

fn to_u32(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// What the YAML reader gives us.
enum Raw {
    Null,
    Text(String),
    Bool(bool),
    Integer(i128),
    Float(f64),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> de::Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }
    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }
    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }
    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Integer(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Integer(value.into()))
    }
    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Integer(value))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Float(value))
    }
    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = seq.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }
    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

/// Turns what the reader gives into nodes, and notes what is wrong on the way.
struct Tree<'a> {
    source: &'a Source,
    number: u32,
    errors: Vec<YamlError>,
}

impl Tree<'_> {
    fn node(&mut self, raw: Spanned<Raw>) -> Node {
        let at = self.place(&raw);
        let plain = |kind| Kind::Scalar(self.written(&raw), kind);
        let kind = match raw.value {
            Raw::Null => Kind::Null,
            Raw::Bool(value) => plain(ScalarKind::Bool(value)),
            Raw::Integer(value) => plain(ScalarKind::Integer(value)),
            Raw::Float(value) => plain(ScalarKind::Float(value)),
            Raw::Text(text) => Kind::Scalar(text, ScalarKind::Text),
            Raw::List(list) => Kind::List(list.into_iter().map(|n| self.node(n)).collect()),
            Raw::Map(entries) => Kind::Map(self.entries(entries)),
        };
        Node { at, kind }
    }

    fn wrong(&mut self, error: YamlError) {
        if self.errors.len() <= YamlErrors::MOST {
            self.errors.push(error.with_source(&self.source.text));
            self.errors.extend(YamlErrors::enough(&self.errors));
        }
    }

    fn entries(&mut self, raw: Vec<(Spanned<Raw>, Spanned<Raw>)>) -> Vec<(Key, Node)> {
        let mut entries: Vec<(Key, Node)> = Vec::with_capacity(raw.len());
        let mut lines: HashMap<String, u32> = HashMap::new();
        for (key, value) in raw {
            let key = self.node(key);
            let value = self.node(value);
            let Kind::Scalar(name, _) = key.kind else {
                let position = self.source.position(key.at);
                self.wrong(YamlError::new(format!("a key must be a word, found {}", key.describe()), position));
                continue;
            };
            match lines.get(&name) {
                None => {
                    lines.insert(name.clone(), key.at.line);
                    entries.push((Key { at: key.at, name }, value));
                }
                Some(first) => {
                    let error = YamlError::new(format!("key `{name}` is written twice"), self.source.position(key.at));
                    self.wrong(error.with_help(format!("it stands in line {first} already; keep one of them")));
                }
            }
        }
        entries
    }

    fn place(&self, raw: &Spanned<Raw>) -> NodeSpan {
        let location = raw.referenced;
        let text = self.slice(raw).unwrap_or_default();
        let first_line = text.lines().next().unwrap_or_default().trim_end();
        let len = match raw.value {
            Raw::List(_) | Raw::Map(_) | Raw::Null => 0,
            _ => to_u32(first_line.chars().count() as u64),
        };
        NodeSpan { file: self.number, line: to_u32(location.line()), column: to_u32(location.column()), len }
    }

    /// The characters that the node is written with.
    fn slice(&self, raw: &Spanned<Raw>) -> Option<&str> {
        let span = raw.defined.span();
        let start = usize::try_from(span.byte_offset()?).ok()?;
        let len = usize::try_from(span.byte_len()?).ok()?;
        self.source.text.get(start..start.checked_add(len)?)
    }

    /// A plain scalar as it was written: `007`, `1.50`, `true`.
    fn written(&self, raw: &Spanned<Raw>) -> String {
        self.slice(raw).unwrap_or_default().trim().to_owned()
    }
}
