//! `delivered:`: a copy arrives, and what it looks like.

use super::{
    arc, auth,
    comparison::Comparison,
    context::{Context, Results},
    headers, labels,
};
use crate::{
    evidence::{Evidence, Folder, ReceivedCopy},
    judge::{phrases, survival::body},
    outcome::CheckPart,
    scenario::model::{BodyExpectation, DeliveredExpectation, FolderTest},
    verify::Canonicalization,
};

/// Whether a test of a folder takes this one.
pub(super) fn takes(test: FolderTest, folder: Folder) -> bool {
    match test {
        FolderTest::Inbox => folder == Folder::Inbox,
        FolderTest::Spam => folder == Folder::Spam,
        FolderTest::Any => matches!(folder, Folder::Inbox | Folder::Spam),
    }
}

/// A folder test in words.
pub(super) fn folder_words(test: FolderTest) -> &'static str {
    match test {
        FolderTest::Inbox => "inbox",
        FolderTest::Spam => "spam",
        FolderTest::Any => "inbox or spam",
    }
}

pub(super) fn check(wanted: &DeliveredExpectation, context: Context<'_>, results: &mut Results) {
    let account = &wanted.to.value;
    let mut copies = context.evidence.copies.iter().filter(|copy| copy.arrival.account == *account);
    let expected = format!("in {} of {account}", folder_words(wanted.folder));
    let Some(copy) = copies.find(|copy| takes(wanted.folder, copy.arrival.folder)) else {
        let missing = Comparison::missing(&expected, "", context.evidence);
        results.add(CheckPart::Delivered, &wanted.to.at, missing);
        return;
    };
    results.add(CheckPart::Delivered, &wanted.to.at, Comparison::new(true, expected, phrases::place(copy)));
    if let Some(within) = &wanted.within {
        results.add(CheckPart::Within, &within.at, Comparison::within(within.value, copy.after));
    }
    auth::check(&wanted.auth, account, copy, context, results);
    arc::check(&wanted.arc, account, copy, context, results);
    if let Some(body) = &wanted.body {
        results.add(CheckPart::Body, &body.at, check_body(body.value, copy, context.evidence));
    }
    headers::check(&wanted.headers, copy, context, results);
    labels::check(wanted, copy, context, results);
}

fn check_body(test: BodyExpectation, copy: &ReceivedCopy, evidence: &Evidence) -> Comparison {
    let (sent, received) = (&evidence.sent.message, &copy.arrival.message);
    let change = body::change(Canonicalization::Relaxed, sent.body(), received.body());
    let (unchanged, seen) = (change.is_none(), body::describe(change.as_ref()));
    match test {
        BodyExpectation::Unchanged => Comparison::new(unchanged, "unchanged", seen),
        BodyExpectation::Changed => Comparison::new(!unchanged, "changed", seen),
    }
}
