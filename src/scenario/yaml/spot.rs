//! Values of the serde twins that need more than serde gives: places, short and long forms, one or many.

use super::{de::SPOT, node::Place};
use crate::core::reading::{self, transparent_schema};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor},
};
use std::{borrow::Cow, fmt, marker::PhantomData};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Spot<T> {
    pub(crate) value: T,
    pub(crate) at: Place,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spot<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for V<T> {
            type Value = Spot<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value with its place")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Spot<T>, A::Error> {
                let mut next = || seq.next_element::<u32>()?.ok_or_else(|| de::Error::custom("no place"));
                let at = Place { file: next()?, line: next()?, column: next()?, len: next()? };
                let value = seq.next_element()?.ok_or_else(|| de::Error::custom("no value"))?;
                Ok(Spot { value, at })
            }
        }
        deserializer.deserialize_newtype_struct(SPOT, V(PhantomData))
    }
}

transparent_schema!(Spot);

/// A map in the order of the file, each key with its place.
pub(crate) type Entries<T> = reading::Entries<T, Spot<String>>;
