//! serde over a [`Node`]: it finds as many errors as it can in one pass, and each knows its place.

use super::node::{Key, Kind, Node, Place, ScalarKind};
use crate::scenario::suggest;
use serde::de::{
    self, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
    value::{StrDeserializer, U32Deserializer},
};
use std::{cell::RefCell, fmt};

/// The newtype name by which a twin asks for a value with its place.
pub(crate) const SPOT: &str = "$spot";
/// The newtype name by which a twin asks for a short or a long form.
pub(crate) const FORM: &str = "$form";
/// The newtype name by which a twin asks for one or many.
pub(crate) const MANY: &str = "$many";
/// The newtype name by which a twin asks for a value that may be bad without stopping the rest.
pub(crate) const TRY: &str = "$try";

/// What is wrong at a place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    pub(crate) at: Option<Place>,
}

impl std::error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>, at: Place) -> Self {
        Self { message: message.into(), help: None, at: Some(at) }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn or_at(mut self, at: Place) -> Self {
        self.at.get_or_insert(at);
        self
    }
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), help: None, at: None }
    }
    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let help = suggest::hint(field, expected.iter().copied(), "known keys");
        Self { message: format!("unknown key `{field}`"), help, at: None }
    }
    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let help = suggest::hint(variant, expected.iter().copied(), "one of");
        Self { message: format!("unknown value `{variant}`"), help, at: None }
    }
    fn missing_field(field: &'static str) -> Self {
        Self { message: format!("key `{field}` is missing"), help: None, at: None }
    }
}

/// Reads a twin from a tree, as far as it can be read, and everything that is wrong: unknown keys, and what is bad in a
/// [`super::spot::Try`]. Without faults there is a twin, and every `Try` in it has a value.
pub(crate) fn read<'de, T: de::Deserialize<'de>>(root: &'de Node) -> (Option<T>, Vec<Fault>) {
    let faults = RefCell::new(Vec::new());
    let read = T::deserialize(Reader { node: root, path: &Path::Root, faults: &faults });
    let mut faults = faults.into_inner();
    let twin = read.map_err(|fault| faults.push(fault)).ok();
    (twin, faults)
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
    faults: &'p RefCell<Vec<Fault>>,
}

impl<'de, 'p> Reader<'de, 'p> {
    fn fault(&self, expected: &str) -> Fault {
        let found = self.node.describe();
        let message = match self.path {
            Path::Root => format!("the file must hold {expected}, found {found}"),
            path => format!("`{path}` must be {expected}, found {found}"),
        };
        Fault::new(message, self.node.at)
    }

    /// Gives a fault its place, and says which map a missing key is missing from.
    fn place(&self, mut fault: Fault) -> Fault {
        if fault.at.is_none() {
            if fault.message.ends_with(" is missing") && !matches!(self.path, Path::Root) {
                fault.message = format!("{} in `{}`", fault.message, self.path);
            }
            fault.at = Some(self.node.at);
        }
        fault
    }

    fn scalar(&self, expected: &str) -> Result<(&'de str, ScalarKind), Fault> {
        match &self.node.kind {
            Kind::Scalar(text, kind) => Ok((text, *kind)),
            _ => Err(self.fault(expected)),
        }
    }

    fn integer<N: TryFrom<i128>>(&self, expected: &str) -> Result<N, Fault> {
        match self.scalar(expected)? {
            (_, ScalarKind::Integer(n)) => N::try_from(n).map_err(|_| self.fault(expected)),
            _ => Err(self.fault(expected)),
        }
    }

    fn list<V: Visitor<'de>>(self, items: &'de [Node], visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(Items { reader: self, items, index: 0 }).map_err(|f| self.place(f))
    }

    fn map<V: Visitor<'de>>(self, entries: &'de [(Key, Node)], visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_map(Pairs { reader: self, entries, fields: None, value: None }).map_err(|f| self.place(f))
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $kind:ty),*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            visitor.$visit(self.integer::<$kind>("a whole number")?).map_err(|f: Fault| self.place(f))
        })*
    };
}

impl<'de> de::Deserializer<'de> for Reader<'de, '_> {
    type Error = Fault;

