//! `delivered:`: a copy arrives, and what it looks like.

use super::{
    arc, auth,
    comparison::Comparison,
    context::{Context, Results},
    headers, labels,
};
use crate::{
    core::duration,
    evidence::{Evidence, Folder, ReceivedCopy},
    judge::{phrases, survival::body},
    outcome::CheckPart,
    scenario::model::{BodyTest, DeliveredExpectation, FolderTest},
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
    let copy = context
        .evidence
        .copies
        .iter()
        .find(|c| c.arrival.account == *account && takes(wanted.folder, c.arrival.folder));
    let expected = format!("in {} of {account}", folder_words(wanted.folder));
    let Some(copy) = copy else {
        results.add(CheckPart::Delivered, &wanted.to.at, missing(&expected, context.evidence));
        return;
    };
    results.add(CheckPart::Delivered, &wanted.to.at, Comparison::new(true, expected, phrases::place(copy)));
    if let Some(within) = &wanted.within {
        let passed = copy.after <= within.value;
        let expected = format!("within {}", duration::human(within.value));
        let comparison =
            Comparison::new(passed, expected, format!("after {}", phrases::seconds(copy.after))).late_if(true);
        results.add(CheckPart::Within, &within.at, comparison);
    }
    auth::check(&wanted.auth, account, copy, context, results);
    arc::check(&wanted.arc, account, copy, context, results);
    if let Some(body) = &wanted.body {
        results.add(CheckPart::Body, &body.at, check_body(body.value, copy, context.evidence));
    }
    headers::check(&wanted.headers, copy, context, results);
    labels::check(wanted, copy, context, results);
}

/// Only silence is a matter of time: a refusal, a bounce or a copy in another place is an answer.
fn missing(expected: &str, evidence: &Evidence) -> Comparison {
    if let Some(refusal) = phrases::refusal(&evidence.submission) {
        return Comparison::failed(expected, refusal).inconclusive_if(evidence.submission.kept_back().is_some());
    }
    let elsewhere = phrases::elsewhere(evidence);
    let silent = elsewhere.is_empty();
    let actual =
        phrases::list(elsewhere, "; ", &format!("nothing arrived within {}", phrases::seconds(evidence.waited)));
    Comparison::failed(expected, actual).late_if(silent)
}

fn check_body(test: BodyTest, copy: &ReceivedCopy, evidence: &Evidence) -> Comparison {
    let (sent, received) = (&evidence.sent.message, &copy.arrival.message);
    let change = body::change(Canonicalization::Relaxed, sent.body(), received.body());
    let (unchanged, seen) = (change.is_none(), body::describe(change.as_ref()));
    match test {
        BodyTest::Unchanged => Comparison::new(unchanged, "unchanged", seen),
        BodyTest::Changed => Comparison::new(!unchanged, "changed", seen),
    }
}
