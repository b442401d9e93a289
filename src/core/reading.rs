//! How values of files are read where serde alone does not know: their places, one or many of them, words, and texts that must
//! have a form. What is wrong with a form is noted, and the rest of the file is read all the same. A deserializer knows the
//! names below; `scenario/yaml` is the one that does.

use super::{Span, Spanned, schema_as::schema_as};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, EnumAccess, SeqAccess, VariantAccess, Visitor, value::SeqAccessDeserializer},
};
use std::{
    borrow::Cow,
    fmt,
    marker::PhantomData,
    path::{Path, PathBuf},
    time::Duration,
};

/// The newtype name by which a value asks for itself with its position.
pub(crate) const AT: &str = "$at";
/// The newtype name by which a value notes what is wrong with it.
pub(crate) const NOTE: &str = "$note";
/// The same, where nothing on its line kept something from being read.
pub(crate) const CHECK: &str = "$check";
/// The newtype name by which a value asks for itself with the keys that lead to it.
pub(crate) const KEYS: &str = "$keys";
/// The newtype name by which a path asks for itself with the folder that it is relative to, where that is known.
pub(crate) const FOLDER: &str = "$folder";
/// The newtype name by which a value asks for one or many.
pub(crate) const MANY: &str = "$many";
/// The newtype name by which a value asks for a short or a long form.
pub(crate) const FORM: &str = "$form";
/// The newtype name by which a value asks that its faults do not keep the rest from being read.
pub(crate) const RECOVERED: &str = "$recovered";

/// What is wrong with a value, and what to do: the alternate form of its text.
#[derive(Debug)]
pub(crate) struct Wrong {
    message: String,
    help: String,
}

impl Wrong {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }

    /// That what is written says nothing.
    pub(crate) fn empty(what: &str) -> Self {
        Self::new(format!("{what} is empty"), "write it or leave the key out")
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if f.alternate() { &self.help } else { &self.message })
    }
}

/// Reads a value and notes what `check` says of it.
pub(crate) fn value<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
    check: impl FnOnce(&T) -> Result<(), Wrong>,
) -> Result<T, D::Error> {
    noted(deserializer, NOTE, check)
}

/// The same; it is told where nothing on its line kept something from being read, of which it may follow.
pub(crate) fn checked<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
    check: impl FnOnce(&T) -> Result<(), Wrong>,
) -> Result<T, D::Error> {
    noted(deserializer, CHECK, check)
}

fn noted<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
    name: &'static str,
    check: impl FnOnce(&T) -> Result<(), Wrong>,
) -> Result<T, D::Error> {
    struct V<T, C>(C, PhantomData<T>);
    impl<'de, T: Deserialize<'de>, C: FnOnce(&T) -> Result<(), Wrong>> Visitor<'de> for V<T, C> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a value")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
            let value = seq.next_element()?.ok_or_else(|| de::Error::custom("no value"))?;
            if let Err(wrong) = (self.0)(&value) {
                seq.next_element_seed(Note(wrong))?;
            }
            Ok(value)
        }
    }
    deserializer.deserialize_newtype_struct(name, V(check, PhantomData))
}

/// Hands the deserializer what to note.
struct Note(Wrong);

impl<'de> DeserializeSeed<'de> for Note {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, _: D) -> Result<(), D::Error> {
        Err(de::Error::custom(self.0))
    }
}

/// Reads a value that is written; a key without one is an error, and one that is left out has its default.
pub(crate) fn written<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer)?.ok_or_else(|| de::Error::custom("no value"))
}

/// Reads a time that may be written.
pub(crate) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Spanned<Duration>>, D::Error> {
    let time = Option::<Spanned<HumanDuration>>::deserialize(deserializer)?;
    Ok(time.map(|time| time.map(|time| time.0)))
}

/// Reads one or many of what may be written.
pub(crate) fn many<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    Ok(Option::<OneOrMany<T>>::deserialize(deserializer)?.map(|many| many.0))
}

/// Reads a word of `W` that may be written, as its text.
pub(crate) fn word_of<'de, D: Deserializer<'de>, W: Deserialize<'de> + AsRef<str>>(
    deserializer: D,
) -> Result<Option<Spanned<String>>, D::Error> {
    let word = Option::<Spanned<W>>::deserialize(deserializer)?;
    Ok(word.map(|word| word.map(|word| word.as_ref().to_owned())))
}

