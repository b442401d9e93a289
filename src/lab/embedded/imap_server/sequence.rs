//! Sequence sets (RFC 3501 §9): `1:3,7,9:*`.

/// Numbers and ranges; `*` is the greatest number in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SequenceSet(Vec<(Option<u32>, Option<u32>)>);

impl SequenceSet {
    pub(super) fn read(text: &str) -> Option<Self> {
        let number = |n: &str| match n {
            "*" => Some(None),
            n if n.bytes().all(|b| b.is_ascii_digit()) => n.parse().ok().filter(|n| *n > 0).map(Some),
            _ => None,
        };
        text.split(',')
            .map(|part| {
                let (from, to) = part.split_once(':').unwrap_or((part, part));
                Some((number(from)?, number(to)?))
            })
            .collect::<Option<Vec<_>>>()
            .map(Self)
    }

    /// Whether `number` is in the set, when `greatest` is the greatest number in use.
    pub(super) fn contains(&self, number: u32, greatest: u32) -> bool {
        self.0.iter().any(|(from, to)| {
            let (from, to) = (from.unwrap_or(greatest), to.unwrap_or(greatest));
            (from.min(to)..=from.max(to)).contains(&number)
        })
    }

    /// Whether a number is named that is greater than `greatest`.
    pub(super) fn exceeds(&self, greatest: u32) -> bool {
        self.0.iter().any(|(from, to)| (*from).max(*to).is_some_and(|n| n > greatest))
    }
}

/// Writes numbers in ascending order as a set, ranges where they follow each other.
pub(super) fn write(numbers: &[u32]) -> String {
    let mut out = String::new();
    let mut rest = numbers;
    while let [first, ..] = rest {
        let run = rest.iter().zip(*first..).take_while(|(n, expected)| *n == expected).count();
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(&first.to_string());
        if run > 1 {
            out.push_str(&format!(":{}", rest[run - 1]));
        }
        rest = &rest[run..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn star_is_the_greatest() {
        let set = SequenceSet::read("1:3,7,9:*").unwrap();
        let members: Vec<u32> = (1..=12).filter(|n| set.contains(*n, 10)).collect();
        assert_eq!(members, [1, 2, 3, 7, 9, 10]);
        // RFC 3501 §9: `*` first, and a range from beyond the end still holds the last one.
        assert!(SequenceSet::read("*:4").unwrap().contains(5, 5));
        assert!(SequenceSet::read("99:*").unwrap().contains(5, 5));
        assert!(SequenceSet::read("1:7").unwrap().exceeds(6));
        assert!(!SequenceSet::read("1:*").unwrap().exceeds(6));
    }

    #[test]
    fn nonsense_is_no_set() {
        for text in ["", "0", "1,", "a", "1:", "-1", "1:2:3", "4294967296"] {
            assert_eq!(SequenceSet::read(text), None, "{text}");
        }
    }

    #[test]
    fn sets_are_written_short() {
        assert_eq!(write(&[1, 2, 3, 7, 9, 10]), "1:3,7,9:10");
        assert_eq!(write(&[]), "");
    }
}