    integers!(deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16, deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64, deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32, deserialize_i64 visit_i64 i64);

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::Null => visitor.visit_unit(),
            Kind::Scalar(text, ScalarKind::Text) => visitor.visit_borrowed_str(text),
            Kind::Scalar(_, ScalarKind::Bool(b)) => visitor.visit_bool(*b),
            Kind::Scalar(_, ScalarKind::Integer(n)) => visitor.visit_i128(*n),
            Kind::Scalar(_, ScalarKind::Float(x)) => visitor.visit_f64(*x),
            Kind::List(items) => return self.list(items, visitor),
            Kind::Map(entries) => return self.map(entries, visitor),
        }
        .map_err(|f: Fault| self.place(f))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.scalar("true or false")? {
            (_, ScalarKind::Bool(b)) => visitor.visit_bool(b),
            _ => Err(self.fault("true or false")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(self.scalar("a text")?.0).map_err(|f: Fault| self.place(f))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.kind {
            Kind::Null => Err(self.fault("a value").with_help("write a value or leave the key out")),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        match name {
            SPOT => visitor.visit_seq(Placed { at: self.node.at, content: self, index: 0 }),
            TRY => visitor.visit_seq(Tried(self)),
            FORM => visitor.visit_enum(Shape { reader: self, shape: matches!(self.node.kind, Kind::Map(_)).into() }),
            MANY => {
                if matches!(&self.node.kind, Kind::List(items) if items.is_empty()) {
                    return Err(self.fault("one value or a list of values").with_help("the list is empty"));
                }
                visitor.visit_enum(Shape { reader: self, shape: matches!(self.node.kind, Kind::List(_)).into() })
            }
            _ => visitor.visit_newtype_struct(self),
        }
        .map_err(|f: Fault| self.place(f))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::List(items) => self.list(items, visitor),
            _ => Err(self.fault("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::Map(entries) => self.map(entries, visitor),
            _ => Err(self.fault("a map")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        for (key, _) in self.node.entries().iter().filter(|(k, _)| !fields.contains(&k.name.as_str())) {
            let mut fault: Fault = de::Error::unknown_field(&key.name, fields);
            if !matches!(self.path, Path::Root) {
                fault.message = format!("{} in `{}`", fault.message, self.path);
            }
            self.faults.borrow_mut().push(fault.or_at(key.at));
        }
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
        _: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let expected = match words.len() {
            0..=8 => format!("one of {}", words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ")),
            _ => "a word".to_owned(),
        };
        let word: StrDeserializer<'_, Fault> = self.scalar(&expected)?.0.into_deserializer();
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
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some(node) = self.items.get(self.index) else { return Ok(None) };
        let path = Path::Item(self.reader.path, self.index);
        self.index += 1;
        seed.deserialize(Reader { node, path: &path, ..self.reader }).map(Some)
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
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        while let Some((entry, rest)) = self.entries.split_first() {
            self.entries = rest;
            let (key, _) = entry;
            if self.fields.is_none_or(|f| f.contains(&key.name.as_str())) {
                self.value = Some(entry);
                return seed.deserialize(Name(key)).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some((key, node)) = self.value.take() else { return Err(de::Error::custom("value without a key")) };
        let path = Path::Key(self.reader.path, &key.name);
        seed.deserialize(Reader { node, path: &path, ..self.reader })
    }
}

/// A key of a map, as a text or as a text with its place.
#[derive(Clone, Copy)]
struct Name<'de>(&'de Key);

impl<'de> de::Deserializer<'de> for Name<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(&self.0.name).map_err(|f: Fault| f.or_at(self.0.at))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        match name {
            SPOT => visitor.visit_seq(Placed { at: self.0.at, content: self, index: 0 }),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// File, line, column and length of a node, then the node.
struct Placed<D> {
    at: Place,
    content: D,
    index: usize,
}

impl<'de, D: de::Deserializer<'de, Error = Fault> + Copy> SeqAccess<'de> for Placed<D> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let numbers = [self.at.file, self.at.line, self.at.column, self.at.len];
        let index = self.index;
        self.index += 1;
        match numbers.get(index) {
            Some(number) => {
                let number: U32Deserializer<Fault> = number.into_deserializer();
                seed.deserialize(number).map(Some)
            }
            None => seed.deserialize(self.content).map(Some),
        }
    }
}

/// A value that may be bad: what is wrong is noted, and there is no value.
struct Tried<'de, 'p>(Reader<'de, 'p>);

impl<'de> SeqAccess<'de> for Tried<'de, '_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        match seed.deserialize(self.0) {
            Ok(value) => Ok(Some(value)),
            Err(fault) => {
                self.0.faults.borrow_mut().push(fault);
                Ok(None)
            }
        }
    }
}

/// Which of two shapes a node has, and the node.
struct Shape<'de, 'p> {
    reader: Reader<'de, 'p>,
    shape: u32,
}

impl<'de, 'p> EnumAccess<'de> for Shape<'de, 'p> {
    type Error = Fault;
    type Variant = Content<'de, 'p>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), Fault> {
        let shape: U32Deserializer<Fault> = self.shape.into_deserializer();
        Ok((seed.deserialize(shape)?, Content(self.reader)))
    }
}

/// The node of a [`Shape`].
struct Content<'de, 'p>(Reader<'de, 'p>);

impl<'de> VariantAccess<'de> for Content<'de, '_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(self.0)
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        de::Deserializer::deserialize_seq(self.0, visitor)
    }
    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        de::Deserializer::deserialize_map(self.0, visitor)
    }
}
