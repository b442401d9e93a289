//! serde over a [`Node`]: it finds as many errors as it can in one pass, and each knows its place.

use super::{
    Source,
    node::{Key, Kind, Node, NodeSpan, ScalarKind},
};
use crate::core::{
    reading::{AT, CHECK, FOLDER, FORM, KEYS, MANY, NOTE, RECOVERED},
    suggest,
};
use serde::de::{
    self, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
    value::{StrDeserializer, U32Deserializer},
};
use std::{cell::RefCell, fmt, vec};

/// What the name of a struct begins with that has a short form; the key that the short form is the value of follows.
pub(crate) const SHORT: &str = "short:";
/// What the name of an enum begins with whose variants are the keys of a map; what it is follows.
pub(crate) const ONE_KEY: &str = "one key:";

/// What is wrong at a place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Error {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    pub(crate) at: Option<NodeSpan>,
    pub(crate) kind: ErrorKind,
    /// A map lacks a key that it must have; which map is still to be said.
    lacks_key: bool,
}

/// What a fault keeps from being known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// The value was not read.
    Unread,
    /// Nothing: the value was read all the same.
    Noted,
    /// Nothing, and it is told where nothing on its line is unread.
    Checked,
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error {
    pub(crate) fn new(message: impl Into<String>, at: NodeSpan) -> Self {
        Self { at: Some(at), ..Self::unplaced(message.into(), None) }
    }

    fn unplaced(message: String, help: Option<String>) -> Self {
        Self { message, help, at: None, kind: ErrorKind::Unread, lacks_key: false }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn or_at(mut self, at: NodeSpan) -> Self {
        self.at.get_or_insert(at);
        self
    }
}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        // What to do is the alternate form of what is wrong; for most texts both are the same.
        let (help, message) = (format!("{message:#}"), message.to_string());
        Self::unplaced(message.clone(), (help != message).then_some(help))
    }
    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let help = suggest::hint(field, expected.iter().copied(), "known keys");
        Self::unplaced(format!("unknown key `{field}`"), help)
    }
    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let help = suggest::hint(variant, expected.iter().copied(), "one of");
        Self::unplaced(format!("unknown value `{variant}`"), help)
    }
    fn missing_field(field: &'static str) -> Self {
        Self { lacks_key: true, ..Self::unplaced(format!("key `{field}` is missing"), None) }
    }
}

/// Reads a file from a tree, as far as it can be read, and everything that is wrong: unknown keys, and what is bad in a
/// [`Recovered`](crate::core::reading::Recovered). Without faults there is a value, and every `Recovered` in it has a value.
pub(crate) fn read<'de, T: de::Deserialize<'de>>(root: &'de Node, sources: &[Source]) -> (Option<T>, Vec<Error>) {
    let faults = RefCell::new(Vec::new());
    let read = T::deserialize(Reader { node: root, path: &Path::Root, faults: &faults, sources, is_short: false });
    let mut faults = faults.into_inner();
    let value = read.map_err(|fault| faults.push(fault)).ok();
    (value, faults)
}

