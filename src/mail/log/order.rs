//! The lines of several logs in one order: files can be given in any, and be written with the newest line first. Nothing is put
//! in an order that a guess at a zone would decide.

use super::time::Stamp;
use std::{cmp::Ordering, collections::BTreeMap};

/// Where a line stands, and when it was written.
#[derive(Debug, Clone, Copy)]
pub struct Position<'l> {
    /// The file.
    pub file: &'l str,
    /// The time that the line tells.
    pub stamp: Option<Stamp>,
}

/// The places of these lines in the order in which they were written, as far as that can be told; the lines of one file come as
/// they stand there.
pub fn in_order(lines: &[Position<'_>]) -> Vec<usize> {
    let mut files: BTreeMap<&str, (usize, Vec<usize>)> = BTreeMap::new();
    for (n, line) in lines.iter().enumerate() {
        files.entry(line.file).or_insert((n, Vec::new())).1.push(n);
    }
    let mut files: Vec<(usize, Vec<usize>)> = files.into_values().collect();
    files.sort_by_key(|(given, _)| *given);
    let mut blocks: Vec<Vec<usize>> = Vec::new();
    for (_, mut block) in files {
        straighten(lines, &mut block);
        let is_earlier = |other: &Vec<usize>| compare(lines, block[0], other[0]) == Some(Ordering::Less);
        let at = blocks.iter().position(is_earlier).unwrap_or(blocks.len());
        blocks.insert(at, block);
    }
    let mut all = blocks.concat();
    sort(lines, &mut all);
    all
}

/// Whether times, and no guess, put one line before another. `in_file` is whether it stands before it in the same file.
pub fn is_surely_before(one: Position<'_>, other: Position<'_>, in_file: bool) -> bool {
    let are_universal = matches!((one.stamp, other.stamp), (Some(Stamp::Universal(_)), Some(Stamp::Universal(_))));
    match one.stamp.zip(other.stamp).and_then(|(a, b)| a.compare(b)) {
        Some(Ordering::Less) => in_file || are_universal,
        Some(Ordering::Equal) | None => in_file,
        Some(Ordering::Greater) => false,
    }
}

fn compare(lines: &[Position<'_>], a: usize, b: usize) -> Option<Ordering> {
    lines[a].stamp?.compare(lines[b].stamp?)
}

/// Turns the lines of a file round where each is older than the one before; sorts them where their clocks are comparable.
fn straighten(lines: &[Position<'_>], block: &mut [usize]) {
    let steps: Vec<Ordering> = block.windows(2).filter_map(|pair| compare(lines, pair[0], pair[1])).collect();
    if steps.contains(&Ordering::Greater) && !steps.contains(&Ordering::Less) {
        block.reverse();
    } else {
        sort(lines, block);
    }
}

/// Sorts by time where every line tells one that does not depend on a zone.
fn sort(lines: &[Position<'_>], block: &mut [usize]) {
    let times: Option<BTreeMap<usize, i64>> = block
        .iter()
        .map(|&n| match lines[n].stamp {
            Some(Stamp::Universal(time)) => Some((n, time)),
            _ => None,
        })
        .collect();
    if let Some(times) = times {
        block.sort_by_key(|n| times[n]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(lines: &[&str]) -> String {
        let split: Vec<(&str, &str)> = lines.iter().map(|line| line.split_once('|').unwrap()).collect();
        let positions: Vec<Position<'_>> =
            split.iter().map(|(file, line)| Position { file, stamp: Stamp::of(line) }).collect();
        in_order(&positions).into_iter().map(|n| split[n].1.rsplit(' ').next().unwrap()).collect::<Vec<_>>().concat()
    }

    #[test]
    fn lines_come_in_the_order_of_time_where_that_can_be_told() {
        for (lines, wanted, why) in [
            (&["a|Sep 21 10:00:07 x 1", "a|Sep 21 10:00:07 x 2", "a|Sep 21 10:00:08 x 3"][..], "123", "as it stands"),
            (&["a|Sep 21 10:00:08 x 1", "a|Sep 21 10:00:07 x 2", "a|Sep 21 10:00:07 x 3"], "321", "newest first"),
            (
                &["a|Sep 21 01:59:59 x 1", "a|Sep 21 01:00:01 x 2", "a|Sep 21 01:00:02 x 3"],
                "123",
                "a clock that was set back",
            ),
            (
                &["a|2026-09-21T10:00:07+09:00 x 1", "a|2026-09-21T01:00:06Z x 2", "a|2026-09-21T01:00:08Z x 3"],
                "213",
                "zones that are told",
            ),
            (
                &["new|Sep 21 10:00:07 x 1", "old|Sep 20 23:00:00 x 2", "old|Sep 20 23:00:01 x 3"],
                "231",
                "rotated files",
            ),
            (&["new|Jan  1 00:00:07 x 1", "old|Dec 31 23:00:00 x 2"], "21", "the turn of the year"),
            (
                &["a|2026-09-21T01:00:07Z x 1", "a|2026-09-21T01:00:09Z x 2", "b|2026-09-21T10:00:08+09:00 x 3"],
                "132",
                "two servers",
            ),
            (&["a|2026-09-21T01:00:07Z x 1", "b|2026-09-21 01:00:06 x 2"], "12", "a zone that is not told"),
            (&["a|x 1", "a|x 2", "b|x 3"], "123", "no times"),
        ] {
            assert_eq!(ordered(lines), wanted, "{why}");
        }
    }
}
