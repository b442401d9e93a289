//! What differs, line by line.

use similar::TextDiff;

/// A unified diff with two lines of context, `accepted` against `now`; empty when nothing differs.
pub(crate) fn unified(old: &str, new: &str) -> String {
    // A final line break on both sides, so that its absence is no line of the diff.
    let (old, new) = (format!("{}\n", old.trim_end()), format!("{}\n", new.trim_end()));
    let diff = TextDiff::from_lines(&old, &new);
    diff.unified_diff().context_radius(2).header("accepted", "now").to_string()
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn shows_only_what_differs() {
        assert_eq!(unified("a\nb\n", "a\nb"), "");
        assert_eq!(unified("a\nb", "a\nc"), "--- accepted\n+++ now\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
    }
}
