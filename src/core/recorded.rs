//! Words of records: those of other versions stay as they are written.

use super::schema_as::schema_as;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{borrow::Cow, fmt, str::FromStr};

/// An enum of words, each variant with its own.
macro_rules! recorded_words {
    ($(#[$meta:meta])* $visibility:vis enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visibility enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::core::recorded::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::core::recorded::UnknownWord),
                }
            }
        }
    };
}

pub(crate) use recorded_words;

/// A word that this version does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such word")]
pub struct UnknownWord;

/// A word in a record: one that this version knows, or one of another version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Recorded<T> {
    /// One that is known.
    Known(T),
    /// Any other, as it is written.
    Other(String),
}

impl<T: Copy> Recorded<T> {
    /// What it is, where that is known.
    pub fn known(&self) -> Option<T> {
        self.as_known().copied()
    }
}

impl<T> Recorded<T> {
    /// A reference to what it is, where that is known.
    pub fn as_known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Other(_) => None,
        }
    }
}

impl<T: FromStr + fmt::Display> Recorded<T> {
    /// Reads a word. What would be written in another way than it was read counts as not known.
    pub fn read(text: &str) -> Self {
        match text.parse::<T>() {
            Ok(value) if value.to_string() == text => Self::Known(value),
            _ => Self::Other(text.to_owned()),
        }
    }
}

impl<T: FromStr + fmt::Display> From<&str> for Recorded<T> {
    fn from(text: &str) -> Self {
        Self::read(text)
    }
}

impl<T: PartialEq> PartialEq<T> for Recorded<T> {
    fn eq(&self, other: &T) -> bool {
        matches!(self, Self::Known(value) if value == other)
    }
}

impl<T: fmt::Display> fmt::Display for Recorded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(value) => value.fmt(f),
            Self::Other(text) => f.pad(text),
        }
    }
}

impl<T: fmt::Display> Serialize for Recorded<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, T: FromStr + fmt::Display> Deserialize<'de> for Recorded<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::read(&Cow::<str>::deserialize(deserializer)?))
    }
}

// Any text: words are added in later versions.
schema_as! { [T] Recorded<T>: String; }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_not_known_is_written_as_it_was_read() {
        for (text, known) in [("7", Some(7)), ("07", None), ("seven", None), ("", None)] {
            let json = serde_json::to_string(text).unwrap();
            let word: Recorded<u8> = serde_json::from_str(&json).unwrap();
            assert_eq!((word.known(), serde_json::to_string(&word).unwrap()), (known, json));
            assert_eq!(word == 7, known.is_some());
        }
    }
}
