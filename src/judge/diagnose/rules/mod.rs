//! The rules, one file per family of the catalogue.

mod a;
mod b;
mod before_seal;
mod body;
mod c;
mod d;
mod e;
mod f;
mod g;
mod header_change;
mod message_signature;
mod receivers_word;
mod seals;
mod structure;
mod whose_seal;
mod witness;

use super::facts::Facts;
use crate::{
    catalogue::{Cause, Family},
    outcome::Diagnosis,
};

pub(super) use e::of_error;

/// Every diagnosis of every family, in the order of the families.
pub(super) fn all(facts: &Facts<'_>) -> Vec<Diagnosis> {
    let mut all: Vec<Diagnosis> = [a::find, b::find, c::find, d::find, e::find, f::find, g::find]
        .into_iter()
        .flat_map(|family| family(facts))
        .collect();
    if all.iter().any(|d| d.is_of(Family::D)) {
        // What the forwarder or the receiver says of the mail explains why it is judged badly.
        all.retain(|d| d.code != Cause::C00);
    }
    if all.iter().any(|d| d.code == Cause::D41) {
        // Nobody forwarded what was made on the server.
        all.retain(|d| !d.is_of(Family::A));
    }
    if all.iter().any(|d| d.code == Cause::B24) {
        // The set that is missing may be the forwarder's.
        all.retain(|d| d.code != Cause::A00);
    }
    if all.iter().any(|d| d.code == Cause::C03) {
        // A forwarder that judged its own relay found nothing genuine in mail that is.
        all.retain(|d| d.code != Cause::D12);
    }
    if all.iter().any(|d| [Family::A, Family::B, Family::C, Family::D].iter().any(|family| d.is_of(*family))) {
        // Not everything passes, or it would not for long.
        all.retain(|d| d.code != Cause::E09);
    }
    if all.iter().any(|d| d.is_of(Family::G)) {
        // Its log or its own report tells where the mail is.
        all.retain(|d| d.code != Cause::E00);
    }
    if all.is_empty() {
        all.extend(d::null_sender(facts));
    }
    all
}
