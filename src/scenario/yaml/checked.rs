//! Values whose form serde cannot know: what is wrong with one is noted, and the rest of the file is read all the same.

use super::de::NOTE;
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, SeqAccess, Visitor},
};
use std::{fmt, marker::PhantomData};

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
    deserializer.deserialize_newtype_struct(NOTE, V(check, PhantomData))
}

/// Hands the deserializer what to note.
struct Note(Wrong);

impl<'de> DeserializeSeed<'de> for Note {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, _: D) -> Result<(), D::Error> {
        Err(de::Error::custom(self.0))
    }
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
                let check: fn(&str) -> Result<(), $crate::scenario::yaml::checked::Wrong> = $check;
                $crate::scenario::yaml::checked::value(deserializer, |text: &String| check(text)).map(Self)
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                "string".into()
            }
            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                String::json_schema(generator)
            }
        }
    )*};
}
pub(crate) use texts;
