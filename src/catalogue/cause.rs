//! A cause by its code: what diagnoses, faults and errors carry.

use super::{ROWS, Row};
use crate::core::schema_as::schema_as;
use serde::{Serialize, Serializer};
use std::{fmt, str::FromStr};

/// A row of the catalogue by its code. `X00` is the cause of its family that the evidence at hand cannot prove.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cause(&'static str);

/// What the causes of one letter are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// The forwarder did not seal.
    A,
    /// It sealed, and the chain does not verify.
    B,
    /// The chain verifies, and does not help or says the wrong thing.
    C,
    /// A server refused or deferred the mail.
    D,
    /// It was accepted, and not seen where or when it was wanted.
    E,
    /// What else a bounce tells.
    F,
    /// The forwarder could not hand it over.
    G,
    /// The harness could not tell.
    H,
    /// Odd in a scenario or the project file.
    W,
}

impl Cause {
    /// The cause of a row; a code is a family and two digits.
    pub(super) const fn of_row(code: &'static str) -> Self {
        Self(code)
    }

    /// The code: family and two digits.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// What it is about.
    pub const fn family(self) -> Family {
        match self.0.as_bytes()[0] {
            b'A' => Family::A,
            b'B' => Family::B,
            b'C' => Family::C,
            b'D' => Family::D,
            b'E' => Family::E,
            b'F' => Family::F,
            b'G' => Family::G,
            b'H' => Family::H,
            _ => Family::W,
        }
    }

    /// What the catalogue says of it.
    pub fn row(self) -> &'static Row {
        &ROWS[ROWS.partition_point(|row| row.code < self)]
    }

    /// Whether it is no cause of failing mail.
    pub(super) const fn is_of_harness(self) -> bool {
        matches!(self.family(), Family::H | Family::W)
    }

    /// The number within its family.
    pub(super) fn number(self) -> u32 {
        self.as_str()[1..].parse().unwrap_or(0)
    }
}

/// A code as the catalogue writes it: upper case, with two digits.
pub(crate) fn normalized(code: &str) -> String {
    let upper = code.trim().to_ascii_uppercase();
    if upper.len() == 2 && upper.is_ascii() { format!("{}0{}", &upper[..1], &upper[1..]) } else { upper }
}

/// Reads a code as people write it: the case and a missing leading zero do not matter (`b4` is `B04`).
impl FromStr for Cause {
    type Err = UnknownCause;

    fn from_str(text: &str) -> Result<Self, UnknownCause> {
        let code = normalized(text);
        ROWS.iter().map(|row| row.code).find(|cause| cause.as_str() == code).ok_or(UnknownCause)
    }
}

/// The catalogue has no row of this code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the catalogue has no such code")]
pub struct UnknownCause;

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

// Any text: codes are added in later versions.
schema_as! { [] Cause: String; }