/// Reads one of these words.
pub(crate) fn word<'de, D: Deserializer<'de>>(
    deserializer: D,
    words: &'static [&'static str],
) -> Result<&'static str, D::Error> {
    struct V(&'static [&'static str]);
    impl<'de> Visitor<'de> for V {
        type Value = &'static str;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a word")
        }
        fn visit_enum<A: de::EnumAccess<'de>>(self, data: A) -> Result<&'static str, A::Error> {
            let (word, _) = data.variant::<String>()?;
            let known = self.0.iter().find(|w| **w == word).copied();
            known.ok_or_else(|| de::Error::unknown_variant(&word, self.0))
        }
    }
    deserializer.deserialize_enum("", words, V(words))
}

/// Declares texts that must have a form.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = $check:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) String);

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let check: fn(&str) -> Result<(), $crate::core::reading::Wrong> = $check;
                $crate::core::reading::value(deserializer, |text: &String| check(text)).map(Self)
            }
        }

        $crate::core::schema_as::schema_as! { [] $name: String; }
    )*};
}
pub(crate) use texts;

/// Declares an enum of words with its spellings. The words `true` and `false` are YAML's truth values. The first variant is
/// the default.
macro_rules! words {
    ($($(#[$doc:meta])* $vis:vis enum $name:ident {
        $(#[$first_doc:meta])* $first:ident = $first_text:literal $(| $first_alias:literal)*
        $(, $(#[$variant_doc:meta])* $variant:ident = $text:literal $(| $alias:literal)*)* $(,)?
    })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        $vis enum $name {
            $(#[$first_doc])* $first,
            $($(#[$variant_doc])* $variant,)*
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                const WORDS: &[&str] = &[$first_text, $($first_alias,)* $($text, $($alias,)*)*];
                match $crate::core::reading::word(deserializer, WORDS)? {
                    $($text $(| $alias)* => Ok(Self::$variant),)*
                    _ => Ok(Self::$first),
                }
            }
        }

        impl $name {
            /// The word.
            $vis fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_text,
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let words: Vec<serde_json::Value> =
                    [$first_text, $($first_alias,)* $($text, $($alias,)*)*]
                    .into_iter()
                    .map(|word| match word {
                        "true" => true.into(),
                        "false" => false.into(),
                        word => word.into(),
                    })
                    .collect();
                schemars::json_schema!({ "enum": words })
            }
        }
    )*};
}
pub(crate) use words;

/// Reads what the deserializer says of a value by a name, and the value: a tuple.
fn told<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D, name: &'static str) -> Result<T, D::Error> {
    struct V<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for V<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a value")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<T, A::Error> {
            T::deserialize(SeqAccessDeserializer::new(seq))
        }
    }
    deserializer.deserialize_newtype_struct(name, V(PhantomData))
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (file, line, column, len, value) = told::<_, (String, _, _, _, _)>(deserializer, AT)?;
        Ok(Self { value, at: Span { file: file.into(), line, column, len } })
    }
}

schema_as! {
    [T: JsonSchema] Spanned<T>: T;
    [T: JsonSchema] Recovered<T>: T;
}

/// A value whose faults do not keep the rest of the file from being read. Where one is missing, a fault is told.
#[derive(Debug, Clone)]
pub(crate) struct Recovered<T>(pub(crate) Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Recovered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        told::<_, Vec<T>>(deserializer, RECOVERED).map(|mut read| Self(read.pop()))
    }
}

/// Reads a value that may be written, and whose faults do not keep the rest of the file from being read.
pub(crate) fn recovered<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(Option::<Recovered<T>>::deserialize(deserializer)?.and_then(|value| value.0))
}

/// One value, or a list of them; never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// Reads one of two shapes; the deserializer says which by the variant number.
pub(crate) struct Shape<A, B, O> {
    pub(crate) first: fn(A) -> O,
    pub(crate) second: fn(B) -> O,
}

impl<'de, A: Deserialize<'de>, B: Deserialize<'de>, O> Visitor<'de> for Shape<A, B, O> {
    type Value = O;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a short or a long form")
    }
    fn visit_enum<E: EnumAccess<'de>>(self, data: E) -> Result<O, E::Error> {
        let (shape, content) = data.variant::<u32>()?;
        if shape == 0 { content.newtype_variant().map(self.first) } else { content.newtype_variant().map(self.second) }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(MANY, Shape { first: |one| OneOrMany(vec![one]), second: OneOrMany })
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
    }
}