/// The keys and numbers on the way from the root.
enum Path<'de> {
    Root,
    Key(&'de Path<'de>, &'de str),
    Item(&'de Path<'de>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Self::Root, name) => f.write_str(name),
            Self::Key(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

#[derive(Clone, Copy)]
struct Reader<'de, 'p> {
    node: &'de Node,
    path: &'p Path<'p>,
    faults: &'p RefCell<Vec<Error>>,
    sources: &'p [Source],
    /// It is the short form of a struct, in which no key is written without a value.
    is_short: bool,
}

impl<'de, 'p> Reader<'de, 'p> {
    fn fault(&self, expected: &str) -> Error {
        let found = self.node.describe();
        let message = match self.path {
            Path::Root => format!("the file must hold {expected}, found {found}"),
            path => format!("`{path}` must be {expected}, found {found}"),
        };
        Error::new(message, self.node.at)
    }

    /// Gives a fault its place, and says which map a missing key is missing from.
    fn place(&self, mut fault: Error) -> Error {
        if fault.at.is_none() {
            if fault.lacks_key && !matches!(self.path, Path::Root) {
                fault.message = format!("{} in `{}`", fault.message, self.path);
            }
            fault.at = Some(self.node.at);
        }
        fault
    }

    fn scalar(&self, expected: &str) -> Result<(&'de str, ScalarKind), Error> {
        match &self.node.kind {
            Kind::Scalar(text, kind) => Ok((text, *kind)),
            _ => Err(self.fault(expected)),
        }
    }

    fn integer<N: TryFrom<i128>>(&self, expected: &str) -> Result<N, Error> {
        match self.scalar(expected)? {
            (_, ScalarKind::Integer(n)) => N::try_from(n).map_err(|_| self.fault(expected)),
            _ => Err(self.fault(expected)),
        }
    }

    /// Every key that is none of these.
    fn unknown_keys(self, known: &'static [&'static str]) -> impl Iterator<Item = Error> + use<'de, 'p> {
        self.node.entries().iter().filter(move |(k, _)| !known.contains(&k.name.as_str())).map(move |(key, _)| {
            let mut fault: Error = de::Error::unknown_field(&key.name, known);
            if !matches!(self.path, Path::Root) {
                fault.message = format!("{} in `{}`", fault.message, self.path);
            }
            fault.or_at(key.at)
        })
    }

    /// The one entry of a map that says by its key what it is.
    fn one_key(self, what: &str, known: &'static [&'static str]) -> Result<OneKey<'de, 'p>, Error> {
        let Kind::Map(entries) = &self.node.kind else { return Err(self.fault("a map")) };
        let mut unknown = self.unknown_keys(known);
        let first = unknown.next();
        self.faults.borrow_mut().extend(unknown);
        let mut written = entries.iter().filter(|(k, _)| known.contains(&k.name.as_str()));
        let wrong = |message: String, help: String| Error {
            kind: ErrorKind::Noted,
            ..Error::new(message, self.node.at).with_help(help)
        };
        match (first, written.next(), written.count() + 1) {
            (Some(unknown), ..) => Err(unknown),
            (None, Some((key, node)), 1) => Ok(OneKey { reader: self, key, node }),
            (None, None, _) => {
                let known: Vec<_> = known.iter().map(|k| format!("`{k}`")).collect();
                Err(wrong(format!("an {what} without a kind"), format!("write one of {}", known.join(", "))))
            }
            (None, Some(_), n) => {
                Err(wrong(format!("one {what} has {n} kinds"), "start each with its own `- `".to_owned()))
            }
        }
    }

    fn source(&self) -> Option<&'p Source> {
        source(self.node.at, self.sources)
    }

    fn list<V: Visitor<'de>>(self, items: &'de [Node], visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Items { reader: self, items, index: 0 }).map_err(|f| self.place(f))
    }

    fn map<V: Visitor<'de>>(self, entries: &'de [(Key, Node)], visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Pairs { reader: self, entries, fields: None, value: None }).map_err(|f| self.place(f))
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $kind:ty),*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit(self.integer::<$kind>("a whole number")?).map_err(|f: Error| self.place(f))
        })*
    };
}

impl<'de> de::Deserializer<'de> for Reader<'de, '_> {
    type Error = Error;

