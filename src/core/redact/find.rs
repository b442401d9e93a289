//! Finds spellings of secrets in bytes: whole, in whatever way they are read, and where a text was cut.

use super::view::{Reading, View};
use aho_corasick::AhoCorasick;
use std::{collections::HashMap, ops::Range, sync::OnceLock};

/// Where a text was cut.
const ELLIPSIS: &[u8] = "…".as_bytes();
/// So many octets at a cut are a piece of a secret and no accident.
const PIECE: usize = 4;
/// So many octets are a secret also in other letter case, and with spaces in between; fewer can be a word.
const LOOSE: usize = 6;

/// So many times escapes are undone: JSON stands in JSON, and what a server escaped in that.
const LAYERS: usize = 3;

/// What is looked for, ready to be found in one pass.
#[derive(Debug)]
pub(super) struct Finder {
    needles: Vec<String>,
    whole: Option<AhoCorasick>,
    /// Made when the first cut is met.
    pieces: OnceLock<Pieces>,
}

/// Where four octets, in lower case, stand in needles: their numbers and places.
type Pieces = HashMap<[u8; PIECE], Vec<(usize, usize)>>;

impl Finder {
    /// A finder of these spellings.
    pub(super) fn new(needles: impl Iterator<Item = String>) -> Self {
        let needles: Vec<String> = needles.collect();
        let mut finder = AhoCorasick::builder();
        let whole = if needles.is_empty() { None } else { finder.ascii_case_insensitive(true).build(&needles).ok() };
        Self { needles, whole, pieces: OnceLock::new() }
    }

    fn pieces(&self) -> &Pieces {
        self.pieces.get_or_init(|| {
            let mut pieces = Pieces::new();
            for (number, needle) in self.needles.iter().enumerate() {
                for (at, window) in needle.to_ascii_lowercase().as_bytes().windows(PIECE).enumerate() {
                    if let Ok(window) = window.try_into() {
                        pieces.entry(window).or_default().push((number, at));
                    }
                }
            }
            pieces
        })
    }

    /// Where secrets stand: in order, apart from each other, on the bounds of characters where the bytes are text.
    pub(super) fn find(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let Some(whole) = &self.whole else { return Vec::new() };
        let mut found = self.standing(whole, bytes, 0);
        for reading in Reading::ALL {
            let shortest = if reading.pack { LOOSE } else { 0 };
            let mut views: Vec<View> = Vec::new();
            while views.len() < LAYERS
                && let Some(view) = View::of(views.last().map_or(bytes, |view| &view.bytes), reading)
            {
                views.push(view);
                let standing = self.standing(whole, &views[views.len() - 1].bytes, shortest);
                for part in standing {
                    found.push(views.iter().rev().fold(part, |part, view| view.original(part)));
                }
            }
        }
        found.sort_by_key(|range| range.start);
        let mut apart: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for range in found {
            match apart.last_mut() {
                Some(last) if range.start < last.end => last.end = last.end.max(range.end),
                _ => apart.push(range),
            }
        }
        apart
    }

    /// Where needles of at least so many octets stand, and at cuts pieces of any.
    fn standing(&self, whole: &AhoCorasick, bytes: &[u8], shortest: usize) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = whole
            .find_overlapping_iter(bytes)
            .filter(|m| m.end() - m.start() >= shortest)
            .filter(|m| {
                self.needles.get(m.pattern().as_usize()).is_some_and(|n| is(n, n.as_bytes(), &bytes[m.range()]))
            })
            .map(|m| m.range())
            .collect();
        self.at_cuts(bytes, &mut found);
        found
    }

    /// Before an ellipsis the beginning of a secret may be left, after it the end, and between two of them the middle.
    fn at_cuts(&self, bytes: &[u8], found: &mut Vec<Range<usize>>) {
        let cuts: Vec<usize> = memchr::memmem::find_iter(bytes, ELLIPSIS).collect();
        for (n, cut) in cuts.iter().copied().enumerate() {
            let before = &bytes[..cut];
            if let Some(length) = self.longest(before.last_chunk(), |needle, at| {
                let piece = needle.as_bytes().get(..at + PIECE)?;
                let end = &before[before.len().checked_sub(piece.len())?..];
                is(needle, piece, end).then_some(piece.len())
            }) {
                found.push(cut - length..cut);
            }
            let start = cut + ELLIPSIS.len();
            let after = bytes.get(start..).unwrap_or_default();
            let until_next = cuts.get(n + 1).and_then(|next| bytes.get(start..*next));
            if let Some(length) = self.longest(after.first_chunk(), |needle, at| {
                let rest = needle.as_bytes().get(at..)?;
                let begins =
                    |text: &[u8], with: &[u8]| text.get(..with.len()).is_some_and(|text| is(needle, text, with));
                let is_end = begins(after, rest).then_some(rest.len());
                let is_middle = until_next.filter(|middle| begins(rest, middle)).map(<[u8]>::len);
                is_end.or(is_middle)
            }) {
                found.push(start..start + length);
            }
        }
    }

    /// The longest that `matches` makes of a place where these octets stand in a needle.
    fn longest(&self, octets: Option<&[u8; PIECE]>, matches: impl Fn(&str, usize) -> Option<usize>) -> Option<usize> {
        let places = self.pieces().get(&octets?.to_ascii_lowercase()[..])?;
        places.iter().filter_map(|(number, at)| matches(self.needles.get(*number)?, *at)).max()
    }
}