/// Reads a list whose faults, item by item, do not keep the rest of the file from being read.
pub(crate) fn recovered_items<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let items = Vec::<Recovered<T>>::deserialize(deserializer)?;
    Ok(items.into_iter().filter_map(|item| item.0).collect())
}

/// A value, and the keys that lead to it, as `accounts.gmail.imap`.
#[derive(Debug)]
pub(crate) struct Keyed<T> {
    pub(crate) keys: String,
    pub(crate) value: T,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Keyed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        told(deserializer, KEYS).map(|(keys, value)| Self { keys, value })
    }
}

/// A path, in the folder that it is relative to, where that is known.
struct FilePath(PathBuf);

impl<'de> Deserialize<'de> for FilePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (folder, path): (String, String) = told(deserializer, FOLDER)?;
        let is_empty = path.trim().is_empty();
        Ok(Self(if is_empty { path.into() } else { Path::new(&folder).join(path) }))
    }
}

/// Reads a path that may be written.
pub(crate) fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Spanned<PathBuf>>, D::Error> {
    let path = Option::<Spanned<FilePath>>::deserialize(deserializer)?;
    Ok(path.map(|path| path.map(|path| path.0)))
}

/// Reads a `file` that may be written.
pub(crate) fn file<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    let file = checked(deserializer, |file: &Option<FilePath>| match file {
        Some(FilePath(path)) if path.to_string_lossy().trim().is_empty() => Err(Wrong::empty("`file`")),
        _ => Ok(()),
    })?;
    Ok(file.map(|file| file.0))
}

/// Reads a `command` that may be written.
pub(crate) fn command<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    checked(deserializer, |command: &Option<Vec<String>>| match command {
        Some(words) if words.first().is_none_or(|program| program.trim().is_empty()) => {
            Err(Wrong::new("`command` is empty", "write a program and its arguments as a list"))
        }
        _ => Ok(()),
    })
}

/// A short form (a scalar or a list), or a long form (a map).
#[derive(Debug, Clone)]
pub(crate) enum ShortOrLong<S, L> {
    Short(S),
    Long(L),
}

impl<'de, S: Deserialize<'de>, L: Deserialize<'de>> Deserialize<'de> for ShortOrLong<S, L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(FORM, Shape { first: Self::Short, second: Self::Long })
    }
}

impl<S: JsonSchema, L: JsonSchema> JsonSchema for ShortOrLong<S, L> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("{}Or{}", S::schema_name(), L::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (short, long) = (generator.subschema_for::<S>(), generator.subschema_for::<L>());
        json_schema!({ "anyOf": [short, long] })
    }
}

/// A scalar, as the text that was written.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct ScalarText(pub(crate) String);

impl JsonSchema for ScalarText {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

/// How a duration looks.
pub(crate) const DURATION_PATTERN: &str = "^([0-9]+(ms|s|m|h|d))+$";

/// A duration such as `300ms`, `45s` or `1m30s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HumanDuration(pub Duration);

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::duration::parse(&text).map(Self).map_err(de::Error::custom)
    }
}

impl From<HumanDuration> for Duration {
    fn from(time: HumanDuration) -> Self {
        time.0
    }
}

impl From<HumanDuration> for Option<Duration> {
    fn from(time: HumanDuration) -> Self {
        Some(time.0)
    }
}

impl JsonSchema for HumanDuration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number and a unit, for example 300ms, 45s, 3m, 2h, 7d or 1m30s.",
            "type": "string",
            "pattern": DURATION_PATTERN
        })
    }
}

/// A map in the order of the file, each key with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entries<T, K = Spanned<String>>(pub(crate) Vec<(K, T)>);

impl<T, K> Default for Entries<T, K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, K: Deserialize<'de>> Deserialize<'de> for Entries<T, K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V<T, K>(PhantomData<(T, K)>);
        impl<'de, T: Deserialize<'de>, K: Deserialize<'de>> Visitor<'de> for V<T, K> {
            type Value = Entries<T, K>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Entries<T, K>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(V(PhantomData))
    }
}

impl<T: JsonSchema, K> JsonSchema for Entries<T, K> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("MapOf{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": value })
    }
}
