//! `count:`: so many copies arrive.

use super::{
    delivered::{folder_words, takes},
    part::{Finding, Results},
    scenario::Context,
};
use crate::{judge::words, scenario::model::CountExpectation};
use std::collections::BTreeSet;

pub(super) fn check(wanted: &CountExpectation, context: Context<'_>, results: &mut Results) {
    let account = &wanted.to.value;
    let found: BTreeSet<_> = context
        .evidence
        .copies
        .iter()
        .filter(|c| c.arrival.account == *account && takes(wanted.folder, c.arrival.folder))
        .map(|c| (c.arrival.folder, c.arrival.uid))
        .collect();
    let words = |n: usize| {
        let noun = if n == 1 { "copy" } else { "copies" };
        format!("{n} {noun} in {} of {account}", folder_words(wanted.folder))
    };
    let is = usize::try_from(wanted.is.value).unwrap_or(usize::MAX);
    let refusal = words::refusal(&context.evidence.submission);
    let actual = match &refusal {
        Some(refusal) if found.len() < is => refusal.clone(),
        _ => words(found.len()),
    };
    let put_off = refusal.is_some() && context.evidence.submission.is_put_off();
    let late = found.len() < is && refusal.is_none();
    results.add(
        "count",
        &wanted.is.at,
        Finding::new(found.len() == is, words(is), actual).late_if(late).inconclusive_if(put_off),
    );
}
