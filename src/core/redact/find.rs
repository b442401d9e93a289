//! Finds spellings of secrets in bytes: whole, across the lines of an encoded body, and where a text was cut.

use aho_corasick::AhoCorasick;
use std::{collections::HashMap, ops::Range, sync::OnceLock};

/// Where a text was cut.
const ELLIPSIS: &[u8] = "…".as_bytes();
/// So many octets at a cut are a piece of a secret and no accident.
const PIECE: usize = 4;

/// What is looked for, ready to be found in one pass.
#[derive(Debug)]
pub(super) struct Finder {
    needles: Vec<String>,
    whole: Option<AhoCorasick>,
    /// Made when the first cut is met.
    pieces: OnceLock<Pieces>,
}

/// Where four octets stand in needles: their numbers and places.
type Pieces = HashMap<[u8; PIECE], Vec<(usize, usize)>>;

impl Finder {
    /// A finder of these spellings.
    pub(super) fn new(needles: impl Iterator<Item = String>) -> Self {
        let needles: Vec<String> = needles.collect();
        let whole = AhoCorasick::new(&needles).ok().filter(|_| !needles.is_empty());
        Self { needles, whole, pieces: OnceLock::new() }
    }

    fn pieces(&self) -> &Pieces {
        self.pieces.get_or_init(|| {
            let mut pieces = Pieces::new();
            for (number, needle) in self.needles.iter().enumerate() {
                for (at, window) in needle.as_bytes().windows(PIECE).enumerate() {
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
        let mut found: Vec<Range<usize>> = whole.find_overlapping_iter(bytes).map(|m| m.range()).collect();
        if let Some(joined) = Joined::of(bytes) {
            found.extend(whole.find_overlapping_iter(&joined.bytes).map(|m| joined.original(m.range())));
        }
        self.at_cuts(bytes, &mut found);
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

    /// Before an ellipsis the beginning of a secret may be left, after it the end, and between two of them the middle.
    fn at_cuts(&self, bytes: &[u8], found: &mut Vec<Range<usize>>) {
        let cuts: Vec<usize> = memchr::memmem::find_iter(bytes, ELLIPSIS).collect();
        for (n, cut) in cuts.iter().copied().enumerate() {
            let before = &bytes[..cut];
            if let Some(length) = self.longest(before.last_chunk(), |needle, at| {
                let piece = needle.get(..at + PIECE)?;
                before.ends_with(piece.as_bytes()).then_some(piece.len())
            }) {
                found.push(cut - length..cut);
            }
            let start = cut + ELLIPSIS.len();
            let after = bytes.get(start..).unwrap_or_default();
            let until_next = cuts.get(n + 1).and_then(|next| bytes.get(start..*next));
            if let Some(length) = self.longest(after.first_chunk(), |needle, at| {
                let rest = needle.get(at..)?.as_bytes();
                let is_end = after.starts_with(rest).then_some(rest.len());
                let is_middle = until_next.filter(|middle| rest.starts_with(middle)).map(<[u8]>::len);
                is_end.or(is_middle)
            }) {
                found.push(start..start + length);
            }
        }
    }

    /// The longest that `matches` makes of a place where these octets stand in a needle.
    fn longest(&self, octets: Option<&[u8; PIECE]>, matches: impl Fn(&str, usize) -> Option<usize>) -> Option<usize> {
        let places = self.pieces().get(octets?)?;
        places.iter().filter_map(|(number, at)| matches(self.needles.get(*number)?, *at)).max()
    }
}

/// Bytes without their line breaks, soft ones of quoted-printable among them.
struct Joined {
    bytes: Vec<u8>,
    /// At these places of `bytes`, so much was left out up to there.
    left_out: Vec<(usize, usize)>,
}

impl Joined {
    /// `None` when there is nothing to join.
    fn of(bytes: &[u8]) -> Option<Self> {
        let mut joined = Self { bytes: Vec::new(), left_out: Vec::new() };
        let (mut from, mut out) = (0, 0);
        for end in memchr::memchr_iter(b'\n', bytes) {
            let line = bytes.get(from..end).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let line = line.strip_suffix(b"=").unwrap_or(line);
            joined.bytes.extend_from_slice(line);
            out += end + 1 - from - line.len();
            joined.left_out.push((joined.bytes.len(), out));
            from = end + 1;
        }
        joined.bytes.extend_from_slice(bytes.get(from..).unwrap_or_default());
        (!joined.left_out.is_empty()).then_some(joined)
    }

    fn original(&self, range: Range<usize>) -> Range<usize> {
        let shift = |at: usize| match self.left_out.partition_point(|(place, _)| *place <= at) {
            0 => 0,
            n => self.left_out.get(n - 1).map_or(0, |(_, out)| *out),
        };
        let last = range.end.saturating_sub(1);
        range.start + shift(range.start)..last + shift(last) + 1
    }
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
