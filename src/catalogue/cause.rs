//! The names of the causes: what diagnoses, faults and errors carry.

use super::{ROWS, Row};
use crate::core::text_schema::text_schema;
use serde::{Serialize, Serializer};
use std::{fmt, str::FromStr};

macro_rules! causes {
    ($($(#[$doc:meta])* $family:ident: $($cause:ident)+;)+) => {
        /// A row of the catalogue by its code. `X00` is the cause of its family that the evidence at hand cannot prove.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the rows say what they mean")]
        pub enum Cause {
            $($($cause,)+)+
        }

        impl Cause {
            /// Every cause, in the order of the codes.
            pub const ALL: &[Self] = &[$($(Self::$cause,)+)+];

            /// The code: family and two digits.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($(Self::$cause => stringify!($cause),)+)+
                }
            }

            /// What it is about.
            pub const fn family(self) -> Family {
                match self {
                    $($(Self::$cause)|+ => Family::$family,)+
                }
            }
        }

        /// What the causes of one letter are about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Family {
            $($(#[$doc])* $family,)+
        }
    };
}

causes! {
    /// The forwarder did not seal.
    A: A00 A01 A02 A03 A04 A05 A06 A07 A08 A09 A10 A11 A12 A13 A14 A15 A16 A17;
    /// It sealed, and the chain does not verify.
    B: B00 B01 B02 B03 B04 B05 B06 B07 B08 B09 B10 B11 B12 B13 B14 B15 B16 B17;
    /// The chain verifies, and does not help or says the wrong thing.
    C: C00 C01 C02 C03 C04 C05 C06 C07 C08;
    /// A server refused or deferred the mail.
    D: D00 D01 D02 D03 D04 D05 D06 D07 D08 D09 D10 D11 D12 D13 D14 D15 D16 D17 D18 D19 D20 D21 D22 D23 D24 D25 D26 D27 D28 D29 D30 D31
       D32 D33 D34 D35 D36 D37 D38 D39;
    /// It was accepted, and not seen where or when it was wanted.
    E: E00 E01 E02 E03 E04 E05 E06 E07 E08;
    /// What else a bounce tells.
    F: F00 F01;
    /// The harness could not tell.
    H: H01 H02 H03 H04 H05 H06 H07 H08 H09 H10;
    /// Odd in a scenario or the project file.
    W: W01 W02 W03 W04 W05 W06 W07 W08 W09;
}

impl Cause {
    /// What the catalogue says of it.
    pub fn row(self) -> &'static Row {
        &ROWS[self as usize]
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
pub fn normalized(code: &str) -> String {
    let upper = code.trim().to_ascii_uppercase();
    if upper.len() == 2 && upper.is_ascii() { format!("{}0{}", &upper[..1], &upper[1..]) } else { upper }
}

/// Reads a code as people write it: the case and a missing leading zero do not matter (`b4` is `B04`).
impl FromStr for Cause {
    type Err = UnknownCause;

    fn from_str(text: &str) -> Result<Self, UnknownCause> {
        let code = normalized(text);
        Self::ALL.iter().copied().find(|cause| cause.as_str() == code).ok_or(UnknownCause)
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

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

// Any text: codes are added in later versions.
text_schema!(Cause);