    integers!(deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16, deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64, deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32, deserialize_i64 visit_i64 i64);

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.kind {
            Kind::Null => visitor.visit_unit(),
            Kind::Scalar(text, ScalarKind::Text) => visitor.visit_borrowed_str(text),
            Kind::Scalar(_, ScalarKind::Bool(b)) => visitor.visit_bool(*b),
            Kind::Scalar(_, ScalarKind::Integer(n)) => visitor.visit_i128(*n),
            Kind::Scalar(_, ScalarKind::Float(x)) => visitor.visit_f64(*x),
            Kind::List(items) => return self.list(items, visitor),
            Kind::Map(entries) => return self.map(entries, visitor),
        }
        .map_err(|f: Error| self.place(f))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.scalar("true or false")? {
            (_, ScalarKind::Bool(b)) => visitor.visit_bool(b),
            _ => Err(self.fault("true or false")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.scalar("a text")?.0).map_err(|f: Error| self.place(f))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node.kind {
            Kind::Null if !self.is_short => Err(self.fault("a value").with_help("write a value or leave the key out")),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        match name {
            RECOVERED => visitor.visit_seq(Tried(Some(self))),
            AT => visitor.visit_seq(AfterFacts::position(self.node.at, self.sources, self)),
            KEYS => visitor.visit_seq(AfterFacts::text(self.path.to_string(), self)),
            FOLDER => {
                let folder = self.source().and_then(|source| source.folder.as_deref());
                let folder = folder.map(|folder| folder.to_string_lossy().into_owned());
                visitor.visit_seq(AfterFacts::text(folder.unwrap_or_default(), self))
            }
            NOTE => visitor.visit_seq(Noted { reader: self, kind: ErrorKind::Noted, before: None }),
            CHECK => visitor.visit_seq(Noted { reader: self, kind: ErrorKind::Checked, before: None }),
            FORM => visitor.visit_enum(Shape { reader: self, shape: matches!(self.node.kind, Kind::Map(_)).into() }),
            MANY => {
                if matches!(&self.node.kind, Kind::List(items) if items.is_empty()) {
                    return Err(self.fault("one value or a list of values").with_help("the list is empty"));
                }
                visitor.visit_enum(Shape { reader: self, shape: matches!(self.node.kind, Kind::List(_)).into() })
            }
            _ => visitor.visit_newtype_struct(self),
        }
        .map_err(|f: Error| self.place(f))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.kind {
            Kind::List(items) => self.list(items, visitor),
            _ => Err(self.fault("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.kind {
            Kind::Map(entries) => self.map(entries, visitor),
            _ => Err(self.fault("a map")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if let (Some(key), false) = (name.strip_prefix(SHORT), matches!(self.node.kind, Kind::Map(_))) {
            return visitor.visit_map(Short { reader: self, key: Some(key) }).map_err(|f| self.place(f));
        }
        self.faults.borrow_mut().extend(self.unknown_keys(fields));
        match &self.node.kind {
            Kind::Map(entries) => {
                let pairs = Pairs { reader: self, entries, fields: Some(fields), value: None };
                visitor.visit_map(pairs).map_err(|f| self.place(f))
            }
            _ => Err(self.fault("a map")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if let Some(what) = name.strip_prefix(ONE_KEY) {
            return visitor.visit_enum(self.one_key(what, words)?).map_err(|f| self.place(f));
        }
        let expected = match words.len() {
            0..=8 => format!("one of {}", words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ")),
            _ => "a word".to_owned(),
        };
        let word: StrDeserializer<'_, Error> = self.scalar(&expected)?.0.into_deserializer();
        visitor.visit_enum(word).map_err(|f| self.place(f))
    }

    serde::forward_to_deserialize_any! {
        i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

/// The items of a list.
struct Items<'de, 'p> {
    reader: Reader<'de, 'p>,
    items: &'de [Node],
    index: usize,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(node) = self.items.get(self.index) else { return Ok(None) };
        let path = Path::Item(self.reader.path, self.index);
        self.index += 1;
        let reader = Reader { node, path: &path, is_short: false, ..self.reader };
        seed.deserialize(reader).map(Some).map_err(|f| reader.place(f))
    }
}

/// The entries of a map; of a struct, those that it knows.
struct Pairs<'de, 'p> {
    reader: Reader<'de, 'p>,
    entries: &'de [(Key, Node)],
    fields: Option<&'static [&'static str]>,
    value: Option<&'de (Key, Node)>,
}

impl<'de> MapAccess<'de> for Pairs<'de, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        while let Some((entry, rest)) = self.entries.split_first() {
            self.entries = rest;
            let (key, _) = entry;
            if self.fields.is_none_or(|f| f.contains(&key.name.as_str())) {
                self.value = Some(entry);
                return seed.deserialize(Name { key, sources: self.reader.sources }).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some((key, node)) = self.value.take() else { return Err(de::Error::custom("value without a key")) };
        let path = Path::Key(self.reader.path, &key.name);
        let reader = Reader { node, path: &path, is_short: false, ..self.reader };
        seed.deserialize(reader).map_err(|f| reader.place(f))
    }
}

/// A key of a map, as a text or as a text with its place.
#[derive(Clone, Copy)]
struct Name<'de, 'p> {
    key: &'de Key,
    sources: &'p [Source],
}

impl<'de> de::Deserializer<'de> for Name<'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(&self.key.name).map_err(|f: Error| f.or_at(self.key.at))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        match name {
            AT => visitor.visit_seq(AfterFacts::position(self.key.at, self.sources, self)),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A value that may be bad: then what is wrong is noted, and there is none.
struct Tried<'de, 'p>(Option<Reader<'de, 'p>>);

impl<'de> SeqAccess<'de> for Tried<'de, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(reader) = self.0.take() else { return Ok(None) };
        let value = seed.deserialize(reader);
        Ok(value.map_err(|error| reader.faults.borrow_mut().push(error)).ok())
    }
}

/// An entry whose key says what it is.
struct OneKey<'de, 'p> {
    reader: Reader<'de, 'p>,
    key: &'de Key,
    node: &'de Node,
}

impl<'de, 'p> EnumAccess<'de> for OneKey<'de, 'p> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        Ok((seed.deserialize(Name { key: self.key, sources: self.reader.sources })?, self))
    }
}

impl<'de> VariantAccess<'de> for OneKey<'de, '_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Err(self.reader.fault("a map"))
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        let path = Path::Key(self.reader.path, &self.key.name);
        let reader = Reader { node: self.node, path: &path, is_short: false, ..self.reader };
        match self.node.kind {
            Kind::Null => Err(reader.fault("a value").with_help("write a value or leave the key out")),
            _ => seed.deserialize(reader).map_err(|f| reader.place(f)),
        }
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Error> {
        Err(self.reader.fault("a map"))
    }
    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Error> {
        Err(self.reader.fault("a map"))
    }
}

/// The short form of a struct: one key.
struct Short<'de, 'p> {
    reader: Reader<'de, 'p>,
    key: Option<&'static str>,
}

impl<'de> MapAccess<'de> for Short<'de, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(key) = self.key.take() else { return Ok(None) };
        let key: StrDeserializer<'_, Error> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let reader = Reader { is_short: true, ..self.reader };
        seed.deserialize(reader).map_err(|f| reader.place(f))
    }
}

