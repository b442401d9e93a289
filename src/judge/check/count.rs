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
    let mut copies = Vec::new();
    for (n, arrival) in arrivals.iter().enumerate() {
        let is_first = !arrivals[..n].iter().any(|before| before.is_same_mail(arrival));
        let last = arrivals.iter().rev().find(|other| other.is_same_mail(arrival));
        if is_first && last.is_some_and(|last| takes(folder, last.folder)) {
            copies.push(n);
        }
    }
    copies
}

/// From where to where copies were moved while they were watched.
fn moves(arrivals: &[&Arrival]) -> Vec<(Folder, Folder)> {
    let mut moves = Vec::new();
    for (n, arrival) in arrivals.iter().enumerate() {
        let next = arrivals[n + 1..].iter().find(|other| other.is_same_mail(arrival));
        moves.extend(next.filter(|next| next.folder != arrival.folder).map(|next| (arrival.folder, next.folder)));
    }
    moves
}

pub(super) fn check(wanted: &CountExpectation, context: Context<'_>, results: &mut Results) {
    let submission = &context.evidence.submission;
    let copies_there = context.evidence.copies.iter().filter(|c| c.arrival.account == wanted.to.value);
    let arrivals: Vec<&Arrival> = copies_there.map(|c| &c.arrival).collect();
    let found = copies(&arrivals, wanted.folder).len();
    let is = usize::try_from(wanted.is.value).unwrap_or(usize::MAX);
    let refusal = phrases::refusal(submission);
    let put_off = refusal.is_some() && submission.kept_back().is_some();
    let late = found < is && refusal.is_none();
    let actual = match refusal {
        Some(refusal) if found < is => refusal,
        _ => {
            let mut actual = words(found, wanted);
            for (from, to) in moves(&arrivals) {
                actual += &format!("; one was moved from {} to {}", phrases::folder(from), phrases::folder(to));
            }
            actual
        }
    };
    let comparison = Comparison::new(found == is, words(is, wanted), actual).late_if(late).inconclusive_if(put_off);
    results.add(CheckPart::Count, &wanted.is.at, comparison);
}

/// `2 copies in inbox of gmail`.
fn words(n: usize, wanted: &CountExpectation) -> String {
    let noun = if n == 1 { "copy" } else { "copies" };
    format!("{n} {noun} in {} of {}", folder_words(wanted.folder), wanted.to.value)
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
