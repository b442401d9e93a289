//! `absent:`: nothing arrives in any folder of an account, no copy and no bounce.

use super::{
    part::{Finding, Results},
    scenario::Context,
};
use crate::{judge::words, outcome::CheckPart, scenario::model::AbsentExpectation};

pub(super) fn check(wanted: &AbsentExpectation, context: Context<'_>, results: &mut Results) {
    let account = &wanted.from.value;
    let copies = context.evidence.copies.iter().filter(|c| c.arrival.account == *account).map(words::place);
    let bounces = context.evidence.bounces.iter().filter(|b| b.arrival.account == *account).map(words::bounce);
    let found: Vec<String> = copies.chain(bounces).collect();
    let expected = format!("nothing in {account}");
    let finding = Finding::new(found.is_empty(), expected.clone(), words::list(found, "; ", &expected));
    results.add(CheckPart::Absent, &wanted.from.at, finding);
}
