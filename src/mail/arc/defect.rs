//! What is wrong with the structure of a chain.

use super::Instance;
use crate::core::schema_as::schema_as;
use serde::{Serialize, Serializer};
use std::fmt;

/// A rule of RFC 8617 §5.2 step 3 that the sets of a message break; as text `gap: instance 2 missing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArcDefect {
    /// A field whose instance cannot be read.
    NoInstance {
        /// Which one.
        part: ArcPart,
        /// Its line, from 1.
        line: u32,
    },
    /// A set has the same field twice.
    Duplicate {
        /// Which one.
        part: ArcPart,
        /// The set.
        instance: u32,
    },
    /// An instance is no number of a set.
    OutOfRange {
        /// The number.
        instance: u32,
    },
    /// Sets are not there although later ones are.
    Gap {
        /// The first that is missing.
        first: u32,
        /// The last that is missing.
        last: u32,
    },
    /// A set lacks a field.
    Missing {
        /// Which one.
        part: ArcPart,
        /// The set.
        instance: u32,
    },
}

/// The three fields of an ARC Set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArcPart {
    /// ARC-Authentication-Results.
    Aar,
    /// ARC-Message-Signature.
    Ams,
    /// ARC-Seal.
    Seal,
}

impl ArcDefect {
    /// The set that it is about, where that is there.
    pub fn instance(self) -> Option<u32> {
        match self {
            Self::NoInstance { .. } | Self::Gap { .. } => None,
            Self::Duplicate { instance, .. } | Self::OutOfRange { instance } | Self::Missing { instance, .. } => {
                Some(instance)
            }
        }
    }
}

impl ArcPart {
    /// Every part, in the order in which they are looked for.
    pub const ALL: [Self; 3] = [Self::Aar, Self::Ams, Self::Seal];

    /// The name of the field.
    pub(crate) const fn field_name(self) -> &'static str {
        match self {
            Self::Aar => "ARC-Authentication-Results",
            Self::Ams => "ARC-Message-Signature",
            Self::Seal => "ARC-Seal",
        }
    }
}

impl fmt::Display for ArcPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field_name())
    }
}

impl fmt::Display for ArcDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoInstance { part, line } => write!(f, "{part} in line {line} has no readable instance"),
            Self::Duplicate { part, instance } => write!(f, "duplicate {part} for instance {instance}"),
            Self::OutOfRange { instance } => write!(f, "instance {instance} is outside 1 to {}", Instance::MAX),
            Self::Gap { first, last } if first == last => write!(f, "gap: instance {first} missing"),
            Self::Gap { first, last } => write!(f, "gap: instances {first} to {last} missing"),
            Self::Missing { part, instance } => write!(f, "instance {instance} has no {part}"),
        }
    }
}

impl Serialize for ArcDefect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

schema_as! { [] ArcDefect: String; }
