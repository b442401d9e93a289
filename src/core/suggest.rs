//! Which known word was meant? For error texts.

/// The known word that differs least from `word`, if it differs little enough to be a slip of the hand.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let longest = 64;
    if word.chars().count() > longest {
        return None;
    }
    let lower = word.to_lowercase();
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .filter(|k| *k != word)
        .map(|k| (distance(&lower, &k.to_lowercase()), k))
        .filter(|(d, k)| *d <= allowed && *d < k.chars().count())
        .min_by_key(|(d, _)| *d)
        .map(|(_, k)| k)
}

/// `did you mean …?` when a known word is near, the list of known words otherwise.
pub fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone, what: &str) -> Option<String> {
    if let Some(near) = nearest(word, known.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let list: Vec<_> = known.into_iter().map(|k| format!("`{k}`")).collect();
    (!list.is_empty()).then(|| format!("{what}: {}", list.join(", ")))
}

/// Insertions, deletions, replacements and swaps of neighbours between two texts.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_nothing_else() {
        let known = ["delivered", "bounced", "absent", "smtp", "to"];
        assert_eq!(nearest("deliverd", known), Some("delivered"));
        assert_eq!(nearest("smpt", known), Some("smtp"));
        assert_eq!(nearest("Absent", known), Some("absent"));
        assert_eq!(nearest("ot", known), Some("to"));
        assert_eq!(nearest("x", known), None);
        assert_eq!(nearest("something", known), None);
        assert_eq!(nearest(&"a".repeat(1_000_000), known), None);
    }

    #[test]
    fn lists_the_known_words_when_none_is_near() {
        assert_eq!(hint("deliverd", ["delivered", "smtp"], "known keys").as_deref(), Some("did you mean `delivered`?"));
        assert_eq!(hint("q", ["delivered", "smtp"], "known keys").as_deref(), Some("known keys: `delivered`, `smtp`"));
        assert_eq!(hint("q", [], "known keys"), None);
    }
}
