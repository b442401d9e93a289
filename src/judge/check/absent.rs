//! `absent:`: nothing arrives in any folder of an account, no copy and no bounce.

use super::{
    comparison::Comparison,
    context::{Context, Results},
};
use crate::{judge::phrases, outcome::CheckPart, scenario::model::AbsentExpectation};

pub(super) fn check(wanted: &AbsentExpectation, context: Context<'_>, results: &mut Results) {
    let account = &wanted.from.value;
    let copies = context.evidence.copies.iter().filter(|c| c.arrival.account == *account).map(phrases::place);
    let bounces = context.evidence.bounces.iter().filter(|b| b.arrival.account == *account).map(phrases::bounce);
    let found: Vec<String> = copies.chain(bounces).collect();
    let expected = format!("nothing in {account}");
    let comparison = Comparison::new(found.is_empty(), expected.clone(), phrases::list(found, "; ", &expected));
    results.add(CheckPart::Absent, &wanted.from.at, comparison);
}
