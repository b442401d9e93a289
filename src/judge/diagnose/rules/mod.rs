//! The rules, one file per family of the catalogue.

mod a;
mod b;
mod body;
mod c;
mod d;
mod e;
mod f;

use super::case::Case;
use crate::outcome::Diagnosis;

/// Every diagnosis of every family, in the order of the families.
pub(super) fn all(case: &Case<'_>) -> Vec<Diagnosis> {
    [a::find, b::find, c::find, d::find, e::find, f::find].into_iter().flat_map(|family| family(case)).collect()
}
