//! `count:`: so many copies arrive.

use super::{
    comparison::Comparison,
    context::{Context, Results},
    delivered::{folder_words, takes},
};
use crate::{
    evidence::{Arrival, Folder},
    judge::phrases,
    outcome::CheckPart,
    scenario::model::{CountExpectation, FolderTest},
};

/// The copies that a count of this folder counts, each by the place of its first arrival in the list. Gmail moves mail between
/// folders, and a search can show it in another than before: it is one mail by its X-GM-MSGID, and where it was seen last.
pub fn copies(arrivals: &[&Arrival], folder: FolderTest) -> Vec<usize> {
    let is_first = |n: usize| !arrivals[..n].iter().any(|before| before.is_same_mail(arrivals[n]));
    let last = |n: usize| arrivals.iter().rev().find(|other| other.is_same_mail(arrivals[n])).map(|other| other.folder);
    (0..arrivals.len()).filter(|n| is_first(*n) && last(*n).is_some_and(|last| takes(folder, last))).collect()
}

/// From where to where copies were moved while they were watched.
fn moves(arrivals: &[&Arrival]) -> Vec<(Folder, Folder)> {
    let next = |n: usize| arrivals[n + 1..].iter().find(|other| other.is_same_mail(arrivals[n]));
    let moved = |n: usize| Some((arrivals[n].folder, next(n)?.folder));
    (0..arrivals.len()).filter_map(moved).filter(|(from, to)| from != to).collect()
}

pub(super) fn check(wanted: &CountExpectation, context: Context<'_>, results: &mut Results) {
    let account = &wanted.to.value;
    let copies_there = context.evidence.copies.iter().filter(|c| c.arrival.account == *account);
    let arrivals: Vec<&Arrival> = copies_there.map(|c| &c.arrival).collect();
    let found = copies(&arrivals, wanted.folder);
    let words = |n: usize| {
        let noun = if n == 1 { "copy" } else { "copies" };
        format!("{n} {noun} in {} of {account}", folder_words(wanted.folder))
    };
    let moved = |(from, to): (Folder, Folder)| {
        format!("; one was moved from {} to {}", phrases::folder(from), phrases::folder(to))
    };
    let moved: String = moves(&arrivals).into_iter().map(moved).collect();
    let is = usize::try_from(wanted.is.value).unwrap_or(usize::MAX);
    let refusal = phrases::refusal(&context.evidence.submission);
    let actual = match &refusal {
        Some(refusal) if found.len() < is => refusal.clone(),
        _ => words(found.len()) + &moved,
    };
    let put_off = refusal.is_some() && context.evidence.submission.kept_back().is_some();
    let late = found.len() < is && refusal.is_none();
    results.add(
        CheckPart::Count,
        &wanted.is.at,
        Comparison::new(found.len() == is, words(is), actual).late_if(late).inconclusive_if(put_off),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(folder: Folder, uid: u32, gm_msgid: Option<u64>) -> Arrival {
        Arrival { gm_msgid, ..Arrival::new("gmail", folder, uid, Vec::new()) }
    }

    #[test]
    fn a_mail_is_counted_once_and_where_it_is() {
        let moved = [arrival(Folder::Inbox, 4, Some(7)), arrival(Folder::Spam, 9, Some(7))];
        let moved: Vec<&Arrival> = moved.iter().collect();
        assert_eq!(copies(&moved, FolderTest::Any), [0]);
        assert!(copies(&moved, FolderTest::Inbox).is_empty());
        assert_eq!(copies(&moved, FolderTest::Spam), [0]);
        assert_eq!(moves(&moved), [(Folder::Inbox, Folder::Spam)]);
        let two =
            [arrival(Folder::Inbox, 4, Some(7)), arrival(Folder::Inbox, 5, Some(8)), arrival(Folder::All, 6, None)];
        let two: Vec<&Arrival> = two.iter().collect();
        assert_eq!(copies(&two, FolderTest::Any), [0, 1]);
        assert!(moves(&two).is_empty());
    }
}
