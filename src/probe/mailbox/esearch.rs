//! The other answer to SEARCH, which servers of IMAP4rev2 alone give (RFC 9051 §7.3.4):
//! `* ESEARCH (TAG "a5") UID COUNT 16 ALL 4:18,21`.

/// The most UIDs of one answer.
const MOST: usize = 1_000_000;

/// The UIDs that match; `None` when it is no such answer, or tells of some without telling which.
pub(super) fn uids(response: &[u8]) -> Option<Vec<u32>> {
    let text = std::str::from_utf8(response).ok()?.strip_suffix("\r\n")?;
    let rest =
        text.split_at_checked("* ESEARCH ".len()).filter(|(start, _)| start.eq_ignore_ascii_case("* ESEARCH "))?.1;
    let rest = match rest.strip_prefix('(') {
        Some(correlator) => correlator.split_once(") ")?.1,
        None => rest,
    };
    let mut words = rest.split(' ');
    words.next().filter(|word| word.eq_ignore_ascii_case("UID"))?;
    let (mut all, mut are_there) = (None, false);
    while let Some(name) = words.next() {
        let value = words.next()?;
        match name.to_ascii_uppercase().as_str() {
            "ALL" => all = Some(set(value)?),
            "COUNT" => are_there |= value != "0",
            _ => are_there = true,
        }
    }
    all.or_else(|| (!are_there).then(Vec::new))
}

/// The numbers of a sequence-set (RFC 9051 §9).
fn set(text: &str) -> Option<Vec<u32>> {
    let mut all = Vec::new();
    for part in text.split(',') {
        let (from, to) = part.split_once(':').unwrap_or((part, part));
        let (from, to): (u32, u32) = (from.parse().ok()?, to.parse().ok()?);
        let range = from.min(to)..=from.max(to);
        all.extend(range.clone().take(MOST));
        if all.len() >= MOST {
            return None;
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::uids;

    #[test]
    fn what_matches_is_told_in_sets() {
        for (response, found) in [
            ("* ESEARCH (TAG \"a5\") UID ALL 4:6,21\r\n", Some(vec![4, 5, 6, 21])),
            ("* esearch uid min 4 all 6:4 count 3\r\n", Some(vec![4, 5, 6])),
            ("* ESEARCH (TAG \"a5\") UID\r\n", Some(vec![])),
            ("* ESEARCH (TAG \"a5\") UID COUNT 0\r\n", Some(vec![])),
            ("* ESEARCH (TAG \"a5\") UID COUNT 2\r\n", None),
            ("* ESEARCH (TAG \"a5\") UID MIN 2\r\n", None),
            ("* ESEARCH (TAG \"a5\") ALL 1:3\r\n", None),
            ("* ESEARCH UID ALL\r\n", None),
            ("* ESEARCH UID ALL 1:4294967295\r\n", None),
            ("* ESEARCH UID ALL 1,*\r\n", None),
            ("* SEARCH 4\r\n", None),
        ] {
            assert_eq!(uids(response.as_bytes()), found, "{response}");
        }
    }
}
