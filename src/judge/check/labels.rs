//! `delivered.labels:` and `delivered.category:`: where Gmail shows the copy beside its folder.

use super::{
    comparison::Comparison,
    context::{Context, Results},
};
use crate::{
    evidence::{CategoryLookup, Folder, ReceivedCopy},
    outcome::CheckPart,
    scenario::model::DeliveredExpectation,
};

pub(super) fn check(wanted: &DeliveredExpectation, copy: &ReceivedCopy, context: Context<'_>, results: &mut Results) {
    for label in &wanted.labels {
        let comparison = match label.fill(context.vars) {
            Ok(label) => has(&label, copy),
            Err(unknown) => Comparison::failed("a label", unknown.to_string()),
        };
        results.add(CheckPart::Labels, label.at(), comparison);
    }
    if let Some(category) = &wanted.category {
        let (passed, actual) = match copy.category {
            CategoryLookup::In(found) => (found == category.value, found.as_str()),
            CategoryLookup::NoCategory => (false, "in no category"),
            CategoryLookup::Unknown => (false, "the server did not say"),
        };
        let comparison = Comparison::new(passed, category.value.as_str(), actual);
        let comparison = comparison.inconclusive_if(copy.category == CategoryLookup::Unknown);
        results.add(CheckPart::Category, &category.at, comparison);
    }
}

/// Gmail leaves the label of the folder that it is asked in out.
fn has(label: &str, copy: &ReceivedCopy) -> Comparison {
    let expected = format!("label {label}");
    let Some(labels) = &copy.arrival.labels else {
        return Comparison::failed(expected, "the labels could not be read").inconclusive_if(true);
    };
    let own = match copy.arrival.folder {
        Folder::Inbox => Some("\\Inbox"),
        Folder::Spam => Some("\\Spam"),
        Folder::All => None,
    };
    let mut all: Vec<&str> = own.into_iter().chain(labels.iter().map(String::as_str)).collect();
    all.dedup();
    let passed = all.iter().any(|l| l.eq_ignore_ascii_case(label));
    Comparison::new(passed, expected, all.join(", "))
}