/// Whether two texts are the same as parts of a needle.
fn is(needle: &str, one: &[u8], other: &[u8]) -> bool {
    if needle.len() >= LOOSE { one.eq_ignore_ascii_case(other) } else { one == other }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found<'a>(needles: &[&str], text: &'a str) -> Vec<&'a str> {
        let finder = Finder::new(needles.iter().map(|n| (*n).to_owned()));
        finder.find(text.as_bytes()).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn secrets_are_found_across_lines() {
        assert_eq!(found(&["hunter2secret"], "a hunter2\r\nsecret b"), ["hunter2\r\nsecret"]);
        assert_eq!(found(&["hunter2secret"], "hunte=\nr2sec=\r\nret"), ["hunte=\nr2sec=\r\nret"]);
        assert_eq!(found(&["one two"], "X: one\r\n two\r\n"), ["one\r\n two"]);
        assert_eq!(found(&["abc", "abcd", "cde"], "abcde\n"), ["abcde"]);
        assert_eq!(found(&["hunter2secret"], "a hunter2\r\n\tsecret b"), ["hunter2\r\n\tsecret"]);
        let folded = "S: 535-5.7.8 no hunter2\nS: 535 5.7.8 secret b";
        assert_eq!(found(&["hunter2secret"], folded), ["hunter2\nS: 535 5.7.8 secret"]);
    }

    #[test]
    fn letter_case_and_spaces_count_for_short_needles_alone() {
        assert_eq!(
            found(&["Secret", "Pass"], "sEcReT se cret PASS pass pa ss Pa\nss"),
            ["sEcReT", "se cret", "Pa\nss"]
        );
        assert_eq!(found(&["hunter2secret"], "HUNTER…"), ["HUNTER"]);
    }

    #[test]
    fn escapes_are_undone_wherever_they_stand() {
        for text in
            ["h%75nter2sec%72et", "hunter2=\r\n=73ecret", "hunter2\\u0073ecret", "hunter2&#115;ecret", "hunte%72…"]
        {
            assert_eq!(found(&["hunter2secret"], text), [text.trim_end_matches('…')]);
        }
        let twice = "{\\\"reply\\\":\\\"h\\\\u0075nter2s%2565cret\\\"}";
        assert_eq!(found(&["hunter2secret"], twice), ["h\\\\u0075nter2s%2565cret"]);
    }

    #[test]
    fn pieces_of_secrets_are_found_at_cuts() {
        let needles = ["hunter2secret"];
        assert_eq!(found(&needles, "the hunter2s…"), ["hunter2s"]);
        assert_eq!(found(&needles, "…2secret follows"), ["2secret"]);
        assert_eq!(found(&needles, "…nter2sec…"), ["nter2sec"]);
        assert_eq!(found(&needles, "hun… and …ret and hunters… and …2sec."), Vec::<&str>::new());
    }

    proptest! {
        #[test]
        fn what_is_masked_is_gone_and_all_bounds_are_sound(
            text in "[a-dé…=\n]{0,60}",
            needles in prop::collection::vec("[a-dé]{4,8}", 0..4),
        ) {
            let finder = Finder::new(needles.iter().cloned());
            let mut last = 0;
            for range in finder.find(text.as_bytes()) {
                prop_assert!(range.start >= last && range.end <= text.len() && range.start < range.end);
                prop_assert!(text.get(range.clone()).is_some(), "{range:?}");
                last = range.end;
            }
            let whole = needles.iter().any(|n| text.contains(n.as_str()));
            prop_assert!(!whole || !finder.find(text.as_bytes()).is_empty());
        }
    }
}