fn source(place: NodeSpan, sources: &[Source]) -> Option<&Source> {
    usize::try_from(place.file).ok().and_then(|number| sources.get(number))
}

/// What is said of a value.
enum Fact {
    Text(String),
    Number(u32),
}

/// What is said of a value, then the value.
struct AfterFacts<D> {
    facts: vec::IntoIter<Fact>,
    value: D,
}

impl<D> AfterFacts<D> {
    fn text(text: String, value: D) -> Self {
        Self { facts: vec![Fact::Text(text)].into_iter(), value }
    }

    /// File, line, column and length.
    fn position(at: NodeSpan, sources: &[Source], value: D) -> Self {
        let file = source(at, sources).map_or_else(String::new, |source| source.file.to_string());
        let numbers = [at.line, at.column, at.len].map(Fact::Number);
        Self { facts: [Fact::Text(file)].into_iter().chain(numbers).collect::<Vec<_>>().into_iter(), value }
    }
}

impl<'de, D: de::Deserializer<'de, Error = Error> + Copy> SeqAccess<'de> for AfterFacts<D> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        match self.facts.next() {
            Some(Fact::Text(text)) => seed.deserialize(IntoDeserializer::<Error>::into_deserializer(text)),
            Some(Fact::Number(number)) => seed.deserialize(IntoDeserializer::<Error>::into_deserializer(number)),
            None => seed.deserialize(self.value),
        }
        .map(Some)
    }
}

/// A value, and then what is to be noted of it, unless it follows from a fault inside of it.
struct Noted<'de, 'p> {
    reader: Reader<'de, 'p>,
    kind: ErrorKind,
    /// How many faults there were before the value.
    before: Option<usize>,
}

impl<'de> SeqAccess<'de> for Noted<'de, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(before) = self.before else {
            self.before = Some(self.reader.faults.borrow().len());
            return seed.deserialize(self.reader).map(Some).map_err(|fault| self.reader.place(fault));
        };
        let Err(fault) = seed.deserialize(self.reader) else { return Ok(None) };
        let mut faults = self.reader.faults.borrow_mut();
        if faults[before..].iter().all(|inside| inside.kind != ErrorKind::Unread) {
            if self.kind == ErrorKind::Checked {
                // It is said of the whole; what is said of its parts follows.
                faults.truncate(before);
            }
            faults.push(Error { kind: self.kind, ..self.reader.place(fault) });
        }
        Ok(None)
    }
}

/// Which of two shapes a node has, and the node.
struct Shape<'de, 'p> {
    reader: Reader<'de, 'p>,
    shape: u32,
}

impl<'de, 'p> EnumAccess<'de> for Shape<'de, 'p> {
    type Error = Error;
    type Variant = Content<'de, 'p>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), Error> {
        let shape: U32Deserializer<Error> = self.shape.into_deserializer();
        Ok((seed.deserialize(shape)?, Content(self.reader)))
    }
}

/// The node of a [`Shape`].
struct Content<'de, 'p>(Reader<'de, 'p>);

impl<'de> VariantAccess<'de> for Content<'de, '_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.0)
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        de::Deserializer::deserialize_seq(self.0, visitor)
    }
    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        de::Deserializer::deserialize_map(self.0, visitor)
    }
}
